"""A resample of the overlaps, and the same by finding every circuit by itself, in three graphs.

Overlap of edges and of components at all sizes of protocol v2, ten splits, random score sums. The reference
selects the circuits of each size on their own and looks up which components each of them touches.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.record.protocol import V2
from mechshift.metrics import Value, cluster_weights, halves, touched_components
from mechshift.metrics.buffers import Buffers
from mechshift.metrics.group_means import weighted_mean
from mechshift.metrics.halves import Halves, View, by_size, edge_view, node_view
from mechshift.metrics.largest_sets import top_sets
from mechshift.metrics.overlap import largest, mean_share, strength
from mechshift.metrics.screened import ScreenedSums, screened

GRAPHS = {"tiny": Graph(6, 8, 8), "GPT-2-small": Graph(12, 12, 12), "Dream-7B": Graph(28, 28, 4)}
NAMES = ("jaccard", "cross", "ceiling_a", "ceiling_b")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Found = dict[tuple[int, int, str], Value]
"""By view (edges, components), size and name."""


@dataclass(frozen=True)
class Case:
    """Random score sums of two models over the edges of a graph, and one resample of their groups."""

    components: Components
    halves: Halves
    sums: tuple[Floats, Floats]
    models: list[ScreenedSums]
    buffers: tuple[Buffers, Buffers]
    weights: Floats
    sizes: list[int]
    views: tuple[View, View]

    @classmethod
    def of(cls, graph: Graph) -> "Case":
        """Heavy-tailed scores that the models share in part, and noise of 24 groups of twelve templates."""
        generator, clusters = np.random.default_rng(0), np.arange(24) // 2
        shared, *own = generator.standard_t(3, (3, graph.edges))
        a, b = (shared + one + 3 * generator.standard_normal((24, graph.edges)) for one in own)
        statistics, components = V2.statistics, Components(graph)
        split = Halves.of(np.full(24, 10), clusters, graph.mask, "absolute", statistics.splits, seed=0)
        sizes = sorted(set(budgets(V2.sweeping.grid, graph.edges)))
        matrices = components.of_sources, components.of_destinations
        # Floors are computed once for all resamples, and are none of what is measured here.
        with patch.object(halves, "chance_node_jaccard", return_value=0.0):
            views = edge_view(graph.mask, sizes), node_view(graph.mask, sizes, matrices, seed=0)
        models = screened([_laid_out(graph, sums) for sums in (a, b)], graph.mask, split.counts)
        buffers, drawn = (Buffers(), Buffers()), cluster_weights(clusters, 2)[1]
        return cls(components, split, (a, b), models, buffers, drawn, sizes, views)


def _laid_out(graph: Graph, sums: Floats) -> Floats:
    """Sums of the edges [groups, edges] over the pairs of sources and destinations."""
    found = np.zeros((len(sums), graph.mask.size))
    found[:, graph.mask.ravel()] = sums
    return found


def by_screening(case: Case) -> Found:
    """The values of a resample as the package computes them."""
    rows, (resample,) = case.halves.rows(case.weights[None])
    a, b = (
        top_sets(model, rows, case.sizes, "absolute", [resample], buffers)
        for model, buffers in zip(case.models, case.buffers, strict=True)
    )
    found = {}
    for index, view in enumerate(case.views):
        sets = view.sets(case.models[0].order)
        for size, values in by_size(resample.of(sets(a)), resample.of(sets(b)), view.floors).items():
            found |= {(index, size, name): values[name] for name in NAMES}
    return found


def circuit_by_circuit(case: Case) -> Found:
    """The same from circuits that are found size by size."""
    first = case.halves.first
    rows = np.concatenate([case.weights[None], first * case.weights, ~first * case.weights])
    ranked = [strength(weighted_mean(sums, case.halves.counts, rows), "absolute") for sums in case.sums]
    splits = [1, 1 + len(first)]
    found: Found = {}
    for index, members in enumerate((lambda circuits: circuits, lambda circuits: _touched(case, circuits))):
        for size in case.sizes:
            parts = [[members(largest(part, size)) for part in np.split(one, splits)] for one in ranked]
            (a, a1, a2), (b, b1, b2) = parts
            opposite = np.concatenate([a1, a2]), np.concatenate([b2, b1])
            pairs = zip(NAMES, ((a, b), opposite, (a1, a2), (b1, b2)), strict=True)
            found |= {(index, size, name): _mean_jaccard(*each) for name, each in pairs}
    return found


def _touched(case: Case, circuits: Flags) -> Flags:
    placed = np.zeros((len(circuits), *case.halves.edges.shape), dtype=np.bool_)
    placed[:, case.halves.edges] = circuits
    return touched_components(placed, case.components.of_sources, case.components.of_destinations)


def _mean_jaccard(a: Flags, b: Flags) -> Value:
    return mean_share((a & b).sum(axis=1), (a | b).sum(axis=1))


def memory(work: Callable[[], object]) -> int:
    """The most bytes that the work held at once."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
