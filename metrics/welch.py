"""Whether a sum of independent estimates differs from 0, by Student's t.

A task has 10 to 30 resampled units, so the standard error is itself an estimate. A normal tail does not know
that: three and a half standard errors, which Holm asks of a hundred tests, are then far less rare than it
says. The standard error is the standard deviation of the draws and not read off their outer quantiles, of
which 200 resamples hold only a few.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate
from .faithfulness import RESOLUTION
from .inputs import Flags, Floats, level_of, numbers, squarable
from .student import student_quantile, student_tails
from .undefined import Undefined


def drawn_variance(draws: ArrayLike, level: float = 0.95) -> Floats:
    """Variance of an estimate from its value in each resample, of many estimates at once.

    Args:
        draws: [..., resamples], NaN where a resample gave no value.
        level: share of the resamples that must have one, as for an interval of that level.

    Returns:
        [...], ≥ 0, in squares of the units (over n − 1); NaN where more than 1 − level of the resamples lack
        a value, or fewer than two have one.

    Raises:
        ValueError: level outside (0, 1).

    >>> drawn_variance([[1.0, 2.0, 3.0], [1.0, float("nan"), 3.0]], level=0.5).tolist()
    [1.0, 2.0]
    """
    level_of(level)
    given = np.asarray(draws, dtype=np.float64)
    lacking = np.isnan(given)
    count = given.shape[-1] - np.count_nonzero(lacking, axis=-1)
    few = (given.shape[-1] - count > (1 - level) * given.shape[-1]) | (count < 2)
    # Not numpy's nanvar, which warns of rows without a value.
    with np.errstate(all="ignore"):
        mean = np.where(lacking, 0.0, given).sum(axis=-1) / count
        squares = np.where(lacking, 0.0, given - mean[..., None]) ** 2
        return np.where(few, np.nan, squares.sum(axis=-1) / (count - 1))


def interval_variance(distance: ArrayLike, freedom: ArrayLike, level: float = 0.95) -> Floats:
    """Variance of an estimate that has no draws: of how far its interval reaches to one side.

    Args:
        distance: [...] from the value to its bound, ≥ 0.
        freedom: [...], ≥ 1, of the Student's t that the interval reaches; infinite for the normal quantile.
        level: of the interval.

    Returns:
        [...], ≥ 0, in squares of the units.

    Raises:
        ValueError: level outside (0, 1), less than one degree of freedom.

    >>> interval_variance([1.959964, 2.262157], [np.inf, 9]).round(6).tolist()
    [1.0, 1.0]
    """
    share = (1 + level_of(level)) / 2
    degrees = np.asarray(freedom, dtype=np.float64)
    reach = np.array([student_quantile(share, float(each)) for each in degrees.flat]).reshape(degrees.shape)
    with np.errstate(over="ignore"):
        return np.asarray((np.asarray(distance, dtype=np.float64) / reach) ** 2)


def resampled_freedom(units: ArrayLike, resamples: ArrayLike) -> Floats:
    """Degrees of freedom of `drawn_variance`: those of the sample, less what few resamples lose.

    The relative variance of a variance is 2/ν from ν + 1 sampled units, and 2/(B − 1) more from B resamples
    of them: 1/(1/ν + 1/(B − 1)) in all.

    Args:
        units: degrees of freedom of the sample, ≥ 1: resampled units less strata.
        resamples: B, 2 or more; infinite for a variance that was not resampled.

    Returns:
        [...], at least 1.

    >>> round(float(resampled_freedom(23, 200)), 1)
    20.6
    """
    of_units, others = np.asarray(units, dtype=np.float64), np.asarray(resamples, dtype=np.float64) - 1
    with np.errstate(divide="ignore"):  # both are infinite where a variance is known
        return np.maximum(1.0, 1 / (1 / of_units + 1 / others))


def interval_freedom(units: ArrayLike, resamples: ArrayLike) -> Floats:
    """Degrees of freedom of `interval_variance`: as `resampled_freedom` of a quarter of the resamples.

    An outer quantile of B normal draws, from their median, tells their variance as well as the standard
    deviation of B/3.98 of them does: its relative variance at 97.5 % is 1.99/B.

    >>> round(float(interval_freedom(23, 200)), 1)
    15.8
    """
    return resampled_freedom(units, 1 + np.asarray(resamples, dtype=np.float64) / 4)


def estimated_variance(
    draws: ArrayLike,
    reach: ArrayLike,
    units: ArrayLike,
    resamples: ArrayLike,
    of_quantile: ArrayLike,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Variances of estimates, and with how many degrees of freedom they are known.

    Of its draws, or, where an estimate has none or too many resamples lack a value, of its interval.

    Args:
        draws: [..., resamples], as in `drawn_variance`; the last axis may be empty.
        reach: [...], how far the interval reaches on the side that decides, ≥ 0; or [2, ...] for both sides.
        units: [...], degrees of freedom of the sample, as in `resampled_freedom`.
        resamples: [...], how many an interval is of.
        of_quantile: [...], degrees of freedom of the quantile that intervals reach, as in
            `interval_variance`: those of the sample, or infinite for plain percentile intervals.
        level: of the interval.

    Returns:
        Two arrays: variances, ≥ 0, of the shape of `reach`, and degrees of freedom, [...], at least 1.

    >>> variance, freedom = estimated_variance([[1.0, 3.0], [np.nan, np.nan]], 2.068658, 23, 200, 23)
    >>> variance.round(6).tolist(), freedom.round(1).tolist()
    ([2.0, 1.0], [1.0, 15.8])
    """
    given = np.asarray(draws, dtype=np.float64)
    drawn = drawn_variance(given, level)
    without = np.isnan(drawn)
    of_draws = resampled_freedom(units, max(2, given.shape[-1]))
    return (
        np.where(without, interval_variance(reach, of_quantile, level), drawn),
        np.where(without, interval_freedom(units, resamples), of_draws),
    )


def within_rounding(one: ArrayLike, other: ArrayLike) -> Flags:
    """Where two values differ by no more than machines that add up float32 in another order do.

    >>> within_rounding(0.5, [0.5 + 1e-7, 0.51]).tolist()
    [True, False]
    """
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    # Shares and shifts are made of numbers of about 1, however close to 0 they are themselves.
    return np.asarray(np.abs(a - b) <= RESOLUTION * np.maximum(1.0, np.maximum(np.abs(a), np.abs(b))))


def welch_statistic(difference: ArrayLike, variances: ArrayLike, freedom: ArrayLike) -> tuple[Floats, Floats]:
    """Student's t of a sum of independent parts for "the true sum is 0", and its degrees of freedom.

    t is the sum in standard errors, √Σ vᵢ. Its degrees of freedom are Satterthwaite's (1946):
    ν = (Σ vᵢ)² / Σ (vᵢ²/νᵢ), as in Welch's test, from the least νᵢ to Σ νᵢ.

    Args:
        difference: [...], the sums.
        variances: [parts, ...], ≥ 0, that of each part times the square of its weight.
        freedom: [parts, ...], νᵢ ≥ 1 of each variance, infinite for one that is known.

    Returns:
        Two arrays [...]. t is 0 for a sum of 0, and infinite for another one without any variance.

    Raises:
        ValueError: shapes that do not match.

    >>> t, nu = welch_statistic(2.0, [1.0, 1.0], [5, 5])
    >>> round(float(t), 3), round(float(nu), 9)
    (1.414, 10.0)
    """
    apart = np.asarray(difference, dtype=np.float64)
    parts, degrees = np.broadcast_arrays(np.asarray(variances, float), np.asarray(freedom, float))
    total = parts.sum(axis=0)
    with np.errstate(all="ignore"):
        # Of shares: the square of a variance may be smaller than any number.
        shares = np.where(total > 0, parts / total, 0.0)
        freedoms = 1 / (shares**2 / degrees).sum(axis=0)
        statistic = np.where(apart == 0, 0.0, apart / np.sqrt(total))
    return statistic, np.maximum(1.0, freedoms)


def welch_interval(
    groups: Sequence[ArrayLike], weights: ArrayLike, level: float = 0.95
) -> Estimate | Undefined:
    """A weighted sum of the means of independent samples, with an interval for other draws of each.

    Σ w_i m_i ± t · √Σ w_i² s_i²/n_i, where t has Satterthwaite's degrees of freedom, as in `welch_statistic`.
    With tasks of several kinds as samples it says how far other tasks of the same kinds might move the sum.

    Args:
        groups: the values of each sample, [n_i].
        weights: one a sample, not 0.
        level: of the interval.

    Returns:
        In the units of the values. Undefined where a sample has fewer than two values, and where none differ:
        so few values that are equal do not show that all are.

    Raises:
        ValueError: NaN, numbers of samples and weights that differ, or are 0, level outside (0, 1).

    >>> found = welch_interval([[0.5, 0.7, 0.9], [0.1, 0.3, 0.2]], [1, -1])
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.5, 0.084, 0.916)
    """
    found = _weighted_means(groups, weights)
    if isinstance(found, Undefined):
        return found
    value, variances, degrees = found
    _, freedom = welch_statistic(value, variances, degrees)
    reach = student_quantile((1 + level_of(level)) / 2, float(freedom)) * float(np.sqrt(variances.sum()))
    return Estimate(value, value - reach, value + reach, level, 0, freedom=float(freedom))


def welch_value(groups: Sequence[ArrayLike], weights: ArrayLike) -> float | Undefined:
    """The value of `welch_interval` without its interval, which takes a quantile of Student's t.

    Arguments, what is undefined, and errors as there.

    >>> round(welch_value([[0.5, 0.7, 0.9], [0.1, 0.3, 0.2]], [1, -1]), 3)
    0.5
    """
    found = _weighted_means(groups, weights)
    return found if isinstance(found, Undefined) else found[0]


def _weighted_means(
    groups: Sequence[ArrayLike], weights: ArrayLike
) -> tuple[float, Floats, list[int]] | Undefined:
    """Their weighted sum; of each mean the variance there, and its degrees of freedom."""
    samples = [squarable("groups", each, 1) for each in groups]
    weight = numbers("weights", weights, 1)
    if not samples or len(samples) != len(weight):
        raise ValueError(f"{len(samples)} groups with {len(weight)} weights")
    if few := [len(each) for each in samples if len(each) < 2]:
        return Undefined(f"a spread takes two values of a kind, and one kind has {min(few)}")
    variances = weight**2 * [float(each.var(ddof=1)) / len(each) for each in samples]
    if not variances.any():
        return Undefined("no values of a kind differ")
    value = float(weight @ [float(each.mean()) for each in samples])
    return value, variances, [len(each) - 1 for each in samples]


def welch_p(difference: ArrayLike, variances: ArrayLike, freedom: ArrayLike) -> Floats:
    """Two-sided p-value of `welch_statistic`, [...], in [0, 1]; arguments and errors as there.

    >>> round(float(welch_p(2.262157, [1.0], [9])), 6)
    0.05
    """
    statistic, freedoms = welch_statistic(difference, variances, freedom)
    return np.minimum(1.0, 2 * student_tails(np.abs(statistic), freedoms))
