"""How alike the mean scores of both members are, whatever the number of prompts."""

from ..comparison import HEADLINE
from ..quantity import COUNT, SHARE, Definition, Line, Owner, Rounding, Section, entry
from ..task_record import TaskResult
from .of_task import of_both

_COSINE = (
    "The cosine between both members' mean scores, from products of different groups of prompts, so that the "
    "noise of the prompts has no part in it: more prompts make its interval narrower and do not move it. "
)
_SPAN = "1 for proportional scores, 0 for nothing in common"

RHO = Definition(
    "ρ of edges",
    _COSINE + "It weighs edges by their squared scores.",
    span=_SPAN,
    larger="more alike",
    unit="cosine",
    trap="A few edges can carry it: the number of edges that carry each member's squared scores stands "
    "beside it. Between different tasks of one model it is far above 0.",
    regression="either",
)
_STANDARDISED = Definition(
    "ρ of edges, standardised",
    _COSINE + "Each edge's score is divided by its spread over prompts to the power ¾, so that an edge "
    "counts by the size of its effect and not by its square.",
    span=_SPAN,
    larger="more alike",
    unit="cosine",
    trap="It is not the same for an easy task and a hard one: where every answer stays right, changes of the "
    "weights that do no harm can move it, by .13 in the worst case that was measured.",
    regression="either",
)
_BETWEEN = Definition(
    "ρ of edges without right context",
    _COSINE + "Of the MDM's scores only the part counts that comes from positions which the ARM sees too: "
    "from the first token in which the prompts differ to the place that is read.",
    span=_SPAN,
    larger="more alike",
    unit="cosine",
)
_COMPONENTS = Definition(
    "ρ of components",
    _COSINE + "A component, a head or an MLP, has the scores of all edges that leave it; the input is none.",
    span=_SPAN,
    larger="more alike",
    unit="cosine",
    trap="Between different tasks of one model it is far above 0, and higher than ρ of edges.",
)
NEURONS = Definition(
    "ρ of MLP neurons",
    _COSINE + "Neurons have their integrated-gradient effect at the input of the MLP's output map, and are "
    "matched by their index.",
    span=_SPAN,
    larger="more alike",
    unit="cosine",
    regression="either",
)
_CARRIED = Definition(
    "edges that carry ρ",
    "How many equal edges would have the member's squared scores: (Σ s²)² / Σ s⁴, both without the noise of "
    "the prompts.",
    low=0,
    larger="ρ rests on more edges",
    unit="edges",
)
_CARRIED_STANDARDISED = Definition(
    "edges that carry standardised ρ",
    "The same of scores in units of each edge's spread over prompts, as the headline takes them.",
    low=0,
    larger="the headline rests on more edges",
    unit="edges",
)


def _line(
    name: str,
    key: str,
    definition: Definition,
    rounding: Rounding = SHARE,
    member: Owner | None = None,
) -> Line[TaskResult]:
    label = definition.title if member is None else f"{definition.title}, {member}"
    quantity = of_both(name, lambda c: entry(c.structure, key), definition, rounding, label, member)
    return Line(label, (quantity,))


SIMILARITY = {"edges": RHO, "standardised": _STANDARDISED}[HEADLINE]
"""The headline's definition."""

STRUCTURE = Section(
    "Structure, whatever the number of prompts",
    (
        _line("cosine_edges", "edges", RHO),
        _line("cosine_standardised", "standardised", _STANDARDISED),
        _line("cosine_between", "between", _BETWEEN),
        _line("cosine_components", "components", _COMPONENTS),
        _line("cosine_neurons", "neurons", NEURONS),
        _line("carried_arm", "carried_arm", _CARRIED, COUNT, "ARM"),
        _line("carried_mdm", "carried_mdm", _CARRIED, COUNT, "MDM"),
        _line("carried_standardised_arm", "carried_standardised_arm", _CARRIED_STANDARDISED, COUNT, "ARM"),
        _line("carried_standardised_mdm", "carried_standardised_mdm", _CARRIED_STANDARDISED, COUNT, "MDM"),
    ),
)
