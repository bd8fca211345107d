"""Cells with as much at once as memory allows: where it does not suffice, that is halved."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from ...errors import NotComputable, is_out_of_memory
from ..pairs.limits import SHARES
from ..pairs.pair import Pair
from ..pairs.words import given_in_either
from .computing import Fewer, Tell
from .measuring import Measuring
from .numbers import Needs
from .plan import Cell, place_of
from .store import Sufficed


@dataclass(frozen=True)
class _Held:
    """What is held at once: token rows, and a share of whatever else usually is.

    `below`: whether the share is smaller than the rows alone would make it, as one row did not fit either.
    """

    rows: int
    share: float
    below: bool = False

    def halved(self) -> "_Held | None":
        """What is tried where so much does not fit; None where nothing less is of use."""
        if self.rows > 1:
            fewer = self.rows // 2
            return _Held(fewer, self.share * fewer / self.rows)
        return _Held(1, self.share / 2, below=True) if self.share > SHARES[-1] else None

    def __str__(self) -> str:
        part = f"1/{round(1 / self.share)} of what is usually held at once"
        return part if self.below else f"a batch of {self.rows} row{'s' if self.rows > 1 else ''}"


class Fitting:
    """Computes the cells of a plan on a loaded pair, and with less at once where memory does not suffice.

    `rows` bounds a batch to begin with; whatever else is run as one batch is halved with it, and where one
    row does not fit that alone. What did not fit once is not tried again. `note` is told of every halving.
    Numbers move by rounding only, and the cell's seal and the record say with how much it was computed.
    """

    def __init__(self, pair: Pair, rows: int, note: Callable[[str], None]) -> None:
        self._pair = pair
        self._asked = _Held(rows, pair.limits.share)
        self._note = note
        self._now = self._asked, Measuring(pair, rows)

    @property
    def side_by_side(self) -> bool:
        """As `Measuring` has it."""
        return self._now[1].side_by_side

    def __call__(self, cell: Cell, needs: Needs, tell: Tell) -> Any:
        """A cell's content, or `Fewer`. Raises what `Measuring` does, NotComputable for want of memory."""
        while True:
            # Another thread may halve meanwhile: this cell is of what it was begun with.
            held, measuring = self._now
            try:
                content = measuring(cell, needs, tell)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                less = held.halved() if cell.kind.members else None
                if less is None:
                    raise _no_memory(cell) from error
            else:
                if not cell.kind.members or held == self._asked:
                    return content
                return Fewer(content, Sufficed(held.rows, held.share if held.below else None))
            # Not within the handler: the error's traceback holds all that the pass had in memory.
            again = less if less.below else less.rows
            self._note(f"{place_of(cell)}: out of memory with {held}, begun again with {again}")
            self._hold(less, held)

    def _hold(self, less: _Held, before: _Held) -> None:
        if self._now[0] == before:
            pair = self._pair.holding(less.share / self._pair.limits.share)
            self._now = less, Measuring(pair, less.rows)
        gc.collect()
        # What torch keeps of an accelerator's memory for later is in pieces of the old size.
        give_back = getattr(torch.get_device_module(self._pair.device), "empty_cache", None)
        if give_back is not None:
            give_back()


def _no_memory(cell: Cell) -> NotComputable:
    """The error of a cell for which less at once was tried, or is of no use as no model is run."""
    problem = f"{place_of(cell)}: out of memory"
    remedy = "use a machine with more; what is finished is kept, and the same command goes on from there"
    if cell.kind.members:
        problem += ", with one row and as little else at once as there can be"
        remedy = f"give {given_in_either(dtype='bfloat16')}, or {remedy}"
    return NotComputable(problem, remedy)
