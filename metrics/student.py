"""Student's t: how often chance gives so large a ratio of a value to its estimated standard error."""

import math

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, within

_TERMS = 10_000
"""The most terms of the continued fraction; it takes about the square root of the larger parameter."""
_TINY = 1e-300
_NORMAL = 1e8
"""From how many degrees of freedom on the normal tail stands for Student's: a relative error of t⁴/(4ν)."""


def student_tail(statistic: float, freedom: float) -> float:
    """P(T ≥ statistic) for Student's t with that many degrees of freedom ("Student" 1908).

    Args:
        statistic: t; infinities are allowed.
        freedom: ν, at least 1 and not necessarily whole; infinite for the normal distribution.

    Returns:
        In [0, 1], also far out with a relative error below 1e-11 for up to some thousand degrees of freedom.

    Raises:
        ValueError: NaN, or less than one degree of freedom.

    >>> round(student_tail(2.262157, 9), 6)  # the 97.5 % point of nine degrees of freedom
    0.025
    """
    return float(student_tails(statistic, freedom))


def student_quantile(probability: float, freedom: float) -> float:
    """The t that Student's t stays below with that probability: `student_tail` turned round.

    Args:
        probability: in (0, 1).
        freedom: as in `student_tail`.

    Returns:
        To 1e-12 of its size.

    Raises:
        ValueError: a probability outside (0, 1), or as `student_tail`.

    >>> round(student_quantile(0.975, 9), 6)
    2.262157
    """
    wanted = within("probability", probability, 0, 1)
    if wanted in (0, 1):
        raise ValueError(f"the quantile of {wanted:g} is infinite")
    if wanted < 0.5:
        return -student_quantile(1 - wanted, freedom)
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > 1 - wanted:
        high *= 2
    # By halves: the tail falls steadily, and nothing here is in a loop that counts.
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, freedom) > 1 - wanted else (low, middle)
    return (low + high) / 2


def student_tails(statistics: ArrayLike, freedom: ArrayLike) -> Floats:
    """`student_tail` of many statistics at once.

    Of a statistic above 0 half of the regularised incomplete beta function I_x(ν/2, 1/2) at x = ν/(ν + t²),
    by its continued fraction (DLMF 8.17.22); of one below 0 what is left to 1.

    Args:
        statistics: [...]; infinities are allowed.
        freedom: of each, or of all, at least 1.

    Returns:
        [...], in [0, 1].

    Raises:
        ValueError: NaN, less than one degree of freedom, shapes that do not match.

    >>> student_tails([0.0, 1.0], [3, 1]).round(6).tolist()
    [0.5, 0.25]
    """
    given, degrees = np.broadcast_arrays(np.asarray(statistics, float), np.asarray(freedom, float))
    if np.isnan(given).any():
        raise ValueError("the statistic is NaN")
    if not (degrees >= 1).all():
        raise ValueError("freedom must be at least 1")
    size = np.abs(given).ravel()
    above = np.zeros(size.shape)
    many = degrees.ravel() >= _NORMAL
    above[many] = [0.5 * math.erfc(each / math.sqrt(2)) for each in size[many]]
    few = ~many & np.isfinite(size)
    if few.any():
        above[few] = _upper_half(size[few], degrees.ravel()[few])
    return np.where(given < 0, 1.0 - above.reshape(given.shape), above.reshape(given.shape))


def _upper_half(statistics: Floats, freedom: Floats) -> Floats:
    scaled = statistics / np.sqrt(freedom)
    # sin² and cos² of the angle whose tangent that is: no square of a large statistic overflows.
    length = np.hypot(1, scaled)
    return np.asarray(0.5 * _incomplete_beta(length**-2.0, (scaled / length) ** 2, freedom / 2))


def _incomplete_beta(x: Floats, rest: Floats, a: Floats) -> Floats:
    """I_x(a, 1/2), the regularised incomplete beta function; `rest` is 1 − x, which rounding may not lose."""
    half = np.full(a.shape, 0.5)
    # The fraction converges fast below the mean of the distribution; above it its mirror image does.
    mirrored = x > (a + 1) / (a + 2.5)
    near, far = np.where(mirrored, rest, x), np.where(mirrored, x, rest)
    first, second = np.where(mirrored, half, a), np.where(mirrored, a, half)
    log_beta = [math.lgamma(each + 0.5) - math.lgamma(each) - math.lgamma(0.5) for each in a]
    found = np.zeros(a.shape)
    inside = (near > 0) & (far > 0)
    with np.errstate(divide="ignore"):
        log_front = np.array(log_beta) + first * np.log(near) + second * np.log(far)
    fraction = _fraction(near[inside], first[inside], second[inside])
    found[inside] = np.exp(log_front[inside]) / first[inside] * fraction
    found = np.where(far <= 0, 1.0, np.minimum(found, 1.0))
    return np.where(mirrored, 1.0 - found, found)


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """The continued fraction 1/(1 + d₁/(1 + d₂/(1 + …))) with DLMF's coefficients, by modified Lentz."""
    numerator: Floats = np.ones(x.shape)
    denominator = 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            denominator = 1.0 / _not_zero(1.0 + step * denominator)
            numerator = _not_zero(1.0 + step / numerator)
            value = value * numerator * denominator
        # As long as the slowest of all needs: further terms leave the others as they are.
        if (np.abs(numerator * denominator - 1.0) < 1e-15).all():
            break
    return value


def _not_zero(values: Floats) -> Floats:
    return np.where(values == 0, _TINY, values)
