"""Whether all prompts use one circuit: clusters of groups' scores, and how far groups cancel each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Flags, Floats, numbers, whole
from .products import blocks_of, mask_of
from .undefined import Undefined, Value

LEAST_GROUPS = 6
"""Fewer groups have hardly a division that is not nearly one of single groups."""

_ALIKE = 1e-6
"""Directions that differ by no more are one: single precision moves them by about as much."""


@dataclass(frozen=True, eq=False)
class ScoreClusters:
    """The best division of groups by their scores, beside what groups of one circuit give.

    `labels`: the cluster of each group [groups], from 0 on, of which there are `clusters`; `silhouette`: of
    this division, −1 to 1, larger: the clusters lie further apart; `null`: the silhouette that 95 % of
    divisions of groups without clusters stay below; `p`: how many of these reach as far. Where p is above
    .05 the groups are one cluster as far as can be told, and the division means nothing.
    """

    labels: NDArray[np.int64]
    clusters: int
    silhouette: float
    null: float
    p: float


def score_clusters(
    sums: ArrayLike,
    counts: ArrayLike,
    most: int = 6,
    draws: int = 99,
    seed: int = 0,
    mask: ArrayLike | None = None,
) -> ScoreClusters | Undefined:
    """The division of groups into 2 to `most` clusters with the largest silhouette (Rousseeuw 1987).

    By Ward's method on the directions of the groups' mean scores: groups that differ in size of effect alone
    are alike. The null is one cloud of directions, in which edges may vary together in any way: deviations
    from the mean direction are turned by a random rotation among the groups, which leaves mean and covariance
    of the edges as they are (Langsrud 2005). The best number of clusters is chosen anew for each rotation.

    Where the noise of the groups is so large that their `cancellation_ratio` is below .8, directions lie on
    opposite sides by themselves, and p is too small.

    Args:
        sums: per-group score sums [groups, ...].
        counts: examples per group [groups], positive.
        most: clusters at most; fewer than groups are tried.
        draws: of the null.
        seed: of the null.
        mask: bool [...], what exists.

    Returns:
        ScoreClusters. Undefined for fewer than six groups, or where a group has no score at all, or where all
        groups have one direction.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, most below 2, draws below 1.

    >>> generator = np.random.default_rng(0)
    >>> circuits = generator.normal(size=(2, 300))
    >>> groups = np.repeat(circuits, 6, axis=0) + 0.5 * generator.normal(size=(12, 300))
    >>> found = score_clusters(groups, np.ones(12), draws=19)
    >>> found.clusters, found.labels.tolist().count(found.labels[0]), found.p
    (2, 6, 0.05)
    """
    array, existing, _ = _checked(sums, counts, mask)
    limit = min(whole("most", most, 2), len(array) - 1)
    whole("draws", draws, 1)
    largest = _largest(array, existing)
    if len(array) < LEAST_GROUPS:
        return Undefined(f"{len(array)} groups are too few to be divided")
    if not largest.all():
        return Undefined("a group has no score")
    directions = _placed(array, existing, largest)
    if np.abs(directions - directions.mean(axis=0)).max() <= _ALIKE:
        return Undefined("the scores of all groups have one direction")
    silhouette, labels = _best(directions, limit)
    generator = np.random.default_rng([seed, 6])
    drawn = np.array([_best(_rotated(directions, generator), limit)[0] for _ in range(draws)])
    # The division itself counts among the draws: of finitely many none shows that p is 0.
    p = float((1 + (drawn >= silhouette).sum()) / (1 + draws))
    return ScoreClusters(labels, int(labels.max()) + 1, silhouette, float(np.quantile(drawn, 0.95)), p)


def cancellation_ratio(sums: ArrayLike, counts: ArrayLike, mask: ArrayLike | None = None) -> Value:
    """|Σ| / Σ|·| of the groups' mean scores, over all edges: Σ_e |Σ_g x_ge| / Σ_e Σ_g |x_ge|.

    Args:
        sums: per-group score sums [groups, ...].
        counts: examples per group [groups], positive.
        mask: bool [...], what exists.

    Returns:
        In [0, 1]; 1: all groups agree on every edge's sign; smaller: what one group's edges do, another's
        undo. Noise of the prompts cancels too: of pure noise it is about 1/√groups.
        Undefined where all scores are 0.

    Raises:
        ValueError: as `score_clusters`.

    >>> cancellation_ratio([[1.0, 2.0], [1.0, -2.0]], [1, 1]), cancellation_ratio([[1.0], [3.0]], [1, 1])
    (0.3333333333333333, 1.0)
    """
    array, existing, examples = _checked(sums, counts, mask)
    # By the largest, so that no sum of large scores is infinite.
    largest = float((_largest(array, existing) / examples).max())
    if largest == 0:
        return Undefined("all scores are 0")
    together = apart = 0.0
    for block in blocks_of("sums", array, existing):
        means = block / examples[:, None] / largest
        together += float(np.abs(means.sum(axis=0)).sum())
        apart += float(np.abs(means).sum())
    # Rounding can make the first larger by a digit.
    return min(1.0, together / apart)


def _checked(sums: ArrayLike, counts: ArrayLike, mask: ArrayLike | None) -> tuple[Floats, Flags, Floats]:
    """Sums, what of them exists, and examples. Raises ValueError where they do not fit together."""
    total, examples = np.asarray(sums), numbers("counts", counts, 1)
    if total.ndim < 2 or len(total) != len(examples):
        raise ValueError(f"sums {total.shape} must have one row per group, and counts has {len(examples)}")
    if (examples <= 0).any():
        raise ValueError("counts must be positive: leave out groups without examples")
    return total, mask_of(total, mask), examples.astype(np.float64)


def _largest(sums: Floats, existing: Flags) -> Floats:
    """The largest |sum| of each group."""
    found: Floats = np.max([np.abs(block).max(axis=1) for block in blocks_of("sums", sums, existing)], axis=0)
    return found


def _placed(sums: Floats, existing: Flags, largest: Floats) -> Floats:
    """Points [groups, groups] of norm 1 with the distances of the groups' directions: few for many edges."""
    products = np.zeros((len(sums), len(sums)))
    for block in blocks_of("sums", sums, existing):
        # Brought to size first: squares of very small scores would be 0.
        scaled = block / largest[:, None]
        products += scaled @ scaled.T
    norm = np.sqrt(np.diag(products))
    values, vectors = np.linalg.eigh(products / norm[:, None] / norm)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)))


def _rotated(points: Floats, generator: np.random.Generator) -> Floats:
    """Directions whose deviations from the mean are turned among the groups, all turns being equally likely.

    What a rotation of the groups does to all edges it does to the few coordinates that stand for them.
    """
    groups = len(points)
    # An orthonormal basis of what is orthogonal to the mean.
    contrasts = np.linalg.qr(np.eye(groups)[:, :-1] - 1 / groups)[0]
    turn, triangle = np.linalg.qr(generator.normal(size=(groups - 1, groups - 1)))
    turn = turn * np.sign(np.diag(triangle))  # uniform only with these signs
    return _normed(points.mean(axis=0) + contrasts @ (turn @ (contrasts.T @ points)))


def _normed(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _best(points: Floats, limit: int) -> tuple[float, NDArray[np.int64]]:
    """The largest silhouette over numbers of clusters, and the division that has it."""
    # Imported here: no other metric needs it, and what reads records alone need not pay for it.
    from scipy.cluster.hierarchy import ward

    groups = len(points)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    best, found = -np.inf, np.zeros(groups, dtype=np.int64)
    cluster = np.arange(groups)
    for merge, (one, other) in enumerate(ward(points)[: groups - 2, :2]):
        cluster[(cluster == one) | (cluster == other)] = groups + merge
        if groups - merge - 1 <= limit:
            labels = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
            silhouette = _silhouette(apart, labels)
            if silhouette > best:
                best, found = silhouette, labels
    return best, found


def _silhouette(apart: Floats, labels: NDArray[np.int64]) -> float:
    """Mean over groups of (b − a) / max(a, b): a to the others of its cluster, b to the nearest cluster.

    That of a group alone in its cluster is 0, as Rousseeuw has it.
    """
    member = np.eye(int(labels.max()) + 1)[labels]
    sizes, sums = member.sum(axis=0), apart @ member
    own = np.arange(len(labels)), labels
    inner = sums[own] / np.maximum(sizes[labels] - 1, 1)
    to_others = sums / sizes
    to_others[own] = np.inf
    outer = to_others.min(axis=1)
    larger = np.maximum(inner, outer)
    each = np.divide(
        outer - inner, larger, out=np.zeros_like(larger), where=(sizes[labels] > 1) & (larger > 0)
    )
    return float(each.mean())
