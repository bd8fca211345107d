"""How alike two circuits could be at best: split halves within each model, and overlap measured against them.

Circuits of finite samples differ even within one model. All four circuits compared here come from a
half of the prompts: A on one half with A on the other (ceiling), the same for B, and A on one half with
B on the *other* (cross). Cross and ceilings then have the same sample size and the same independence of
prompts, and two samples of one model give exactly 1. The overlap of circuits from all prompts would be
higher for having twice the data, and that from the same half for sharing its noise.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .components import incidence
from .halves import (
    CircuitOverlap,
    Halves,
    OverlapValues,
    ascending,
    edge_view,
    node_view,
    overlaps,
    values_by_priority,
)
from .inputs import flags
from .largest_sets import top_sets
from .overlap import Ranking
from .packed import mean_jaccards
from .screened import screened
from .selection import Selection
from .undefined import Undefined


def split_half_jaccard(
    sums: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    k: int,
    by: Ranking = "absolute",
    splits: int = 10,
    seed: int = 0,
) -> float:
    """Ceiling of one model: mean Jaccard index of the top-k circuits of two disjoint halves of its groups.

    Args:
        sums: per-group score sums [groups, sources, destinations].
        counts: examples per group [groups].
        clusters: one label (template) per group [groups]; every cluster is split evenly.
        edges: bool [sources, destinations].
        k: edges per circuit.
        by: ranking of the edges.
        splits: random splits to average over.
        seed: of the splits.

    Returns:
        In [0, 1]; larger: the circuit depends less on the prompts drawn.

    Raises:
        ValueError: NaN at an edge, shapes that do not match, fewer than two groups, k outside 1..edges.

    >>> import numpy as np
    >>> sums = np.tile(np.arange(6.0).reshape(1, 2, 3), (6, 1, 1))
    >>> split_half_jaccard(sums, np.ones(6), range(6), np.ones((2, 3), bool), k=2)
    1.0
    """
    existing = flags("edges", edges, 2)
    halves = Halves.of(counts, clusters, existing, by, splits, seed)
    sizes = ascending([k], existing)
    (model,) = screened([halves.checked("sums", sums)], existing, halves.counts)
    rows, (resample,) = halves.rows(np.ones((1, len(halves.counts))))
    _, first, second = resample.of(top_sets(model, rows, sizes, by, [resample]))
    (ceiling,) = mean_jaccards((first, second))
    assert not isinstance(ceiling, Undefined), "k is at least 1"
    return ceiling


def circuit_overlap(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    k: int,
    by: Ranking = "absolute",
    splits: int = 10,
    resamples: int = 200,
    seed: int = 0,
) -> CircuitOverlap:
    """Edge overlap of two models' top-k circuits with floor, ceilings, normalised value and intervals.

    In a resample every group keeps its half and is counted there as often as it was drawn: copies of one
    group never meet across halves, which would raise the ceilings, and all splits see the same resample.

    Args:
        sums_a, sums_b: per-group score sums [groups, sources, destinations] over the same examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        edges: bool [sources, destinations].
        k: edges per circuit, the same for both models.
        by: ranking of the edges.
        splits: random splits to average over.
        resamples: of the bootstrap.
        seed: of splits and resamples.

    Returns:
        All in [0, 1] but `normalised`; larger: more alike.

    Raises:
        ValueError: as `split_half_jaccard`.

    >>> import numpy as np
    >>> sums = np.tile(np.arange(6.0).reshape(1, 2, 3), (6, 1, 1))
    >>> same = circuit_overlap(sums, sums, np.ones(6), range(6), np.ones((2, 3), bool), k=2)
    >>> same.cross.value, same.normalised.value
    (1.0, 1.0)
    """
    existing = flags("edges", edges, 2)
    halves = Halves.of(counts, clusters, existing, by, splits, seed)
    sizes = ascending([k], existing)
    views = [edge_view(existing, sizes)]
    return overlaps(sums_a, sums_b, halves, clusters, resamples, seed, sizes, views)[0][k]


def node_overlap(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    k: int,
    source_component: ArrayLike,
    destination_component: ArrayLike,
    by: Ranking = "absolute",
    splits: int = 10,
    resamples: int = 200,
    seed: int = 0,
) -> CircuitOverlap:
    """As `circuit_overlap`, of the sets of components that the circuits touch.

    The floor is that of circuits of k uniformly drawn edges (`chance_node_jaccard`).

    Args:
        source_component, destination_component: incidence matrices, see `node_importance`; others as in
            `circuit_overlap`.

    Raises:
        ValueError: as `circuit_overlap` and `node_importance`.

    >>> import numpy as np
    >>> sums = np.tile(np.arange(6.0).reshape(1, 2, 3), (6, 1, 1))
    >>> nodes = np.eye(3)[:, :2], np.eye(3)
    >>> node_overlap(sums, sums, np.ones(6), range(6), np.ones((2, 3), bool), 2, *nodes).jaccard.value
    1.0
    """
    existing = flags("edges", edges, 2)
    halves = Halves.of(counts, clusters, existing, by, splits, seed)
    matrices = incidence(source_component, destination_component, existing.shape)
    sizes = ascending([k], existing)
    views = [node_view(existing, sizes, matrices, seed)]
    return overlaps(sums_a, sums_b, halves, clusters, resamples, seed, sizes, views)[0][k]


def overlap_curve(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    sizes: Sequence[int],
    source_component: ArrayLike,
    destination_component: ArrayLike,
    by: Ranking = "absolute",
    splits: int = 10,
    resamples: int = 200,
    seed: int = 0,
    threads: int = 1,
) -> list[tuple[CircuitOverlap, CircuitOverlap]]:
    """`circuit_overlap` and `node_overlap` at each of several sizes, from one set of resamples.

    The same numbers as one call for each, with the edges of every resample ranked once.

    Args:
        sizes: edges per circuit; others as in `node_overlap`.
        threads: how many find it at once, which changes no number.

    Returns:
        For each size the overlap of edges and that of components.

    Raises:
        ValueError: as `node_overlap`, for any of the sizes.

    >>> import numpy as np
    >>> sums = np.tile(np.arange(6.0).reshape(1, 2, 3), (6, 1, 1))
    >>> nodes = np.eye(3)[:, :2], np.eye(3)
    >>> curve = overlap_curve(sums, sums, np.ones(6), range(6), np.ones((2, 3), bool), [1, 2], *nodes)
    >>> [edge.jaccard.value for edge, node in curve]
    [1.0, 1.0]
    """
    existing = flags("edges", edges, 2)
    halves = Halves.of(counts, clusters, existing, by, splits, seed)
    matrices = incidence(source_component, destination_component, existing.shape)
    once = ascending(sizes, existing)
    views = [edge_view(existing, once), node_view(existing, once, matrices, seed)]
    of_edges, of_nodes = overlaps(sums_a, sums_b, halves, clusters, resamples, seed, once, views, threads)
    return [(of_edges[k], of_nodes[k]) for k in sizes]


def overlap_values(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    sizes: Sequence[int],
    source_component: ArrayLike,
    destination_component: ArrayLike,
    by: Selection,
    splits: int = 10,
    seed: int = 0,
) -> list[tuple[OverlapValues, OverlapValues]]:
    """As `overlap_curve` without intervals, for circuits by any `edge_priority`.

    Selections that ask resamples themselves would need some within each resample of an interval. Without
    intervals nothing tells whether the ceiling is clear of the floor, so that there is no normalised value.

    Args:
        by: the selection; every half ranks its edges by its own groups alone.
        seed: of splits; the resamples are `edge_priority`'s. Others as in `overlap_curve`.

    Returns:
        For each size the values of edges and those of components, all in [0, 1].

    Raises:
        ValueError: as `overlap_curve` and `edge_priority`.

    >>> import numpy as np
    >>> sums = np.tile(np.arange(6.0).reshape(1, 2, 3), (6, 1, 1))
    >>> nodes, every = (np.eye(3)[:, :2], np.eye(3)), np.ones((2, 3), bool)
    >>> ((edge, node),) = overlap_values(sums, sums, np.ones(6), range(6), every, [2], *nodes, "frequent")
    >>> edge.jaccard, edge.ceiling_a
    (1.0, 1.0)
    """
    existing = flags("edges", edges, 2)
    halves = Halves.of(counts, clusters, existing, "absolute", splits, seed)
    matrices = incidence(source_component, destination_component, existing.shape)
    once = ascending(sizes, existing)
    views = [edge_view(existing, once), node_view(existing, once, matrices, seed)]
    of_edges, of_nodes = values_by_priority((sums_a, sums_b), halves, clusters, by, once, views)
    return [(of_edges[k], of_nodes[k]) for k in sizes]
