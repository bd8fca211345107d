"""Between which numbers the score of a rank lies, of many rows, without putting any of them in order.

The bits of a float that is not negative are in the order of the numbers when they are read as a whole number.
Its first bits say in which of some thousand bins of a logarithmic scale it lies; counts of these tell the bin
of every rank at once. To partition the rows at each rank instead takes six times as long.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .inputs import Floats, Integers
from .screened import Single

FRACTION = 9
"""Bits of a number's fraction that tell bins apart: one is up to 1/512 wide, as a share of its numbers."""

BINS = 2 ** (6 + FRACTION)
"""Of 64 powers of two; whatever is smaller, or negative, is in the lowest bin, which has no lower bound."""

_SHIFT = np.finfo(np.float32).nmant - FRACTION


class RankBounds(NamedTuple):
    """Of some ranks in each of some rows the bounds of their bins, `low` ≤ score < `high`, [ranks, rows]."""

    low: Floats
    high: Floats


def rank_bounds(values: Single, ranks: Sequence[int]) -> RankBounds:
    """Bounds of the scores of some ranks, 1 for the largest, in every row [rows, n] of finite numbers.

    Both are infinite for a rank below 1, and both are minus infinity for one above n.

    >>> found = rank_bounds(np.array([[3.0, 1.0, 2.0, 0.0]], np.float32), [1, 3, 4, 5])
    >>> found.low[:, 0].tolist(), found.high[:2, 0].tolist()
    ([3.0, 1.0, -inf, -inf], [3.00390625, 1.001953125])
    """
    bits = values.view(np.int32)
    lowest = max(0, (int(bits.max()) >> _SHIFT) - BINS + 1)
    number, wanted = values.shape[1], np.array(ranks)
    there = (wanted >= 1) & (wanted <= number)
    found = np.zeros((len(wanted), len(values)), np.int64)
    for row, of_row in enumerate(bits):
        bins = np.maximum((of_row >> _SHIFT) - lowest, 0)
        # From the largest down, how many lie in a bin or above it.
        reached = np.bincount(bins, minlength=BINS)[::-1].cumsum()
        found[there, row] = BINS - 1 - np.searchsorted(reached, wanted[there])
    low, high = _edges(found + lowest), _edges(found + lowest + 1)
    low[found == 0] = -np.inf
    absent = np.where(wanted < 1, np.inf, -np.inf)[~there, None]
    low[~there], high[~there] = absent, absent
    return RankBounds(low, high)


def _edges(bins: Integers) -> Floats:
    """The smallest number of each bin, counted from that of 0 on."""
    return np.asarray(np.left_shift(bins.astype(np.int32), _SHIFT).view(np.float32).astype(np.float64))
