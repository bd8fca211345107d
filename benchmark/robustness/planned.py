"""What varying would take, before anything is computed: of each variation the cells that it adds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..forecast.before import Asked, asked_subject
from ..forecast.planned import NOWHERE
from ..record.protocol import Protocol, ProtocolTask
from ..record.robustness import VariedKind
from ..run.assembly import as_asked
from ..run.plan import Cell, Plan, Subject, kinds_of, needed_kinds, plan_run
from ..run.store import Store
from ..tables.cells import get_markup
from ..tables.layout import WIDTH, tabular, wrapped
from .of_pair import DECIDING
from .variations import list_settings


@dataclass(frozen=True)
class PlannedVariation:
    """A variation that models run for: how many cells it has, and how many of them are still to be computed.

    `models`: those of the latter that a model runs for. A cell that an earlier variation computes is not
    counted again.
    """

    kind: VariedKind
    name: str
    cells: int
    new: int
    models: int


def plan_variations_of(
    asked: Asked, out: Path, kinds: Collection[VariedKind] | None = None
) -> list[PlannedVariation]:
    """The plan of an asked run's variations, with no model loaded; `out`: where cells are kept."""
    subject, graph = asked_subject(asked)
    tasks = as_asked(
        asked.protocol, None if asked.tasks is None else [one.card.name for one in asked.tasks], None
    )
    found = plan_variations(subject or NOWHERE, asked.protocol, tasks, graph.edges, Store(out), kinds)
    return list(found)


def plan_variations(
    subject: Subject,
    protocol: Protocol,
    tasks: Sequence[ProtocolTask],
    edges: int,
    store: Store,
    kinds: Collection[VariedKind] | None = None,
) -> Iterator[PlannedVariation]:
    """The run itself first, then every variation that needs the models, in the order in which they come."""
    there: set[tuple[str, str, str]] = set()
    for kind, name, settings in (("prompts", "the record", {}), *list_settings(protocol, edges)):
        if settings and kinds is not None and kind not in kinds:
            continue
        plan = _plan(subject, protocol.changed(**settings), tasks, whole=not settings)
        new = [cell for cell in plan.cells if _place(cell) not in there and store.seal(cell) is None]
        there |= {_place(cell) for cell in plan.cells}
        models = sum(bool(cell.kind.members) for cell in new)
        yield PlannedVariation(kind, name, len(plan.cells), len(new), models)


def _plan(subject: Subject, protocol: Protocol, tasks: Sequence[ProtocolTask], whole: bool) -> Plan:
    if whole:
        return plan_run(subject, protocol, tasks)
    there = {kind.name for kind in kinds_of(protocol)}
    return plan_run(
        subject, protocol, tasks, [kind.name for kind in needed_kinds(DECIDING) if kind.name in there]
    )


def _place(cell: Cell) -> tuple[str, str, str]:
    return cell.task.name, cell.name, cell.key


def plan_text(planned: Sequence[PlannedVariation], width: int = WIDTH) -> str:
    """The plan for a terminal of `width`."""
    markup = get_markup("text")
    rows = [[one.name, str(one.cells), str(one.new), str(one.models)] for one in planned]
    rows.append(["all", "", str(sum(one.new for one in planned)), str(sum(one.models for one in planned))])
    table = tabular(["variation", "cells", "to compute", "of these by models"], rows, markup)
    return f"{table}\n\n{wrapped(PLAN_LEGEND, width)}"


PLAN_LEGEND = (
    "A cell that the record or an earlier variation has is not computed again. Fewer prompts, templates, "
    "weightings, resampling seeds and reads beside the headline's need no model and are put together from "
    "the record's own cells. `mechshift run --dry-run` forecasts time and memory of the record itself."
)
