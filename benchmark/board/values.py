"""A row's value in one quantity, with the values by task that it is put together of."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..record.draws import find_numbers
from ..record.means import Summary
from ..record.missing import Missing
from ..record.number import Number
from ..record.quantity import Quantity
from ..record.record import Record
from ..record.summary import summarise
from ..record.task_record import TaskRecord


@dataclass(frozen=True)
class Addend:
    """A value of a task, and how much it counts.

    `task`, `place`: where the record has it, and under which name its draws are kept; None and empty for what
    a record does not hold as a number, as an accuracy.
    """

    weight: float
    number: Number
    task: TaskRecord | None
    place: str


@dataclass(frozen=True)
class PutTogether:
    """A value with an interval, and its parts in the order of the protocol's tasks: their sum by weight."""

    number: Number
    parts: tuple[Addend, ...]


def find_value(record: Record, quantity: Quantity[Summary]) -> PutTogether | str:
    """A record's value in a quantity; or why it has none, or none with an interval."""
    # In one order of tasks, so that the parts of all rows are of the same tasks.
    order = {task.name: place for place, task in enumerate(record.protocol.tasks)}
    tasks = sorted(record.tasks, key=lambda task: order.get(task.task, len(order)))
    value = quantity.of(summarise(tasks, record.failed))
    if isinstance(value, Missing):
        return value.missing
    if value.low is None or not value.parts:
        return "it has no interval"
    return PutTogether(value, _located(value, tasks))


def _located(value: Number, tasks: Sequence[TaskRecord]) -> tuple[Addend, ...]:
    # By identity: two tasks, or two sizes of circuits, may well have equal numbers.
    wanted = {id(number) for _, number in value.parts}
    found: dict[int, tuple[TaskRecord, str]] = {}
    for task in tasks:
        for place, number in find_numbers(task):
            if id(number) in wanted:
                found.setdefault(id(number), (task, place))
    return tuple(Addend(weight, number, *found.get(id(number), (None, ""))) for weight, number in value.parts)
