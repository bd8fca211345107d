import numpy as np
import pytest

from mechshift.metrics import node_degree, node_importance, random_circuits, touched_components

# Two layers, two heads each sharing one key projection, one MLP a layer; sources: input, h0, h1, m;
# destinations: q0, q1, k (shared), mlp input, logits. Components: input, h0, h1, m, logits.
SOURCES = np.vstack([np.eye(4), np.zeros(4)])
DESTINATIONS = np.array(
    [
        [0, 0, 0, 0, 0],
        [1, 0, 0.5, 0, 0],
        [0, 1, 0.5, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]
)


def brute_importance(scores, circuit, sources, destinations):
    importance = np.zeros(len(sources))
    for u, v in np.argwhere(circuit):
        for component in range(len(sources)):
            importance[component] += abs(scores[u, v]) * (sources[component, u] + destinations[component, v])
    return importance


def test_importance_shares_a_grouped_key_equally() -> None:
    scores = np.zeros((4, 5))
    scores[0, 2], scores[1, 3], scores[0, 0] = -6.0, 2.0, 1.0
    found = node_importance(scores, scores != 0, SOURCES, DESTINATIONS)
    # input: 6 + 1; h0: half of 6, own query 1, source of 2; h1: half of 6; m: 2
    assert found.tolist() == [7.0, 6.0, 3.0, 2.0, 0.0]


def test_importance_and_degree_agree_with_a_loop_over_edges() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        scores = generator.normal(size=(4, 5))
        circuit = generator.random((4, 5)) < 0.4
        circuit[0, 0] = True
        expected = brute_importance(scores, circuit, SOURCES, DESTINATIONS)
        assert np.allclose(node_importance(scores, circuit, SOURCES, DESTINATIONS), expected)
        expected = brute_importance(np.ones((4, 5)), circuit, SOURCES, DESTINATIONS)
        assert np.allclose(node_degree(circuit, SOURCES, DESTINATIONS), expected)
        assert (touched_components(circuit, SOURCES, DESTINATIONS) == (expected > 0)).all()


def test_scores_outside_the_circuit_may_be_anything() -> None:
    scores = np.array([[1.0, np.nan], [np.inf, 2.0]])
    assert node_importance(scores, np.eye(2, dtype=bool), np.eye(2), np.eye(2)).tolist() == [2.0, 4.0]


def test_importance_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="scale them down"):
        node_importance(np.full((2, 2), 1e308), np.ones((2, 2), bool), np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="do not copy"):
        node_importance(np.ones((2, 2)), np.ones((2, 2), bool), np.full((2, 2), 1e308), np.eye(2))


def test_degree_of_the_graph_is_the_expectation_of_random_circuits() -> None:
    edges = np.triu(np.ones((4, 5), bool))
    drawn = [
        node_degree(circuit, SOURCES, DESTINATIONS) for circuit in random_circuits(edges, 5, 4000, seed=3)
    ]
    expected = 5 / edges.sum() * node_degree(edges, SOURCES, DESTINATIONS)
    assert np.allclose(np.mean(drawn, axis=0), expected, atol=0.06)


def test_an_empty_circuit_touches_nothing_and_has_no_importance() -> None:
    nothing = np.zeros((4, 5), bool)
    assert not touched_components(nothing, SOURCES, DESTINATIONS).any()
    with pytest.raises(ValueError, match="no edge at all"):
        node_importance(np.ones((4, 5)), nothing, SOURCES, DESTINATIONS)


def test_random_circuits_keep_to_existing_edges_and_repeat_with_the_seed() -> None:
    edges = np.random.default_rng(0).random((6, 7)) < 0.5
    first = list(random_circuits(edges, 4, draws=5, seed=9))
    assert all(circuit.sum() == 4 and not (circuit & ~edges).any() for circuit in first)
    assert all((a == b).all() for a, b in zip(first, random_circuits(edges, 4, draws=5, seed=9), strict=True))


@pytest.mark.parametrize(
    ("sources", "destinations", "message"),
    [
        (np.eye(3), np.eye(2), "shapes differ"),
        (np.ones((2, 3)) / 2, np.eye(2), "for 3 nodes"),
        (np.eye(2) * 2, np.eye(2), "share mass"),
        (np.eye(2), -np.eye(2), "share mass"),
        (np.full((2, 2), np.nan), np.eye(2), "NaN"),
    ],
)
def test_wrong_incidence_is_refused(sources, destinations, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        node_degree(np.ones((2, 2), bool), sources, destinations)


def test_wrong_circuits_are_refused() -> None:
    with pytest.raises(ValueError, match="must be boolean"):
        node_degree(np.ones((2, 2)), np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="k must be between 1 and 4"):
        list(random_circuits(np.ones((2, 2), bool), 5))
    with pytest.raises(ValueError, match="NaN"):
        node_importance(np.full((2, 2), np.nan), np.ones((2, 2), bool), np.eye(2), np.eye(2))
