from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.pairs.backbones import Shape
from mechshift.errors import NotComputable, UsageError

ORACLES = Path(__file__).parents[2] / "oracles"


@pytest.mark.parametrize(
    ("layers", "heads", "kv_heads", "edges"),
    [
        (12, 12, 12, 32_491),  # GPT-2 small
        (32, 32, 32, 1_592_881),  # LLaMA-2-7B
        (28, 28, 28, 935_747),  # Qwen2.5-7B, ungrouped
        (28, 28, 4, 408_227),  # Qwen2.5-7B
        (24, 14, 14, 179_749),  # Qwen2.5-0.5B, ungrouped
        (28, 16, 16, 317_171),  # Qwen3-0.6B, ungrouped
    ],
)
def test_number_of_edges(layers: int, heads: int, kv_heads: int, edges: int) -> None:
    graph = Graph(layers, heads, kv_heads)
    assert graph.edges == edges
    assert graph.mask.sum() == edges


def test_shape_is_read_from_a_backbone() -> None:
    assert Graph.of(Shape(4, 8, 2, 16, 128, 99)) == Graph(4, 8, 2)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_axes_and_mask_are_the_eap_ig_librarys(name: str) -> None:
    reference = np.load(ORACLES / name / "reference.npz")
    graph = Graph(3, 4, 4)
    assert graph.source_names == tuple(reference["source_nodes"])
    assert graph.destination_names == tuple(reference["destination_nodes"])
    np.testing.assert_array_equal(graph.mask, reference["edge_mask"])


@pytest.mark.parametrize("budget", [10, 30, 60, 120])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_selected_and_pruned_circuits_are_the_eap_ig_librarys(name: str, budget: int) -> None:
    reference = np.load(ORACLES / name / "reference.npz")
    graph = Graph(3, 4, 4)
    edges = graph.prune(graph.select(reference["scores_eap_ig_inputs_m5_left"], budget))
    np.testing.assert_array_equal(edges, reference[f"circuit_top{budget}_edges"])


@pytest.mark.parametrize(("layers", "heads", "kv_heads"), [(3, 4, 2), (2, 6, 6), (1, 1, 1), (5, 8, 1)])
def test_sites_cover_both_axes_in_the_order_of_a_pass(layers: int, heads: int, kv_heads: int) -> None:
    graph = Graph(layers, heads, kv_heads)
    kinds = [(site.layer, site.kind) for site in graph.sites]
    assert kinds == [*product(range(layers), ("attention", "mlp")), (layers, "logits")]
    for site in graph.sites:
        # Names say the same as the axes, and are made apart from the sites.
        of_layer = {"attention": f"a{site.layer}.", "mlp": f"m{site.layer}", "logits": "logits"}[site.kind]
        reading, writing = graph.destination_names[site.destinations], graph.source_names[site.written]
        assert all(name.startswith(of_layer) for name in (*reading, *writing))
        assert len(reading) == site.readers
        assert [graph.source_names.index(name) for name in writing] == [
            *range(site.readable, site.readable + len(writing))
        ]
    read = [n for site in graph.sites for n in range(graph.destinations)[site.destinations]]
    written = [n for site in graph.sites for n in range(graph.sources)[site.written]]
    assert read == [*range(graph.destinations)]
    assert written == [*range(1, graph.sources)]
    assert graph.sources == len(graph.source_names)
    assert graph.destinations == len(graph.destination_names)


@pytest.mark.parametrize("sizes", [(3.0, 4, 2), (True, 4, 2), (3, 4, 0), (3, 4, 3), (-1, 4, 2)])
def test_a_graph_has_whole_positive_sizes(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="all must be positive whole numbers"):
        Graph(*sizes)


def test_a_graph_of_absurd_size_is_refused_before_it_is_counted() -> None:
    with pytest.raises(UsageError, match="more than 1,000,000 nodes"):
        Graph(10**12, 4, 4)
    assert Graph(126, 128, 8).sources == 16_255


def test_grouped_axes() -> None:
    graph = Graph(1, 4, 2)
    queries = tuple(f"a0.h{h}<q>" for h in range(4))
    shared = ("a0.g0<k>", "a0.g1<k>", "a0.g0<v>", "a0.g1<v>")
    assert graph.destination_names == (*queries, *shared, "m0", "logits")
    assert list(graph.source_kinds) == ["input", "head", "head", "head", "head", "mlp"]
    assert list(graph.destination_kinds) == ["q"] * 4 + ["k"] * 2 + ["v"] * 2 + ["mlp", "logits"]
    assert list(graph.source_layers) == [-1, 0, 0, 0, 0, 0]
    assert list(graph.destination_layers) == [0] * 9 + [1]
    assert graph.edge_names()[-1] == "m0->logits"
    assert len(graph.edge_names()) == graph.edges


def test_select_ranks_by_size_or_by_sign() -> None:
    graph = Graph(1, 1, 1)
    scores = np.zeros(graph.mask.shape)
    scores[0, 0], scores[0, 1], scores[0, 4] = -3.0, 1.0, 2.0
    scores[2, 0] = 9.0  # the MLP writes after the query has read
    assert graph.edge_names(graph.select(scores, 2)) == ["input->a0.h0<q>", "input->logits"]
    assert graph.edge_names(graph.select(scores, 2, by="signed")) == ["input->a0.h0<k>", "input->logits"]
    assert graph.select(scores, 0).sum() == 0


def test_of_equal_scores_the_first_are_selected() -> None:
    graph = Graph(2, 2, 2)
    first = np.flatnonzero(graph.mask)[:7]
    np.testing.assert_array_equal(np.flatnonzero(graph.select(np.ones(graph.mask.shape), 7)), first)


def test_prune_keeps_exactly_the_edges_on_a_path_from_input_to_logits() -> None:
    graph = Graph(2, 4, 2)
    rng = np.random.default_rng(0)
    for share in (0.05, 0.1, 0.2, 0.4):
        edges = graph.mask & (rng.random(graph.mask.shape) < share)
        np.testing.assert_array_equal(graph.prune(edges), on_a_path(graph, edges))


def on_a_path(graph: Graph, edges: np.ndarray) -> np.ndarray:
    """Reachability over named nodes, one edge at a time."""
    group = graph.heads // graph.kv_heads
    owners: dict[str, list[str]] = {}
    for name in graph.destination_names:
        node = name.split("<")[0]
        owners[name] = [node]
        if ".g" in node:
            layer, index = node.split(".g")
            owners[name] = [f"{layer}.h{h}" for h in range(int(index) * group, (int(index) + 1) * group)]
    pairs = [
        (s, d)
        for (s, source), (d, _) in product(enumerate(graph.source_names), enumerate(graph.destination_names))
        if edges[s, d]
    ]
    reached, leading = {"input"}, {"logits"}
    for _ in range(4 * graph.layers):
        for s, d in pairs:
            source, nodes = graph.source_names[s], owners[graph.destination_names[d]]
            if source in reached:
                reached.update(nodes)
            if leading.intersection(nodes):
                leading.add(source)
    kept = np.zeros_like(edges)
    for s, d in pairs:
        nodes = owners[graph.destination_names[d]]
        kept[s, d] = graph.source_names[s] in reached and bool(leading.intersection(nodes))
    return kept


def test_what_is_no_graph_no_budget_no_score_or_no_edge_is_refused() -> None:
    graph = Graph(2, 2, 1)
    scores = np.zeros(graph.mask.shape)
    with pytest.raises(UsageError, match="multiple"):
        Graph(2, 3, 2)
    with pytest.raises(UsageError, match="budget of 10000"):
        graph.select(scores, 10_000)
    with pytest.raises(UsageError, match="shape"):
        graph.select(scores[1:], 1)
    with pytest.raises(NotComputable, match="finite"):
        graph.select(np.full_like(scores, np.nan), 1)
    with pytest.raises(UsageError, match="writes after"):
        graph.prune(np.ones(graph.mask.shape, dtype=bool))
