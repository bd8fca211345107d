"""Whether all prompts use one circuit: clusters of groups' scores, and how far groups cancel each other."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Floats, numbers, whole
from .undefined import Undefined, Value

LEAST_GROUPS = 6
"""Fewer groups have hardly a division that is not nearly one of single groups."""


@dataclass(frozen=True, eq=False)
class ScoreClusters:
    """The best division of groups by their scores, beside what edges without any structure give.

    `labels`: the cluster of each group [groups], from 0 on, of which there are `clusters`; `silhouette`: of
    this division, −1 to 1, larger: the clusters lie further apart; `null`: the silhouette that 95 % of
    divisions of structureless scores stay below; `p`: how many of these reach as far. Where p is above .05
    the groups are one cluster as far as can be told, and the division means nothing.
    """

    labels: NDArray[np.int64]
    clusters: int
    silhouette: float
    null: float
    p: float


def score_clusters(
    sums: ArrayLike, counts: ArrayLike, most: int = 6, draws: int = 99, seed: int = 0
) -> ScoreClusters | Undefined:
    """The division of groups into 2 to `most` clusters with the largest silhouette (Rousseeuw 1987).

    By k-means of the directions of the groups' mean scores: groups that differ in size of effect alone are
    alike. The null deals every edge's scores out among the groups, so that edges keep their values and no two
    of them agree on which groups belong together; the best number of clusters is chosen anew for each draw.

    Args:
        sums: per-group score sums [groups, edges].
        counts: examples per group [groups], positive.
        most: clusters at most; fewer than groups are tried.
        draws: of the null.
        seed: of the null and of k-means.

    Returns:
        ScoreClusters. Undefined for fewer than six groups, or where a group has no score at all.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, most below 2, draws below 1.

    >>> generator = np.random.default_rng(0)
    >>> circuits = generator.normal(size=(2, 300))
    >>> groups = np.repeat(circuits, 6, axis=0) + 0.5 * generator.normal(size=(12, 300))
    >>> found = score_clusters(groups, np.ones(12), draws=19)
    >>> found.clusters, found.labels.tolist().count(found.labels[0]), found.p
    (2, 6, 0.05)
    """
    means = _means(sums, counts)
    limit = min(whole("most", most, 2), len(means) - 1)
    whole("draws", draws, 1)
    if len(means) < LEAST_GROUPS:
        return Undefined(f"{len(means)} groups are too few to be divided")
    if not means.any(axis=1).all():
        return Undefined("a group has no score")
    generator = np.random.default_rng([seed, 3])
    silhouette, labels = _best(means, limit, seed)
    drawn = np.array([_best(generator.permuted(means, axis=0), limit, seed)[0] for _ in range(draws)])
    # The division itself counts among the draws: of finitely many none shows that p is 0.
    p = float((1 + (drawn >= silhouette).sum()) / (1 + draws))
    return ScoreClusters(labels, int(labels.max()) + 1, silhouette, float(np.quantile(drawn, 0.95)), p)


def cancellation_ratio(sums: ArrayLike, counts: ArrayLike) -> Value:
    """|Σ| / Σ|·| of the groups' mean scores, over all edges: Σ_e |Σ_g x_ge| / Σ_e Σ_g |x_ge|.

    Args:
        sums: per-group score sums [groups, edges].
        counts: examples per group [groups], positive.

    Returns:
        In [0, 1]; 1: all groups agree on every edge's sign; smaller: what one group's edges do, another's
        undo. Noise of the prompts cancels too: of pure noise it is about 1/√groups.
        Undefined where all scores are 0.

    Raises:
        ValueError: as `score_clusters`.

    >>> cancellation_ratio([[1.0, 2.0], [1.0, -2.0]], [1, 1]), cancellation_ratio([[1.0], [3.0]], [1, 1])
    (0.3333333333333333, 1.0)
    """
    means = _means(sums, counts)
    largest = float(np.abs(means).max(initial=0))
    if largest == 0:
        return Undefined("all scores are 0")
    means = means / largest  # so that no sum of large scores is infinite
    total = float(np.abs(means).sum())
    # Rounding can make the first larger by a digit.
    return min(1.0, float(np.abs(means.sum(axis=0)).sum()) / total)


def _means(sums: ArrayLike, counts: ArrayLike) -> Floats:
    total, examples = numbers("sums", sums, 2), numbers("counts", counts, 1)
    if len(total) != len(examples):
        raise ValueError(f"sums {total.shape} must have one row per group, and counts has {len(examples)}")
    if (examples <= 0).any():
        raise ValueError("counts must be positive: leave out groups without examples")
    return np.asarray(total / examples[:, None])


def _best(means: Floats, limit: int, seed: int) -> tuple[float, NDArray[np.int64]]:
    """The largest silhouette over numbers of clusters, and the division that has it."""
    # Imported here: it takes a second, and no other metric needs it.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import silhouette_score

    placed = _placed(means)
    # Groups of one direction give fewer clusters than were asked for, or one: no division at all.
    found = [(-1.0, np.zeros(len(means), dtype=np.int64))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for clusters in range(2, limit + 1):
            labels = KMeans(clusters, n_init=4, random_state=seed).fit_predict(placed)
            if 1 < len(set(labels.tolist())) < len(means):
                found.append((float(silhouette_score(placed, labels)), labels.astype(np.int64)))
    return max(found, key=lambda each: each[0])


def _placed(means: Floats) -> Floats:
    """Points [groups, groups] with the distances of the groups' directions: few numbers for many edges."""
    # Brought to size first: squares of very small scores would be 0.
    scaled = means / np.abs(means).max(axis=1, keepdims=True)
    units = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(units @ units.T)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)))
