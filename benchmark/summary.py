"""A pair's row: means over the tasks of each suite, with intervals."""

from collections.abc import Callable, Sequence

import numpy as np

from ..metrics import Estimate, difference, mean_estimate
from .record import Measured, Missing, Number, Summary, TaskRecord, measured

SUITES = ("local", "planning")
LEVEL = 0.95


def summarise(tasks: Sequence[TaskRecord], resamples: int) -> Summary:
    """Means over the tasks of each suite that gave a number; planning − local is the task-dependent shift.

    The overlap's shift is local − planning, positive where planning circuits are less alike. A mean over
    tasks is missing where any of its tasks' values is.
    """

    def by_suite(value: Callable[[TaskRecord], Measured]) -> dict[str, Measured]:
        return {
            suite: _mean([value(task) for task in tasks if task.suite == suite], resamples)
            for suite in SUITES
        }

    overlap = by_suite(lambda task: task.comparison.compared.edge.normalised)
    return Summary(
        accuracy_arm=by_suite(lambda task: task.pool.arm.accuracy),
        accuracy_mdm=by_suite(lambda task: task.pool.mdm.accuracy),
        overlap=overlap,
        task_dependent_shift=_difference(overlap["local"], overlap["planning"], resamples),
        early_shift=by_suite(lambda task: task.comparison.depth_shift["early_share"]),
        specialisation_shift=by_suite(lambda task: task.comparison.specialisation_shift["specialisation"]),
        faithfulness={
            "arm": _mean([task.comparison.arm.absolute.log_area for task in tasks], resamples),
            "mdm": _mean([task.comparison.mdm.absolute.log_area for task in tasks], resamples),
        },
    )


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
