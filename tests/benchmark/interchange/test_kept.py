from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mechshift.benchmark.circuits.attribution import Attribution, Integration
from mechshift.benchmark.circuits.circuit import Circuit, save_attribution
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.interchange.kept import load_kept
from mechshift.errors import NotComputable

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
    save_attribution(scores, tmp_path / "scores.safetensors")
    found = load_kept(tmp_path / "scores.safetensors")
    np.testing.assert_allclose(found.scores, (sums[0] + sums[1]) / 3, rtol=1e-12, atol=1e-15)
    assert (found.size, found.budget, found.about) == (0, 0, {})


@pytest.mark.parametrize("name", ["missing", "folder", "text", "foreign"])
def test_anything_else_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("text")
    save_file({"scores": np.zeros(3)}, tmp_path / "foreign", {"mechshift": '{"format": 3}'})
    with pytest.raises(NotComputable, match="cannot be read"):
        load_kept(tmp_path / name)
