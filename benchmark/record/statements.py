"""What keeps a mean of a pair's row from being a statement.

One task may carry its sign: without it, the mean is 0 or of the other sign. A row's intervals, of other
prompts on the same tasks, do not show that. And a shift, or a share, may be one of the weighting: by mass and
by squared mass it has different signs, or one of them is not clear of 0.
"""

import math
from functools import cached_property

import numpy as np

from ...errors import listed
from ...metrics import sign_carriers
from .means import Summary
from .missing import Missing
from .number import Measured, Number
from .quantities.agreed import agreed
from .quantity import Quantity
from .record import Record
from .row import SQUARED, pair_quantities
from .summary import summarise


class RowDoubts:
    """What is to be said of the values of a record's row. Summaries without a task are made once."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def of(self, quantity: Quantity[Summary]) -> tuple[str, ...]:
        """Every reason not to state a value, in words; none for a missing one.

        Tasks carry the sign of those alone that are written with one.
        """
        carriers = self.carriers(quantity) if quantity.rounding.signed else ()
        each = "each of " if len(carriers) > 1 else ""
        carried = f"its sign depends on {each}{listed(carriers)}" if carriers else ""
        return tuple(filter(None, (self.why_not_stated(quantity), carried)))

    def carriers(self, quantity: Quantity[Summary]) -> tuple[str, ...]:
        """The tasks without which a value is 0 or has the other sign, in the record's order.

        None of them where the value is missing. A task without which there is no value, as the only one of
        its kind, is not one: no other value is there that has lost the sign.
        """
        value = quantity.of(self._record.summary)
        if isinstance(value, Missing):
            return ()
        left = {name: quantity.of(summary) for name, summary in self._without_each.items()}
        numbers = {name: _value(one) for name, one in left.items()}
        return sign_carriers(value.value, numbers)

    def why_not_stated(self, quantity: Quantity[Summary]) -> str:
        """Why a value by mass is no statement by both weightings; empty where it is one, or has one only."""
        squares, summary = _BY_SQUARES.get(quantity.name), self._record.summary
        if squares is None or isinstance(quantity.of(summary), Missing):
            return ""
        found = agreed(quantity.of(summary), squares.of(summary))
        return found.missing if isinstance(found, Missing) else ""

    @cached_property
    def _without_each(self) -> dict[str, Summary]:
        """The row without each of the tasks, by the task left out."""
        tasks, failed = self._record.tasks, self._record.failed
        try:
            with np.errstate(all="ignore"):
                return {
                    left_out.task: summarise(
                        [task for task in tasks if task is not left_out], failed, intervals=False
                    )
                    for left_out in tasks
                }
        except ValueError:
            # A stranger's record can have values that no arithmetic of doubles takes, such as 1e308.
            return {}


def _value(one: Measured) -> float | None:
    """What there is to compare; a stranger's record may have values whose mean is beyond all numbers."""
    return one.value if isinstance(one, Number) and math.isfinite(one.value) else None


def _beside_each() -> dict[str, Quantity[Summary]]:
    found = ((quantity.name.replace(SQUARED, ""), quantity) for quantity in pair_quantities())
    return {name: quantity for name, quantity in found if name != quantity.name}


_BY_SQUARES = _beside_each()
"""Of each value by mass of a row, by name, the one by squared mass."""
