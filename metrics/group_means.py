"""Mean scores over examples from stored sums of groups, [groups, ...] with the examples of each [groups]."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Floats, numbers


def group_mean(sums: ArrayLike, counts: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Mean score over examples: Σ_g w_g · sums_g / Σ_g w_g · counts_g.

    Args:
        sums: per-group score sums [groups, ...].
        counts: examples per group [groups], positive.
        weights: [groups] or [rows, groups]; all 1 when left out.

    Returns:
        [...] or [rows, ...], in the units of a score, every example weighing the same.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, weights that are
            negative or all 0, a mean beyond all numbers.

    >>> group_mean([[2.0, 4.0], [6.0, 0.0]], counts=[1, 3]).tolist()
    [2.0, 1.0]
    """
    total, examples = groups_of(sums, counts)
    weight = np.ones(len(examples)) if weights is None else numbers("weights", weights)
    if weight.shape[-1] != len(examples) or weight.ndim > 2:
        raise ValueError(f"weights must be [..., {len(examples)} groups] and has shape {weight.shape}")
    if (weight < 0).any() or not weight.any(axis=-1).all():
        raise ValueError("weights must not be negative, nor all 0")
    return weighted_mean(total, examples, weight)


def weighted_mean(sums: Floats, counts: Floats, weights: NDArray[Any]) -> Floats:
    """`group_mean` of input that is known to be well-formed, without looking at all of it again."""
    with np.errstate(all="ignore"):
        share = weights / (weights @ counts)[..., None]
        mean = np.tensordot(share.astype(sums.dtype), sums, axes=1)
    # Ranking NaN would pass for a ranking, so that the result is looked at and not every sum before it.
    if not np.isfinite(mean).all():
        raise ValueError("mean scores are beyond all numbers: scale the sums down")
    return mean


def groups_of(sums: ArrayLike, counts: ArrayLike) -> tuple[Floats, Floats]:
    """Sums [groups, ...] and counts [groups] as numbers. Raises ValueError where they do not fit together."""
    total, examples = numbers("sums", sums), numbers("counts", counts, 1)
    if total.ndim < 1 or total.shape[0] != len(examples):
        raise ValueError(f"sums {total.shape} must have one entry per group, and counts has {len(examples)}")
    if (examples <= 0).any():
        raise ValueError("counts must be positive: leave out groups without examples")
    return total, examples
