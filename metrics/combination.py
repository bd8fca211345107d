"""Means and differences of estimates from independent data, with intervals."""

import math
from collections.abc import Sequence

from .estimate import Estimate


def mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """Mean of independent estimates, such as those of several tasks.

    The interval is MOVER's (method of variance estimates recovery; Zou & Donner 2008): the distances
    from each value to its own bound add up in squares, low and high apart, so that lopsided intervals
    stay lopsided. It covers the tasks at hand, not tasks that might have been chosen.

    Args:
        estimates: one or more, of one confidence level, from independent resamples.

    Returns:
        In the units of the estimates; `resamples` is the least and `undefined` the sum of theirs.

    Raises:
        ValueError: no estimate, or levels that differ.

    >>> mean_estimate([Estimate(1.0, 0.4, 2.0, 0.95, 200), Estimate(3.0, 2.2, 4.0, 0.95, 200)]).low
    1.5
    """
    if not estimates:
        raise ValueError("there is no estimate to take the mean of")
    return weighted_estimate([1 / len(estimates)] * len(estimates), estimates)


def difference(minuend: Estimate, subtrahend: Estimate) -> Estimate:
    """Minuend − subtrahend of two independent estimates, with MOVER's interval (see `mean_estimate`).

    Raises:
        ValueError: levels that differ.

    >>> difference(Estimate(1.0, 0.7, 1.3, 0.95, 200), Estimate(2.0, 1.6, 2.4, 0.95, 200)).high
    -0.5
    """
    return weighted_estimate([1.0, -1.0], [minuend, subtrahend])


def weighted_estimate(weights: Sequence[float], estimates: Sequence[Estimate]) -> Estimate:
    """Σ weight · estimate of independent estimates, with MOVER's interval (see `mean_estimate`).

    Args:
        weights: one for each estimate, of either sign.
        estimates: one or more, of one confidence level.

    Returns:
        As `mean_estimate`.

    Raises:
        ValueError: no estimate, another number of weights, levels that differ, a sum beyond all numbers.

    >>> weighted_estimate([-1.0], [Estimate(1.0, 0.4, 2.0, 0.95, 200)]).low
    -2.0
    """
    if not estimates:
        raise ValueError("there is no estimate to add up")
    if len(weights) != len(estimates):
        raise ValueError(f"there are {len(weights)} weights for {len(estimates)} estimates")
    levels = {one.level for one in estimates}
    if len(levels) > 1:
        raise ValueError(f"estimates have intervals of different levels: {sorted(levels)}")
    below, above = [], []
    for weight, one in zip(weights, estimates, strict=True):
        # A negative weight turns the interval round: what lay above the value lies below the result.
        sides = (one.value - one.low, one.high - one.value)[:: 1 if weight > 0 else -1]
        below.append(abs(weight) * sides[0])
        above.append(abs(weight) * sides[1])
    centre = sum(float(weight) * one.value for weight, one in zip(weights, estimates, strict=True))
    # hypot is never negative, also of distances whose squares overflow: the value stays inside.
    low, high = centre - math.hypot(*below), centre + math.hypot(*above)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("the sum is beyond all numbers: scale the estimates down")
    return Estimate(
        value=centre,
        low=low,
        high=high,
        level=estimates[0].level,
        resamples=min(one.resamples for one in estimates),
        undefined=sum(one.undefined for one in estimates),
    )
