"""Circuits of several sizes as bits: eight edges a byte, and what two circuits share by counting bits."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .inputs import Flags, Integers
from .nested import Entries
from .overlap import mean_share
from .undefined import Value

Bits = NDArray[np.uint8]

CHUNK = 2**13
"""Edges that are looked at together, a whole number of words."""

WORD = 64
"""Bits are filled up to a multiple of this."""


@dataclass(frozen=True, eq=False)
class PackedSets:
    """Rows of sets, one for each of some ascending sizes of circuits, which are nested in each other.

    `bits`: for each size [rows, bytes], a bit for each member; bytes that are missing at the end hold none.
    `held`: how many members each set has [rows, sizes]. `order`: the place of the member of each bit among
    all, [members].
    """

    bits: tuple[Bits, ...]
    held: Integers
    order: Integers

    def rows(self, start: int, stop: int) -> "PackedSets":
        """Some of the rows."""
        bits = tuple(each[start:stop] for each in self.bits)
        return PackedSets(bits, self.held[start:stop], self.order)

    def shared(self, other: "PackedSets") -> Integers:
        """How many members each set has in common with the other's of its row and size, [rows, sizes]."""
        counts = []
        for one, another in zip(self.bits, other.bits, strict=True):
            width = min(one.shape[1], another.shape[1])
            counts.append(counted(one[:, :width] & another[:, :width]))
        return np.stack(counts, axis=1)


class HalvedRows(NamedTuple):
    """The rows of one resample: that of all groups, those of first halves, and those of second ones."""

    whole: slice
    first: slice
    second: slice

    def of(self, sets: PackedSets) -> tuple[PackedSets, PackedSets, PackedSets]:
        """The sets of these rows."""
        whole, first, second = (sets.rows(rows.start, rows.stop) for rows in self)
        return whole, first, second


def mean_jaccards(*pairs: tuple[PackedSets, PackedSets]) -> list[Value]:
    """For each size the mean over rows of all pairs of the Jaccard index, where a set is not empty."""
    shared = np.concatenate([a.shared(b) for a, b in pairs])
    union = np.concatenate([a.held + b.held for a, b in pairs]) - shared
    if union.all():
        # Rows next to each other in memory: otherwise a mean adds them up in another order than `mean_share`.
        by_size = np.ascontiguousarray((shared / union).T)
        return [float(mean) for mean in by_size.mean(axis=1)]
    return [mean_share(*columns) for columns in zip(shared.T, union.T, strict=True)]


def packed_entries(entry: Entries, sizes: int, order: Integers | None = None) -> PackedSets:
    """The sets that entries [rows, members] say, with the members in their own order or in another.

    >>> first, second = (packed_entries(np.array([entry]), 2) for entry in ([0, 1, 2], [1, 2, 0]))
    >>> first.held.tolist(), first.shared(second).tolist()
    ([[1, 2]], [[0, 1]])
    """
    ordered = entry if order is None else entry[:, order]
    places = np.arange(entry.shape[1]) if order is None else order
    bits = tuple(packed(np.asarray(ordered <= index)) for index in range(sizes))
    return PackedSets(bits, np.stack([counted(each) for each in bits], axis=1), places)


def counted(bits: Bits) -> Integers:
    """How many bits are set in each row [rows, bytes], of a whole number of words."""
    # Eight bytes at once; a count of bits is a byte of its own.
    words = bits.view(np.uint64)
    return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))


def packed(members: Flags) -> Bits:
    """Masks [rows, edges] as bits, filled up to whole words."""
    short = -members.shape[1] % WORD
    bits = np.packbits(np.pad(members, ((0, 0), (0, short))) if short else members, axis=1)
    # Rows of bytes next to each other, which are read as words.
    return np.ascontiguousarray(bits)


def places_of(bits: Bits) -> NDArray[np.int32]:
    """Where bits [rows, bytes] are set: places in the flattened mask of them, in ascending order.

    `bits`: of a whole number of words, and fewer than 2**31 of them.

    >>> places_of(packed(np.eye(2, 64, dtype=bool))).tolist()
    [0, 65]
    """
    # Word by word, byte by byte, bit by bit: where few are set, little is looked at.
    words = bits.reshape(-1).view(np.uint64)
    filled = np.flatnonzero(words != 0).astype(np.int32)
    eighths = words[filled].view(np.uint8)
    held = np.flatnonzero(eighths != 0).astype(np.int32)
    byte = WORD * filled[held >> 3] + 8 * (held & 7)
    at = np.flatnonzero(np.unpackbits(eighths[held]).view(np.bool_)).astype(np.int32)
    return np.asarray(byte[at >> 3] + (at & 7))


def add_members(bits: Bits, rows: NDArray[Any], columns: NDArray[Any]) -> None:
    """Set bits by row and place, of which none is set yet and none is named twice."""
    at = rows.astype(np.int64) * bits.shape[1] + (columns >> 3)
    # Several may fall into one byte, which an assignment by index would set but once. To add a bit that is
    # not there is to set it, and takes a tenth of the time of `bitwise_or.at`.
    np.add.at(bits.reshape(-1), at, _BIT[columns & 7])


_BIT = np.uint8(128) >> np.arange(8, dtype=np.uint8)
