"""What a comparison is predicted to hold, beside what it allocates."""

import tracemalloc

import numpy as np
import pytest

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.forecast import memory
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.record.protocol import V2
from mechshift.metrics import overlap_curve

GROUPS = 24


@pytest.mark.parametrize("threads", [1, 2])
def test_what_resamples_hold_is_as_predicted(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph(14, 16, 16)
    components, generator = Components(graph), np.random.default_rng(0)
    scores = generator.standard_t(3, graph.mask.shape)
    sums = scores + generator.standard_t(3, (2, GROUPS, *graph.mask.shape))
    nodes = components.of_sources, components.of_destinations
    sizes = sorted(set(budgets(V2.sweeping.grid, graph.edges)))
    given = np.ones(GROUPS), np.arange(GROUPS) // 2, graph.mask, sizes, *nodes
    monkeypatch.setattr(memory, "shared_threads", lambda: threads)
    predicted = memory._resampled(graph.edges, V2, GROUPS)
    tracemalloc.start()
    overlap_curve(*sums, *given, resamples=11, threads=threads)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.8 < predicted / peak < 1.25
