"""By how much each edge's score differs from prompt to prompt: a unit to measure it in.

Squared scores are carried by very few edges. Measured in units of its own spread, an edge of large scores
that vary as much counts no more than one of small scores that do not.
"""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, match, within
from .products import Doubles, blocks_of, examples_of, mask_of


def inverse_spread(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts_a: ArrayLike,
    counts_b: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    power: float = 1.0,
) -> Doubles:
    """1/σ^power for each edge, the `scale` of `group_products` that standardises scores.

    σ² = v_a/Σv_a + v_b/Σv_b, with v the variance of a model's scores over examples, estimated between groups:
    v = Σ_g n_g (x_g/n_g − m)² / (G − 1). Both models are given one unit, so that a cosine of scaled scores is
    1 where the scores are proportional. It says where scores lie and not how large they are, as far as
    spread follows size.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models, over the same examples or not.
        counts_a: examples per group of A [groups].
        counts_b: those of B; as of A when left out.
        mask: bool [...], what exists.
        power: 1 for units of spread, 0 for none; between them weak edges gain less.

    Returns:
        [...], ≥ 0; 0 where the mask is False and where the scores do not differ between groups: they have no
        unit, and in practice are 0.

    Raises:
        ValueError: NaN, shapes that do not match, fewer than two groups, counts that are not positive, power
            outside [0, 1], a model whose scores do not differ anywhere.

    >>> sums = [[1.0, 3.0, 0.0], [3.0, 11.0, 0.0]]
    >>> scale = inverse_spread(sums, sums, counts_a=[1, 1])
    >>> round(float(scale[0] / scale[1]), 9), float(scale[2])
    (4.0, 0.0)
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("a group of sums_a", "a group of sums_b"), a[0], b[0] if b.ndim else b)
    own = within("power", power, 0, 1)
    total = np.zeros(int(existing.sum()))
    for name, sums, counts in (("a", a, counts_a), ("b", b, counts_a if counts_b is None else counts_b)):
        total += _shares(f"sums_{name}", sums, examples_of(counts), existing)
    found = np.zeros(existing.shape)
    found[existing] = np.where(total > 0, np.where(total > 0, total, 1) ** (-own / 2), 0)
    return found


def _shares(name: str, sums: Floats, counts: Floats, mask: Flags) -> Doubles:
    """Variance of each edge over examples, by that of all edges together."""
    match((f"groups of {name}", "counts"), sums.reshape(len(sums), -1)[:, 0], counts)
    if len(counts) < 2:
        raise ValueError(f"{name} has one group: a spread takes two or more")
    weight = (counts / counts.sum())[:, None]
    spreads = []
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks_of(name, sums, mask):
            apart = block / counts[:, None]
            apart -= (weight * apart).sum(axis=0)
            spreads.append((weight * apart**2).sum(axis=0))
        variance = np.concatenate(spreads)
        total = variance.sum()
    if not np.isfinite(total):
        raise ValueError(f"variances of {name} are beyond all numbers: scale the sums down")
    if total == 0:
        raise ValueError(f"{name} does not differ between groups: there is no spread to divide by")
    return np.asarray(variance / total)
