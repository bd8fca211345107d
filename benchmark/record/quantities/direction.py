"""From where in the text a member's circuit reads."""

from ..quantity import FINE, Definition, Section, entry
from .of_task import of_each

RIGHT_CONTEXT = Definition(
    "right-context share",
    "The share of absolute score whose source stands where a causal model's has none: before the first token "
    "in which the prompts differ (a bidirectional model writes there what it read further right), or right "
    "of the last place that is read. It is 0 in a causal model by construction.",
    low=0,
    high=1,
    larger="more information flows from right to left",
    unit="share of absolute score",
    trap="Absolute scores hold the noise of every edge: a model that reads nothing from there has a share "
    "above 0, larger the fewer prompts there are, and its interval may exclude the truth. Read it beside the "
    "share by squared mass.",
    regression="either",
)
RIGHT_CONTEXT_SQUARED = Definition(
    "right-context share by squared mass",
    "The share of squared score, in place of absolute score, whose source stands where a causal model's has "
    "none. Squares are of products of different groups of prompts, so that the noise of the prompts has no "
    "part in it, whatever their number.",
    span="about 0 to 1",
    larger="more of the strongest edges carry information from right to left",
    unit="share of squared score",
    trap="Squares ask where the few strongest edges read from. Noise may carry it a little below 0.",
    regression="either",
)
_BEFORE = Definition(
    "share before the first difference",
    "The part of the right-context share at positions before the first token in which the prompts differ.",
    low=0,
    high=1,
    larger="more is carried back to the beginning",
    unit="share of absolute score",
)
_BEHIND = Definition(
    "share right of the read place",
    "The part of the right-context share at positions right of the last place that is read: masked tokens of "
    "the answer.",
    low=0,
    high=1,
    larger="more is read off masked places",
    unit="share of absolute score",
)

DIRECTION = Section(
    "Direction",
    (
        *of_each("right_context", lambda m: entry(m.direction, "right_context"), RIGHT_CONTEXT, FINE),
        *of_each(
            "right_context_squared",
            lambda m: entry(m.direction, "right_context_squared"),
            RIGHT_CONTEXT_SQUARED,
            FINE,
        ),
        *of_each("before_difference", lambda m: entry(m.direction, "before"), _BEFORE, FINE),
        *of_each("behind_read", lambda m: entry(m.direction, "behind"), _BEHIND, FINE),
    ),
)
