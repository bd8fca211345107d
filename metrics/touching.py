"""Which components the circuits of several sizes touch, from the edges that each size adds."""

from dataclasses import dataclass, replace

import numpy as np

from .inputs import Flags, Floats, Integers
from .packed import CHUNK, Bits, PackedSets, packed_entries


@dataclass(frozen=True, eq=False)
class Touching:
    """Which components the edges of a graph touch.

    `ends` [2, edges]: of each edge of circuits its source, and its destination counted on from the sources,
    `number` nodes in all. `nodes`: those of one component after another; each component's begin at one of
    `starts`. Components without nodes are left out: no circuit touches them.
    """

    ends: Integers
    nodes: Integers
    starts: Integers
    number: int

    @classmethod
    def of(cls, edges: Flags, matrices: tuple[Floats, Floats]) -> "Touching":
        """By incidence matrices, see `touched_components`."""
        component, nodes = np.nonzero(np.concatenate(matrices, axis=1))
        starts = np.flatnonzero(np.diff(component, prepend=-1))
        source, destination = np.nonzero(edges)
        return cls(np.stack([source, destination + edges.shape[0]]), nodes, starts, sum(edges.shape))

    def ordered(self, order: Integers) -> "Touching":
        """The same for circuits whose edges are in another order."""
        return replace(self, ends=self.ends[:, order])

    def sets(self, circuits: PackedSets) -> PackedSets:
        """The components that circuits touch: from the first edge on that touches them.

        >>> from mechshift.metrics.nested import entries
        >>> circuits = packed_entries(entries(np.array([[3.0, 1.0, 2.0, 0.0]]), [1, 2]), 2)
        >>> touching = Touching.of(np.ones((2, 2), bool), (np.eye(2), np.zeros((2, 2))))
        >>> touching.sets(circuits).held.tolist()
        [[1, 2]]
        """
        rows, sizes = circuits.held.shape
        entry = np.full((rows, len(self.starts)), sizes, np.min_scalar_type(sizes))
        touched = np.zeros((rows, self.number), np.bool_)
        for size, bits in enumerate(circuits.bits):
            for start in range(0, 8 * bits.shape[1], CHUNK):
                open_nodes = self._nodes_of((entry == sizes).any(axis=0))
                if not open_nodes.any():
                    break
                within = self.ends[:, start : start + CHUNK]
                # An edge between components that every row has touched already says nothing.
                columns = np.flatnonzero(open_nodes[within].any(axis=0))
                if len(columns):
                    _touch(touched, bits[:, start // 8 : (start + CHUNK) // 8], within, columns)
                    entry[(entry == sizes) & self._components(touched)] = size
        return packed_entries(entry, sizes)

    def _nodes_of(self, components: Flags) -> Flags:
        nodes = np.zeros(self.number, np.bool_)
        lengths = np.diff(self.starts, append=len(self.nodes))
        nodes[self.nodes[np.repeat(components, lengths)]] = True
        return nodes

    def _components(self, touched: Flags) -> Flags:
        found: Flags = np.logical_or.reduceat(touched[:, self.nodes], self.starts, axis=1)
        return found


def _touch(touched: Flags, bits: Bits, ends: Integers, columns: Integers) -> None:
    """Mark the nodes at either end of a chunk's edges that are set, looking at some columns alone."""
    members = np.unpackbits(bits, axis=1, count=ends.shape[1]).view(np.bool_)
    row, at = np.nonzero(members[:, columns])
    for nodes in ends[:, columns]:
        touched[row, nodes[at]] = True
