"""Cells in batches as large as memory allows: where it does not suffice, the batch is halved."""

import gc
from collections.abc import Callable
from typing import Any

import torch

from ...errors import is_out_of_memory
from ..pairs.pair import Pair
from .computing import Fewer, Tell
from .measuring import Measuring
from .numbers import Needs
from .plan import Cell, place_of


class Fitting:
    """Computes the cells of a plan on a loaded pair, and in smaller batches where memory does not suffice.

    `rows` bounds a batch to begin with; whatever else is run as one batch is halved with it. What did not fit
    once is not tried again. `note` is told of every halving. Numbers move by rounding only, and the cell's
    seal and the record say with how many rows it was computed.
    """

    def __init__(self, pair: Pair, rows: int, note: Callable[[str], None]) -> None:
        self._pair = pair
        self._asked = rows
        self._note = note
        self._measuring = Measuring(pair, rows)

    @property
    def side_by_side(self) -> bool:
        """As `Measuring` has it."""
        return self._measuring.side_by_side

    def __call__(self, cell: Cell, needs: Needs, tell: Tell) -> Any:
        """A cell's content, or `Fewer`. Raises what `Measuring` does, for want of memory at one row alone."""
        while True:
            # Another thread may halve meanwhile: this cell is of those rows that it was begun with.
            measuring = self._measuring
            try:
                content = measuring(cell, needs, tell)
            except (MemoryError, RuntimeError) as error:
                if not cell.kind.members or measuring.rows == 1 or not is_out_of_memory(error):
                    raise
            else:
                fewer = bool(cell.kind.members) and measuring.rows < self._asked
                return Fewer(content, measuring.rows) if fewer else content
            # Not within the handler: the error's traceback holds all that the pass had in memory.
            self._halve(cell, measuring.rows)

    def _halve(self, cell: Cell, rows: int) -> None:
        fewer = rows // 2
        self._note(f"{place_of(cell)}: out of memory with a batch of {rows} rows, begun again with {fewer}")
        if self._measuring.rows == rows:
            self._measuring = Measuring(self._pair.holding(fewer / self._asked), fewer)
        gc.collect()
        # What torch keeps of an accelerator's memory for later is in pieces of the old size.
        give_back = getattr(torch.get_device_module(self._pair.device), "empty_cache", None)
        if give_back is not None:
            give_back()
