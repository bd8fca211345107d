"""Products of groups: all that a cosine of mean scores, and every resample of it, has to know of the scores.

The product of two groups' score sums has no noise in expectation where the groups hold different prompts.
What is made of such products alone has the same expectation for any number of prompts, without a threshold
and without a model of the noise. There are few groups and many edges, so that the matrices of products are
small, and resampling them costs next to nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .components import incidence
from .group_weights import templates_drawn
from .inputs import Flags, Floats, Integers, flags, match, numbers

Doubles = NDArray[np.float64]

BLOCK = 2**16
"""Entries of a group that are held in float64 at once: 24 groups of two models take 25 MB."""


@dataclass(frozen=True, eq=False)
class GroupProducts:
    """Products of the score sums of two models, summed over edges, neurons or components.

    `aa`, `bb`, `ab`: ⟨x_g, x_h⟩, ⟨y_g, y_h⟩ and ⟨x_g, y_h⟩, in squared units of the sums, each
    [groups, groups]; the first axis of `ab` is the groups of A, the second those of B.
    """

    aa: Doubles
    bb: Doubles
    ab: Doubles


def group_products(
    sums_a: ArrayLike, sums_b: ArrayLike, mask: ArrayLike | None = None, scale: ArrayLike | None = None
) -> GroupProducts:
    """The matrices of products of two models' score sums, accumulated in float64.

    Args:
        sums_a: score sums [groups, ...], of edges, neurons or components.
        sums_b: the same of the other model; the number of groups may differ where examples do.
        mask: bool [...], what exists or is of interest; sums elsewhere may hold anything.
        scale: [...], by which the sums of both models are multiplied: `inverse_spread`, or any other weights
            that do not come from the scores compared.

    Returns:
        Three matrices. No copy of the sums is made, so that memory does not grow with the number of edges.

    Raises:
        ValueError: NaN, shapes that differ other than in groups, a mask that is empty or of another shape,
            a negative scale, products beyond all numbers.

    >>> found = group_products([[1.0, 0.0], [1.0, 2.0]], [[3.0, 1.0], [0.0, 1.0]])
    >>> found.aa.tolist(), found.ab.tolist()
    ([[1.0, 1.0], [1.0, 5.0]], [[3.0, 0.0], [5.0, 2.0]])
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("a group of sums_a", "a group of sums_b"), a[0], b[0] if b.ndim else b)
    aa, bb, ab = (np.zeros((len(x), len(y))) for x, y in ((a, a), (b, b), (a, b)))
    factors = np.ones((1, *existing.shape)) if scale is None else np.asarray(scale)[None]
    match(("scale", "a group of sums"), factors[0], a[0])
    blocks = (blocks_of(*each, existing) for each in (("sums_a", a), ("sums_b", b), ("scale", factors)))
    with np.errstate(over="ignore", invalid="ignore"):
        for x, y, factor in zip(*blocks, strict=True):
            if (factor < 0).any():
                raise ValueError("scale must not be negative")
            x, y = x * factor, y * factor
            aa += x @ x.T
            bb += y @ y.T
            ab += x @ y.T
    for name, matrix in (("sums_a", aa), ("sums_b", bb), ("sums_a and sums_b", ab)):
        if not np.isfinite(matrix).all():
            raise ValueError(f"products of {name} are beyond all numbers: scale the sums down")
    return GroupProducts(aa, bb, ab)


def own_products(name: str, sums: ArrayLike, mask: ArrayLike | None = None) -> Doubles:
    """Of score sums [groups, ...] the products of every two groups [groups, groups], as `group_products`."""
    array = np.asarray(sums)
    existing = mask_of(array, mask)
    found = np.zeros((len(array), len(array)))
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks_of(name, array, existing):
            found += block @ block.T
    if not np.isfinite(found).all():
        raise ValueError(f"products of {name} are beyond all numbers: scale the sums down")
    return found


def added_up(cluster: Integers) -> tuple[Doubles, Integers]:
    """Which groups are one unit, 0 or 1 in [units, groups], and the label of each unit.

    Those of a template where `templates_drawn`, elsewhere each is its own. Groups of one template have its
    effect in common, so that a product of two of them is not without noise where templates are a sample.
    """
    if not templates_drawn(cluster):
        return np.eye(len(cluster)), cluster
    labels = np.arange(cluster.max() + 1)
    return (labels[:, None] == cluster).astype(np.float64), labels


def mask_of(sums: Floats, mask: ArrayLike | None) -> Flags:
    """The mask, all True where there is none. Raises ValueError where it does not fit sums [groups, ...]."""
    if sums.ndim < 2 or sums.size == 0:
        raise ValueError(f"sums must be [groups, ...] and have shape {sums.shape}")
    if mask is None:
        return np.ones(sums.shape[1:], dtype=np.bool_)
    existing = flags("mask", mask)
    match(("a group of sums", "mask"), sums[0], existing)
    if not existing.any():
        raise ValueError("mask leaves nothing")
    return existing


def blocks_of(name: str, sums: Floats, mask: Flags) -> Iterator[Doubles]:
    """Sums [groups, ...] in blocks of float64 [groups, entries of the mask]; ValueError on NaN."""
    flat, kept = sums.reshape(len(sums), -1), mask.ravel()
    for start in range(0, len(kept), BLOCK):
        chosen = kept[start : start + BLOCK]
        if chosen.any():
            block = flat[:, start : start + BLOCK]
            yield numbers(name, block if chosen.all() else block[:, chosen], 2).astype(np.float64)


def mean_product(products: ArrayLike, counts: ArrayLike, weights: ArrayLike | None = None) -> Doubles:
    """U, the product of two models' mean scores without the noise of the prompts: different groups only.

    U = Σ_{g≠h} w_g w_h P_gh / Σ_{g≠h} w_g n_g w_h n_h for products P_gh of score sums. Its expectation is
    ⟨mean x, mean y⟩ for any number of prompts; with x = y it is that of |mean x|², and may be negative.

    Args:
        products: [..., groups, groups], of one model with itself or of two over the same groups.
        counts: examples per group [groups], positive.
        weights: [groups] or [rows, groups], all 1 when left out; `cluster_weights` gives those of resamples.

    Returns:
        [...], or [rows, ...] where weights have rows; NaN where fewer than two groups have weight.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, negative weights.

    >>> mean_product([[9.0, 2.0], [2.0, 9.0]], counts=[1, 2]).tolist()
    1.0
    """
    matrix = numbers("products", products).astype(np.float64)
    examples = examples_of(counts)
    if matrix.ndim < 2 or matrix.shape[-2:] != (len(examples), len(examples)):
        raise ValueError(f"products must be [..., groups, groups] for {len(examples)} groups: {matrix.shape}")
    weight = weights_of(weights, len(examples))
    apart = 1 - np.eye(len(examples))
    scaled = weight * examples
    total = paired_sum(matrix * apart, weight, weight)
    return quotient(total, paired_sum(apart, scaled, scaled), weight.ndim)


def examples_of(counts: ArrayLike) -> Floats:
    """Counts [groups] as numbers; ValueError for one that is not positive, or no number of examples."""
    examples = numbers("counts", counts, 1)
    if not (examples > 0).all():
        raise ValueError("counts must be positive: leave out groups without examples")
    # Powers of them are taken.
    if examples.min() < 1e-9 or examples.max() > 1e15:
        raise ValueError(f"counts span {examples.min()} to {examples.max()}: they are numbers of examples")
    return examples.astype(np.float64)


def weights_of(weights: ArrayLike | None, groups: int) -> Floats:
    """Weights [groups] or [rows, groups], 1 where there are none; ValueError for other shapes or signs."""
    weight = np.ones(groups) if weights is None else numbers("weights", weights)
    if weight.ndim > 2 or weight.shape[-1] != groups or (weight < 0).any():
        raise ValueError(f"weights must be [..., {groups} groups] and not negative: {weight.shape}")
    return weight


def rows_of_weights(weights: ArrayLike, groups: int) -> Doubles:
    """Weights [rows, groups] in double precision; ValueError for other shapes or signs."""
    found = weights_of(weights, groups)
    if found.ndim != 2:
        raise ValueError(f"weights must be [rows, {groups} groups]: {found.shape}")
    return found.astype(np.float64)


def paired_sum(matrix: Doubles, left: Floats, right: Floats) -> Doubles:
    """Σ_gh left_g M_gh right_h for matrices [..., g, h] and weights [g], [h], with rows or without."""
    return np.asarray((np.matmul(np.atleast_2d(left), matrix) * np.atleast_2d(right)).sum(axis=-1))


def quotient(total: Doubles, pairs: Doubles, dimensions: int) -> Doubles:
    """Sums over pairs of groups [..., rows] by number of pairs [rows], as [rows, ...] or [...]; NaN by 0."""
    with np.errstate(all="ignore"):
        found = np.where(pairs > 0, total / pairs, np.nan)
    return np.asarray(np.moveaxis(found, -1, 0) if dimensions == 2 else found[..., 0])


def component_products(
    sums: ArrayLike, edges: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike
) -> Doubles:
    """For each component the products of groups, summed over the edges that leave or enter it.

    An edge into a destination that n components share counts 1/n for each, as in `node_importance`.

    Args:
        sums: score sums [groups, sources, destinations].
        edges: bool [sources, destinations], those that exist or are kept.
        source_component, destination_component: incidence matrices, see `node_importance`.

    Returns:
        [components, groups, groups], in squared units of the sums.

    Raises:
        ValueError: NaN at an edge, shapes that do not match, no edges, products beyond all numbers.

    >>> import numpy as np
    >>> sums = np.array([[[1.0, 2.0]], [[3.0, 1.0]]])
    >>> nodes = np.array([[1.0], [0.0]]), np.array([[0.0, 0.0], [0.0, 1.0]])
    >>> component_products(sums, np.ones((1, 2), bool), *nodes).tolist()
    [[[5.0, 5.0], [5.0, 10.0]], [[4.0, 2.0], [2.0, 1.0]]]
    """
    existing = flags("edges", edges, 2)
    array = np.asarray(sums)
    if array.ndim != 3 or not array.size:
        raise ValueError(f"sums must be [groups, sources, destinations] and have shape {array.shape}")
    match(("a group of sums", "edges"), array[0], existing)
    if not existing.any():
        raise ValueError("edges holds no edge at all")
    matrices = incidence(source_component, destination_component, existing.shape)
    found = np.zeros((len(matrices[0]), len(array), len(array)))
    with np.errstate(over="ignore", invalid="ignore"):
        # A node at a time, because one product of all nodes would be a copy of the sums turned round.
        for axis, matrix in zip((1, 2), matrices, strict=True):
            nodes, ends = np.moveaxis(array, axis, 0), np.moveaxis(existing, axis - 1, 0)
            for node, kept, shares in zip(nodes, ends, matrix.T, strict=True):
                if not kept.any():
                    continue
                sums_of = numbers("sums (at existing edges)", node[:, kept], 2).astype(np.float64)
                held = np.flatnonzero(shares)
                if len(held):
                    found[held] += shares[held, None, None] * (sums_of @ sums_of.T)
    if not np.isfinite(found).all():
        raise ValueError("products are beyond all numbers: scale the sums down")
    return found
