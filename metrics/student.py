"""Student's t: how often chance gives so large a ratio of a value to its estimated standard error."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, level_of

_TERMS = 10_000
"""The most terms of the continued fraction; it takes about the square root of the larger parameter."""
_STEPS = 100
"""Of Newton; it takes five, and thirty at one degree of freedom far out."""
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


def student_quantile(share: float, freedom: float) -> float:
    """The value below which Student's t lies with probability `share`: the inverse of `student_tail`.

    Args:
        share: above 0 and below 1.
        freedom: ν, at least 1; infinite for the normal distribution.

    Returns:
        To twelve digits, below 0 for shares below one half.

    Raises:
        ValueError: NaN, a share outside (0, 1), less than one degree of freedom.

    >>> round(student_quantile(0.975, 9), 6)
    2.262157
    """
    found = _quantile(min(level_of(share), 1 - share), float(freedom))
    return found if share > 0.5 else -found


@lru_cache(maxsize=1000)
def _quantile(wanted: float, freedom: float) -> float:
    """The value, not below 0, above which t lies with that probability."""
    # Newton's steps: the tail is convex, and the normal quantile lies on the near side.
    found = -NormalDist().inv_cdf(wanted)
    for _ in range(_STEPS):
        step = (student_tail(found, freedom) - wanted) / _density(found, freedom)
        found += step
        if abs(step) <= 1e-13 * found:
            break
    return found


def _density(value: float, freedom: float) -> float:
    """Of Student's t at a value."""
    if freedom >= _NORMAL:
        return NormalDist().pdf(value)
    half = freedom / 2
    constant = math.lgamma(half + 0.5) - math.lgamma(half) - math.log(freedom * math.pi) / 2
    return math.exp(constant - (half + 0.5) * math.log1p(value * value / freedom))
