"""Circuits of several sizes from one ranking.

The k first edges of a ranking hold the first j < k of them: its circuits are nested in each other. So one
number says all there is to know of an edge, its *entry*: the index of the smallest of the (ascending) sizes
at which it is in the circuit, and the number of sizes where it is in none.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .overlap import largest

Entries = NDArray[np.unsignedinteger[Any]]


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
