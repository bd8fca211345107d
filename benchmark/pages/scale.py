"""Axes of charts: from values to pixels, and where their ticks are."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..record.number import Measured, Number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_FURTHEST = 1e15
"""Values beyond it, which only a broken record holds, are drawn at it: no difference may overflow."""


@dataclass(frozen=True)
class Scale:
    """A linear axis: `low` stands at pixel `start` and `high` at pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands; one beyond the axis stands at its end."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, number: int = 4) -> list[float]:
        """About that many round values within the axis."""
        step = _round_step((self.high - self.low) / number)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


@dataclass(frozen=True)
class LogScale:
    """A logarithmic axis of positive values."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        if self.high == self.low:
            return round((self.start + self.end) / 2, 1)
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + part * (self.end - self.start), 1)


def around(values: Iterable[Measured], include: Iterable[float] = ()) -> tuple[float, float]:
    """Round bounds that hold all values, their intervals, and what else is to be seen; 0 to 1 for nothing."""
    found = [*include, *(end for value in values for end in _ends(value))]
    ends = [min(max(end, -_FURTHEST), _FURTHEST) for end in found]
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    size = max(abs(low), abs(high))
    # Of values that are one but for rounding, or next to nothing, steps would be no numbers to count with.
    if high - low <= max(size * 1e-12, 1e-290):
        room = size / 10 if size > 1e-290 else 1.0
        return low - room, high + room
    step = _round_step((high - low) / 4)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def label(value: float) -> str:
    """A tick's value, as short as it can be."""
    text = f"{value:.6g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return text.replace("-", "−")


def _ends(value: Measured) -> Iterator[float]:
    if isinstance(value, Number):
        yield value.value
        if value.low is not None and value.high is not None:
            yield value.low
            yield value.high


def _round_step(rough: float) -> float:
    # Beyond what a float can divide there is nothing to see: one step will do.
    size = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else 1.0
    return next((step * size for step in _STEPS if step * size >= rough * (1 - 1e-9)), 10 * size)
