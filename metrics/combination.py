"""Means and differences of estimates from independent data, with intervals."""

from collections.abc import Sequence

import numpy as np

from .resampling import Estimate


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
    return _combined([1 / len(estimates)] * len(estimates), estimates)


def difference(minuend: Estimate, subtrahend: Estimate) -> Estimate:
    """Minuend − subtrahend of two independent estimates, with MOVER's interval (see `mean_estimate`).

    Raises:
        ValueError: levels that differ.

    >>> difference(Estimate(1.0, 0.7, 1.3, 0.95, 200), Estimate(2.0, 1.6, 2.4, 0.95, 200)).high
    -0.5
    """
    return _combined([1.0, -1.0], [minuend, subtrahend])


def _combined(weights: Sequence[float], estimates: Sequence[Estimate]) -> Estimate:
    levels = {one.level for one in estimates}
    if len(levels) > 1:
        raise ValueError(f"estimates have intervals of different levels: {sorted(levels)}")
    weight = np.asarray(weights)
    value, low, high = (
        np.array([getattr(one, name) for one in estimates]) for name in ("value", "low", "high")
    )
    below = np.where(weight > 0, value - low, high - value)
    above = np.where(weight > 0, high - value, value - low)
    centre = float(weight @ value)
    return Estimate(
        value=centre,
        low=centre - float(np.linalg.norm(weight * below)),
        high=centre + float(np.linalg.norm(weight * above)),
        level=estimates[0].level,
        resamples=min(one.resamples for one in estimates),
        undefined=sum(one.undefined for one in estimates),
    )
