"""Where in the layers importance lies."""

from ..quantity import SHIFT, Definition, Line, Section, entry
from .agreed import agreed
from .of_task import of_both, of_each

_EARLY = Definition(
    "early share",
    "Share of importance in the first third of the layers. For uniformly drawn edges it is one third, "
    "whatever the model: from one layer to the next, a layer gains as many incoming edges as it loses "
    "outgoing ones. So three times the early share is its ratio to chance, and the record's "
    "`early_share_over_uniform` adds nothing.",
    low=0,
    high=1,
    larger="towards early layers",
    unit="share of importance",
    regression="either",
)
EARLY_SHIFT = Definition(
    "early shift",
    "Change in the share of importance that lies in the first third of the layers, MDM − ARM. Positive: "
    "the MDM's circuit lies earlier.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of importance",
    trap="If importance is concentrated, it depends on a few components (look at the top components), and "
    "massive activations in the first layers can mimic it.",
    regression="either",
)
_EARLY_EDGES = Definition(
    "early shift in number of edges",
    "The early shift when edges are counted and not weighted by score. If the two have different signs, a "
    "few strong edges moved one way and many weak ones the other, and neither value alone says where the "
    "circuit moved.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of edges",
)

_SQUARED = (
    "By squared scores of all edges, from products of different groups of prompts, so that the noise of the "
    "prompts has no part in it. "
)
_EARLY_SQUARED = Definition(
    "early share by squared mass",
    _SQUARED
    + "Share of squared importance in the first third of the layers. It asks where the few strongest "
    "edges lie.",
    low=0,
    high=1,
    larger="towards early layers",
    unit="share of squared importance",
)
_MEAN_SQUARED = Definition(
    "mean depth by squared mass",
    _SQUARED + "Mean of the components' depth, 0 for the first layer and 1 for the last, weighted by squared "
    "importance.",
    low=0,
    high=1,
    larger="towards late layers",
    unit="share of the depth",
)
EARLY_SHIFT_SQUARED = Definition(
    "early shift by squared mass",
    _SQUARED + "Change in the early share, MDM − ARM. Positive: the MDM's strongest edges lie earlier.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of squared importance",
)
_MEAN_SHIFT_SQUARED = Definition(
    "shift of the mean depth by squared mass",
    _SQUARED + "Change in the mean depth, MDM − ARM. Positive: the MDM's strongest edges lie later.",
    low=-1,
    high=1,
    larger="towards late layers",
    unit="share of the depth",
)
EARLY_SHIFT_AGREED = Definition(
    "early shift, both weightings",
    "The early shift where it and the early shift by squared mass have intervals that exclude 0 on the same "
    "side. Elsewhere nothing is stated, and the value is missing.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of importance",
)

DEPTH = Section(
    "Depth",
    (
        *of_each("early_share", lambda m: entry(m.depth, "early_share"), _EARLY),
        Line(
            EARLY_SHIFT.title,
            (of_both("early_shift", lambda c: entry(c.depth_shift, "early_share"), EARLY_SHIFT, SHIFT),),
        ),
        Line(
            _EARLY_EDGES.title,
            (
                of_both(
                    "early_shift_edges",
                    lambda c: entry(c.depth_shift_edges, "early_share"),
                    _EARLY_EDGES,
                    SHIFT,
                ),
            ),
        ),
        *of_each("early_share_squared", lambda m: entry(m.depth_squared, "early_share"), _EARLY_SQUARED),
        *of_each("mean_depth_squared", lambda m: entry(m.depth_squared, "mean_depth"), _MEAN_SQUARED),
        Line(
            EARLY_SHIFT_SQUARED.title,
            (
                of_both(
                    "early_shift_squared",
                    lambda c: entry(c.depth_shift_squared, "early_share"),
                    EARLY_SHIFT_SQUARED,
                    SHIFT,
                ),
            ),
        ),
        Line(
            _MEAN_SHIFT_SQUARED.title,
            (
                of_both(
                    "mean_depth_shift_squared",
                    lambda c: entry(c.depth_shift_squared, "mean_depth"),
                    _MEAN_SHIFT_SQUARED,
                    SHIFT,
                ),
            ),
        ),
        Line(
            EARLY_SHIFT_AGREED.title,
            (
                of_both(
                    "early_shift_agreed",
                    lambda c: agreed(
                        entry(c.depth_shift, "early_share"), entry(c.depth_shift_squared, "early_share")
                    ),
                    EARLY_SHIFT_AGREED,
                    SHIFT,
                ),
            ),
        ),
    ),
)
