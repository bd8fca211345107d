"""Importance and degree in many resamples, beside one circuit after the other."""

import numpy as np
import pytest

from mechshift.metrics import cluster_weights, node_degree, node_importance, top_edges
from mechshift.metrics.masses import circuit_masses, fixed_masses

GENERATOR = np.random.default_rng(0)
EDGES = GENERATOR.random((9, 14)) < 0.7
NODES = (
    np.vstack([np.eye(8, 9, 1), np.zeros(9)]),
    np.pad(np.kron(np.eye(3), np.full((3, 4), 0.25)), ((0, 0), (0, 2))),
)
COUNTS = np.arange(1, 9)
WEIGHTS = np.concatenate([np.ones((1, 8)), cluster_weights(np.arange(8) // 2, 70, 1)])


def model(seed: int) -> np.ndarray:
    """Whole numbers, many of them equal or 0, and NaN where no edge is."""
    drawn = np.random.default_rng(seed).integers(-3, 4, (8, *EDGES.shape)).astype(np.float64)
    return np.where(EDGES, drawn, np.nan)


def mean_of(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Added up group after group: rounding decides between means that would be equal without it."""
    mean = np.zeros(EDGES.shape)
    for share, group in zip(weights / (weights @ COUNTS), sums, strict=True):
        mean += share * np.where(EDGES, group, 0)
    return mean


@pytest.mark.parametrize("by", ["absolute", "signed"])
@pytest.mark.parametrize("k", [1, 20, int(EDGES.sum())])
def test_masses_are_those_of_circuits_found_one_by_one(k: int, by: str) -> None:
    models = [model(1), model(2)]
    for sums, found in zip(
        models, circuit_masses(models, COUNTS, WEIGHTS, EDGES, k, *NODES, by), strict=True
    ):
        for row, weights in enumerate(WEIGHTS):
            mean = mean_of(sums, weights)
            circuit = top_edges(mean, EDGES, k, by)
            assert found.importance[row] == pytest.approx(node_importance(mean, circuit, *NODES), rel=1e-12)
            assert found.degree[row] == pytest.approx(node_degree(circuit, *NODES), rel=1e-12)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_masses_of_a_circuit_that_stays(share: float) -> None:
    sums, circuit = model(3), EDGES & (np.random.default_rng(4).random(EDGES.shape) < share)
    found = fixed_masses(sums, COUNTS, WEIGHTS, circuit, *NODES)
    for row, weights in enumerate(WEIGHTS):
        mean = mean_of(sums, weights)
        assert found[row] == pytest.approx(node_importance(mean, circuit, *NODES), rel=1e-12)


def test_what_is_refused() -> None:
    sums = model(1)
    for k in (0, int(EDGES.sum()) + 1):
        with pytest.raises(ValueError, match="k must be between"):
            circuit_masses([sums], COUNTS, WEIGHTS, EDGES, k, *NODES)
    with pytest.raises(ValueError, match="NaN or infinite"):
        circuit_masses([sums], COUNTS, WEIGHTS, np.ones_like(EDGES), 3, *NODES)
    with pytest.raises(ValueError, match="not negative"):
        circuit_masses([sums], COUNTS, -WEIGHTS, EDGES, 3, *NODES)
    with pytest.raises(ValueError, match="sums must be"):
        fixed_masses(sums[0], COUNTS, WEIGHTS, EDGES, *NODES)
    with pytest.raises(ValueError, match="beyond all numbers"):
        fixed_masses(np.where(EDGES, 1.7e308, 0) * np.ones((8, 1, 1)), np.ones(8), WEIGHTS, EDGES, *NODES)
