"""How far the seeds of one recipe lie apart, beside the width of an interval."""

from dataclasses import dataclass

from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from .quantities import PairQuantity
from .records import Pairs

EXPECTED = {2: 0.29, 3: 0.43, 4: 0.53, 5: 0.59}
"""Mean range of so many normal values over the width of their 95 % interval: 1.128 to 2.326 by 3.920."""


@dataclass(frozen=True)
class Spread:
    """A quantity's values for all seeds, their range, and the mean width of their intervals."""

    quantity: PairQuantity
    values: tuple[Measured, ...]
    range: Measured
    width: Measured

    @property
    def exceeds(self) -> bool | None:
        """Whether the seeds lie further apart than an interval is wide; None where that is not known."""
        if isinstance(self.range, Missing) or isinstance(self.width, Missing):
            return None
        return self.range.value > self.width.value


def spread(quantity: PairQuantity, pairs: Pairs) -> Spread:
    """The seeds' values of a quantity; range and width are missing where a seed's value is."""
    values = tuple(quantity.of(pairs.records[pair], pairs.edges) for pair in pairs.seeds)
    missing = [value for value in values if isinstance(value, Missing)]
    if missing:
        return Spread(quantity, values, missing[0], missing[0])
    numbers = [value for value in values if isinstance(value, Number)]
    found = [number.value for number in numbers]
    return Spread(quantity, values, Number(value=max(found) - min(found)), _width(numbers))


def _width(numbers: list[Number]) -> Measured:
    widths = [
        number.high - number.low for number in numbers if number.low is not None and number.high is not None
    ]
    # A mean over only some of the seeds' widths would compare their range with something else.
    if len(widths) < len(numbers):
        return Missing(missing="a value has no interval")
    return Number(value=sum(widths) / len(widths))
