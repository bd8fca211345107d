"""Which components edges belong to, against going through the edges by name."""

import re
from collections import defaultdict

import numpy as np
import pytest

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph

GRAPHS = {
    "one layer": Graph(1, 2, 2),
    "ungrouped": Graph(3, 4, 4),
    "grouped": Graph(3, 4, 2),
    "one key and value head": Graph(2, 3, 1),
}


def owners(graph: Graph, end: str) -> dict[str, float]:
    """The components that an edge's end belongs to, and in which part."""
    if end in ("input", "logits"):
        return {}
    shared = re.fullmatch(r"a(\d+)\.g(\d+)<[kv]>", end)
    if shared is None:
        return {end.partition("<")[0]: 1.0}
    readers = [h for h in range(graph.heads) if h // (graph.heads // graph.kv_heads) == int(shared[2])]
    return {f"a{shared[1]}.h{head}": 1 / len(readers) for head in readers}


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_importance_and_degree_are_sums_over_named_edges(graph: Graph) -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=graph.mask.shape)
    circuit = graph.mask & (generator.random(graph.mask.shape) < 0.5)
    importance: dict[str, float] = defaultdict(float)
    degree: dict[str, float] = defaultdict(float)
    for name, score in zip(graph.edge_names(circuit), scores[circuit], strict=True):
        for end in name.split("->"):
            for component, part in owners(graph, end).items():
                importance[component] += part * abs(score)
                degree[component] += part
    components = Components(graph)
    assert components.importance(scores, circuit) == pytest.approx([importance[n] for n in components.names])
    assert components.degree(circuit) == pytest.approx([degree[name] for name in components.names])


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_every_node_but_input_and_logits_belongs_to_components_once(graph: Graph) -> None:
    components = Components(graph)
    assert components.of_sources.sum(axis=0).tolist() == [0] + [1] * (graph.sources - 1)
    assert components.of_destinations.sum(axis=0) == pytest.approx([1] * (graph.destinations - 1) + [0])


def test_components_by_hand() -> None:
    components = Components(Graph(2, 2, 1))
    assert components.names == ("a0.h0", "a0.h1", "m0", "a1.h0", "a1.h1", "m1")
    assert components.layers.tolist() == [0, 0, 0, 1, 1, 1]
    assert components.is_mlp.tolist() == [False, False, True, False, False, True]
    half = [0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0]
    assert components.of_destinations[0].tolist() == [1, 0, *half[2:]]
    assert components.of_destinations[1].tolist() == [0, 1, *half[2:]]
    assert components.of_destinations[5].tolist() == [0] * 9 + [1, 0]
