"""Where a position is in its row: before the two prompts differ, between, or behind all that is read."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch
from .scores import PLACES

BEFORE, BETWEEN, BEHIND = range(len(PLACES))


@dataclass(frozen=True)
class Span:
    """Token positions that are in one place, an index of PLACES, in each of some rows."""

    rows: Tensor | slice
    tokens: slice
    place: int

    def of(self, values: Tensor) -> Tensor:
        """This part of values [n, rows, tokens, width] as matrices [its rows, n, its tokens * width]."""
        return values[:, self.rows, self.tokens].flatten(2).transpose(0, 1)


EVERYTHING = Span(slice(None), slice(None), BETWEEN)
"""All rows and positions, where places are not told apart."""


def borders(batch: Batch) -> Tensor:
    """Where `between` begins and where it ends in each row, [rows, 2].

    It begins at the first token at which the row's prompts differ and ends behind the last position that is
    read. Where this lies before that, it is empty, and what is left of the first difference is `before`:
    only what flows from the right can make a difference there.
    """
    rows, tokens = batch.clean.shape
    differ = batch.clean != batch.corrupted
    first = torch.where(differ.any(1), differ.long().argmax(1), tokens)
    behind_reads = first.new_zeros(rows).scatter_reduce(0, batch.read_row, batch.read_position + 1, "amax")
    return torch.stack([first, torch.maximum(first, behind_reads)], dim=1)


def spans(borders: Tensor, tokens: int) -> list[Span]:
    """The places of rows with these borders [rows, 2], each row and position once.

    Rows that are alike stand together.
    """
    distinct, which = borders.unique(dim=0, return_inverse=True)
    found = []
    for index, (first, end) in enumerate(distinct.tolist()):
        # Whole slices are views; rows that are picked have to be copied.
        rows = slice(None) if len(distinct) == 1 else torch.nonzero(which == index).squeeze(1)
        cuts = (0, first, end, tokens)
        for place in (BEFORE, BETWEEN, BEHIND):
            if cuts[place] < cuts[place + 1]:
                found.append(Span(rows, slice(cuts[place], cuts[place + 1]), place))
    return found
