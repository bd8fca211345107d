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
    trap="Absolute scores hold the noise of every edge.",
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
        *of_each("before_difference", lambda m: entry(m.direction, "before"), _BEFORE, FINE),
        *of_each("behind_read", lambda m: entry(m.direction, "behind"), _BEHIND, FINE),
    ),
)
