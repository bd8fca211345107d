"""Several tests that are looked at together."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, numbers


def holm(p_values: ArrayLike) -> Floats:
    """P-values adjusted for how many there are: Holm's step-down (Holm 1979).

    The i-th smallest of m is multiplied by m + 1 − i, cut at 1, and raised to the one before it where it
    is smaller. Rejecting what is at most α then makes any false rejection at all at most α likely, however
    the tests depend on each other.

    Args:
        p_values: [tests], in [0, 1].

    Returns:
        [tests], in their order, in [0, 1], none smaller than what was given.

    Raises:
        ValueError: none, NaN, or outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = numbers("p_values", p_values, 1)
    if ((given < 0) | (given > 1)).any():
        raise ValueError(f"p_values must lie in [0, 1], and reach from {given.min()} to {given.max()}")
    # The running maximum keeps the order: a larger p-value is never adjusted to a smaller one.
    order = np.argsort(given, kind="stable")
    steps = np.arange(len(given), 0, -1)
    adjusted = np.empty(len(given))
    adjusted[order] = np.maximum.accumulate(np.minimum(steps * given[order], 1))
    return adjusted
