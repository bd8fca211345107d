"""A number with its interval and its draws, and what is made of several that have the same resamples."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .inputs import Floats, level_of
from .student import student_quantile
from .undefined import Undefined, Value


@dataclass(frozen=True)
class Estimate:
    """A number and its interval, in which it lies.

    `value` is computed on all groups; `low` and `high` bound the central `level` of the resamples (see
    `bootstrap`); `resamples` is how many were drawn and `undefined` how many of them gave no number and
    are left out. `draws`: the value in each resample, [resamples], NaN where it gave none; None where the
    estimate was not made of resamples of its own. `freedom`: the degrees of freedom of the Student's t that
    the interval reaches, in standard errors, where those of a normal sample of many would be a normal
    quantile: of an estimate from resamples `unit_freedom`. It is infinite for the normal quantile, and None
    where the interval was put together from others. Two estimates whose resamples have the same weights are
    compared by the differences of their draws (`paired_difference`).

    Raises:
        ValueError: not low ≤ value ≤ high, one of them NaN or infinite, level outside (0, 1).
    """

    value: float
    low: float
    high: float
    level: float
    resamples: int
    undefined: int = 0
    # How an estimate came about, and not what it is: equal estimates may have been drawn differently.
    draws: Floats | None = field(default=None, compare=False, repr=False)
    freedom: float | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Checked here and not where estimates are made, so that no way of making one can get round it.
        if not all(map(math.isfinite, (self.low, self.value, self.high))):
            raise ValueError(f"an estimate must be finite: {self.value} [{self.low}, {self.high}]")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an estimate must lie in its interval: {self.value} [{self.low}, {self.high}]")
        level_of(self.level)

    @property
    def clear(self) -> bool:
        """Whether the value is above 0 and known to within half of itself: low > value / 2.

        What is divided by has to be: a ratio to a number that may be nothing has an interval that says
        nothing.

        >>> Estimate(1.0, 0.6, 1.5, 0.95, 200).clear, Estimate(1.0, 0.4, 1.5, 0.95, 200).clear
        (True, False)
        """
        return self.value > 0 and self.low > self.value / 2

    def clipped(self, least: float, most: float) -> "Estimate":
        """The same estimate with its interval cut to the range that the metric can take.

        Raises:
            ValueError: a value outside the range. It is not cut: it shows that the range is wrong.

        >>> Estimate(0.9, 0.8, 1.1, 0.95, 200).clipped(0, 1).high
        1.0
        """
        if not least <= self.value <= most:
            raise ValueError(f"the value {self.value} lies outside the range {least} to {most}")
        return replace(self, low=max(self.low, float(least)), high=min(self.high, float(most)))


def paired_difference(minuend: Estimate, subtrahend: Estimate) -> Estimate | Undefined:
    """Minuend − subtrahend of two estimates whose resamples have the same weights.

    What the two share, the luck of the prompts, cancels in every resample. The interval is that of the
    differences, as `bootstrap` makes it.

    Returns:
        An Estimate in the units of the two, or Undefined where more than 1 − level of the resamples lack one
        of the values. Its `freedom` is the smaller of theirs.

    Raises:
        ValueError: levels or numbers of resamples that differ, no draws, no degrees of freedom.

    >>> from mechshift.metrics import bootstrap
    >>> def drawn(data): return bootstrap(lambda w: {"": float(w @ data / w.sum())}, range(20))[""]
    >>> noisy = np.random.default_rng(0).normal(size=20)
    >>> found = paired_difference(drawn(noisy + 1.0), drawn(noisy))
    >>> round(found.value, 9), round(found.low, 9), round(found.high, 9)
    (1.0, 1.0, 1.0)
    """
    return paired_statistic(lambda a, b: a - b, [minuend, subtrahend])


def paired_statistic(statistic: Callable[..., Value], estimates: Sequence[Estimate]) -> Estimate | Undefined:
    """A function of several estimates whose resamples have the same weights, by the same resamples.

    Args:
        statistic: called with one float per estimate: with the values, and with the draws of each resample.
        estimates: with draws, and with degrees of freedom.

    Returns:
        An Estimate, or Undefined where the values give none, or more than 1 − level of the resamples do. Its
        `freedom` is the least of theirs: the one that is known worst may be what all of it rests on.

    Raises:
        ValueError: no estimates, levels or numbers of resamples that differ, no draws, no degrees of freedom,
            a statistic that returns NaN or an infinity.

    >>> from mechshift.metrics import bootstrap
    >>> def drawn(data): return bootstrap(lambda w: {"": float(w @ data / w.sum())}, range(20))[""]
    >>> noisy = np.random.default_rng(0).normal(10, 1, size=20)
    >>> found = paired_statistic(lambda a, b: a / b, [drawn(noisy), drawn(2 * noisy)])
    >>> round(found.low, 9), round(found.value, 9), round(found.high, 9)
    (0.5, 0.5, 0.5)
    """
    drawn = [one.draws for one in estimates if one.draws is not None]
    if not drawn or len(drawn) < len(estimates):
        raise ValueError("there must be estimates, and all must have their draws")
    freedom = [one.freedom for one in estimates if one.freedom is not None]
    if len(freedom) < len(estimates):
        raise ValueError("all estimates must have degrees of freedom: infinite where units are many")
    if len({(one.level, len(draws)) for one, draws in zip(estimates, drawn, strict=True)}) > 1:
        raise ValueError("all estimates must have one level and as many resamples")
    reason = Undefined("one of the values is undefined")
    with np.errstate(over="ignore"):
        value = statistic(*(one.value for one in estimates))
        draws = [reason if any(map(math.isnan, row)) else statistic(*row) for row in zip(*drawn, strict=True)]
    return estimate_from("of paired estimates", value, draws, estimates[0].level, min(freedom))


def estimate_from(
    name: Hashable, value: Value, draws: list[Value], level: float, freedom: float
) -> Estimate | Undefined:
    """`estimate_of` a statistic that may be Undefined, as may its draws; `name` is for the error.

    Raises ValueError for a value or a draw that is NaN or infinite.
    """
    if isinstance(value, Undefined):
        return value
    undefined = [draw.reason for draw in draws if isinstance(draw, Undefined)]
    defined = np.array([draw for draw in draws if not isinstance(draw, Undefined)], dtype=np.float64)
    if not np.isfinite(value) or not np.isfinite(defined).all():
        raise ValueError(
            f"the statistic {name!r} returned NaN or an infinity: return Undefined with a reason instead"
        )
    kept = np.array([math.nan if isinstance(draw, Undefined) else draw for draw in draws], dtype=np.float64)
    return estimate_of(value, kept, level, undefined[0] if undefined else "", freedom)


def estimate_of(
    value: float, draws: Floats, level: float, reason: str, freedom: float
) -> Estimate | Undefined:
    """The estimate of a value from its draws [resamples], NaN where a resample has none for this reason.

    Its interval is that of `bootstrap`, for so many degrees of freedom. Value and other draws are finite.
    Undefined where more than 1 − level of the draws are NaN.
    """
    defined = draws[~np.isnan(draws)]
    undefined = len(draws) - len(defined)
    if undefined > (1 - level) * len(draws) or len(defined) == 0:
        return Undefined(f"in {undefined} of {len(draws)} resamples {reason}")
    # Of halves, because the quantile of two draws at opposite ends of the range takes their difference.
    low, centre, high = (
        float(each) for each in np.quantile(defined / 2, [(1 - level) / 2, 0.5, (1 + level) / 2])
    )
    # Distances first: moving the bounds themselves would round them across the estimate.
    wider = 2 * expansion(level, freedom)
    below, above = max(0.0, wider * (centre - low)), max(0.0, wider * (high - centre))
    value = float(value)
    return Estimate(value, value - below, value + above, level, len(draws), undefined, draws, freedom)


def expansion(level: float, freedom: float) -> float:
    """How many times as far Student's quantile reaches as the normal one, at the bounds of that level.

    >>> round(expansion(0.95, 9), 6), expansion(0.95, math.inf)
    (1.154183, 1.0)
    """
    share = (1 + level) / 2
    return student_quantile(share, freedom) / student_quantile(share, math.inf)
