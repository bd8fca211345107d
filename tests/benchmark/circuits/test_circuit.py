"""Circuits: chosen and pruned, the same when read back, and refused where they cannot be circuits."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from build.arrays import GRAPHS, HEADERS, change, refusal, with_header
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.graph import Graph
from mechshift.errors import OutputError

GRAPH = Graph(2, 4, 2)


def some_circuit() -> Circuit:
    scores = np.random.default_rng(0).standard_normal(GRAPH.mask.shape)
    return Circuit.of(GRAPH, scores, 60, about={"task": "ioi", "member": "arm"})


def test_a_circuit_is_what_was_selected_and_pruned() -> None:
    circuit = some_circuit()
    expected = GRAPH.prune(GRAPH.select(circuit.scores, 60))
    np.testing.assert_array_equal(circuit.edges, expected)
    assert circuit.budget == 60
    assert circuit.size == expected.sum() <= 60


def test_a_circuit_is_read_back(tmp_path: Path) -> None:
    circuit, path = some_circuit(), tmp_path / "new" / "circuit.safetensors"
    circuit.save(path)
    back = Circuit.load(path)
    np.testing.assert_array_equal(back.scores, circuit.scores)
    np.testing.assert_array_equal(back.edges, circuit.edges)
    assert (back.graph, back.budget, back.about) == (circuit.graph, circuit.budget, circuit.about)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_axes_names_are_in_the_file(tmp_path: Path) -> None:
    some_circuit().save(tmp_path / "c")
    with safe_open(tmp_path / "c", framework="numpy") as file:
        header = json.loads(file.metadata()["mechshift"])
    assert header["sources"][:2] == ["input", "a0.h0"]
    assert header["destinations"][-2:] == ["m1", "logits"]


def test_saved_twice_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        some_circuit().save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    with safe_open(tmp_path / "first", framework="numpy") as file:
        assert len(file.metadata()) == 1  # several are written in an order that differs between processes


@pytest.mark.parametrize("kept", [0, 5, 400, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "circuit"
    some_circuit().save(path)
    path.write_bytes(path.read_bytes()[:kept])
    refusal(Circuit.load, path)


def header(**changes: object) -> dict[str, str]:
    fields = {
        "format": "circuit 2",
        "graph": {"layers": 2, "heads": 4, "kv_heads": 2},
        "sources": GRAPH.source_names,
        "destinations": GRAPH.destination_names,
        "budget": 60,
        "about": {},
    }
    return {"mechshift": json.dumps(fields | changes)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "circuit 0"}, "it is a 'circuit 0'"),
        ({"graph": {"layers": 2, "heads": 3, "kv_heads": 2}}, "no graph has 2 layers, 3 heads and 2"),
        ({"graph": {"layers": 2, "heads": 2, "kv_heads": 2}}, "names of its axes"),
        ({"sources": ["input"]}, "names of its axes"),
        ({"format": "circuit 1"}, "it is a 'circuit 1', not a 'circuit 2'"),
        ({"budget": "many"}, "budget: Input should be a valid integer"),
        ({"budget": 60.0}, "budget: Input should be a valid integer"),
        ({"budget": True}, "budget: Input should be a valid integer"),
        ({"budget": float("inf")}, "budget: Input should be"),
        ({"budget": float("nan")}, "budget: Input should be"),
        ({"budget": -1}, "a budget of -1"),
        ({"budget": 83}, "a budget of 83, of 82 edges"),
        ({"budget": 10**400}, "budget"),
        ({"about": 3}, "about: Input should be an object"),
        ({"about": {"task": 3}}, "about.task: Input should be a valid string"),
        ({"graph": [1]}, "graph: Input should be an object"),
        ({"invented": 1}, "invented: Extra inputs are not permitted"),
    ],
)
def test_a_mismatched_header_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    tensors = {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)}
    save_file(tensors, tmp_path / "good", header())
    assert Circuit.load(tmp_path / "good").size == 0
    save_file(tensors, tmp_path / "bad", header(**changes))
    assert reason in refusal(Circuit.load, tmp_path / "bad")


@pytest.mark.parametrize(
    "tensors",
    [
        {"scores": np.zeros((2, 2)), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.ones(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros(GRAPH.mask.shape)},
        {"scores": np.zeros(GRAPH.mask.shape)},
        {"scores": np.zeros(GRAPH.mask.shape, np.float32), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros((1, *GRAPH.mask.shape), dtype=bool)},
        {"scores": np.zeros((1, *GRAPH.mask.shape)), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros(0, dtype=bool)},
        {"scores": np.zeros(()), "edges": np.zeros((), dtype=bool)},
        {
            "scores": np.zeros(GRAPH.mask.shape),
            "edges": np.zeros(GRAPH.mask.shape, dtype=bool),
            "x": np.ones(1),
        },
    ],
)
def test_mismatched_tensors_are_refused(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    save_file(tensors, tmp_path / "bad", header())
    refusal(Circuit.load, tmp_path / "bad")


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_another_graph_is_refused(graph: object, tmp_path: Path) -> None:
    some_circuit().save(tmp_path / "circuit")
    change(tmp_path / "circuit", header={"graph": graph})
    refusal(Circuit.load, tmp_path / "circuit")


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_another_header_is_refused(text: str | None, tmp_path: Path) -> None:
    some_circuit().save(tmp_path / "circuit")
    with_header(tmp_path / "circuit", text)
    refusal(Circuit.load, tmp_path / "circuit")


def test_a_large_graph_in_a_small_file_is_refused_before_it_is_made(tmp_path: Path) -> None:
    """Its axes have all of their names, and its arrays nothing: the mask would take 400 MB."""
    large = Graph(10_000, 1, 1)
    save_file(
        {"scores": np.zeros((0, 2)), "edges": np.zeros((0, 2), dtype=bool)},
        tmp_path / "circuit",
        header(
            graph={"layers": 10_000, "heads": 1, "kv_heads": 1},
            sources=large.source_names,
            destinations=large.destination_names,
        ),
    )
    assert "shape (0, 2)" in refusal(Circuit.load, tmp_path / "circuit")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused(value: float, tmp_path: Path) -> None:
    circuit = some_circuit()
    circuit.scores[0, 0] = value
    circuit.save(tmp_path / "circuit")
    assert refusal(Circuit.load, tmp_path / "circuit") == "a score is not finite"


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16, torch.float16])
def test_scores_of_another_kind_of_number_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    some_circuit().save(tmp_path / "circuit")
    change(tmp_path / "circuit", {"scores": torch.zeros(GRAPH.mask.shape).to(dtype)})
    assert "scores are" in refusal(Circuit.load, tmp_path / "circuit")


def test_more_edges_than_the_budget_are_refused(tmp_path: Path) -> None:
    circuit = some_circuit()
    circuit.save(tmp_path / "circuit")
    change(tmp_path / "circuit", header={"budget": circuit.size - 1})
    refusal(Circuit.load, tmp_path / "circuit")


def test_what_is_no_circuit_is_refused(tmp_path: Path) -> None:
    save_file({"x": np.zeros(1)}, tmp_path / "foreign")
    (tmp_path / "folder").mkdir()
    for name in ("foreign", "folder", "missing"):
        refusal(Circuit.load, tmp_path / name)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        some_circuit().save(tmp_path / "file" / "circuit")
    (tmp_path / "directory").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        some_circuit().save(tmp_path / "directory")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "file"]
