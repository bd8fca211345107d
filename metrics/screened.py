"""Score sums of a model as the search for its circuits asks for them: edges that matter first, in float32.

A bootstrap asks thousands of times which k edges are the largest. What does not change from one resample to
the next is made once: the order of the edges, their sums in single precision, and bounds of rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Flags, Floats, Integers, edge_scores, match
from .products import Doubles

SAMPLE = 10.0
"""Edges from which scores are guessed at first, by the number of all to the power 2/3; at most all.

What lies between bounds grows with all edges, and falls with the root of those that the bounds are from.
"""

REACH = 5.0
"""By how many root sums of squared deviations an edge's sum over groups is taken to move in resamples.

Halves of resampled groups have three times the variance of all groups, and among a few million scores some
are three standard deviations off. It orders edges, and nothing is left out by it.
"""

Single = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ScreenedSums:
    """A model's score sums, the edges that may come first in some resample first.

    `order` [edges]: the place that each edge has among all, which decides between equals. `places`: that in
    the graph `sums` [groups, sources × destinations]. `single` [groups, edges]: sums in float32 times
    2^−`power`, which brings all into [−1, 1]; `mass` [edges]: Σ|sums| over groups in these units. `sample`:
    columns of `single`, one of each `stride` in the order of the model's own scores.
    """

    sums: NDArray[Any]
    counts: Floats
    order: Integers
    places: Integers
    power: int
    single: Single
    mass: Doubles
    sample: Single
    stride: int


def checked_sums(name: str, sums: ArrayLike, edges: Flags, groups: int) -> NDArray[Any]:
    """Score sums [groups, sources, destinations] as [groups, sources × destinations], without a copy.

    Entries without an edge may hold anything. Raises ValueError for another shape and NaN at an edge.
    """
    array = np.asarray(sums)
    if array.ndim != 3 or len(array) != groups:
        expected = f"[{groups} groups, sources, destinations]"
        raise ValueError(f"{name} must be {expected} and has shape {array.shape}")
    match((f"one group of {name}", "edges"), array[0], edges)
    for group in array:
        edge_scores(name, group, edges)
    return array.reshape(groups, -1)


def screened(models: Sequence[NDArray[Any]], edges: Flags, counts: Floats) -> list[ScreenedSums]:
    """The sums [groups, sources × destinations] of several models, their edges in one order.

    It is that of how far scores reach in resamples, in the model in which that is more.

    >>> sums = np.array([[1.0, -5.0, 0.0], [1.0, -3.0, 4.0]])
    >>> (model,) = screened([sums], np.ones((1, 3), bool), counts=np.ones(2))
    >>> model.order.tolist(), (model.single * 2**model.power).tolist()
    ([2, 1, 0], [[0.0, -5.0, 1.0], [4.0, -3.0, 1.0]])
    """
    places = np.flatnonzero(edges)
    scaled = [_Scaled.of(sums, places) for sums in models]
    key = np.zeros(len(places))
    for one in scaled:
        typical = np.median(one.reach)
        with np.errstate(over="ignore"):  # beyond all floats it comes first, too
            np.maximum(key, one.reach / typical if typical > 0 else one.reach, out=key)
    # Stable, so that the same sums have the same order everywhere.
    order = np.argsort(-key, kind="stable")
    stride = max(1, int(len(order) ** (1 / 3) / SAMPLE))
    ordered, found = places[order], []
    for sums in models:
        # Out of the list, so that memory is free again for the next one's.
        one = scaled.pop(0)
        single = np.take(one.single, order, axis=1)
        own = one.power, single, one.mass[order], one.sample(stride), stride
        found.append(ScreenedSums(sums, counts, order, ordered, *own))
    return found


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Sums in float32 in the order of the graph, times 2^−`power`, and what is known of each edge [edges].

    In these units, Σ|sums| over groups (`mass`), Σ sums (`total`), and how far that may `reach` in resamples.
    """

    power: int
    single: Single
    mass: Doubles
    total: Doubles
    reach: Doubles

    @classmethod
    def of(cls, sums: NDArray[Any], places: Integers) -> "_Scaled":
        power = max(int(np.frexp(np.abs(group[places]).max())[1]) for group in sums)
        single = np.empty((len(sums), len(places)), np.float32)
        mass, total, squares = (np.zeros(len(places)) for _ in range(3))
        for group, row in zip(sums, single, strict=True):
            scores = np.ldexp(group[places].astype(np.float64), -power)
            row[:] = scores
            mass += np.abs(scores)
            total += scores
            squares += scores**2
        moved = np.sqrt(np.maximum(squares - total**2 / len(sums), 0))
        return cls(power, single, mass, total, np.abs(total) + REACH * moved)

    def sample(self, stride: int) -> Single:
        """Columns of one edge of so many, in the order of |Σ sums|: ranks in it are near those of all."""
        if stride == 1:
            return self.single
        chosen = np.argsort(-np.abs(self.total), kind="stable")[stride // 2 :: stride]
        return np.take(self.single, chosen, axis=1)
