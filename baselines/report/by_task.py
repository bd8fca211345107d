"""The base pair less the control, task by task, with p-values adjusted for the number of tasks."""

from dataclasses import dataclass

from ...benchmark.record.quantity import Quantity
from ...benchmark.record.summary import as_estimate, subtract
from ...benchmark.record.types import Measured, Missing, Number, TaskResult
from ...metrics import holm, two_sided_p
from .records import Pairs, tasks_of
from .roster import BASE, CONTROL

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
    def left(self) -> bool:
        """Whether the difference is told from 0 after adjustment."""
        return isinstance(self.adjusted, Number) and self.adjusted.value < LEVEL


def by_task(quantity: Quantity[TaskResult], pairs: Pairs) -> tuple[TaskContrast, ...]:
    """A contrast per task; one without a p-value counts as one with p = 1, so that others gain nothing."""
    base, control = (tasks_of(pairs.records[pair]) for pair in (BASE, CONTROL))
    values = [(quantity.of(base[name]), quantity.of(control[name])) for name in pairs.tasks]
    differences = [subtract(value, beside) for value, beside in values]
    p_values = [p_value(difference) for difference in differences]
    adjusted = holm([p.value if isinstance(p, Number) else 1.0 for p in p_values])
    return tuple(
        TaskContrast(name, *both, difference, p, p if isinstance(p, Missing) else Number(value=float(q)))
        for name, both, difference, p, q in zip(
            pairs.tasks, values, differences, p_values, adjusted, strict=True
        )
    )


def p_value(difference: Measured) -> Measured:
    """Two-sided p of a difference, missing where that is or has no interval."""
    if isinstance(difference, Missing):
        return difference
    if difference.low is None:
        return Missing(missing="the value has no interval")
    return Number(value=two_sided_p(as_estimate(difference)))
