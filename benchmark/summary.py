"""A pair's row: means over the tasks of each suite, with intervals."""

from collections.abc import Callable, Sequence

import numpy as np

from ..metrics import Estimate, difference, mean_estimate
from .record import (
    Behaviour,
    FailedTask,
    Measured,
    Missing,
    Number,
    SameSize,
    Summary,
    TaskRecord,
    measured,
)

SUITES = ("local", "planning")
LEVEL = 0.95


def summarise(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], resamples: int) -> Summary:
    """Means over the tasks of each suite, and local − planning of the overlap, the task-dependent shift.

    The shift is positive where planning circuits are less alike. A mean is missing where one of its tasks
    gave no comparison or lacks the value; accuracies are known, and count, for failed tasks too.
    """

    def by_suite(value: Callable[[TaskRecord], Measured]) -> dict[str, Measured]:
        return {suite: _over(suite, tasks, failed, value, resamples) for suite in SUITES}

    def accuracy(value: Callable[[TaskRecord | FailedTask], Behaviour]) -> dict[str, Measured]:
        asked: list[TaskRecord | FailedTask] = [*tasks, *failed]
        return {
            suite: _mean([value(task).accuracy for task in asked if task.suite == suite], resamples)
            for suite in SUITES
        }

    overlap = by_suite(lambda task: task.comparison.compared.edge.normalised)
    return Summary(
        accuracy_arm=accuracy(lambda task: task.pool.arm),
        accuracy_mdm=accuracy(lambda task: task.pool.mdm),
        overlap=overlap,
        task_dependent_shift=_difference(overlap["local"], overlap["planning"], resamples),
        one_size=_at_one_size(tasks, failed, resamples),
        early_shift=by_suite(lambda task: task.comparison.depth_shift["early_share"]),
        specialisation_shift=by_suite(lambda task: task.comparison.specialisation_shift["specialisation"]),
        faithfulness={
            "arm": _over(None, tasks, failed, lambda task: task.comparison.arm.absolute.log_area, resamples),
            "mdm": _over(None, tasks, failed, lambda task: task.comparison.mdm.absolute.log_area, resamples),
        },
    )


def _at_one_size(tasks: Sequence[TaskRecord], failed: Sequence[FailedTask], resamples: int) -> SameSize:
    """Overlaps of all tasks at the largest of their compared sizes, at which all circuits are faithful."""
    edges = max(task.comparison.compared.edges for task in tasks)
    points = {
        task.task: next(
            point for point in (task.comparison.compared, *task.comparison.curve) if point.edges == edges
        )
        for task in tasks
    }
    overlap = {
        suite: _over(suite, tasks, failed, lambda task: points[task.task].edge.normalised, resamples)
        for suite in SUITES
    }
    return SameSize(
        edges=edges,
        overlap=overlap,
        task_dependent_shift=_difference(overlap["local"], overlap["planning"], resamples),
    )


def _over(
    suite: str | None,
    tasks: Sequence[TaskRecord],
    failed: Sequence[FailedTask],
    value: Callable[[TaskRecord], Measured],
    resamples: int,
) -> Measured:
    """The mean over a suite's tasks (None: all tasks)."""
    absent = [task.task for task in failed if suite in (None, task.suite)]
    if absent:
        return Missing(missing=f"no comparison on {', '.join(absent)}")
    return _mean([value(task) for task in tasks if suite in (None, task.suite)], resamples)


def _mean(values: Sequence[Measured], resamples: int) -> Measured:
    if not values:
        return Missing(missing="no task of this suite")
    missing = [value for value in values if isinstance(value, Missing)]
    if missing:
        return missing[0]
    numbers = [value for value in values if isinstance(value, Number)]
    if any(number.low is None for number in numbers):
        return Number(value=float(np.mean([number.value for number in numbers])))
    return measured(mean_estimate([_estimate(number, resamples) for number in numbers]))


def _difference(minuend: Measured, subtrahend: Measured, resamples: int) -> Measured:
    if isinstance(minuend, Missing):
        return minuend
    if isinstance(subtrahend, Missing):
        return subtrahend
    return measured(difference(_estimate(minuend, resamples), _estimate(subtrahend, resamples)))


def _estimate(number: Number, resamples: int) -> Estimate:
    low, high = number.low, number.high
    assert low is not None, "an estimate has an interval"
    assert high is not None, "an estimate has an interval"
    return Estimate(number.value, low, high, LEVEL, resamples)
