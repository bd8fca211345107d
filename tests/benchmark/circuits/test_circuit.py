import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from mechshift.benchmark.circuits.attribution import Attribution, Integration
from mechshift.benchmark.circuits.circuit import Circuit, load_attribution, save_attribution
from mechshift.benchmark.circuits.graph import Graph
from mechshift.errors import MechshiftError, OutputError

GRAPH = Graph(2, 4, 2)


def some_circuit() -> Circuit:
    scores = np.random.default_rng(0).standard_normal(GRAPH.mask.shape)
    return Circuit.of(GRAPH, scores, 60, about={"task": "ioi", "member": "arm"})


def some_attribution() -> Attribution:
    sums = np.random.default_rng(0).standard_normal((3, *GRAPH.mask.shape)) * GRAPH.mask
    groups = np.array([0, 2, 2, 1])
    return Attribution(
        GRAPH, Integration("left", 7), sums, np.array([1, 1, 2]), groups * 1.5, groups * 0.5, groups
    )


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


def test_an_attribution_is_read_back(tmp_path: Path) -> None:
    attribution = some_attribution()
    save_attribution(attribution, tmp_path / "a")
    back = load_attribution(tmp_path / "a")
    assert (back.graph, back.integration) == (attribution.graph, attribution.integration)
    for name in ("score_sums", "counts", "clean", "corrupted", "groups"):
        np.testing.assert_array_equal(getattr(back, name), getattr(attribution, name))


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
    with pytest.raises(MechshiftError, match="cannot be read"):
        Circuit.load(path)


def header(**changes: object) -> dict[str, str]:
    fields = {
        "format": "circuit 1",
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
        ({"graph": {"layers": 2, "heads": 3, "kv_heads": 2}}, "multiple"),
        ({"graph": {"layers": 2, "heads": 2, "kv_heads": 2}}, "names of its axes"),
        ({"sources": ["input"]}, "names of its axes"),
        ({"budget": "many"}, "invalid literal"),
        ({"about": 3}, "not iterable"),
        ({"graph": [1]}, "mapping"),
    ],
)
def test_a_mismatched_header_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    tensors = {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)}
    save_file(tensors, tmp_path / "good", header())
    assert Circuit.load(tmp_path / "good").size == 0
    save_file(tensors, tmp_path / "bad", header(**changes))
    with pytest.raises(MechshiftError, match=reason):
        Circuit.load(tmp_path / "bad")


@pytest.mark.parametrize(
    "tensors",
    [
        {"scores": np.zeros((2, 2)), "edges": np.zeros(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.ones(GRAPH.mask.shape, dtype=bool)},
        {"scores": np.zeros(GRAPH.mask.shape), "edges": np.zeros(GRAPH.mask.shape)},
        {"scores": np.zeros(GRAPH.mask.shape)},
    ],
)
def test_mismatched_tensors_are_refused(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    save_file(tensors, tmp_path / "bad", header())
    with pytest.raises(MechshiftError, match="cannot be read"):
        Circuit.load(tmp_path / "bad")


def test_one_kind_of_file_is_not_read_as_another(tmp_path: Path) -> None:
    some_circuit().save(tmp_path / "circuit")
    save_attribution(some_attribution(), tmp_path / "attribution")
    save_file({"x": np.zeros(1)}, tmp_path / "foreign")
    for path in ("circuit", "foreign", "missing"):
        with pytest.raises(MechshiftError, match="cannot be read"):
            load_attribution(tmp_path / path)
    with pytest.raises(MechshiftError, match="not a 'circuit 1'"):
        Circuit.load(tmp_path / "attribution")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        some_circuit().save(tmp_path / "file" / "circuit")
    (tmp_path / "directory").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        some_circuit().save(tmp_path / "directory")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "file"]
