"""The base pair less the control, task by task, with p-values adjusted for the number of tasks."""

from dataclasses import dataclass, replace

from ...benchmark.contrast.differences import p_value
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from ...benchmark.record.quantity import Quantity
from ...benchmark.record.record import Record
from ...benchmark.record.resampling import resampling_of, with_resampling
from ...benchmark.record.summary import subtract
from ...benchmark.record.task_record import TaskResult
from ...metrics import holm
from ..structure.roster import BASE, CONTROL
from .contrast import side
from .records import Pairs, tasks_of

LEVEL = 0.05


@dataclass(frozen=True)
class TaskContrast:
    """A task's value in the base pair and in the control, their difference, and its p-values."""

    task: str
    value: Measured
    control: Measured
    difference: Measured
    p: Measured
    adjusted: Measured

    @property
    def differs(self) -> bool:
        """Whether the difference is told from 0 by itself."""
        return isinstance(self.p, Number) and self.p.value < LEVEL

    @property
    def doubtful(self) -> bool:
        """Whether the interval leaves out 0 and the p-value does not tell the difference from it."""
        side_of_zero = side(self.difference, 0)
        return side_of_zero in (1, -1) and isinstance(self.p, Number) and not self.differs

    @property
    def left(self) -> bool:
        """Whether the difference is told from 0 after adjustment."""
        return isinstance(self.adjusted, Number) and self.adjusted.value < LEVEL


def by_task(quantity: Quantity[TaskResult], pairs: Pairs) -> tuple[TaskContrast, ...]:
    """A contrast per task; one without a p-value counts as one with p = 1, so that others gain nothing."""
    found = [_contrast(quantity, pairs, name) for name in pairs.tasks]
    adjusted = holm([each.p.value if isinstance(each.p, Number) else 1.0 for each in found])
    return tuple(
        replace(each, adjusted=Number(value=float(p))) if isinstance(each.p, Number) else each
        for each, p in zip(found, adjusted, strict=True)
    )


def _contrast(quantity: Quantity[TaskResult], pairs: Pairs, name: str) -> TaskContrast:
    """One that is not yet adjusted for the others."""
    value, control = (_value(quantity, pairs.records[pair], name) for pair in (BASE, CONTROL))
    # Taken for independent, although most tasks have the same prompts in both: a record does not hold the
    # draws that they could be paired by.
    difference = subtract(value, control)
    p = _p(value, control, difference)
    return TaskContrast(name, value, control, difference, p, p)


def _value(quantity: Quantity[TaskResult], record: Record, name: str) -> Measured:
    task = tasks_of(record)[name]
    return with_resampling(quantity.of(task), resampling_of(record, task))


def _p(value: Measured, control: Measured, difference: Measured) -> Measured:
    """By Welch's test of two independent values, from their intervals; missing where one has none.

    `mechshift compare` pairs tasks with the same prompts, and gives other p-values.
    """
    if isinstance(difference, Missing):
        return difference
    p = p_value(control, value, difference)
    return Missing(missing="the value has no interval") if p is None else Number(value=p)
