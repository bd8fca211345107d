"""Whether an estimate differs from 0, alone and among several that are looked at together."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, numbers
from .resampling import Estimate


def two_sided_p(estimate: Estimate) -> float:
    """Two-sided p-value of an estimate for "the true value is 0", read off its interval.

    A normal approximation: the distance from the value to the bound on the side of 0 is taken for as many
    standard errors as a normal interval of that level reaches. Of a lopsided interval that is the side that
    matters, so that p lies below 1 − level exactly where the interval excludes 0. Far out p says less than
    its digits: 200 resamples know nothing of the tails.

    Returns:
        In [0, 1]; 1 for a value of 0; 0 where the bound on the side of 0 is at the value.

    >>> round(two_sided_p(Estimate(0.3, 0.0, 0.9, 0.95, 200)), 9)
    0.05
    """
    if estimate.value == 0:
        return 1.0
    bound = estimate.low if estimate.value > 0 else estimate.high
    # Of halves: a bound at the other end of the range is further away than any number.
    distance = abs(estimate.value / 2 - bound / 2)
    if distance == 0:
        return 0.0
    errors = NormalDist().inv_cdf((1 + estimate.level) / 2) * (abs(estimate.value) / 2 / distance)
    return math.erfc(errors / math.sqrt(2))


def standard_error(estimate: Estimate) -> float:
    """Standard error of an estimate, read off its interval on the side of 0, as `two_sided_p` reads it.

    Returns:
        In the units of the estimate, ≥ 0; of a value of 0 the larger of those of the two sides.

    >>> round(standard_error(Estimate(0.3, 0.1, 0.9, 0.95, 200)), 3)
    0.102
    """
    below, above = estimate.value / 2 - estimate.low / 2, estimate.high / 2 - estimate.value / 2
    distance = max(below, above) if estimate.value == 0 else below if estimate.value > 0 else above
    return distance / NormalDist().inv_cdf((1 + estimate.level) / 2) * 2


def holm(p_values: ArrayLike) -> Floats:
    """P-values adjusted for how many there are: Holm's step-down (Holm 1979).

    The i-th smallest of m is multiplied by m + 1 − i, cut at 1, and raised to the one before it where it
    is smaller. Rejecting what is at most α then makes any false rejection at all at most α likely, however
    the tests depend on each other.

    Args:
        p_values: [tests], in [0, 1].

    Returns:
        [tests], in their order, in [0, 1], none smaller than what was given.

    Raises:
        ValueError: none, NaN, or outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = numbers("p_values", p_values, 1)
    if ((given < 0) | (given > 1)).any():
        raise ValueError(f"p_values must lie in [0, 1], and reach from {given.min()} to {given.max()}")
    # The running maximum keeps the order: a larger p-value is never adjusted to a smaller one.
    order = np.argsort(given, kind="stable")
    steps = np.arange(len(given), 0, -1)
    adjusted = np.empty(len(given))
    adjusted[order] = np.maximum.accumulate(np.minimum(steps * given[order], 1))
    return adjusted
