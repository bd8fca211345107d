"""What keeps a mean of a pair's row from being a statement.

One task may carry its sign: without it, the mean is 0 or of the other sign. A row's intervals, of other
prompts on the same tasks, do not show that. And a shift may be one of the weighting: by mass and by squared
mass it has different signs, or one of them is not clear of 0.
"""

import math

from .quantities.agreed import agreed
from .quantity import Quantity
from .row import SQUARED, pair_quantities
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


def why_not_stated(record: Record, quantity: Quantity[Summary]) -> str:
    """Why a shift by mass is no statement by both weightings; empty where it is one, or has one weighting."""
    squares = _BY_SQUARES.get(quantity.name)
    if squares is None or isinstance(quantity.of(record.summary), Missing):
        return ""
    found = agreed(quantity.of(record.summary), squares.of(record.summary))
    return found.missing if isinstance(found, Missing) else ""


def _beside_each() -> dict[str, Quantity[Summary]]:
    found = ((quantity.name.replace(SQUARED, ""), quantity) for quantity in pair_quantities())
    return {name: quantity for name, quantity in found if name != quantity.name}


_BY_SQUARES = _beside_each()
"""Of each value by mass of a row, by name, the one by squared mass."""


def _without_each(record: Record, quantity: Quantity[Summary]) -> list[tuple[str, Measured]]:
    """What the value would be without each of the tasks, by the task left out."""
    found = []
    for left_out in record.tasks:
        others = [task for task in record.tasks if task is not left_out]
        found.append((left_out.task, quantity.of(summarise(others, record.failed))))
    return found


def _sign(value: Measured) -> float:
    return math.copysign(1, value.value) if isinstance(value, Number) and value.value else 0.0
