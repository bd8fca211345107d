"""Which of several things differ in one quantity, all pairs of them tested together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, Integers, numbers
from .multiplicity import holm
from .welch import drawn_variance, estimated_variance, resampled_freedom, welch_p, within_rounding


@dataclass(frozen=True, eq=False)
class Measurements:
    """One quantity of several rows, such as Ĵ on one task of several pairs of models, with intervals.

    `values`, `low`, `high`: [rows]. `draws`: the value in each resample, [rows, resamples], NaN where it has
    none. `samples`: [rows]; the resamples of rows with one number there have the same weights, so that these
    rows are compared by the differences of their draws; −1: a row that is compared with none so. `freedom`:
    [rows], degrees of freedom of the resampled units, infinite for an interval that was not resampled.
    `of_quantile`: [rows], those of the Student's t that an interval reaches, infinite for the normal quantile
    of a plain percentile interval. `resamples`: how many each row's interval is of, as far as it has no
    draws.

    Raises:
        ValueError: shapes that do not match, a number that is not finite, not low ≤ value ≤ high.
    """

    values: Floats
    low: Floats
    high: Floats
    draws: Floats
    samples: Integers
    freedom: Floats
    of_quantile: Floats
    resamples: float = 200

    def __post_init__(self) -> None:
        rows = len(numbers("values", self.values, 1))
        for name in ("low", "high"):
            if numbers(name, getattr(self, name), 1).shape != (rows,):
                raise ValueError(f"{name} must have one number for each of the {rows} rows")
        if not ((self.low <= self.values) & (self.values <= self.high)).all():
            raise ValueError("every value must lie in its interval")
        if self.draws.ndim != 2 or len(self.draws) != rows or self.samples.shape != (rows,):
            raise ValueError(f"draws {self.draws.shape} and samples must have one entry for each row")
        for name in ("freedom", "of_quantile"):
            degrees = getattr(self, name)
            if degrees.shape != (rows,) or not (degrees >= 1).all():
                raise ValueError(f"{name} must have one number of at least 1 for each of the {rows} rows")


def pairwise_p(
    parts: Sequence[Measurements], weights: Sequence[float], level: float = 0.95, chunk: int = 2**22
) -> Floats:
    """Two-sided p-values for "both rows have the same value", of all pairs of rows, by Student's t.

    A row's value is the sum of its parts by weight, as a mean over tasks is, or the difference of two such
    means. Of every part, a pair of rows with the same resamples has the variance of the differences of their
    draws. Any other pair, and one with too many resamples that lack a value, has the variances of both rows:
    of its draws, or where it has none of its interval, on the side that faces the other row. Variances of all
    parts add up (see `welch_statistic`). Rows that differ by no more than rounding have p = 1.

    Args:
        parts: one or more, of the same rows.
        weights: one for each part, not 0.
        level: that of the intervals of the parts.
        chunk: draws that are looked at at once: memory, and no number.

    Returns:
        [rows, rows], symmetric, 1 on the diagonal.

    Raises:
        ValueError: no parts, as many weights, a weight of 0, parts of different numbers of rows.

    >>> values, alone, known = np.array([0.0, 0.3]), np.array([-1, -1]), np.full(2, np.inf)
    >>> rows = Measurements(values, values - 0.2, values + 0.2, np.empty((2, 0)), alone, known, known, np.inf)
    >>> round(float(pairwise_p([rows], [1.0])[0, 1]), 3)
    0.038
    """
    rows = {len(part.values) for part in parts}
    if len(rows) != 1 or len(parts) != len(weights) or not all(weights):
        raise ValueError("there must be one or more parts of the same rows, each with a weight that is not 0")
    (number,) = rows
    found = np.ones((number, number))
    step = max(1, chunk // max(1, max(part.draws.shape[1] for part in parts)))
    own = [_own_variances(part, level) for part in parts]
    totals = sum(
        (weight * part.values for part, weight in zip(parts, weights, strict=True)), np.zeros(number)
    )
    # One row against blocks of those behind it: all pairs at once would be gigabytes of draws.
    for first in range(number):
        for start in range(first + 1, number, step):
            others = np.arange(start, min(start + step, number))
            difference = totals[first] - totals[others]
            terms = [
                term
                for part, weight, alone in zip(parts, weights, own, strict=True)
                for term in _terms(part, alone, weight, first, others, difference > 0, level)
            ]
            p = welch_p(difference, *(np.array(each) for each in zip(*terms, strict=True)))
            p[within_rounding(totals[first], totals[others])] = 1.0
            found[first, others] = found[others, first] = p
    return found


@dataclass(frozen=True, eq=False)
class _Own:
    """Each row's own variance, by which side of its value faces the other row, and its degrees of freedom."""

    below: Floats
    above: Floats
    freedom: Floats


_Term = tuple[Floats, Floats]
"""Variances of one part of a difference, of each pair of rows, and their degrees of freedom."""


def _own_variances(part: Measurements, level: float) -> _Own:
    reach = np.stack((part.values - part.low, part.high - part.values))
    (below, above), freedom = estimated_variance(
        part.draws, reach, part.freedom, part.resamples, part.of_quantile, level
    )
    return _Own(below, above, freedom)


def _terms(
    part: Measurements,
    own: _Own,
    weight: float,
    first: int,
    others: Integers,
    positive: Flags,
    level: float,
) -> tuple[_Term, _Term]:
    """What a part adds to the differences of `first` − `others`: two terms, the second 0 where paired."""
    # The bound that faces the other row decides; a negative weight turns the interval round.
    faces = positive if weight > 0 else ~positive
    mine = np.where(faces, own.below[first], own.above[first])
    theirs = np.where(faces, own.above[others], own.below[others])
    my_freedom, their_freedom = np.full(len(others), own.freedom[first]), own.freedom[others]
    paired: Flags = (part.samples[others] == part.samples[first]) & (part.samples[first] >= 0)
    if paired.any():
        found = drawn_variance(part.draws[first] - part.draws[others[paired]], level)
        paired[paired] = ~np.isnan(found)
        mine[paired], theirs[paired] = found[~np.isnan(found)], 0.0
        my_freedom[paired] = resampled_freedom(part.freedom[first], part.draws.shape[1])
    return (weight**2 * mine, my_freedom), (weight**2 * theirs, their_freedom)


def holm_of_pairs(p_values: ArrayLike) -> Floats:
    """P-values of all pairs adjusted for how many pairs there are (see `holm`).

    Args:
        p_values: [rows, rows], symmetric, as `pairwise_p` has them.

    Returns:
        [rows, rows], symmetric, 1 on the diagonal.

    Raises:
        ValueError: not square, or as `holm`.

    >>> holm_of_pairs([[1, 0.01, 0.5], [0.01, 1, 0.02], [0.5, 0.02, 1]])[0, 1].round(9).item()
    0.03
    """
    given = numbers("p_values", p_values, 2)
    if given.shape[0] != given.shape[1]:
        raise ValueError(f"p_values must be square and has shape {given.shape}")
    adjusted = np.ones(given.shape)
    upper = np.triu_indices(len(given), 1)
    if len(given) > 1:
        adjusted[upper] = holm(given[upper])
    return np.minimum(adjusted, adjusted.T)


def significance_ranks(
    values: ArrayLike, adjusted: ArrayLike, alpha: float = 0.05, ascending: bool = False
) -> Integers:
    """A rank for each row: 1 + the number of rows that are significantly better.

    Rows that are not told apart from the same rows share a rank, and one that is told apart from none has
    rank 1. A rank is therefore no place in an order: a row with a smaller value can have the same rank, or,
    with a wider interval, a better one.

    Args:
        values: [rows]; the larger the better.
        adjusted: p-values of all pairs, adjusted for their number, [rows, rows].
        alpha: a pair is told apart where its p-value is at most this.
        ascending: the smaller the better instead.

    Returns:
        [rows], 1 and up.

    Raises:
        ValueError: shapes that do not match.

    >>> significance_ranks([3.0, 2.0, 1.0], [[1, 0.2, 0.01], [0.2, 1, 0.3], [0.01, 0.3, 1]]).tolist()
    [1, 1, 2]
    """
    given, apart = numbers("values", values, 1), numbers("adjusted", adjusted, 2) <= alpha
    if apart.shape != (len(given), len(given)):
        raise ValueError(f"adjusted must be [{len(given)}, {len(given)}] and has shape {apart.shape}")
    better = given[:, None] < given[None, :] if ascending else given[:, None] > given[None, :]
    found: Integers = 1 + np.count_nonzero(apart & better, axis=0)
    return found
