"""The largest edges of many weighted means: which they are exactly, mostly found in single precision.

Almost all edges are so far from the k-th largest score that single precision tells on which side they are,
once that score is known roughly: from a sample of the edges. Only what lies between two bounds about it is
ranked, and only what rounding might have put on the wrong side is computed in double precision. Every step
has a check that does not depend on luck; a row that fails one is looked at again with wider bounds, and then
ranked as a whole.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .bands import Band, Stretch, score_of_rank
from .buffers import Buffers
from .group_means import weighted_mean
from .inputs import Floats, Integers
from .nested import entries
from .overlap import Ranking, strength
from .packed import (
    CHUNK,
    WORD,
    Bits,
    HalvedRows,
    PackedSets,
    add_members,
    counted,
    packed,
    packed_entries,
    places_of,
)
from .rank_bounds import rank_bounds
from .screened import ScreenedSums, Single

AWAY = 1.75
"""Standard deviations of a random sample's rank within which the k-th score is looked for at first.

The sample is one of every so many edges in the order of their scores, whose ranks vary half as much.
"""

WIDER = 3
"""How many times as far away it is looked for where it was not found."""

SLACK = 1e-5
"""Of a score, by how much bounds are wider than what is known: more than rounding moves the k-th one."""

TINY = 1e-35
"""In units of the largest sum: numbers as small as this have lost digits in single precision."""

FEW = 32
"""Edges of a row that are computed in double precision without further ado."""

CROWDED = 1 / 8
"""Share of all edges above which those between two bounds are too many to be looked at one by one."""

BLOCK = 2**25
"""Bytes of mean scores in double precision that are held and ranked at once."""


def top_sets(
    model: ScreenedSums,
    weights: Floats,
    sizes: Sequence[int],
    by: Ranking,
    halved: Sequence[HalvedRows] = (),
    buffers: Buffers | None = None,
) -> PackedSets:
    """The circuits of the k largest edges of each weighted mean; of equals the first of all edges.

    `weights`: [rows, groups]; `sizes`: ascending, within 1..edges. `halved`: rows of second halves, the last
    ones of all, are what the row of all groups has beyond those of first halves, and are not multiplied out
    again. `buffers`: of the last circuits that were found with them, whose memory is taken for these.

    >>> sums = np.array([[3.0, -5.0, 1.0], [3.0, 5.0, 2.0]])
    >>> from mechshift.metrics.screened import screened
    >>> (model,) = screened([sums], np.ones((1, 3), bool), counts=np.ones(2))
    >>> found = top_sets(model, np.array([[1.0, 1.0], [2.0, 0.0]]), [1, 2], "absolute")
    >>> [sorted(found.order[np.flatnonzero(np.unpackbits(row))].tolist()) for row in found.bits[1]]
    [[0, 2], [0, 1]]
    """
    edges = len(model.order)
    ranked = [k for k in sizes if k < edges]
    if not ranked or not _in_single(model, weights, by):
        return _exact_sets(model, weights, sizes, by)
    found = _Search(model, weights, ranked, by, halved, buffers or Buffers()).sets()
    if len(ranked) == len(sizes):
        return found
    everything = packed(np.ones((1, edges), np.bool_))
    whole = np.broadcast_to(everything, (len(weights), everything.shape[1]))
    held = np.pad(found.held, ((0, 0), (0, 1)), constant_values=edges)
    return replace(found, bits=(*found.bits, whole), held=held)


def _in_single(model: ScreenedSums, weights: Floats, by: Ranking) -> bool:
    """Whether single precision tells anything, and no mean nor what a group counts in one is beyond numbers.

    It says nothing of an order in which a score just above 0 is far from one just below it.
    """
    if by == "positive":
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        examples = weights @ model.counts
        share = weights.max() / examples.min()
        largest = share * np.ldexp(model.mass.max(), model.power)
        return bool(np.isfinite(examples).all() and np.isfinite(share) and np.isfinite(largest))


def _exact_sets(model: ScreenedSums, weights: Floats, sizes: Sequence[int], by: Ranking) -> PackedSets:
    """The circuits by ranking all edges in double precision."""
    sums = model.sums[:, np.sort(model.places)].astype(np.float64)
    at_once = max(1, BLOCK // sums[0].nbytes)
    found = []
    for start in range(0, len(weights), at_once):
        mean = weighted_mean(sums, model.counts, weights[start : start + at_once])
        found.append(entries(strength(mean, by), sizes))
    return packed_entries(np.concatenate(found), len(sizes), model.order)


class _Search:
    """The search for the circuits of the rows of one set of weights.

    Scores are weighted sums in units of 2^`power`, which order the edges of a row as its means do. `low`,
    `high` [sizes, rows]: between them the k-th score is looked for. No strength is further from what it is in
    double precision than `rounding` times the edge's mass, and `TINY`.
    """

    def __init__(
        self,
        model: ScreenedSums,
        weights: Floats,
        sizes: Sequence[int],
        by: Ranking,
        halved: Sequence[HalvedRows],
        buffers: Buffers,
        away: float = AWAY,
    ) -> None:
        self.model, self.sizes, self.by = model, sizes, by
        self.weights, self.halved, self.buffers, self.away = weights, halved, buffers, away
        self.examples = weights @ model.counts
        self.share = weights / self.examples[:, None]
        power = int(np.frexp(weights.max())[1])
        self.power = power + model.power
        self.single = np.ldexp(weights, -power).astype(np.float32)
        # Of each product and sum half a unit in the last place, and of both factors; twice that where one sum
        # is taken from another.
        steps = (1 + bool(halved)) * (weights.shape[1] + 4)
        self.rounding = steps * 2.0**-24 * float(self.single.max())
        self.low, self.high = self._bounds()
        self._low, self._high = self.low - _slack(self.low), self.high + _slack(self.high)
        shape = len(weights), min(CHUNK, -(-len(model.order) // WORD) * WORD)
        self._values = buffers.array("values", shape, np.float32)
        self._mask = buffers.array("mask", shape, np.bool_)

    def sets(self) -> PackedSets:
        """The circuits."""
        edges, rows = len(self.model.order), len(self.share)
        width = -(-edges // WORD) * WORD // 8
        bits = [
            self.buffers.array(f"bits {index}", (rows, width), np.uint8) for index in range(len(self.sizes))
        ]
        for each in bits:
            each[:, edges // 8 :] = 0  # what fills up the last word
        found: list[list[Stretch]] = [[] for _ in self.sizes]
        reached = [0] * len(self.sizes)
        for start in range(0, edges, CHUNK):
            for size in self._chunk(start, bits, found):
                bits[size][:, reached[size] // 8 : start // 8] = 0
                reached[size] = min(start + CHUNK, 8 * width)
        for index, parts in enumerate(found):
            failed = np.arange(rows)
            # Where very many are equal, or nearly so, ranking all is less work.
            if 0 < sum(len(part.at) for part in parts) <= CROWDED * rows * edges + FEW * rows:
                missing = self.sizes[index] - counted(bits[index][:, : reached[index] // 8])
                band = Band.of(parts, *self._values.shape)
                failed = self._settle(index, bits[index], band, missing)
            if len(failed):
                bits[index][:, reached[index] // 8 :] = 0
                reached[index] = 8 * width
                self._replace(index, bits[index], failed)
        trimmed = tuple(each[:, : stop // 8] for each, stop in zip(bits, reached, strict=True))
        held = np.tile(np.array(self.sizes, dtype=np.int64), (rows, 1))
        return PackedSets(trimmed, held, self.model.order)

    def _bounds(self) -> tuple[Floats, Floats]:
        """Bounds of the k-th score of each size and row, by the sample's order."""
        sample, stride = self.model.sample, self.model.stride
        values = self._strengths(
            sample, self.buffers.array("sample", (len(self.single), sample.shape[1]), np.float32)
        )
        number, least, most = values.shape[1], [], []
        for k in self.sizes:
            rank = k / stride
            away = 0.0 if stride == 1 else self.away * math.sqrt(rank * max(0.0, 1 - rank / number)) + 1
            least.append(math.ceil(rank + away))
            most.append(math.floor(rank - away))
        found = rank_bounds(values, least + most)
        low, high = found.low[: len(least)], found.high[len(least) :]
        return low - _slack(low), high + _slack(high)

    def _strengths(self, sums: Single, values: Single) -> Single:
        """What edges are ranked by [rows, edges], from sums [groups, edges], in the place of `values`."""
        many = len(values) - sum(rows.second.stop - rows.second.start for rows in self.halved)
        np.matmul(self.single[:many], sums, out=values[:many])
        for rows in self.halved:
            np.subtract(values[rows.whole], values[rows.first], out=values[rows.second])
        # In place where it is asked most often.
        return np.abs(values, out=values) if self.by == "absolute" else strength(values, self.by)

    def _chunk(self, start: int, bits: list[Bits], found: list[list[Stretch]]) -> list[int]:
        """Look at the edges from `start` on: set bits, note what is between; which sizes reach to here."""
        sums, values = self.model.single[:, start : start + CHUNK], self._values
        strengths = self._strengths(sums, values[:, : sums.shape[1]])
        values[:, sums.shape[1] :] = np.nan  # behind the end of the last chunk, where no comparison holds
        error = self.rounding * float(self.model.mass[start : start + CHUNK].max()) + TINY
        low = self._low - error
        reached: list[int] = np.flatnonzero((strengths.max(axis=1) >= low).any(axis=1)).tolist()
        for index in reached:
            inside = self._at_least(self._high[index] + error)
            # As bits, because to look for the few that are set takes ten times as long in a mask.
            between = inside ^ self._at_least(low[index])
            held = bits[index][:, start // 8 : (start + CHUNK) // 8]
            held[:] = inside[:, : held.shape[1]]
            at = places_of(between)
            if len(at):
                found[index].append(Stretch(start, error, at, values.reshape(-1)[at]))
        return reached

    def _at_least(self, bounds: Floats) -> Bits:
        """Which of the chunk's values are not below their row's bound."""
        above = np.greater_equal(self._values, bounds.astype(np.float32)[:, None], out=self._mask)
        return np.packbits(above, axis=1)

    def _settle(self, index: int, bits: Bits, band: Band, missing: Integers) -> Integers:
        """Set the bits of so many of a size's band, the largest; which rows no check vouches for."""
        rows = len(self.share)
        if len(band.row) <= FEW * rows:
            return self._vouched(index, self._add_nearest(bits, band, missing))
        score = score_of_rank(band, missing, rows)
        low, high = score - _slack(score), score + _slack(score)
        # Each row's bound as often as it has edges.
        often = np.bincount(band.row, minlength=rows)
        above = band.value >= np.repeat(high + _slack(score), often) + band.error
        near = band.value >= np.repeat(low - _slack(score), often) - band.error
        near &= ~above
        # By index, because masks that hold about half of all take five times as long.
        at = np.flatnonzero(above)
        row = band.row[at]
        add_members(bits, row, band.column[at])
        missing = missing - np.bincount(row, minlength=rows)
        last = self._add_nearest(bits, band.only(np.flatnonzero(near)), missing)
        return self._vouched(index, last, low, high)

    def _vouched(
        self, index: int, last: Floats, low: Floats | float = -np.inf, high: Floats | float = np.inf
    ) -> Integers:
        """The rows whose last score is not between all bounds that were taken for it, or is NaN.

        One between them is that of rank k: all that was left out is smaller, all that was put in larger.
        """
        within = (last >= np.maximum(low, self.low[index])) & (last < np.minimum(high, self.high[index]))
        return np.flatnonzero(~within)

    def _add_nearest(self, bits: Bits, close: Band, missing: Integers) -> Floats:
        """Set bits of so many of the largest in double precision; the least of these in each row, or NaN."""
        exact = self._exact(close)
        order = np.lexsort((self.model.order[close.column], -exact, close.row))
        close, exact = close.only(order), exact[order]
        first = np.searchsorted(close.row, np.arange(len(missing) + 1))
        taken = close.only(np.flatnonzero(np.arange(len(exact)) - first[close.row] < missing[close.row]))
        add_members(bits, taken.row, taken.column)
        there = (missing >= 1) & (missing <= np.diff(first))
        last = np.full(len(missing), np.nan)
        means = exact[(first[:-1] + missing - 1)[there]]
        last[there] = np.ldexp(means, -self.power) * self.examples[there]
        return last

    def _exact(self, band: Band) -> Floats:
        """Strengths in double precision."""
        total, places = np.zeros(len(band.row)), self.model.places[band.column]
        # Group by group, so that edges with the same sums have the same score wherever they stand.
        for shares, sums in zip(self.share.T, self.model.sums, strict=True):
            total += shares[band.row] * sums[places]
        return np.asarray(strength(total, self.by))

    def _replace(self, index: int, bits: Bits, rows: Integers) -> None:
        """Rows that failed, by wider bounds or at last as a whole."""
        sizes, weights = self.sizes[index : index + 1], self.weights[rows]
        if self.away > AWAY or self.model.stride == 1:
            (found,) = _exact_sets(self.model, weights, sizes, self.by).bits
        else:
            wider = _Search(self.model, weights, sizes, self.by, (), Buffers(), WIDER * AWAY)
            (found,) = wider.sets().bits
        bits[rows, : found.shape[1]] = found
        bits[rows, found.shape[1] :] = 0


def _slack(score: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(score), SLACK * np.abs(score) + TINY, 0.0)
