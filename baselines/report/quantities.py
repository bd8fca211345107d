"""What the report reads from records: values of a task, and values of a pair over the tasks of a suite."""

from collections.abc import Callable
from dataclasses import dataclass

from ...benchmark.record.means import SameSize
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured
from ...benchmark.record.quantities import task_quantities
from ...benchmark.record.quantities.overlap import OVERLAP
from ...benchmark.record.quantity import SHARE, SHIFT, Quantity, Rounding, entry
from ...benchmark.record.record import Record
from ...benchmark.record.summary import Among, at_one_size, mean_over, overlap_at
from ...benchmark.record.task_record import FailedTask, TaskResult
from .records import tasks_of

FINE = Rounding(decimals=3, signed=True)

OF_TASK: dict[str, Quantity[TaskResult]] = {quantity.name: quantity for quantity in task_quantities()}
"""The quantities of the leaderboard's table of tasks, by the names that they have there in CSV."""


@dataclass(frozen=True)
class PairQuantity:
    """A value of a pair: `of` takes its record and the one size.

    `unchanged` is what it is where the second member has the circuits of the ARM.
    """

    label: str
    of: Callable[[Record, int], Measured]
    unchanged: float
    rounding: Rounding


def overlap_of_size(edges: int) -> Quantity[TaskResult]:
    """Ĵ of a task with circuits of that many edges."""

    def overlap(task: TaskResult) -> Measured:
        return Missing(missing=task.missing) if isinstance(task, FailedTask) else overlap_at(task, edges)

    return Quantity("overlap_one_size", overlap, OVERLAP, SHARE)


def one_size(record: Record, edges: int) -> SameSize:
    """Overlap by suite and the overlap shift of a pair, the circuits of all tasks of that size."""
    return at_one_size(record.tasks, record.failed, edges)


def overlap_own_sizes(suite: str) -> PairQuantity:
    """Mean Ĵ of a suite, every task at its own compared size."""
    return PairQuantity(f"Ĵ {suite}, own sizes", lambda record, _: record.summary.overlap[suite], 1, SHARE)


def overlap_one_size(suite: str) -> PairQuantity:
    """Mean Ĵ of a suite, every task at the one size."""
    return PairQuantity(
        f"Ĵ {suite}, one size", lambda record, edges: one_size(record, edges).overlap[suite], 1, SHARE
    )


def specialisation_shift(suite: str) -> PairQuantity:
    """Mean specialisation shift of a suite."""
    return PairQuantity(
        f"specialisation shift, {suite}",
        lambda record, _: record.summary.specialisation_shift[suite],
        0,
        FINE,
    )


def sharpness_shift(suite: str) -> PairQuantity:
    """Mean shift of the output sharpness of a suite."""

    def mean(record: Record, _: int) -> Measured:
        return mean_over(
            Among(suite),
            record.tasks,
            record.failed,
            lambda task: entry(task.comparison.specialisation_shift, "output_sharpness"),
        )

    return PairQuantity(f"output sharpness shift, {suite}", mean, 0, FINE)


def early_share_ratio(task: str) -> PairQuantity:
    """Early share of the second member over that of the ARM, on one task."""

    def ratio(record: Record, _: int) -> Measured:
        found = tasks_of(record).get(task)
        if found is None:
            return Missing(missing=f"{task} is not among the tasks")
        if isinstance(found, FailedTask):
            return Missing(missing=found.missing)
        return entry(found.comparison.depth_shift, "early_share_ratio")

    return PairQuantity(f"ratio of early shares, {task}", ratio, 1, SHARE)


SHIFT_OWN_SIZES = PairQuantity(
    "overlap shift, own sizes", lambda record, _: record.summary.overlap_shift, 0, SHIFT
)
SHIFT_ONE_SIZE = PairQuantity(
    "overlap shift, one size",
    lambda record, edges: one_size(record, edges).shift,
    0,
    SHIFT,
)
EARLY_SHIFT = PairQuantity(
    "early shift, planning", lambda record, _: record.summary.early_shift["planning"], 0, FINE
)
