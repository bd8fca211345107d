"""Which tasks carry the sign of a mean: without any one of them it is 0, or of the other sign.

A row's intervals are of other prompts on the same tasks. They do not show that one task alone may make a mean
what it is.
"""

import math

from .quantity import Quantity
from .summary import summarise
from .types import Measured, Missing, Number, Record, Summary


def sign_carriers(record: Record, quantity: Quantity[Summary]) -> tuple[str, ...]:
    """The tasks without which a value of a record's row is 0 or has the other sign, in the record's order.

    None of them where the value is missing. A task without which there is no value, as the only one of its
    kind, carries it too.
    """
    value = quantity.of(record.summary)
    if isinstance(value, Missing):
        return ()
    sign = _sign(value)
    return tuple(name for name, left in _without_each(record, quantity) if _sign(left) != sign)


def _without_each(record: Record, quantity: Quantity[Summary]) -> list[tuple[str, Measured]]:
    """What the value would be without each of the tasks, by the task left out."""
    found = []
    for left_out in record.tasks:
        others = [task for task in record.tasks if task is not left_out]
        found.append((left_out.task, quantity.of(summarise(others, record.failed))))
    return found


def _sign(value: Measured) -> float:
    return math.copysign(1, value.value) if isinstance(value, Number) and value.value else 0.0
