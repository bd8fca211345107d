"""A number beyond a bound: what every verdict is made of."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from ...metrics import student_tail
from ...metrics.welch import within_rounding
from ..contrast.differences import statistic_of
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantity import SHARE, Rounding

ALPHA = 0.05
"""How likely it may be that any verdict of a family rests on chance: on tasks, on suites, or a statement."""

Beyond = Literal["above", "below"]


@dataclass(frozen=True)
class BoundClaim:
    """That a number lies above a bound, or below it. `label`: what the number is called."""

    label: str
    number: Measured
    side: Beyond
    bound: float
    rounding: Rounding = SHARE

    @property
    def holds(self) -> bool:
        """Whether the whole 95 % interval lies there, and p is at most .05.

        Both are by Student's t for as many units as were drawn. Only p counts how few the resamples are, and
        how few units each part of a mean has. Intervals of older protocols take normal quantiles
        (docs/metrics.md, "Intervals").
        """
        number = self.number
        if isinstance(number, Missing) or number.low is None or number.high is None:
            return False
        beyond = number.low > self.bound if self.side == "above" else number.high < self.bound
        return beyond and self.p <= ALPHA

    @property
    def p(self) -> float:
        """Two-sided, for "the number is the bound", by Student's t; 1 where it lies on the other side.

        Also 1 where there is no number, or none with an interval: nothing is shown then.
        """
        number = self.number
        if isinstance(number, Missing) or not number.bounded:
            return 1.0
        beyond = number.value - self.bound
        if (beyond > 0) != (self.side == "above") or bool(within_rounding(number.value, self.bound)):
            return 1.0
        if number.low == number.high:
            # One model with itself: no resample differs.
            return 0.0
        statistic, freedom = statistic_of(_above(number, self.bound))
        return 0.0 if math.isinf(statistic) else min(1.0, 2 * student_tail(abs(statistic), freedom))

    def _fine_enough(self, number: Number) -> Rounding:
        """The rounding with as many decimals as it takes to tell the end of the interval from the bound."""
        end = number.low if self.side == "above" else number.high
        found = self.rounding
        if end is None or within_rounding(end, self.bound):
            return found
        while found.decimals < _MOST_DECIMALS:
            if found(end).lstrip("+-") != found(self.bound).lstrip("+-"):
                break
            found = replace(found, decimals=found.decimals + 1)
        return found

    def __str__(self) -> str:
        if isinstance(self.number, Missing):
            return f"{self.label}: {self.number.missing}"
        rounding = self._fine_enough(self.number)
        where = f"{self.side} {rounding(self.bound)}"
        shown = f"{self.label} {rounding.number(self.number)}"
        return f"{shown} is {where}" if self.holds else f"{shown} is not clearly {where}"


_MOST_DECIMALS = 6


def _above(number: Number, bound: float) -> Number:
    """The number less a bound, with what its interval was estimated from."""
    assert number.low is not None, "an estimate has an interval"
    assert number.high is not None, "an estimate has an interval"
    found = Number(value=number.value - bound, low=number.low - bound, high=number.high - bound)
    # Without draws, though they may be at hand: whether they are depends on what lies beside a record, and a
    # verdict on one record must not. They serve differences alone.
    return _estimated_as(number, found)


def _estimated_as(number: Number, found: Number) -> Number:
    """A number with what another one's interval was estimated from, but for its draws."""
    if number.resampling is not None:
        found = found.estimated(number.resampling)
    if not number.parts:
        return found
    return found.put_together(tuple((weight, _undrawn(part)) for weight, part in number.parts))


def _undrawn(number: Number) -> Number:
    return _estimated_as(number, Number(value=number.value, low=number.low, high=number.high))


def p_of_all(claims: tuple[BoundClaim, ...]) -> float:
    """For "not all of the claims are true": the largest of theirs (an intersection–union test)."""
    return max((claim.p for claim in claims), default=1.0)
