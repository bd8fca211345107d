import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from mechshift.metrics import (
    Undefined,
    effective_components,
    gini,
    importance_entropy,
    node_importance,
    output_entropy,
    output_sharpness,
    random_specialisation,
    specialisation,
    top_edges,
    top_share,
    weighted_sharpness,
)


def importances() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.gamma(0.3, size=generator.integers(2, 60)) for _ in range(30)]


def test_entropy_and_effective_number_agree_with_scipy() -> None:
    for mass in importances():
        assert importance_entropy(mass) == pytest.approx(entropy(mass) / np.log(len(mass)))
        assert effective_components(mass) == pytest.approx(np.exp(entropy(mass)))
        assert specialisation(mass) == pytest.approx(1 - entropy(mass) / np.log(len(mass)))


def test_gini_agrees_with_every_pair() -> None:
    for mass in importances():
        pairs = np.abs(mass[:, None] - mass[None]).sum()
        assert gini(mass) == pytest.approx(pairs / (2 * len(mass) * mass.sum()))


def test_top_share_agrees_with_sorting() -> None:
    for mass in importances():
        ordered = sorted(mass, reverse=True)
        assert top_share(mass) == pytest.approx(ordered[0] / sum(ordered))
        assert top_share(mass, 10) == pytest.approx(sum(ordered[:10]) / sum(ordered))


def test_one_component_and_all_alike_are_the_ends() -> None:
    alone, alike = np.eye(8)[3] * 5, np.full(8, 0.1)
    assert (specialisation(alone), effective_components(alone), gini(alone)) == (1.0, 1.0, 1 - 1 / 8)
    assert specialisation(alike) == pytest.approx(0.0)
    assert effective_components(alike) == pytest.approx(8.0)
    assert gini(alike) == pytest.approx(0.0)
    assert top_share(alike, 2) == pytest.approx(0.25)


def test_values_do_not_depend_on_scale_or_order() -> None:
    for mass in importances():
        other = 1e6 * np.random.default_rng(1).permutation(mass)
        for metric in (importance_entropy, effective_components, gini, top_share):
            assert metric(other) == pytest.approx(metric(mass))


@pytest.mark.parametrize("scale", [1e308, 5e-324])
def test_masses_at_the_ends_of_the_range_are_masses(scale: float) -> None:
    mass = scale * np.array([1.0, 1.0, 0.0, 1.0])
    assert importance_entropy(mass) == pytest.approx(np.log(3) / np.log(4))
    assert effective_components(mass) == pytest.approx(3)
    assert gini(mass) == pytest.approx(0.25)
    assert top_share(mass) == pytest.approx(1 / 3)
    assert weighted_sharpness([0.0, 0.5, 0.7, 1.0], mass) == pytest.approx(0.5)


def test_values_stay_in_their_ranges_to_the_last_digit() -> None:
    for size in range(2, 200):
        alike = np.full(size, 0.1)
        assert 0 <= specialisation(alike) <= 1
        assert effective_components(alike) <= size
        assert top_share(alike, size) == top_share(alike, size + 1) == 1.0
        assert gini(np.eye(size)[0]) <= 1 - 1 / size


def test_moving_mass_to_the_largest_specialises() -> None:
    for mass in importances():
        sharper = mass.copy()
        sharper[mass.argmin()], sharper[mass.argmax()] = 0, mass.max() + mass.min()
        assert specialisation(sharper) > specialisation(mass)
        assert gini(sharper) > gini(mass)


def test_nothing_to_share_is_undefined() -> None:
    for metric in (importance_entropy, specialisation, effective_components, gini, top_share):
        assert metric([0.0, 0.0]) == Undefined("all importance is 0")
    assert isinstance(importance_entropy([1.0]), Undefined)


def test_random_circuits_are_less_specialised_than_one_around_a_hub() -> None:
    generator = np.random.default_rng(0)
    edges = np.ones((20, 20), bool)
    scores = generator.gamma(1.0, size=(20, 20))
    scores[4] += 10
    circuit = top_edges(scores, edges, 20)
    mine = specialisation(node_importance(scores, circuit, np.eye(20), np.eye(20)))
    random = random_specialisation(scores, circuit, edges, np.eye(20), np.eye(20), draws=100)
    assert mine > random + 0.1


def test_random_specialisation_of_one_edge_is_the_mean_over_edges() -> None:
    edges = np.ones((3, 3), bool)
    one = np.eye(9, dtype=bool)[1].reshape(3, 3)
    # one edge: a single component on the diagonal (3 of 9), else two equal ones of three
    expected = (3 * 1 + 6 * (1 - np.log(2) / np.log(3))) / 9
    found = random_specialisation(np.full((3, 3), 7.0), one, edges, np.eye(3), np.eye(3), draws=2000)
    assert found == pytest.approx(expected, abs=0.03)


def test_output_entropy_agrees_with_scipy() -> None:
    logits = 5 * np.random.default_rng(0).normal(size=(6, 3, 50))
    expected = entropy(softmax(logits, axis=-1), axis=-1).mean(axis=-1) / np.log(50)
    assert np.allclose(output_entropy(logits), expected)
    assert np.allclose(output_entropy(softmax(logits, axis=-1), "probabilities"), expected)


def test_excluded_tokens_are_as_if_they_did_not_exist() -> None:
    logits = np.random.default_rng(1).normal(size=(4, 2, 10))
    longer = np.concatenate([logits, np.full((4, 2, 3), -np.inf)], axis=-1)
    assert np.allclose(output_entropy(longer), output_entropy(logits))


def test_large_logits_neither_overflow_nor_leave_the_range() -> None:
    logits = np.array([[[3e38, -3e38, 0.0]], [[1e4, 1e4, 1e4]]], dtype=np.float32)
    assert output_entropy(logits).tolist() == pytest.approx([0.0, 1.0])
    assert output_entropy(np.array([[[1.7e308, -1.7e308, 1.7e308]]])).tolist() == pytest.approx(
        [np.log(2) / np.log(3)]
    )


def test_sharpness_is_weighted_by_importance() -> None:
    logits = np.array([[[0.0, 0.0]], [[1000.0, 0.0]]])
    assert output_sharpness(logits, [1, 0]) == 0.0
    assert output_sharpness(logits, [0, 1]) == 1.0
    assert output_sharpness(logits, [2, 6]) == 0.75
    assert isinstance(output_sharpness(logits, [0, 0]), Undefined)


def test_sharpness_of_entropies_that_are_known() -> None:
    assert weighted_sharpness([0.2, 0.8, 0.5], [1, 3, 0]) == pytest.approx(1 - 2.6 / 4)
    assert weighted_sharpness([0.2, 0.8], [1e-9, 3e-9]) == pytest.approx(1 - 2.6 / 4)
    logits = np.random.default_rng(0).normal(size=(5, 3, 11))
    importance = [4.0, 0.0, 1.0, 2.0, 0.5]
    assert weighted_sharpness(output_entropy(logits), importance) == output_sharpness(logits, importance)
    assert weighted_sharpness([0.2, 0.8], [0, 0]) == Undefined("all importance is 0")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: specialisation([np.nan, 1.0]), "importance holds 1 NaN"),
        (lambda: gini([-1.0, 2.0]), "must not be negative"),
        (lambda: effective_components([]), "empty"),
        (lambda: top_share([1.0], 0), "top must be at least 1"),
        (lambda: output_entropy(np.zeros((2, 3))), r"\[components, positions, vocabulary\]"),
        (lambda: output_entropy(np.array([[[np.nan, 1.0]]])), "logits .* NaN"),
        (lambda: output_entropy(np.array([[[np.inf, 1.0]]])), "NaN or infinite"),
        (lambda: output_entropy(np.full((1, 1, 3), -np.inf)), "all tokens are excluded"),
        (lambda: output_entropy(np.array([[[1.0, -np.inf]]])), "fewer than two tokens"),
        (lambda: output_entropy(np.ones((1, 1, 3)), "probabilities"), "must sum to 1"),
        (lambda: output_entropy(np.ones((1, 1, 3)), "odds"), "kind must be"),
        (lambda: output_sharpness(np.zeros((2, 1, 3)), [1.0]), "shapes differ"),
        (lambda: weighted_sharpness([0.5], [1.0, 2.0]), "shapes differ: entropy"),
        (lambda: weighted_sharpness([np.nan], [1.0]), "entropy holds 1 NaN"),
        (lambda: weighted_sharpness([0.5], [-1.0]), "importance must not be negative"),
        (lambda: weighted_sharpness([1.5], [1.0]), "entropy must not exceed 1"),
        (
            lambda: random_specialisation(
                np.ones((2, 2)), np.ones((2, 2), bool), np.eye(2, dtype=bool), np.eye(2), np.eye(2)
            ),
            "2 edges that do not exist",
        ),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
