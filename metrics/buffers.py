"""Memory that is used again: to ask for it anew would take as long as to fill it."""

import math
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Buffers(local):
    """Arrays by name, of each thread its own.

    >>> buffers = Buffers()
    >>> first = buffers.array("scores", (2, 3), np.float32)
    >>> np.shares_memory(first, buffers.array("scores", (1, 4), np.float32))
    True
    """

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array that holds anything; what had this name before is overwritten with it."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.size < size:
            held = self._held[name] = np.empty(size, dtype)
        return held[:size].reshape(shape)
