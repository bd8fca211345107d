"""Where in the text the sources of edges stand, by mass and, without the noise of the prompts, by squares."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .cosine import why_unclear
from .estimate import Estimate, estimate_of
from .group_weights import cluster_weights, unit_freedom
from .inputs import Flags, Floats, Integers, clusters_of, level_of, match, numbers
from .products import BLOCK, Doubles, added_up, blocks_of, examples_of, mask_of, mean_product, own_products
from .threads import each_of
from .undefined import Undefined

AT_ONCE = 2**10
"""Edges whose scores in all resamples are held at once."""


def place_shares(scores_by_place: ArrayLike) -> Floats | Undefined:
    """Share of absolute score by the place of an edge's source.

    An edge's score is the sum of its scores by place. Absolute values are taken of the latter, so that
    places whose scores cancel both count. The noise of the prompts has an absolute value too: a place from
    which nothing is read has a share above 0, which falls with the number of prompts, and draws of a
    bootstrap share it. `squared_place_shares` has no such part.

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


def mass_place_shares(
    sums_by_place: Sequence[ArrayLike],
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
    threads: int = 1,
) -> tuple[Estimate | Undefined, ...]:
    """`place_shares` of mean scores, with intervals over prompts.

    Args:
        sums_by_place: for each place score sums [groups, ...], of the same edges and examples.
        counts, clusters, mask, resamples, seed, level: as in `squared_place_shares`.
        threads: how many add up scores at once, which changes no number.

    Returns:
        One of each place, in [0, 1] but for bounds of intervals, all with the same draws. Undefined where all
        scores are 0.

    Raises:
        ValueError: as `squared_place_shares`.

    >>> shares = mass_place_shares([[[1.0]] * 12, [[-3.0]] * 12], counts=[1] * 12, clusters=[0] * 12)
    >>> [share.value for share in shares]
    [0.25, 0.75]
    """
    arrays, examples, cluster = _places(sums_by_place, counts, clusters)
    weights = np.concatenate([np.ones((1, len(cluster))), cluster_weights(cluster, resamples, seed)])
    existing = mask_of(arrays[0], mask)
    # By the largest of all places: sums of very large scores are beyond all numbers.
    largest = max(np.abs(block).max() for each in arrays for block in blocks_of("sums", each, existing))
    held = np.array([_held(each, existing, examples, weights, largest or 1.0, threads) for each in arrays])
    total = held.sum(axis=0)
    if not total[0]:
        return (Undefined("all scores are 0"),) * len(arrays)
    with np.errstate(all="ignore"):
        shares = np.where(total > 0, held / total, np.nan)
    one, freedom = level_of(level), unit_freedom(cluster)
    return tuple(estimate_of(float(each[0]), each[1:], one, "all scores are 0", freedom) for each in shares)


def _held(
    sums: Floats, mask: Flags, counts: Floats, weights: Doubles, largest: float, threads: int
) -> Doubles:
    """Σ |mean score| over all edges for each row of weights [rows, groups]."""
    share = weights / (weights @ counts)[:, None]
    flat, kept = sums.reshape(len(sums), -1), mask.ravel()

    def of_entries(entries: slice) -> Doubles:
        found = np.zeros(len(share))
        for block in blocks_of("sums_by_place", flat[:, entries], kept[entries]):
            for start in range(0, block.shape[1], AT_ONCE):
                scores = share @ (block[:, start : start + AT_ONCE] / largest)
                found += np.abs(scores, out=scores).sum(axis=1)
        return found

    blocks = [slice(start, start + BLOCK) for start in range(0, len(kept), BLOCK)]
    return np.asarray(sum(each_of(blocks, of_entries, threads), np.zeros(len(share))))


def _places(
    sums_by_place: Sequence[ArrayLike], counts: ArrayLike, clusters: ArrayLike
) -> tuple[list[Floats], Doubles, Integers]:
    """Sums of every place, counts and clusters. Raises ValueError where they do not fit together."""
    arrays = [np.asarray(sums) for sums in sums_by_place]
    if not arrays:
        raise ValueError("sums_by_place needs a place at least")
    for other in arrays[1:]:
        match(("sums of the first place", "sums of another"), arrays[0], other)
    examples = examples_of(counts).astype(np.float64)
    match(("groups of sums_by_place", "counts"), arrays[0].reshape(len(arrays[0]), -1)[:, 0], examples)
    return arrays, examples, clusters_of(clusters, groups=len(examples))


def squared_place_shares(
    sums_by_place: Sequence[ArrayLike],
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Estimate | Undefined, ...]:
    """Share of squared score by the place of an edge's source, without the noise of the prompts.

    V_p / Σ V of V_p = |mean scores of place p|², from products of different groups (`mean_product`), and of
    different templates where `templates_drawn`: each V is without bias for any number of prompts, and so is 0
    in expectation for a place from which nothing is read. Squares ask where the few strongest edges read
    from.

    Args:
        sums_by_place: for each place score sums [groups, ...], of the same edges and examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        mask: bool [...], what exists.
        resamples, seed: of the bootstrap; estimates of all places have the same draws.
        level: of the intervals.

    Returns:
        One of each place, about 0 to 1 (noise may carry it a little beyond either), sum 1; larger: more of
        the circuit reads from there. Undefined where Σ V is not clearly above 0 (`Estimate.clear`).

    Raises:
        ValueError: NaN, no place, shapes that do not match, counts that are not positive, fewer than two
            groups, resamples below 1.

    >>> shares = squared_place_shares([[[1.0]] * 12, [[3.0]] * 12], counts=[1] * 12, clusters=[0] * 12)
    >>> [share.value for share in shares]
    [0.1, 0.9]
    """
    arrays, examples, cluster = _places(sums_by_place, counts, clusters)
    products = np.stack([own_products("sums_by_place", each, mask) for each in arrays])
    units, labels = added_up(cluster)
    weights = np.concatenate([np.ones((1, len(labels))), cluster_weights(labels, resamples, seed)])
    squared = mean_product(units @ products @ units.T, units @ examples, weights)
    total, freedom = squared.sum(axis=1), unit_freedom(labels)
    few = "fewer than two groups were drawn"
    unclear = why_unclear(total[0], estimate_of(float(total[0]), total[1:], level_of(level), few, freedom))
    if unclear:
        return (Undefined(f"scores are not clear of the prompts' noise: {unclear}"),) * len(arrays)
    with np.errstate(all="ignore"):
        shares = np.where(total > 0, (squared / total[:, None]).T, np.nan)
    reason = "the squared scores were not above 0"
    return tuple(estimate_of(float(each[0]), each[1:], level, reason, freedom) for each in shares)
