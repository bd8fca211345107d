"""How much of two circuits is the same, and how much of that is chance.

Scores are [sources, destinations] with a bool mask `edges` of the same shape for the edges that exist;
a circuit is such a mask. Ranking is by `absolute` or by `signed` score, or `positive` scores come first.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .components import edges_at_components, incidence, random_components, touched_components
from .inputs import Flags, Floats, Integers, edge_scores, flags, match, numbers, unit_scale, whole
from .undefined import Undefined, Value

Ranking = Literal["absolute", "signed", "positive"]

SURELY = 1e-6
"""A chance as small as this that any draw would show something else, for which none is drawn."""


def top_edges(scores: ArrayLike, edges: ArrayLike, k: int, by: Ranking = "absolute") -> Flags:
    """The k edges of highest score, as a bool mask [sources, destinations] with exactly k entries.

    Equal scores are taken in the order of the flattened array, so that the result is the same
    everywhere. Edges of score 0 are taken when no others are left.

    Raises:
        ValueError: NaN at an edge, shapes that differ, no edges, k below 1 or above their number.

    >>> import numpy as np
    >>> top_edges(np.array([[3.0, -5.0, 1.0]]), np.ones((1, 3), bool), k=1).tolist()
    [[False, True, False]]
    >>> top_edges(np.array([[3.0, -5.0, 1.0]]), np.ones((1, 3), bool), k=1, by="signed").tolist()
    [[True, False, False]]
    """
    existing = flags("edges", edges, 2)
    values = edge_scores("scores", scores, existing)
    circuit = np.zeros(existing.shape, dtype=np.bool_)
    circuit[existing] = largest(strength(values, by)[None], whole("k", k, 1, len(values)))[0]
    return circuit


def strength(scores: Floats, by: Ranking) -> NDArray[Any]:
    """What edges are ranked by, the largest first, any shape: |score|, the score itself, or numbers in order.

    `positive`: positive scores before all others, both by |score|. ValueError on another ranking.
    """
    if by == "absolute":
        return np.abs(scores)
    if by == "signed":
        return scores
    if by == "positive":
        # The bits of floats that are not negative are in order when they are read as whole numbers, and the
        # least of these is below the others by more than any float is.
        size: NDArray[np.int64] = np.abs(scores).astype(np.float64).view(np.int64)
        return np.where(scores > 0, size, size + np.iinfo(np.int64).min)
    raise ValueError(f"by must be 'absolute', 'signed' or 'positive', not {by!r}")


def largest(values: NDArray[Any], k: int) -> Flags:
    """Mask [rows, n] of the k largest of each row of `values` [rows, n]; the first of equals wins."""
    # Partition and not sort: this is where a bootstrap of large graphs spends its time.
    threshold = np.partition(values, -k, axis=1)[:, -k][:, None]
    chosen = values > threshold
    equal = values == threshold
    wanted = k - chosen.sum(axis=1, keepdims=True)
    if (equal.sum(axis=1, keepdims=True) > wanted).any():
        equal &= np.cumsum(equal, axis=1) <= wanted
    return np.asarray(chosen | equal)


def jaccard(a: ArrayLike, b: ArrayLike) -> Value:
    """Jaccard index of two sets: |A ∩ B| / |A ∪ B|.

    Args:
        a, b: bool masks of one shape: circuits, or components they touch.

    Returns:
        In [0, 1]; 1: the same set, 0: nothing shared. Undefined when both sets are empty. Never to be
        read without `chance_jaccard` and a split-half ceiling.

    Raises:
        ValueError: shapes differ, no entries, not boolean.

    >>> jaccard([True, True, False], [True, False, True])
    0.3333333333333333
    """
    first, second = flags("a", a), flags("b", b)
    match(("a", "b"), first, second)
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else Undefined("both sets are empty")


def node_jaccard(
    a: ArrayLike, b: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike
) -> Value:
    """Jaccard index of the sets of components that two circuits touch (see `touched_components`).

    Range and direction as `jaccard`. Circuits of many edges touch nearly everything, so chance is high:
    read it against `chance_node_jaccard`.

    >>> import numpy as np
    >>> a, b = np.zeros((2, 3, 3), bool)
    >>> a[0, 1] = b[0, 2] = True
    >>> node_jaccard(a, b, np.eye(3), np.eye(3))
    0.3333333333333333
    """
    match(("a", "b"), flags("a", a, 2), flags("b", b, 2))
    return jaccard(
        touched_components(a, source_component, destination_component),
        touched_components(b, source_component, destination_component),
    )


def weighted_jaccard(scores_a: ArrayLike, scores_b: ArrayLike, edges: ArrayLike) -> Value:
    """Overlap of all absolute scores, each model's scaled to sum 1: Σ min(|a|, |b|) / Σ max(|a|, |b|).

    Needs no budget. (1 − d)/(1 + d) for d the total variation distance of the two distributions.

    Returns:
        In [0, 1]; 1: proportional scores, 0: no edge with weight in both. Undefined when all scores of
        one model are 0.

    Raises:
        ValueError: NaN at an edge, shapes that differ, no edges.

    >>> import numpy as np
    >>> weighted_jaccard(np.array([[1.0, 1.0]]), np.array([[-5.0, 0.0]]), np.ones((1, 2), bool))
    0.3333333333333333
    """
    existing = flags("edges", edges, 2)
    a = unit_scale(np.abs(edge_scores("scores_a", scores_a, existing)))
    b = unit_scale(np.abs(edge_scores("scores_b", scores_b, existing)))
    if not a.any() or not b.any():
        return Undefined("all scores of one model are 0")
    a, b = a / a.sum(), b / b.sum()
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


def rank_biased_overlap(
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    edges: ArrayLike,
    k: int,
    persistence: float = 0.98,
    by: Ranking = "absolute",
) -> float:
    """Rank-biased overlap of the k best edges, extrapolated: two rankings agree, the top counting most.

    RBO = (X_k/k)·p^k + (1−p)/p · Σ_{d=1..k} (X_d/d)·p^d, where X_d is the number of edges among the d
    best of both and p the persistence: a reader who goes on to the next rank with probability p looks
    at 1/(1−p) ranks on average (50 by default). Webber, Moffat & Zobel 2010, eq. 23.

    Returns:
        In [0, 1]; 1: the same k edges in the same order, 0: nothing shared.

    Raises:
        ValueError: as `top_edges`; persistence outside (0, 1).

    >>> import numpy as np
    >>> a, b, edges = np.array([[2.0, 1.0]]), np.array([[1.0, 2.0]]), np.ones((1, 2), bool)
    >>> rank_biased_overlap(a, b, edges, k=2, persistence=0.5)
    0.5
    """
    if not 0 < persistence < 1:
        raise ValueError(f"persistence must lie strictly between 0 and 1, not {persistence}")
    existing = flags("edges", edges, 2)
    a = _ranks(strength(edge_scores("scores_a", scores_a, existing), by))
    b = _ranks(strength(edge_scores("scores_b", scores_b, existing), by))
    depth = np.arange(1, whole("k", k, 1, len(a)) + 1)
    shared = np.bincount(np.maximum(a, b), minlength=k)[:k].cumsum()
    agreement = shared / depth
    # The factor 1/p of the formula is in the exponent, where it cannot overflow.
    head = (1 - persistence) * (agreement * persistence ** (depth - 1)).sum()
    return min(1.0, float(agreement[-1] * persistence**k + head))


def spearman_over_union(
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    circuit_a: ArrayLike,
    circuit_b: ArrayLike,
    by: Ranking = "absolute",
) -> Value:
    """Spearman rank correlation of the two models' scores over the edges that are in either circuit.

    Returns:
        In [−1, 1]; 1: same order. An edge is in the union for being high in one model, so unrelated
        models come out *below* 0. Undefined with fewer than three edges or when one model's scores are
        all equal.

    Raises:
        ValueError: NaN at an edge of the union, shapes that differ.

    >>> import numpy as np
    >>> all_edges = np.ones((1, 3), bool)
    >>> spearman_over_union(np.array([[1.0, 2, 3]]), np.array([[1.0, 3, 2]]), all_edges, all_edges)
    0.5
    """
    a, b = flags("circuit_a", circuit_a, 2), flags("circuit_b", circuit_b, 2)
    match(("circuit_a", "circuit_b"), a, b)
    union = np.asarray(a | b)
    if union.sum() < 3:
        return Undefined(f"{int(union.sum())} edges in the union; a rank correlation takes three")
    first = _average_ranks(strength(edge_scores("scores_a", scores_a, union), by))
    second = _average_ranks(strength(edge_scores("scores_b", scores_b, union), by))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return Undefined("one model gives all edges of the union the same score")
    # Rounded, because the last digit of a correlation of ranks depends on the machine.
    return round(float(np.corrcoef(first, second)[0, 1]), 15)


def chance_intersection(size_a: int, size_b: int, edges: int) -> float:
    """Expected number of edges shared by two random sets: size_a · size_b / edges.

    Raises:
        ValueError: sizes outside 0..edges.

    >>> chance_intersection(100, 100, 1000)
    10.0
    """
    whole("edges", edges, 1)
    return whole("size_a", size_a, 0, edges) * whole("size_b", size_b, 0, edges) / edges


def chance_jaccard(size_a: int, size_b: int, edges: int) -> Value:
    """Expected Jaccard index of two independent uniformly random edge sets: the floor of `jaccard`.

    E[X / (size_a + size_b − X)] with X hypergeometric, summed exactly over its support; about n/(2M−n)
    for two sets of n out of M. Sizes may differ (after pruning, say): the expectation is still exact,
    but no overlap of such sets reaches 1, and the shortfall is then part of the difference measured.

    Returns:
        In [0, 1]; grows with the sizes. Undefined when both are 0.

    Raises:
        ValueError: sizes outside 0..edges.

    >>> chance_jaccard(1, 1, 4)
    0.25
    """
    shared, probability = _hypergeometric(size_a, size_b, edges)
    if size_a + size_b == 0:
        return Undefined("both sets are empty")
    return min(1.0, float((probability * shared / (size_a + size_b - shared)).sum()))


def chance_tail(shared: int, size_a: int, size_b: int, edges: int) -> float:
    """P(X ≥ shared): probability that two random sets share at least that many edges, hypergeometric.

    Returns:
        In [0, 1]; small: more is shared than chance explains. An easy null: any two circuits of related
        models pass it.

    Raises:
        ValueError: sizes outside 0..edges, a negative count.

    >>> chance_tail(1, 1, 1, 4)
    0.25
    """
    whole("shared", shared, 0)
    support, probability = _hypergeometric(size_a, size_b, edges)
    return min(1.0, float(probability[support >= shared].sum()))


def chance_node_jaccard(
    edges: ArrayLike,
    size_a: int,
    size_b: int,
    source_component: ArrayLike,
    destination_component: ArrayLike,
    draws: int = 200,
    seed: int = 0,
) -> float:
    """Mean node Jaccard of two circuits of uniformly drawn edges: the floor of `node_jaccard`, by simulation.

    No closed form: the sets of components depend on the graph. Of a size with which draws as good as surely
    touch every component that has an edge, nothing is drawn. Range and direction as `chance_jaccard`.

    Raises:
        ValueError: sizes outside 1..edges; incidence matrices as in `node_importance`, or that leave out
            every component that a random circuit touches.

    >>> import numpy as np
    >>> chance_node_jaccard(np.ones((2, 2), bool), 4, 4, np.eye(2), np.eye(2))
    1.0
    """
    existing = flags("edges", edges, 2)
    matrices = incidence(source_component, destination_component, existing.shape)
    held = edges_at_components(existing, *matrices)
    first, second = (
        _random_touches(existing, size, matrices, held, whole("draws", draws, 1), own)
        # Another seed: from the same one, circuits of one size would be the same circuits.
        for size, own in ((size_a, seed), (size_b, seed + 1))
    )
    chance = mean_share((first & second).sum(axis=1), (first | second).sum(axis=1))
    if isinstance(chance, Undefined):
        raise ValueError("no component has an edge: the incidence matrices leave out every node")
    return chance


def _random_touches(
    edges: Flags, size: int, matrices: tuple[Floats, Floats], held: Integers, draws: int, seed: int
) -> Flags:
    """Components that random circuits touch [draws, components], one row where all surely touch the same."""
    number = int(edges.sum())
    # Of n edges k miss all d of a component with probability C(n − k, d)/C(n, d) ≤ (1 − k/n)^d.
    missed = (1 - whole("k", size, 1, number) / number) ** held[held > 0]
    if draws * missed.sum() < SURELY:
        return np.asarray(held > 0)[None]
    return random_components(edges, size, *matrices, draws, seed)


def mean_share(shared: Integers, union: Integers) -> Value:
    """Mean Jaccard index of pairs of sets, by the sizes of what they share and of their unions, [pairs] each.

    Pairs of which both sets are empty are left out.
    """
    filled = union > 0
    if not filled.any():
        return Undefined("both sets are empty")
    return float((shared[filled] / union[filled]).mean())


def _ranks(values: Floats) -> Integers:
    """0 for the largest; the first of equals ranks before the others."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return ranks


def _average_ranks(values: Floats) -> Floats:
    inverse, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _hypergeometric(size_a: int, size_b: int, edges: int) -> tuple[Integers, Floats]:
    """Support and probabilities of the number of shared elements, from the ratio of neighbouring terms."""
    whole("edges", edges, 1)
    a, b = whole("size_a", size_a, 0, edges), whole("size_b", size_b, 0, edges)
    support = np.arange(max(0, a + b - edges), min(a, b) + 1)
    # Ratios, because factorials of a million edges are beyond all numbers.
    x = support[:-1].astype(np.float64)
    ratio = (a - x) * (b - x) / ((x + 1) * (edges - a - b + x + 1))
    logarithm = np.concatenate([[0.0], np.cumsum(np.log(ratio))])
    probability = np.exp(logarithm - logarithm.max())
    return support, numbers("probability", probability / probability.sum())
