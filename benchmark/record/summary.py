"""A pair's row: means over the tasks of each suite, with intervals, and what it is put together with."""

from collections.abc import Callable, Sequence

import numpy as np

from ...metrics import Estimate, difference, mean_estimate
from .types import Accuracy, FailedTask, Measured, Missing, Number, SameSize, Summary, TaskRecord, measured

SUITES = ("local", "planning")
LEVEL = 0.95


def summarise(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask]) -> Summary:
    """Means over the tasks of each suite, and local − planning of the overlap, the task-dependent shift.

    The shift is positive where planning circuits are less alike. A mean is missing where one of its tasks
    gave no comparison or lacks the value; accuracies are known, and count, for failed tasks too.
    """

    def by_suite(value: Callable[[TaskRecord], Measured]) -> dict[str, Measured]:
        return {suite: mean_over(suite, tasks, failed, value) for suite in SUITES}

    def accuracy(value: Callable[[TaskRecord | FailedTask], Accuracy]) -> dict[str, Measured]:
        asked: list[TaskRecord | FailedTask] = [*tasks, *failed]
        return {
            suite: _mean([value(task).share for task in asked if task.suite == suite]) for suite in SUITES
        }

    # The largest, so that no task's circuit is smaller than what makes it faithful.
    size = max((task.comparison.compared.edges for task in tasks), default=None)
    overlap = by_suite(lambda task: task.comparison.compared.edge.normalised)
    return Summary(
        accuracy_arm=accuracy(lambda task: task.pool.arm),
        accuracy_mdm=accuracy(lambda task: task.pool.mdm),
        overlap=overlap,
        task_dependent_shift=subtract(overlap["local"], overlap["planning"]),
        one_size=at_one_size(tasks, failed, size),
        early_shift=by_suite(lambda task: task.comparison.depth_shift["early_share"]),
        specialisation_shift=by_suite(lambda task: task.comparison.specialisation_shift["specialisation"]),
        faithfulness={
            "arm": mean_over(None, tasks, failed, lambda task: task.comparison.arm.absolute.log_area),
            "mdm": mean_over(None, tasks, failed, lambda task: task.comparison.mdm.absolute.log_area),
        },
    )


def at_one_size(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], edges: int | None) -> SameSize:
    """Overlap of each suite, and the task-dependent shift, with the circuits of all tasks of that size.

    Missing where a task has no overlap at the size, and as in `summarise`. At the largest of the tasks'
    compared sizes all circuits are faithful.
    """
    overlap = {
        suite: mean_over(suite, tasks, failed, lambda task: overlap_at(task, edges)) for suite in SUITES
    }
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
    value: Callable[[TaskRecord], Measured],
) -> Measured:
    """The mean of a value over a suite's tasks (None: all tasks), with MOVER's interval.

    Missing where one of them failed or lacks the value; without an interval where one has none.
    """
    absent = [task.task for task in failed if suite in (None, task.suite)]
    if absent:
        return Missing(missing=f"no comparison on {', '.join(absent)}")
    return _mean([value(task) for task in tasks if suite in (None, task.suite)])


def subtract(minuend: Measured, subtrahend: Measured) -> Measured:
    """Minuend − subtrahend, taken for independent, with MOVER's interval.

    Missing where one of them is; without an interval where one has none.
    """
    if isinstance(minuend, Missing):
        return minuend
    if isinstance(subtrahend, Missing):
        return subtrahend
    if minuend.low is None or subtrahend.low is None:
        return Number(value=minuend.value - subtrahend.value)
    return measured(difference(as_estimate(minuend), as_estimate(subtrahend)))


def as_estimate(number: Number) -> Estimate:
    """A record's number that has an interval, as the metrics take it."""
    low, high = number.low, number.high
    assert low is not None, "an estimate has an interval"
    assert high is not None, "an estimate has an interval"
    return Estimate(number.value, low, high, LEVEL, resamples=0)


def _mean(values: Sequence[Measured]) -> Measured:
    if not values:
        return Missing(missing="no task of this suite")
    missing = [value for value in values if isinstance(value, Missing)]
    if missing:
        return missing[0]
    # One value without an interval leaves the mean without one: an interval of only the others would be too
    # narrow.
    numbers = [value for value in values if isinstance(value, Number)]
    if any(number.low is None for number in numbers):
        return Number(value=float(np.mean([number.value for number in numbers])))
    return measured(mean_estimate([as_estimate(number) for number in numbers]))
