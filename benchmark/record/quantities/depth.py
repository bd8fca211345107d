"""Where in the layers importance lies."""

from ..quantity import SHIFT, Definition, Line, Section, entry
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
    ),
)
