import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from build.arrays import HEADERS, refusal, with_header
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.interchange.kept import load_kept
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep

GRAPH = Graph(2, 4, 2)


def test_a_circuit_is_itself(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).standard_normal(GRAPH.mask.shape)
    circuit = Circuit.of(GRAPH, scores, 40, about={"task": "ioi"})
    circuit.save(tmp_path / "circuit.safetensors")
    found = load_kept(tmp_path / "circuit.safetensors")
    assert (found.graph, found.budget, found.about) == (GRAPH, 40, {"task": "ioi"})
    np.testing.assert_array_equal(found.edges, circuit.edges)
    np.testing.assert_array_equal(found.scores, scores)


def test_scores_are_the_mean_over_the_examples_without_a_circuit(tmp_path: Path) -> None:
    sums = np.random.default_rng(1).standard_normal((2, *GRAPH.mask.shape)) * GRAPH.mask
    groups = np.array([0, 1, 1])
    scores = Attribution(
        GRAPH, Integration("left", 5), sums, np.array([1, 2]), groups * 2.0, groups * 1.0, groups
    )
    ScoreSums(scores, ("a", "b"), np.arange(3)).save(tmp_path / "scores.safetensors")
    found = load_kept(tmp_path / "scores.safetensors")
    np.testing.assert_allclose(found.scores, (sums[0] + sums[1]) / 3, rtol=1e-12, atol=1e-15)
    assert (found.size, found.budget, found.about) == (0, 0, {})


@pytest.mark.parametrize("name", ["missing", "folder", "pipe", "text", "foreign", "plain"])
def test_anything_else_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("text")
    os.mkfifo(tmp_path / "pipe")
    save_file({"scores": np.zeros(3)}, tmp_path / "foreign", {"mechshift": '{"format": 3}'})
    save_file({"scores": np.zeros(3)}, tmp_path / "plain")
    refusal(load_kept, tmp_path / name)


@pytest.mark.parametrize("kind", ["circuit", "scores"])
@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_none_is_refused(text: str | None, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    if kind == "circuit":
        Circuit.of(GRAPH, np.ones(GRAPH.mask.shape), 40).save(path)
    else:
        sums, groups = np.ones((1, *GRAPH.mask.shape)) * GRAPH.mask, np.array([0])
        found = Attribution(GRAPH, Integration(), sums, np.array([1]), groups * 1.0, groups * 1.0, groups)
        ScoreSums(found, ("a",), groups).save(path)
    with_header(path, text)
    refusal(load_kept, path)


def test_a_sweep_is_no_circuit(tmp_path: Path) -> None:
    one = np.ones(1)
    Sweep(GRAPH, one, one, np.ones((2, 1, 1)), np.ones((2, 1), np.int64), ("a",), np.zeros(1, np.int64)).save(
        tmp_path / "sweep"
    )
    assert refusal(load_kept, tmp_path / "sweep") == "it is a 'sweep 2', not a 'circuit 2'"
