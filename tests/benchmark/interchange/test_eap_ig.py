import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.interchange import config
from mechshift.benchmark.interchange.eap_ig import load_graph, save_graph
from mechshift.errors import NotComputable, OutputError, UsageError

Content = dict[str, Any]
Make = Callable[..., Any]
ORACLES = Path(__file__).parents[2] / "oracles"

BY_HAND = """
{"cfg": {"n_layers": 1, "n_heads": 2, "parallel_attn_mlp": false, "d_model": 8},
 "nodes": {"input": {"in_graph": true}, "a0.h0": {"in_graph": false}, "a0.h1": {"in_graph": true},
           "m0": {"in_graph": true}, "logits": {"in_graph": true}},
 "edges": {
  "input->a0.h0<q>": {"score": 1.0, "in_graph": false},
  "input->a0.h0<k>": {"score": -2.0, "in_graph": false},
  "input->a0.h0<v>": {"score": 3e-05, "in_graph": false},
  "input->a0.h1<q>": {"score": 4.0, "in_graph": true},
  "input->a0.h1<k>": {"score": 5.0, "in_graph": false},
  "input->a0.h1<v>": {"score": 6.0, "in_graph": false},
  "input->m0": {"score": 7.0, "in_graph": false},
  "a0.h0->m0": {"score": 8.0, "in_graph": false},
  "a0.h1->m0": {"score": 9.0, "in_graph": true},
  "input->logits": {"score": 10, "in_graph": false},
  "a0.h0->logits": {"score": 11.0, "in_graph": false},
  "a0.h1->logits": {"score": 12.0, "in_graph": false},
  "m0->logits": {"score": -13.5, "in_graph": true}}}
"""


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def some_edges(graph: Graph, seed: int, share: float = 0.3) -> NDArray[np.bool_]:
    return np.asarray(graph.mask & (np.random.default_rng(seed).random(graph.mask.shape) < share))


def some_scores(graph: Graph, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_t(1, graph.mask.shape) * graph.mask


def by_name(graph: Graph, values: NDArray[Any]) -> dict[str, Any]:
    """The values of edges by their names."""
    return {
        f"{source}->{destination}": values[row, column].item()
        for row, source in enumerate(graph.source_names)
        for column, destination in enumerate(graph.destination_names)
        if graph.mask[row, column]
    }


def test_a_graph_written_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_text(BY_HAND)
    found = load_graph(tmp_path / "graph.json")
    assert found.graph == Graph(1, 2, 2)
    assert found.scores.tolist() == [
        [1.0, 4.0, -2.0, 5.0, 3e-05, 6.0, 7.0, 10.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 11.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 12.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -13.5],
    ]
    assert np.argwhere(found.edges).tolist() == [[0, 1], [2, 6], [3, 7]]
    assert found.budget == 3
    assert found.about == {"format": "eap-ig", "file": "graph.json", "d_model": "8"}


def test_it_is_written_as_by_hand(tmp_path: Path) -> None:
    expected = json.loads(BY_HAND)
    (tmp_path / "graph.json").write_text(BY_HAND)
    found = load_graph(tmp_path / "graph.json")
    save_graph(tmp_path / "again.json", found.graph, found.edges, 8, found.scores)
    assert json.loads((tmp_path / "again.json").read_text()) == expected


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_the_librarys_own_names_and_scores_are_read(name: str, tmp_path: Path) -> None:
    with np.load(ORACLES / name / "reference.npz") as file:
        reference = {key: file[key] for key in file.files}
    scores, edges = reference["scores_eap_ig_inputs_m5_left"], reference["circuit_top60_edges"].astype(bool)
    sources, destinations = reference["source_nodes"].tolist(), reference["destination_nodes"].tolist()
    content = {
        "cfg": {"n_layers": 3, "n_heads": 4, "parallel_attn_mlp": False, "d_model": 64},
        "nodes": {node: {"in_graph": True} for node in [*sources, "logits"]},
        "edges": {
            f"{sources[row]}->{destinations[column]}": {
                "score": scores[row, column].item(),
                "in_graph": bool(edges[row, column]),
            }
            for row, column in np.argwhere(reference["edge_mask"])
        },
    }
    found = load_graph(write(tmp_path / "graph.json", content))
    np.testing.assert_array_equal(found.scores, scores)
    np.testing.assert_array_equal(found.edges, edges)


@pytest.mark.parametrize(("layers", "heads"), [(1, 1), (2, 3), (4, 2)])
def test_edges_have_the_librarys_names(layers: int, heads: int, library_edges: Make, tmp_path: Path) -> None:
    graph = Graph(layers, heads, heads)
    edges, scores = some_edges(graph, 1), some_scores(graph, 2)
    save_graph(tmp_path / "graph.json", graph, edges, 16, scores)
    written = json.loads((tmp_path / "graph.json").read_text())["edges"]
    assert set(written) == set(library_edges(layers, heads))
    assert {name: entry["score"] for name, entry in written.items()} == by_name(graph, scores)
    assert {name: entry["in_graph"] for name, entry in written.items()} == by_name(graph, edges)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_a_node_is_in_the_circuit_with_edges_in_and_out(
    share: float, library_nodes: Make, tmp_path: Path
) -> None:
    graph = Graph(3, 2, 2)
    edges = some_edges(graph, 3, share)
    kept = [name for name, flag in by_name(graph, edges).items() if flag]
    expected = {"input": any(name.startswith("input->") for name in kept), "logits": True}
    for node in library_nodes(3, 2)[1:-1]:
        leaves = any(name.split("->")[0] == node for name in kept)
        arrives = any(name.split("->")[1].split("<")[0] == node for name in kept)
        expected[node] = leaves and arrives
    save_graph(tmp_path / "graph.json", graph, edges, 16)
    nodes = json.loads((tmp_path / "graph.json").read_text())["nodes"]
    assert {name: entry["in_graph"] for name, entry in nodes.items()} == expected


@pytest.mark.parametrize(("layers", "heads", "seed"), [(1, 1, 0), (1, 4, 1), (3, 3, 2), (5, 2, 3)])
def test_what_is_written_is_read_back_exactly(layers: int, heads: int, seed: int, tmp_path: Path) -> None:
    graph = Graph(layers, heads, heads)
    edges, scores = some_edges(graph, seed), some_scores(graph, seed) * 1e-160
    save_graph(tmp_path / "graph.json", graph, edges, 16, scores)
    found = load_graph(tmp_path / "graph.json")
    assert (found.graph, found.budget) == (graph, edges.sum())
    np.testing.assert_array_equal(found.edges, edges)
    np.testing.assert_array_equal(found.scores, scores)


def test_single_precision_is_read_back_exactly(tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    scores = some_scores(graph, 4).astype(np.float32)
    save_graph(tmp_path / "graph.json", graph, graph.mask, 16, scores)
    np.testing.assert_array_equal(load_graph(tmp_path / "graph.json").scores, scores)


def test_the_order_of_the_edges_does_not_matter(library_graph: Make, tmp_path: Path) -> None:
    content = library_graph(3, 2)
    turned = {**content, "edges": dict(reversed(content["edges"].items()))}
    first, second = (
        load_graph(write(tmp_path / name, each)) for name, each in (("a.json", content), ("b.json", turned))
    )
    np.testing.assert_array_equal(first.scores, second.scores)
    assert by_name(first.graph, first.edges) == {
        name: entry["in_graph"] for name, entry in content["edges"].items()
    }


def test_a_circuit_without_scores_says_so(library_graph: Make, tmp_path: Path) -> None:
    found = load_graph(write(tmp_path / "graph.json", library_graph(2, 2, scored=False)))
    assert found.about["scores"] == "none"
    assert not found.scores.any()
    assert found.size > 0


def test_without_scores_an_entry_says_only_whether_it_is_in(tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    save_graph(tmp_path / "graph.json", graph, some_edges(graph, 5), 16)
    edges = json.loads((tmp_path / "graph.json").read_text())["edges"]
    assert {tuple(entry) for entry in edges.values()} == {("in_graph",)}


def test_edges_on_no_path_are_read_as_they_are(library_graph: Make, tmp_path: Path) -> None:
    content = library_graph(2, 2, share=0)
    content["edges"]["input->m0"]["in_graph"] = True
    found = load_graph(write(tmp_path / "graph.json", content))
    assert (found.size, found.graph.prune(found.edges).sum()) == (1, 0)


def test_shared_inputs_are_refused_with_the_reason(tmp_path: Path) -> None:
    graph = Graph(2, 4, 2)
    with pytest.raises(UsageError, match="2 heads share a key/value input") as refusal:
        save_graph(tmp_path / "graph.json", graph, graph.mask, 16, some_scores(graph, 0))
    assert "ungrouped" in refusal.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_json_lacks_are_not_written(value: float, tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    scores = some_scores(graph, 0)
    scores[0, 0] = value
    with pytest.raises(NotComputable, match="not finite"):
        save_graph(tmp_path / "graph.json", graph, graph.mask, 16, scores)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_edge_needs_no_score(tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    scores = np.where(graph.mask, some_scores(graph, 0), np.nan)
    save_graph(tmp_path / "graph.json", graph, graph.mask, 16, scores)
    np.testing.assert_array_equal(load_graph(tmp_path / "graph.json").scores, np.nan_to_num(scores))


def test_edges_of_another_graph_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="edges are"):
        save_graph(tmp_path / "graph.json", Graph(2, 2, 2), Graph(1, 2, 2).mask, 16)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    graph = Graph(1, 2, 2)
    with pytest.raises(OutputError, match="cannot be written"):
        save_graph(tmp_path / "folder", graph, graph.mask, 16)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def change(content: Content, *keys: str, to: object) -> None:
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = to


EDGE = ("edges", "input->a0.h1<k>")


@pytest.mark.parametrize(
    ("keys", "to", "reason"),
    [
        (("cfg",), [2, 2], "cfg is no dictionary"),
        (("cfg",), {}, "n_layers in its cfg is None, no"),
        (("cfg", "n_layers"), 0, "n_layers in its cfg is 0, no"),
        (("cfg", "n_layers"), True, "n_layers in its cfg is True, no"),
        (("cfg", "n_layers"), 3, "it has 8 nodes, and a graph of its cfg 11"),
        (("cfg", "n_layers"), 1, "nodes have"),
        (("cfg", "n_heads"), "2", "n_heads in its cfg is '2', no"),
        (("cfg", "n_heads"), 2.0, "n_heads in its cfg is 2.0, no"),
        (("cfg", "n_heads"), 10**9, "has more than 1,000,000 nodes"),
        (("cfg", "d_model"), -1, "d_model in its cfg is -1, no"),
        (("cfg", "parallel_attn_mlp"), True, "parallel_attn_mlp is True"),
        (("cfg", "parallel_attn_mlp"), None, "parallel_attn_mlp is None"),
        (("nodes",), [], "nodes are no JSON object"),
        (("nodes",), {}, "it has 0 nodes, and a graph of its cfg 8"),
        (("nodes", "m0"), True, "some of its nodes are no JSON object"),
        (("nodes", "m0"), {}, "in_graph is not true or false for all of its nodes"),
        (("nodes", "m0", "score"), 1.0, "scores of nodes or neurons"),
        (("nodes", "m0", "neurons"), [True] * 16, "scores of nodes or neurons"),
        (("nodes", "m7"), {"in_graph": True}, "nodes have 'm7'"),
        (("edges",), 3, "edges are no JSON object"),
        (("edges",), {}, "it has 0 edges, and a graph of its cfg 46"),
        (("edges", "m1->m0"), {"score": 0.0, "in_graph": False}, "edges have 'm1->m0'"),
        (EDGE, None, "some of its edges are no JSON object"),
        (EDGE, {"score": 1.0}, "in_graph is not true or false"),
        (EDGE, {"in_graph": True}, "1 of its 46 edges have no score"),
        ((*EDGE, "in_graph"), 1, "in_graph is not true or false"),
        ((*EDGE, "in_graph"), None, "in_graph is not true or false"),
        ((*EDGE, "score"), None, "no numbers"),
        ((*EDGE, "score"), "0.5", "no numbers"),
        ((*EDGE, "score"), True, "no numbers"),
        ((*EDGE, "score"), [0.5], "no numbers"),
        ((*EDGE, "score"), 10**400, "too large"),
        ((*EDGE, "score"), math.nan, "the number NaN"),
        ((*EDGE, "score"), -math.inf, "the number -Infinity"),
    ],
)
def test_a_wrong_entry_is_refused(
    keys: tuple[str, ...], to: object, reason: str, library_graph: Make, tmp_path: Path
) -> None:
    content = library_graph(2, 2)
    load_graph(write(tmp_path / "right.json", content))
    change(content, *keys, to=to)
    with pytest.raises(NotComputable, match="cannot be imported") as refusal:
        load_graph(write(tmp_path / "wrong.json", content))
    assert reason in refusal.value.problem
    assert len(refusal.value.problem) < 400


def test_an_edge_that_is_missing_is_counted(library_graph: Make, tmp_path: Path) -> None:
    content = library_graph(2, 2)
    del content["edges"]["a0.h1->m1"]
    with pytest.raises(NotComputable, match="it has 45 edges, and a graph of its cfg 46"):
        load_graph(write(tmp_path / "graph.json", content))


def test_an_edge_of_another_name_is_noticed(library_graph: Make, tmp_path: Path) -> None:
    content = library_graph(2, 2)
    content["edges"]["a0.h1->m2"] = content["edges"].pop("a0.h1->m1")
    with pytest.raises(NotComputable, match=r"edges lack a0\.h1->m1"):
        load_graph(write(tmp_path / "graph.json", content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe\x00\x01\x02", "codec can't decode"),
        (b"[1, 2]", "no JSON object with cfg, nodes and edges"),
        (b'{"cfg": {}, "edges": {}}', "no JSON object with cfg, nodes and edges"),
        (b"[" * 10**5, "nested too deeply"),
        (b'{"cfg": ' + b"9" * 5000 + b"}", "4300 digits"),
    ],
)
def test_what_is_no_graph_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_bytes(content)
    with pytest.raises(NotComputable, match=reason):
        load_graph(tmp_path / "graph.json")


def test_every_beginning_of_a_file_is_refused(tmp_path: Path) -> None:
    text = BY_HAND.strip()
    for length in range(0, len(text), 97):
        (tmp_path / "graph.json").write_text(text[:length])
        with pytest.raises(NotComputable, match="cannot be imported"):
            load_graph(tmp_path / "graph.json")


def test_a_number_too_large_for_a_float_is_refused(tmp_path: Path) -> None:
    (tmp_path / "graph.json").write_text(BY_HAND.replace("4.0", "4e999"))
    with pytest.raises(NotComputable, match="not finite"):
        load_graph(tmp_path / "graph.json")


def test_a_larger_file_than_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "graph.json").write_text(BY_HAND)
    monkeypatch.setattr(config, "LARGEST_FILE", len(BY_HAND) - 1)
    with pytest.raises(NotComputable, match=f"it has {len(BY_HAND)} bytes"):
        load_graph(tmp_path / "graph.json")


@pytest.mark.parametrize("name", ["nothing.json", "folder"])
def test_what_cannot_be_opened_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotComputable, match="cannot be imported"):
        load_graph(tmp_path / name)
