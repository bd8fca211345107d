"""Intervals over trainings: what another seed of the same recipe would have given.

An interval over prompts says nothing of them, and of few seeds no quantile can be read off. So these are
Student's t, on as many degrees of freedom as there are seeds less one. What is computed of *pairs* of seeds
has its variance from the jackknife, which leaves out one seed with all of its pairs at a time.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate
from .inputs import Floats, level_of, squarable
from .student import student_quantile
from .undefined import Undefined
from .welch import welch_p, welch_statistic


def seeds_mean(values: ArrayLike, level: float = 0.95) -> Estimate | Undefined:
    """Mean over seeds, with Student's interval.

    Args:
        values: [seeds], one number of each training.
        level: of the interval.

    Returns:
        An Estimate in the units of the values, without draws. Undefined of one seed, and where all are equal:
        that would be certainty from nothing.

    Raises:
        ValueError: none, NaN, infinite.

    >>> found = seeds_mean([1.0, 2.0, 3.0])
    >>> round(found.low, 3), found.value
    (-0.484, 2.0)
    """
    of = squarable("values", values, 1)
    if len(of) < 2:
        return Undefined("there is one seed")
    return _interval(float(of.mean()), [_variance(of)], [len(of) - 1], level)


def seeds_difference(minuend: ArrayLike, subtrahend: ArrayLike, level: float = 0.95) -> Estimate | Undefined:
    """Mean over the seeds of one recipe less that over another's, with Welch's interval.

    Args:
        minuend, subtrahend: [seeds], one number of each training; as many as there are of either.
        level: of the interval.

    Returns:
        An Estimate in the units of the values, without draws. Undefined where a recipe has one seed, and
        where the seeds of neither differ.

    Raises:
        ValueError: none, NaN, infinite.

    >>> found = seeds_difference([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    >>> round(found.low, 3), found.value, round(found.high, 3)
    (-1.267, 1.0, 3.267)
    """
    of, less = (squarable(name, each, 1) for name, each in (("minuend", minuend), ("subtrahend", subtrahend)))
    if min(len(of), len(less)) < 2:
        return Undefined("one of the two recipes has one seed")
    value = float(of.mean() - less.mean())
    return _interval(value, [_variance(of), _variance(less)], [len(of) - 1, len(less) - 1], level)


def seeds_difference_p(minuend: ArrayLike, subtrahend: ArrayLike, bound: float = 0.0) -> float | Undefined:
    """Two-sided p-value of `seeds_difference` for "it is `bound`", by Welch's test on the seeds.

    Args:
        minuend, subtrahend: as in `seeds_difference`.
        bound: in the units of the values.

    Returns:
        In [0, 1]. Undefined where a recipe has one seed, and where the seeds of neither differ.

    Raises:
        ValueError: as `seeds_difference`.

    >>> round(seeds_difference_p([2.0, 3.0, 4.0], [1.0, 2.0, 3.0]), 3)
    0.288
    """
    of, less = (squarable(name, each, 1) for name, each in (("minuend", minuend), ("subtrahend", subtrahend)))
    if min(len(of), len(less)) < 2:
        return Undefined("one of the two recipes has one seed")
    apart = of.mean() - less.mean() - squarable("bound", [bound], 1)[0]
    variances = [_variance(of), _variance(less)]
    if not any(variances):
        return _EQUAL
    return float(welch_p(apart, variances, [len(of) - 1, len(less) - 1]))


def beyond_seeds(differences: ArrayLike, level: float = 0.95) -> Estimate | Undefined:
    """One training less the mean over seeds of a recipe, with the interval that it has if it is one of them.

    d̄ ± t · s · √(1 + 1/n), t of n − 1 degrees of freedom: Student's prediction interval about one more value
    of a normal sample. An interval of a difference from one seed covers prompts alone, and two seeds of one
    recipe differ too. Where this one excludes 0, so do so few further seeds of the recipe.

    Args:
        differences: [seeds], the training less each seed.
        level: of the interval.

    Returns:
        An Estimate in the units of the values, without draws; its `freedom` is n − 1. Undefined of one seed,
        and where all are equal.

    Raises:
        ValueError: none, NaN, infinite.

    >>> found = beyond_seeds([1.0, 2.0, 3.0])
    >>> round(found.low, 3), found.value, round(found.high, 3)
    (-2.968, 2.0, 6.968)
    """
    of = squarable("differences", differences, 1)
    if len(of) < 2:
        return Undefined("there is one seed")
    variance = _variance(of)
    if not variance:
        return _EQUAL
    freedom = len(of) - 1
    value = float(of.mean())
    # Of the mean, and of one more value, which varies n times as much.
    reach = student_quantile((1 + level_of(level)) / 2, freedom) * math.sqrt(variance * (1 + len(of)))
    return Estimate(value, value - reach, value + reach, level, resamples=0, freedom=freedom)


def pairs_of_seeds(values: ArrayLike, level: float = 0.95) -> Estimate | Undefined:
    """Mean over all pairs of seeds of a number that is of two, with an interval by the jackknife.

    Its variance is (n − 1)/n · Σ_k (θ_k − θ̄)², θ_k the mean over the pairs without seed k (Arvesen
    1969). It errs on the wide side, by more the fewer seeds there are.

    Args:
        values: [seeds, seeds], of which those above the diagonal are read.
        level: of the interval.

    Returns:
        An Estimate in the units of the values, without draws. Undefined of fewer than three seeds, and where
        leaving out a seed changes nothing.

    Raises:
        ValueError: no square matrix, NaN above the diagonal.

    >>> found = pairs_of_seeds([[0, .5, .6], [0, 0, .7], [0, 0, 0]])
    >>> round(found.low, 3), round(found.value, 3)
    (0.103, 0.6)
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise ValueError(f"values must be [seeds, seeds] and have shape {given.shape}")
    seeds = len(given)
    if seeds < 3:
        return Undefined(f"leaving out one of {seeds} seeds leaves no pair")
    rows, columns = np.triu_indices(seeds, 1)
    of = squarable("values above the diagonal", given[rows, columns], 1)
    without = np.array([of[(rows != k) & (columns != k)].mean() for k in range(seeds)])
    variance = (seeds - 1) ** 2 * _variance(without)
    return _interval(float(of.mean()), [variance], [seeds - 1], level)


def across_seeds(values: ArrayLike, level: float = 0.95) -> Estimate | Undefined:
    """Mean over all pairs of a seed of one recipe and a seed of another, with an interval by the jackknife.

    Its variance is that of the mean of the rows' means plus that of the columns'.

    Args:
        values: [seeds of the one, seeds of the other].
        level: of the interval.

    Returns:
        An Estimate in the units of the values, without draws. Undefined where a recipe has one seed, and
        where the means of neither's seeds differ.

    Raises:
        ValueError: no matrix, NaN.

    >>> found = across_seeds([[.4, .6], [.5, .7]])
    >>> round(found.value, 3), found.low < .4
    (0.55, True)
    """
    of = squarable("values", values, 2)
    if min(of.shape) < 2:
        return Undefined("one of the two recipes has one seed")
    variances = [_variance(of.mean(axis=axis)) for axis in (1, 0)]
    return _interval(float(of.mean()), variances, [size - 1 for size in of.shape], level)


_EQUAL = Undefined("no seeds differ")


def _variance(values: Floats) -> float:
    """Of the mean of the values; 0 of equal ones, whose mean may be rounded."""
    return float(np.var(values, ddof=1)) / len(values) if np.ptp(values) else 0.0


def _interval(value: float, variances: list[float], freedom: list[int], level: float) -> Estimate | Undefined:
    if not any(variances):
        return _EQUAL
    _, degrees = welch_statistic(value, variances, freedom)
    reach = student_quantile((1 + level_of(level)) / 2, float(degrees)) * math.sqrt(sum(variances))
    return Estimate(value, value - reach, value + reach, level, resamples=0)
