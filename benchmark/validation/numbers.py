"""Whether every number of a record, and every draw beside it, follows from the cells."""

from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import MechshiftError
from ...metrics.inputs import Floats
from ..findings.finding import Finding
from ..record.draws import COARSE_STEPS, Draws, read_draws, take_draws
from ..record.files import as_bytes
from ..record.record import Record
from ..record.task_record import TaskResult
from ..run.assembly import assemble
from ..run.differences import ROUNDING, compare_contents
from ..run.plan import Cell, Subject
from ..run.rescore import rescore_task
from ..submission.layout import DRAWS, RECORD
from .cells import TaskCells
from .content import AGAIN, Place


def rescore_cells(
    record: Record, task: TaskResult, cells: TaskCells
) -> tuple[TaskResult | None, list[Finding]]:
    """A task's results from its cells; None where they give none, with the finding that says why."""

    def read(cell: Cell) -> tuple[object, str]:
        return cells.contents[cell.name]

    try:
        # Made-up scores can be of any size; what overflows is no number of a record, and so a ValueError.
        with np.errstate(all="ignore"):
            return rescore_task(record, task, Subject.recorded(record), read), []
    except MechshiftError as error:
        problem = error.problem
    except (ValueError, ArithmeticError) as error:
        problem = f"its numbers cannot be computed from its cells: {error}"
    return None, [Finding("numbers", f"{RECORD}: {task.task}", problem, AGAIN)]


def check_numbers(place: Place, record: Record, results: Sequence[TaskResult]) -> Iterator[Finding]:
    """Every value of a record that is not what its cells give, with both.

    `results`: those of the record's tasks, in its order, and computed where they can be. Values that differ
    by rounding are taken for equal, as another machine adds in another order.
    """
    expected = assemble(record.pair, record.environment, record.protocol, results)
    found, wanted = (one.model_dump(mode="json") for one in (record, expected))
    differences = compare_contents(found, wanted)
    for each in differences.real:
        problem = f"the record says {each.found!r}, its cells {each.expected!r}"
        yield Finding("numbers", f"{RECORD}: {each.place}", problem, AGAIN)
    same = not differences.real and not differences.rounded
    if same and (place.folder / RECORD).read_bytes() != as_bytes(record):
        yield Finding("numbers", RECORD, "its values are written in another form than mechshift does", AGAIN)


def check_draws(place: Place, results: Sequence[TaskResult], record: Record) -> Iterator[Finding]:
    """Draws that are not those of the numbers that the cells give.

    `results`: the tasks that could be computed; of the others nothing is said.
    """
    if DRAWS not in place.files:
        return
    try:
        found = read_draws(place.folder / DRAWS)
    except MechshiftError as error:
        yield Finding("draws", DRAWS, error.problem.replace(f"{place.folder}/", ""), AGAIN)
        return
    computed = assemble(record.pair, record.environment, record.protocol, results)
    expected = take_draws(computed)
    for name in sorted(expected.keys() | _of_tasks(found, {task.task for task in results})):
        if name not in found:
            yield Finding("draws", f"{DRAWS}: {name}", "it has no draws of this number", AGAIN)
        elif name not in expected:
            yield Finding("draws", f"{DRAWS}: {name}", "it has draws of what is no number with draws", AGAIN)
        elif not _alike(found[name], expected[name]):
            yield Finding("draws", f"{DRAWS}: {name}", "they are not those that the cells give", AGAIN)


def _of_tasks(draws: Draws, tasks: set[str]) -> set[str]:
    """The places that are of these tasks, and those that are of no task at all."""
    return {name for name in draws if name.partition("/")[0] in tasks or "/" not in name}


def _alike(found: Floats, expected: Floats) -> bool:
    """Whether draws are those expected, but for the steps in which they are kept and for rounding."""
    if found.shape != expected.shape or not np.array_equal(np.isnan(found), np.isnan(expected)):
        return False
    there = expected[~np.isnan(expected)]
    if not there.size:
        return True
    step = (there.max() - there.min()) / COARSE_STEPS
    allowed = step + ROUNDING * max(1.0, float(np.abs(there).max()))
    return bool(np.abs(found[~np.isnan(found)] - there).max() <= allowed)
