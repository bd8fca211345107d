import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    disattenuated_cosine,
    group_products,
    inverse_spread,
    standardised_cosine,
)

GENERATOR = np.random.default_rng(0)
GROUPS, EDGES = 12, 40
COUNTS = GENERATOR.integers(2, 6, GROUPS).astype(float)
CLUSTERS = np.arange(GROUPS) // 4
MASK = GENERATOR.random(EDGES) < 0.8
SIZE = np.exp(1.5 * GENERATOR.normal(size=EDGES))
A, B = COUNTS[:, None] * SIZE * (1 + 0.5 * GENERATOR.normal(size=(2, GROUPS, EDGES)))


def shares(sums: np.ndarray, weights: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each edge's variance over examples by that of all, an edge at a time."""
    found = np.zeros(EDGES)
    for edge in np.flatnonzero(mask):
        scores = sums[:, edge] / COUNTS
        mean = np.average(scores, weights=weights * COUNTS)
        found[edge] = np.average((scores - mean) ** 2, weights=weights * COUNTS)
    return found / found.sum()


def slow_rho(weights: np.ndarray, power: float) -> float:
    unit = (shares(A, weights, MASK) + shares(B, weights, MASK))[MASK] ** -power

    def product(x: np.ndarray, y: np.ndarray) -> float:
        return sum(
            weights[g] * weights[h] * float(unit @ (x[g] * y[h])[MASK])
            for g in range(GROUPS)
            for h in range(GROUPS)
            if g != h
        )

    return product(A, B) / np.sqrt(product(A, A) * product(B, B))


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_scale_is_one_over_the_spread(power: float) -> None:
    expected = np.zeros(EDGES)
    ones = np.ones(GROUPS)
    expected[MASK] = (shares(A, ones, MASK) + shares(B, ones, MASK))[MASK] ** (-power / 2)
    found = inverse_spread(np.where(MASK, A, np.nan), B, COUNTS, mask=MASK, power=power)
    np.testing.assert_allclose(found, expected)


def test_models_over_other_examples_have_counts_of_their_own() -> None:
    found = inverse_spread(A, B[:5], COUNTS, COUNTS[:5])
    assert found.shape == (EDGES,)
    np.testing.assert_allclose(inverse_spread(A, B, COUNTS, COUNTS), inverse_spread(A, B, COUNTS))


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_every_resample_measures_the_units_anew(power: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.metrics.spread.BLOCK", 3)
    found = standardised_cosine(A, B, COUNTS, CLUSTERS, MASK, power, resamples=6, seed=2)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(slow_rho(np.ones(GROUPS), power))
    expected = [slow_rho(row, power) for row in cluster_weights(CLUSTERS, 6, 2)]
    assert found.draws == pytest.approx(np.array(expected))


def test_without_a_power_it_is_the_plain_cosine() -> None:
    plain = disattenuated_cosine(group_products(A, B, MASK), COUNTS, CLUSTERS)
    found = standardised_cosine(A, B, COUNTS, CLUSTERS, MASK, power=0)
    assert isinstance(plain, Estimate)
    assert isinstance(found, Estimate)
    assert (found.value, found.low) == pytest.approx((plain.value, plain.low))


def test_the_scale_of_a_model_and_that_of_an_edge_change_nothing() -> None:
    found = standardised_cosine(A, B, COUNTS, CLUSTERS)
    units = np.exp(3 * np.random.default_rng(1).normal(size=EDGES))
    again = standardised_cosine(100 * A, 1e-3 * B, COUNTS, CLUSTERS)
    assert isinstance(found, Estimate)
    assert isinstance(again, Estimate)
    assert again.value == pytest.approx(found.value)
    # An edge's own unit cancels where both models have the same spread.
    twin = COUNTS[:, None] * (A.mean(axis=0) / COUNTS.mean()) + (A - A.mean(axis=0))[::-1]
    plain, scaled = (standardised_cosine(A * of, twin * of, COUNTS, CLUSTERS) for of in (1, units))
    assert isinstance(plain, Estimate)
    assert isinstance(scaled, Estimate)
    assert scaled.value == pytest.approx(plain.value, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_an_edge_that_is_the_same_for_all_prompts_counts_for_nothing(value: float) -> None:
    a, b = np.c_[A, value * COUNTS], np.c_[B, value * COUNTS]
    assert inverse_spread(a, b, COUNTS)[-1] == 0
    found, without = (standardised_cosine(x, y, COUNTS, CLUSTERS) for x, y in ((a, b), (A, B)))
    assert isinstance(found, Estimate)
    assert isinstance(without, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx((without.value, without.low, without.high))


def test_noise_has_no_cosine() -> None:
    noise = np.random.default_rng(2).normal(size=(GROUPS, EDGES))
    assert isinstance(standardised_cosine(noise, B, COUNTS, CLUSTERS), Undefined)


BAD = {
    "NaN": (lambda: standardised_cosine(np.full_like(A, np.nan), B, COUNTS, CLUSTERS), "NaN"),
    "models of other edges": (lambda: inverse_spread(A, B[:, :5], COUNTS), "shapes differ"),
    "counts of other groups": (lambda: inverse_spread(A, B, COUNTS[:5]), "shapes differ"),
    "a power above 1": (lambda: inverse_spread(A, B, COUNTS, power=1.5), "power"),
    "no spread anywhere": (lambda: inverse_spread(0 * A, B, COUNTS), "does not differ"),
    "huge sums": (lambda: inverse_spread(1e200 * A, B, COUNTS), "beyond"),
    "labels of other groups": (lambda: standardised_cosine(A, B, COUNTS, CLUSTERS[:5]), "labels"),
    "one group": (lambda: inverse_spread(A[:1], B[:1], COUNTS[:1]), "one group"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    call, says = BAD[case]
    with pytest.raises(ValueError, match=says):
        call()
