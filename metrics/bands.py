"""Edges whose scores lie between two bounds, of many rows together, and which of them have a given rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .inputs import Floats, Integers
from .screened import Single


@dataclass(frozen=True, eq=False)
class Band:
    """Edges between two bounds, row after row: row, column, strength in single precision and its error."""

    row: NDArray[Any]
    column: NDArray[np.int32]
    value: Single
    error: Single

    @classmethod
    def of(cls, parts: Sequence["Stretch"], rows: int, width: int) -> "Band":
        """Of what was found in each chunk, at places in [rows, width]."""
        often = [len(part.at) for part in parts]
        place = np.concatenate([part.at for part in parts])
        row = place // width
        column = place - row * width + np.repeat(np.array([part.start for part in parts], np.int32), often)
        row = row.astype(np.min_scalar_type(rows))
        # Whole numbers of two bytes are sorted in time that grows with how many there are.
        at = np.argsort(row, kind="stable")
        value = np.concatenate([part.value for part in parts])
        error = np.repeat(np.array([part.error for part in parts], np.float32), often)
        return cls(row[at], column[at], value[at], error[at])

    def only(self, chosen: Integers) -> "Band":
        """Some of the edges."""
        return Band(self.row[chosen], self.column[chosen], self.value[chosen], self.error[chosen])


class Stretch(NamedTuple):
    """What lies between two bounds in the chunk from an edge on: places in [rows, width], strengths."""

    start: int
    error: float
    at: NDArray[np.int32]
    value: Single


def score_of_rank(band: Band, ranks: Integers, rows: int) -> Floats:
    """Of each row the strength of a rank, 1 for the largest; NaN where the band has no such.

    >>> scores = np.array([3.0, 5.0, 4.0], np.float32)
    >>> band = Band.of([Stretch(8, 0.0, np.array([1, 2, 5], np.int32), scores)], rows=2, width=4)
    >>> band.row.tolist(), band.column.tolist()
    ([0, 0, 1], [9, 10, 9])
    >>> score_of_rank(band, np.array([2, 2]), rows=2).tolist()
    [3.0, nan]
    """
    first = np.searchsorted(band.row, np.arange(rows + 1))
    found = np.full(rows, np.nan)
    for row, rank in enumerate(ranks.tolist()):
        values = band.value[first[row] : first[row + 1]]
        if 1 <= rank <= len(values):
            found[row] = np.partition(values, len(values) - rank)[len(values) - rank]
    return found
