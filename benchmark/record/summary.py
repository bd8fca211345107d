"""A pair's row: means over the tasks of each suite, with intervals, and what it is put together with."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...metrics import Estimate, difference, mean_estimate
from .types import (
    Accuracy,
    FailedTask,
    Measured,
    Missing,
    Number,
    SameSize,
    Summary,
    TaskRecord,
    TaskResult,
)

SUITES = ("local", "planning")
LEVEL = 0.95


Reading = Callable[[TaskRecord], Measured]
"""How a value is read from a task's record."""

MeanOf = Callable[[str | None, Reading], Measured]
"""The mean of what is read from the tasks of a suite; of None: from all tasks."""


def summarise(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask]) -> Summary:
    """Means over the tasks of each suite, and local − planning of the overlap, the task-dependent shift.

    The shift is positive where planning circuits are less alike. A mean is missing where one of its tasks
    gave no comparison or lacks the value; accuracies are known, and count, for failed tasks too.
    """

    def accuracy(value: Callable[[TaskResult], Accuracy]) -> dict[str, Measured]:
        asked: list[TaskResult] = [*tasks, *failed]
        return {suite: mean([value(task).share for task in asked if task.suite == suite]) for suite in SUITES}

    return row_of(
        lambda suite, reading: mean_over(suite, tasks, failed, reading),
        {"arm": accuracy(lambda task: task.pool.arm), "mdm": accuracy(lambda task: task.pool.mdm)},
        at_one_size(tasks, failed, largest_size(tasks)),
    )


def largest_size(tasks: Sequence[TaskRecord]) -> int | None:
    """The largest of the tasks' compared sizes, in edges, None without a task.

    No task's circuit is then smaller than what makes it faithful.
    """
    return max((task.comparison.compared.edges for task in tasks), default=None)


def row_of(mean_of: MeanOf, accuracy: Mapping[str, dict[str, Measured]], one_size: SameSize) -> Summary:
    """A row of means, or of anything else that is linear in the tasks' values, such as their differences.

    `accuracy`: of either member by suite.
    """

    def by_suite(reading: Reading) -> dict[str, Measured]:
        return {suite: mean_of(suite, reading) for suite in SUITES}

    overlap = by_suite(lambda task: task.comparison.compared.edge.normalised)
    return Summary(
        accuracy_arm=accuracy["arm"],
        accuracy_mdm=accuracy["mdm"],
        overlap=overlap,
        task_dependent_shift=subtract(overlap["local"], overlap["planning"]),
        one_size=one_size,
        early_shift=by_suite(lambda task: task.comparison.depth_shift["early_share"]),
        specialisation_shift=by_suite(lambda task: task.comparison.specialisation_shift["specialisation"]),
        faithfulness={
            "arm": mean_of(None, lambda task: task.comparison.arm.absolute.log_area),
            "mdm": mean_of(None, lambda task: task.comparison.mdm.absolute.log_area),
        },
    )


def at_one_size(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], edges: int | None) -> SameSize:
    """Overlap of each suite, and the task-dependent shift, with the circuits of all tasks of that size.

    Missing where a task has no overlap at the size, and as in `summarise`. At the largest of the tasks'
    compared sizes all circuits are faithful.
    """
    return same_size(
        edges, lambda suite: mean_over(suite, tasks, failed, lambda task: overlap_at(task, edges))
    )


def same_size(edges: int | None, overlap_of: Callable[[str], Measured]) -> SameSize:
    """The overlaps of the suites at one size, and local − planning of them."""
    overlap = {suite: overlap_of(suite) for suite in SUITES}
    return SameSize(
        edges=edges,
        overlap=overlap,
        task_dependent_shift=subtract(overlap["local"], overlap["planning"]),
    )


def overlap_at(task: TaskRecord, edges: int | None) -> Measured:
    """Ĵ of a task's circuits of that many edges, missing where the record has none of that size."""
    comparison = task.comparison
    if edges is None:
        return Missing(missing="no task gave a comparison")
    for point in (comparison.compared, *comparison.curve):
        if point.edges == edges:
            return point.edge.normalised
    return Missing(missing=f"no circuits of {edges:,} edges were compared")


def mean_over(
    suite: str | None,
    tasks: Sequence[TaskRecord],
    failed: Sequence[FailedTask],
    value: Reading,
) -> Measured:
    """The mean of a value over a suite's tasks (None: all tasks), with MOVER's interval.

    Missing where one of them failed or lacks the value; without an interval where one has none.
    """
    absent = [task.task for task in failed if suite in (None, task.suite)]
    if absent:
        return Missing(missing=f"no comparison on {', '.join(absent)}")
    return mean([value(task) for task in tasks if suite in (None, task.suite)])


def subtract(minuend: Measured, subtrahend: Measured) -> Measured:
    """Minuend − subtrahend, taken for independent, with MOVER's interval.

    Missing where one of them is; without an interval where one has none.
    """
    if isinstance(minuend, Missing):
        return minuend
    if isinstance(subtrahend, Missing):
        return subtrahend
    if minuend.low is None or subtrahend.low is None:
        found = Number(value=minuend.value - subtrahend.value)
    else:
        found = _number(difference(as_estimate(minuend), as_estimate(subtrahend)))
    return found.put_together([(1.0, minuend), (-1.0, subtrahend)])


def as_estimate(number: Number) -> Estimate:
    """A record's number that has an interval, as the metrics take it."""
    low, high = number.low, number.high
    assert low is not None, "an estimate has an interval"
    assert high is not None, "an estimate has an interval"
    resamples = 0 if number.draws is None else len(number.draws)
    return Estimate(number.value, low, high, LEVEL, resamples, draws=number.draws)


def mean(values: Sequence[Measured]) -> Measured:
    """The mean of values of independent tasks, with MOVER's interval.

    Missing, with the first reason, where one of them is, or there is none; without an interval where one has
    none.
    """
    if not values:
        return Missing(missing="no task of this suite")
    missing = [value for value in values if isinstance(value, Missing)]
    if missing:
        return missing[0]
    # One value without an interval leaves the mean without one: an interval of only the others would be too
    # narrow.
    numbers = [value for value in values if isinstance(value, Number)]
    if any(number.low is None for number in numbers):
        found = Number(value=float(np.mean([number.value for number in numbers])))
    else:
        found = _number(mean_estimate([as_estimate(number) for number in numbers]))
    return found.put_together((1 / len(numbers), number) for number in numbers)


def _number(estimate: Estimate) -> Number:
    return Number(value=estimate.value, low=estimate.low, high=estimate.high)
