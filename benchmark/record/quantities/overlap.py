"""How much the circuits of both members share, beside chance and beside one model with itself."""

from ..number import Number
from ..quantity import COUNT, PERCENT, POINT, Definition, Line, Section
from .of_task import of_both

_SIZE = Definition(
    "compared size, edges / share",
    "The size of both circuits: in `v2` the smallest on the grid at which both are faithful. At 100 % no "
    "smaller circuit is faithful, and no overlap is defined.",
    low=0,
    span="a count, and 0 to 100 %",
    larger="larger circuits",
    unit="edges, or share of all edges",
)
OVERLAP = Definition(
    "Ĵ of edges",
    "How much two circuits of equal size share, on a scale from chance (0) to what two samples of prompts "
    "give within one model (1). Noise can push it slightly above 1 or below 0, and it falls below 0 when "
    "circuits avoid each other.",
    span="about 0 to 1",
    larger="more alike",
    unit="share of the way from chance to the ceiling",
    trap="It says nothing about function, since different circuits can compute the same thing. Between 0 "
    "and 1 it rises as ceilings fall, so compare pairs with similar ceilings. It holds for the number of "
    "prompts used, and so does its interval: with more prompts it falls. And any fine-tuning moves edges: "
    "without a control that was trained further on the old objective, you cannot attribute all of 1 − Ĵ "
    "to diffusion.",
    regression="either",
)
_HALVES = Definition(
    "J of edges, half the prompts",
    "Shared edges divided by all edges of the two circuits, with ARM and MDM on disjoint halves of the "
    "prompts. This is the J inside Ĵ, and it means something only relative to the floor and the ceilings.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
)
_CEILINGS = Definition(
    "floor / ceilings of ARM, MDM",
    "J of random circuits of this size, and J of each model with itself on disjoint halves. Low ceilings "
    "mean that the pool is too small, or the task too heterogeneous, for circuits of this size. If the "
    "ceilings do not clearly exceed the floor (the interval of their distance reaches below half of it), "
    "Ĵ is missing, because it would be a ratio to noise.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
)
_JACCARD = Definition(
    "J of edges, all prompts",
    "The number that is usually published. It has no ceiling of its own, and it grows with the number of "
    "prompts and with circuit size.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
    trap="Compare it only with published values, at their size.",
)
_NODES = Definition(
    "Ĵ of components",
    "The same for the heads and MLPs that the circuits touch; input and logits do not count. If it is "
    "high and the Ĵ of edges low, the parts are the same but wired differently. In a small model even "
    "random edges touch nearly every component, so floor and ceiling nearly meet. Real circuits touch "
    "fewer components than random edges do, because their edges share a few, so the floor can even exceed "
    "the ceiling. In both cases the value is missing.",
    span="0 for chance, 1 for two samples of one model, not bounded",
    larger="more alike",
    unit="share of the way from chance to the ceiling",
    trap="It can also be a ratio to noise without being missing. If the value lies far outside 0 to 1, or "
    "its interval is wider than 1, do not read it: read J of components, floor and ceilings, which are in "
    "the record (`node` of `compared` and of every point of the curve).",
)

OVERLAP_SECTION = Section(
    "Overlap of the circuits",
    (
        Line(
            _SIZE.title,
            (
                of_both(
                    "edges", lambda c: Number(value=c.compared.edges), _SIZE, COUNT, "compared size, edges"
                ),
                of_both(
                    "share", lambda c: Number(value=c.compared.share), _SIZE, PERCENT, "compared size, share"
                ),
            ),
        ),
        Line(OVERLAP.title, (of_both("overlap", lambda c: c.compared.edge.normalised, OVERLAP),)),
        Line(_HALVES.title, (of_both("jaccard_halves", lambda c: c.compared.edge.cross, _HALVES),)),
        Line(
            _CEILINGS.title,
            (
                of_both("floor", lambda c: Number(value=c.compared.edge.floor), _CEILINGS, label="floor"),
                of_both(
                    "ceiling_arm",
                    lambda c: c.compared.edge.ceiling_arm,
                    _CEILINGS,
                    POINT,
                    "ceiling, ARM",
                    "ARM",
                ),
                of_both(
                    "ceiling_mdm",
                    lambda c: c.compared.edge.ceiling_mdm,
                    _CEILINGS,
                    POINT,
                    "ceiling, MDM",
                    "MDM",
                ),
            ),
        ),
        Line(_JACCARD.title, (of_both("jaccard", lambda c: c.compared.edge.jaccard, _JACCARD),)),
        Line(_NODES.title, (of_both("overlap_nodes", lambda c: c.compared.node.normalised, _NODES),)),
    ),
)
