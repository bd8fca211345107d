"""How many edges carry a squared score, and how much of ρ the strongest few do: without the noise of prompts.

Powers of a noisy score are too large. So the second power is made of products of two different groups, and
the fourth of products of four.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from .group_weights import half_splits
from .inputs import Flags, Floats, clusters_of, match, whole
from .products import Doubles, blocks_of, examples_of, mask_of
from .undefined import Undefined, Value


def carrying_edges(
    sums: ArrayLike, counts: ArrayLike, mask: ArrayLike | None = None, scale: ArrayLike | None = None
) -> Value:
    """Participation ratio (Σ_e s_e²)² / Σ_e s_e⁴: how many equal edges would carry the squared scores.

    Powers are over different groups: Σ s² and Σ s⁴ are each without bias for any number of prompts, s⁴ from
    products of four different groups; their quotient is consistent, and not exactly without bias.

    Args:
        sums: score sums [groups, ...], of edges, neurons or components.
        counts: examples per group [groups].
        mask: bool [...], what exists.
        scale: [...], by which the sums are multiplied, see `group_products`.

    Returns:
        1: one edge holds everything, n: all n are equal; noise may carry it a little beyond. Undefined with
        fewer than four groups, and where either sum is not above 0.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive.

    >>> carrying_edges([[1.0, -1.0, 0.0]] * 4, counts=[1, 1, 1, 1])
    2.0
    """
    array, examples = np.asarray(sums), examples_of(counts)
    existing = mask_of(array, mask)
    match(("groups of sums", "counts"), array.reshape(len(array), -1)[:, 0], examples)
    if len(examples) < 4:
        return Undefined(f"{len(examples)} groups; a fourth power without noise takes four")
    factors = np.ones((1, *existing.shape)) if scale is None else np.asarray(scale)[None]
    match(("scale", "a group of sums"), factors[0], array[0])

    def blocks() -> Iterator[Doubles]:
        of_sums, of_factors = blocks_of("sums", array, existing), blocks_of("scale", factors, existing)
        return (block * factor for block, factor in zip(of_sums, of_factors, strict=True))

    largest = max(np.abs(block).max() for block in blocks())
    if largest == 0:
        return Undefined("all scores are 0")
    second = fourth = 0.0
    for block in blocks():
        with np.errstate(under="ignore"):
            powers = _powers(block / largest)
        second += float(_of_two(powers).sum())
        fourth += float(_of_four(powers).sum())
    pairs = _powers(examples[:, None] / examples.max())
    second, fourth = second / float(_of_two(pairs)[0]), fourth / float(_of_four(pairs)[0])
    if min(second, fourth) <= 0:
        return Undefined("from different groups, a sum of powers of the scores is not above 0: noise")
    return second**2 / fourth


def _powers(values: Doubles) -> Doubles:
    """Sums over groups of the first to the fourth power, [4, edges]."""
    square = values * values
    return np.stack([each.sum(axis=0) for each in (values, square, square * values, square * square)])


def _of_two(powers: Doubles) -> Doubles:
    """Σ x_g x_h over ordered pairs of different groups (Newton's identities)."""
    p1, p2, _, _ = powers
    return np.asarray(p1**2 - p2)


def _of_four(powers: Doubles) -> Doubles:
    """Σ x_g x_h x_i x_j over ordered quadruples of different groups."""
    p1, p2, p3, p4 = powers
    return np.asarray(p1**4 - 6 * p1**2 * p2 + 3 * p2**2 + 8 * p1 * p3 - 6 * p4)


def strongest_share(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    k: int = 10,
    splits: int = 10,
    seed: int = 0,
) -> Value:
    """Share of U_ab, and so of ρ, that the k edges with the largest products |a · b| hold.

    Edges are ranked on one half of the groups and weighed on the other, both ways, mean over splits: weighed
    where they were found, edges that noise made large would hold too much.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models over the same examples; one model twice gives
            the share of its own squared scores.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        mask: bool [...], what exists.
        k: edges.
        splits, seed: as in `half_splits`.

    Returns:
        1: the rest adds nothing; above 1 where the rest has products of the opposite sign. A little too low
        at few prompts, for a half may not find the strongest. Undefined with fewer than four groups and
        where the products sum to nothing.

    Raises:
        ValueError: NaN, shapes that do not match, k outside 1..edges, counts that are not positive.

    >>> sums = [[3.0, -1.0, 0.0]] * 4
    >>> strongest_share(sums, sums, counts=[1, 1, 1, 1], clusters=range(4), k=1)
    0.9
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("sums_a", "sums_b"), a, b)
    examples = examples_of(counts)
    cluster = clusters_of(clusters, groups=len(examples))
    match(("groups of sums", "counts"), a.reshape(len(a), -1)[:, 0], examples)
    edges = whole("k", k, 1, int(existing.sum()))
    if len(examples) < 4:
        return Undefined(f"{len(examples)} groups; two halves of different groups take four")
    held = total = 0.0
    for half in half_splits(cluster, splits, seed):
        first, second = (_edge_products(a, b, examples, existing, chosen) for chosen in (half, ~half))
        for ranked, weighed in ((first, second), (second, first)):
            strongest = np.argpartition(np.abs(ranked), -edges)[-edges:]
            held += float(weighed[strongest].sum())
            total += float(weighed.sum())
    return held / total if total else Undefined("the products of the two models sum to 0")


def _edge_products(a: Floats, b: Floats, counts: Floats, mask: Flags, chosen: Flags) -> Doubles:
    """For each edge its part of U_ab from the chosen groups."""
    products = []
    blocks = zip(blocks_of("sums_a", a[chosen], mask), blocks_of("sums_b", b[chosen], mask), strict=True)
    with np.errstate(over="ignore", invalid="ignore"):
        for x, y in blocks:
            products.append(x.sum(axis=0) * y.sum(axis=0) - np.einsum("ge,ge->e", x, y))
        found = np.concatenate(products) / (counts[chosen].sum() ** 2 - (counts[chosen] ** 2).sum())
        if not np.isfinite(found).all() or not np.isfinite(found.sum()):
            raise ValueError("products of the sums are beyond all numbers: scale the sums down")
    return np.asarray(found)
