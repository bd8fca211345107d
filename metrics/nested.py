"""Circuits of several sizes from one ranking, and what two of them share.

The k first edges of a ranking hold the first j < k of them: its circuits are nested in each other. So one
number says all there is to know of an edge, its *entry*: the index of the smallest of the (ascending) sizes
at which it is in the circuit, and the number of sizes where it is in none. Two circuits share the edges of
which the later entry is early enough, at every size at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inputs import Flags, Floats, Integers
from .overlap import largest, mean_share
from .undefined import Value

Entries = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Nested:
    """Rows of nested sets, one set for each of some sizes of circuits.

    `entry` [rows, members]: the index of the first set that holds the member, the number of sets where none
    does. `held` [rows, sizes]: how many members each set has.
    """

    entry: Entries
    held: Integers

    def rows(self, start: int, stop: int) -> "Nested":
        """Some of the rows."""
        return Nested(self.entry[start:stop], self.held[start:stop])

    def then(self, other: "Nested") -> "Nested":
        """These rows and then the other's."""
        return Nested(
            np.concatenate([self.entry, other.entry]),
            np.concatenate([self.held, other.held]),
        )


def entries(values: NDArray[Any], sizes: Sequence[int]) -> Entries:
    """Entries [rows, n] into the largest of each row of `values` [rows, n]; the first of equals wins.

    `sizes`: ascending, within 1..n. The sets are those that `largest` gives for each size.

    >>> import numpy as np
    >>> entries(np.array([[5.0, 1.0, 4.0, 2.0]]), [1, 2]).tolist()
    [[0, 2, 1, 2]]
    """
    # A byte for each entry, because the arrays of a large graph are read once for every pair of rows.
    entry = np.zeros(values.shape, np.min_scalar_type(len(sizes)))
    largest_so_far = values
    for k in reversed(sizes):
        outside = largest_so_far.shape[1] - k
        if outside == 0:
            continue  # every edge is in
        # What is outside of the larger circuit is not looked at again: all sizes cost little more than one.
        parted = np.partition(largest_so_far, outside, axis=1)
        threshold = parted[:, outside]
        below = values < threshold[:, None]
        tied = parted[:, :outside].max(axis=1) == threshold
        if tied.any():
            below[tied] = ~largest(values[tied], k)
        entry += below.view(np.uint8)
        largest_so_far = parted[:, outside:]
    return entry


def held(entry: Entries, sizes: int) -> Integers:
    """How many members of each row [rows, members] are in each set, [rows, sizes]."""
    # Comparing bytes and counting bits is quicker than a histogram, for as few sizes as there are.
    counts = [[np.count_nonzero(row <= size) for size in range(sizes)] for row in entry]
    return np.array(counts, dtype=np.int64).reshape(len(entry), sizes)


def mean_jaccards(a: Nested, b: Nested) -> list[Value]:
    """For each size the mean over rows of the Jaccard index, over those where a set is not empty."""
    shared = held(np.maximum(a.entry, b.entry), a.held.shape[1])
    union = a.held + b.held - shared
    if union.all():
        # Rows next to each other in memory: otherwise a mean adds them up in another order than `mean_share`.
        by_size = np.ascontiguousarray((shared / union).T)
        return [float(mean) for mean in by_size.mean(axis=1)]
    return [mean_share(*columns) for columns in zip(shared.T, union.T, strict=True)]


@dataclass(frozen=True)
class Touching:
    """Which components the edges of a graph touch.

    `places`: those of the edges in the flattened graph of `shape` (sources, destinations). `nodes`: sources,
    counted on by destinations, of one component after another; each component's begin at one of `starts`.
    Components without nodes are left out: no circuit touches them.
    """

    shape: tuple[int, int]
    places: Integers
    nodes: Integers
    starts: Integers

    @classmethod
    def of(cls, edges: Flags, matrices: tuple[Floats, Floats]) -> "Touching":
        """By incidence matrices, see `touched_components`."""
        component, nodes = np.nonzero(np.concatenate(matrices, axis=1))
        starts = np.flatnonzero(np.diff(component, prepend=-1))
        return cls((edges.shape[0], edges.shape[1]), np.flatnonzero(edges), nodes, starts)

    def entries(self, of_edges: Entries, sizes: int) -> Entries:
        """Entries [rows, components]: a component is touched from the first edge on that touches it."""
        # Laid out over the graph, where the least of a row or a column takes no time beside collecting it.
        placed = np.full((len(of_edges), self.shape[0] * self.shape[1]), sizes, of_edges.dtype)
        placed[:, self.places] = of_edges
        graph = placed.reshape(-1, *self.shape)
        of_nodes = np.concatenate([graph.min(axis=2), graph.min(axis=1)], axis=1)
        return np.asarray(np.minimum.reduceat(of_nodes[:, self.nodes], self.starts, axis=1))
