"""The same numbers read in another way: by another weighting of edges, or at another read."""

from collections.abc import Mapping
from typing import Literal

from ...metrics import standardised_cosine
from ..record.comparison import HEADLINE, Comparison, MemberRecord
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import BesideRead
from ..record.quantity import entry
from ..record.reads import AtRead
from ..record.task_record import TaskRecord
from .kept import KeptTask

Reweighting = Literal["squared mass", "number of edges", "no unit", "full spread"]


def weighed(kept: KeptTask, by: Reweighting) -> TaskRecord:
    """The task with what stands for the headlines weighed in another way.

    `squared mass`: depth, specialisation and right context by squared scores without the prompts' noise in
    place of mass; `number of edges`: depth with every edge alike. ρ of edges in place of the standardised
    one: in `no unit`, and in units of their `full spread` over prompts in place of a power of it.
    """
    comparison = kept.task.comparison
    changed: dict[str, object]
    if by == "squared mass":
        changed = {
            "depth_shift": comparison.depth_shift_squared,
            "specialisation_shift": comparison.specialisation_shift_squared,
            "mdm": _with_right_context(comparison.mdm, "right_context_squared"),
        }
    elif by == "number of edges":
        changed = {"depth_shift": comparison.depth_shift_edges}
    else:
        rho = entry(comparison.structure, "edges") if by == "no unit" else _in_units_of_spread(kept)
        changed = {"structure": {**comparison.structure, HEADLINE: rho}}
    return kept.task.model_copy(update={"comparison": comparison.model_copy(update=changed)})


def _with_right_context(member: MemberRecord, name: str) -> MemberRecord:
    direction = {**member.direction, "right_context": entry(member.direction, name)}
    return member.model_copy(update={"direction": direction})


def _in_units_of_spread(kept: KeptTask) -> Measured:
    arm, mdm = kept.arm.scores, kept.mdm.scores
    mask = arm.graph.mask
    a, b = (each.attribution.score_sums[:, mask] for each in (arm, mdm))
    counts, drawn = arm.attribution.counts, kept.protocol.statistics.drawn
    return measured(standardised_cosine(a, b, counts, arm.templates, None, 1.0, *drawn))


def at_read(task: TaskRecord, read: BesideRead) -> TaskRecord | Missing:
    """The task at a read beside the headline's: structure, what is by squared mass, and right context.

    Circuits of that read were not run, so that what needs them is missing.
    """
    found = task.stages.reads.get(read, Missing(missing=f"the protocol has no read {read}"))
    if isinstance(found, Missing):
        return found
    comparison = task.comparison.model_copy(update=_at(found, task.comparison))
    return task.model_copy(update={"comparison": comparison, "function": None})


_NOT_RUN = Missing(missing="no circuits of this read were run")


def _at(found: AtRead, comparison: Comparison) -> Mapping[str, object]:
    edge = comparison.compared.edge.model_copy(update={"normalised": _NOT_RUN})
    without_curve = {"absolute": comparison.arm.absolute.model_copy(update={"log_area": _NOT_RUN})}
    mass = {"early_share": _NOT_RUN, "specialisation": _NOT_RUN}
    return {
        "structure": found.structure,
        "depth_shift": mass,
        "specialisation_shift": mass,
        "depth_shift_squared": found.squared.shift,
        "specialisation_shift_squared": found.squared.shift,
        "arm": comparison.arm.model_copy(update=without_curve),
        "mdm": comparison.mdm.model_copy(update={**without_curve, "direction": found.direction}),
        "compared": comparison.compared.model_copy(update={"edge": edge}),
    }
