"""Where in the text the sources of edges stand."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, numbers
from .undefined import Undefined


def place_shares(scores_by_place: ArrayLike) -> Floats | Undefined:
    """Share of absolute score by the place of an edge's source.

    An edge's score is the sum of its scores by place. Absolute values are taken of the latter, so that
    places whose scores cancel both count.

    Args:
        scores_by_place: mean scores [places, ...], the same edges in every place.

    Returns:
        [places], ≥ 0, sum 1; larger: more of the circuit reads from there. Undefined where all scores are 0.

    Raises:
        ValueError: NaN or an infinity, no place.

    >>> place_shares([[1.0, -1.0], [2.0, 4.0], [0.0, 0.0]]).tolist()
    [0.25, 0.75, 0.0]
    """
    given = numbers("scores_by_place", scores_by_place).astype(np.float64)
    if given.ndim < 1 or not len(given):
        raise ValueError(f"scores_by_place needs a place at least; its shape is {given.shape}")
    largest = np.abs(given).max(initial=0.0)
    if not largest:
        return Undefined("all scores are 0")
    # Scaled, because sums of very large scores are beyond all numbers.
    held = np.abs(given / largest).reshape(len(given), -1).sum(axis=1)
    shares: Floats = held / held.sum()
    return shares
