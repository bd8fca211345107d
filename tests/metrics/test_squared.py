import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    clipped_profile,
    cluster_weights,
    component_products,
    depth_shift,
    early_share,
    effective_components,
    mean_product,
    squared_placement,
)

GENERATOR = np.random.default_rng(0)
GROUPS, NODES, LAYERS = 12, 9, 3
COUNTS = GENERATOR.integers(2, 6, GROUPS).astype(float)
CLUSTERS = np.arange(GROUPS) // 6
EDGES = np.triu(np.ones((NODES, NODES), bool), 1)
LAYER = np.arange(NODES) // 3
UNIFORM = np.full(LAYERS, 1 / 3)
TRUTH = GENERATOR.standard_t(3, size=(2, NODES, NODES))


def sums(seed: int, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    drawn = noise * np.random.default_rng(seed).normal(size=(2, GROUPS, NODES, NODES))
    arm, mdm = COUNTS[:, None, None] * (TRUTH[:, None] + drawn)
    return arm, mdm


def products(scores: np.ndarray) -> np.ndarray:
    return component_products(scores, EDGES, np.eye(NODES), np.eye(NODES))


def masses(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Squared mass of each component, over edges, groups and other groups in turn."""
    pairs = [(g, h) for g in range(GROUPS) for h in range(GROUPS) if g != h]
    examples = weights * COUNTS
    found = np.zeros(NODES)
    for s, d in zip(*np.nonzero(EDGES), strict=True):
        scaled = weights * scores[:, s, d]
        square = sum(scaled[g] * scaled[h] for g, h in pairs) / sum(
            examples[g] * examples[h] for g, h in pairs
        )
        found[[s, d]] += square
    return found


def test_the_values_are_those_of_masses_found_edge_by_edge() -> None:
    arm, mdm = sums(0)
    found = squared_placement(products(arm), products(mdm), COUNTS, CLUSTERS, LAYER, LAYERS, UNIFORM, 4, 1)
    for row, weights in enumerate([np.ones(GROUPS), *cluster_weights(CLUSTERS, 4, 1)]):
        profiles, effective = [], []
        for scores in (arm, mdm):
            mass = masses(scores, weights)
            layers = np.maximum([mass[each == LAYER].sum() for each in range(LAYERS)], 0)
            profiles.append(layers / layers.sum())
            effective.append(effective_components(np.maximum(mass, 0)))
        expected = depth_shift(*profiles, UNIFORM)["shift"]
        for name in ("early_share", "mean_depth", "wasserstein"):
            estimate = found["shift", name]
            assert isinstance(estimate, Estimate)
            assert estimate.draws is not None
            value = estimate.value if row == 0 else estimate.draws[row - 1]
            assert value == pytest.approx(expected[name])
        shift = found["shift", "effective_components"]
        assert isinstance(shift, Estimate)
        assert shift.draws is not None
        value = shift.value if row == 0 else shift.draws[row - 1]
        assert value == pytest.approx(effective[1] - effective[0])


def test_masses_are_without_bias() -> None:
    arm = TRUTH[0] * EDGES
    truth = (arm**2).sum(axis=1) + (arm**2).sum(axis=0)
    found = np.array([mean_product(products(sums(seed, noise=2)[0]), COUNTS) for seed in range(200)])
    error = found.std(axis=0) / np.sqrt(200)
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error).all()


def test_a_circuit_moved_early_is_seen_to_move_early() -> None:
    late = np.zeros((NODES, NODES))
    late[6, 7] = late[7, 8] = 3
    early = np.zeros((NODES, NODES))
    early[0, 1] = early[1, 2] = 3
    noise = 0.5 * GENERATOR.normal(size=(2, GROUPS, NODES, NODES))
    arm, mdm = COUNTS[:, None, None] * (np.stack([late, early])[:, None] + noise)
    found = squared_placement(products(arm), products(mdm), COUNTS, CLUSTERS, LAYER, LAYERS, UNIFORM)
    shift = found["shift", "early_share"]
    assert isinstance(shift, Estimate)
    assert shift.low > 0.8
    assert early_share([1, 0, 0]) == 1


def test_layers_are_clipped_after_their_sums() -> None:
    found = clipped_profile([-3.0, 5.0, -1.0, 0.5, 3.0, -1.0], [0, 0, 1, 1, 2, 5], 3)
    assert not isinstance(found, Undefined)
    assert found.tolist() == [2 / 5, 0, 3 / 5]


def test_masses_of_noise_have_no_profile() -> None:
    assert isinstance(clipped_profile([-2.0, 1.0], [0, 1], 2), Undefined)
    noise = COUNTS[:, None, None] * GENERATOR.normal(size=(2, GROUPS, NODES, NODES))
    found = squared_placement(products(noise[0]), products(noise[1]), COUNTS, CLUSTERS, LAYER, 3, UNIFORM)
    assert isinstance(found["shift", "early_share"], Undefined)
    assert isinstance(found["mdm", "specialisation"], Undefined)


def test_scale_changes_nothing() -> None:
    arm, mdm = (products(each) for each in sums(0))
    plain = squared_placement(arm, mdm, COUNTS, CLUSTERS, LAYER, LAYERS, UNIFORM, 3)
    scaled = squared_placement(1e-6 * arm, 1e6 * mdm, COUNTS, CLUSTERS, LAYER, LAYERS, UNIFORM, 3)
    for name, estimate in plain.items():
        again = scaled[name]
        assert isinstance(estimate, Estimate)
        assert isinstance(again, Estimate)
        assert again.value == pytest.approx(estimate.value)


BAD = {
    "NaN masses": lambda: clipped_profile([np.nan], [0], 2),
    "layers of other components": lambda: clipped_profile([1.0, 2.0], [0], 2),
    "masses that overflow": lambda: clipped_profile([1e308, 1e308], [0, 0], 2),
    "no layers": lambda: clipped_profile([1.0], [0], 0),
    "layers that are not whole": lambda: clipped_profile([1.0], [0.5], 1),
    "other components": lambda: squared_placement(
        np.ones((2, 4, 4)), np.ones((3, 4, 4)), np.ones(4), range(4), [0, 1], 2, [0.5, 0.5]
    ),
    "labels of other groups": lambda: squared_placement(
        np.ones((2, 4, 4)), np.ones((2, 4, 4)), np.ones(4), range(3), [0, 1], 2, [0.5, 0.5]
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BAD[case]()
