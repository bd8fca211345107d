"""What to take with care, and what could not be computed, with the reasons."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..contrast.comparable import find_unmatched, match_tasks
from ..contrast.side import Side
from ..record.doubts import integration_doubts
from ..record.missing import Missing
from ..record.number import Number
from ..record.quantities import task_quantities
from ..record.quantity import COUNT, MEMBERS, entry
from ..record.record import Record
from ..record.row import pair_quantities
from ..record.statements import RowDoubts
from ..record.task_record import TaskRecord
from ..verdict.claim import ALPHA
from ..verdict.text import p_text
from .markdown import bullets, name, names, text


def doubts(pair: Side, controls: Sequence[Side]) -> list[str]:
    """A list of all that speaks against reading the numbers without care, or that nothing does."""
    record = pair.record
    found = [
        *(text(each) for each in record.pair.confounds),
        *(f"Less than the protocol's whole: {text(each)}" for each in record.reductions),
        *map(text, integration_doubts(record)),
        *_clusters(record),
        *_row(record),
        *(each for control in controls for each in _unpaired(pair, control)),
    ]
    if not record.protocol.board:
        called = text(record.protocol.name)
        found.append(f"No board takes protocol {called}: its numbers are not comparable with those of v2.")
    return [bullets(found)] if found else ["None was found."]


def _clusters(record: Record) -> Iterator[str]:
    """Members whose prompts use more than one circuit on a task."""
    for task in record.tasks:
        for member in MEMBERS:
            values = (task.comparison.arm if member == "ARM" else task.comparison.mdm).heterogeneity
            number, p = entry(values, "clusters"), entry(values, "p")
            if isinstance(number, Number) and isinstance(p, Number) and p.value <= ALPHA:
                called = member if member == "ARM" else record.pair.second
                yield (
                    f"On {name(task.task)} the prompts of the {called} may fall into {COUNT(number.value)} "
                    f"clusters by their scores ({p_text(p.value)} by itself; of twenty such one is chance): "
                    "its circuit would be a mean of several."
                )


def _row(record: Record) -> Iterator[str]:
    found = RowDoubts(record)
    for quantity in pair_quantities():
        for doubt in found.of(quantity):
            yield f"{text(quantity.label)}: {text(doubt)}."


def _unpaired(pair: Side, control: Side) -> Iterator[str]:
    """Where a difference from a control has no pairs of resamples, and where there is none."""
    called = name(control.record.pair.name)
    undrawn = {side.record.pair.name: side.undrawn for side in (pair, control) if side.undrawn}
    if undrawn:
        why = "; ".join(f"of {name(of)} {text(reason)}" for of, reason in undrawn.items())
        yield (
            f"Differences from {called} are not paired, as resampled values are not at hand ({why}). The "
            "two are taken for independent, which makes intervals wide."
        )
    by_reason = defaultdict(list)
    for task in match_tasks(pair.record, control.record):
        if task.unpaired:
            by_reason[task.unpaired].append(task.name)
    for reason, tasks in by_reason.items():
        yield f"Differences from {called} on {names(tasks)} are of independent values: {text(reason)}."
    for unmatched in find_unmatched(pair.record, control.record):
        yield f"There is no difference from {called} on {name(unmatched.name)}: only one of the two has it."


def missing(record: Record) -> list[str]:
    """Every reason why there is no value, and of which quantities of which tasks."""
    by_reason: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for quantity in task_quantities(record.protocol):
        lacking: dict[str, list[str]] = defaultdict(list)
        for task in record.results:
            value = quantity.of(task)
            if isinstance(value, Missing):
                lacking[value.missing].append(task.task)
        for reason, tasks in lacking.items():
            by_reason.setdefault(reason, {}).setdefault(tuple(tasks), []).append(quantity.label)
    for of_pair in pair_quantities():
        value = of_pair.of(record.summary)
        if isinstance(value, Missing):
            by_reason.setdefault(value.missing, {}).setdefault((), []).append(of_pair.label)
    if not by_reason:
        return ["Every value could be computed."]
    return [bullets(_reason(reason, held) for reason, held in by_reason.items())]


MOST_NAMED = 6
"""Quantities that are named where one reason holds for many."""


def _reason(reason: str, held: dict[tuple[str, ...], list[str]]) -> str:
    parts = []
    for tasks, labels in held.items():
        named = "; ".join(map(text, labels[:MOST_NAMED]))
        more = f"; and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
        parts.append(f"{named}{more} ({names(tasks) if tasks else 'of the row'})")
    return f"*{text(reason)}*: {', '.join(parts)}."


def failed(record: Record) -> Iterator[str]:
    """The tasks that gave no comparison."""
    for task in record.results:
        if not isinstance(task, TaskRecord):
            yield f"{name(task.task)} gave no comparison: {text(task.missing)}."
