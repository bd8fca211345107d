import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    inverse_spread,
    spread_strata,
    standardised_cosine,
)

GENERATOR = np.random.default_rng(0)
GROUPS, EDGES = 12, 40
COUNTS = GENERATOR.integers(2, 6, GROUPS).astype(float)
CLUSTERS = np.arange(GROUPS) // 4
MASK = GENERATOR.random(EDGES) < 0.8
SIZE = np.exp(1.5 * GENERATOR.normal(size=EDGES))
A, B = COUNTS[:, None] * SIZE * (1 + 0.5 * GENERATOR.normal(size=(2, GROUPS, EDGES)))


def shares(sums: np.ndarray, kept: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each edge's variance within templates by that of all, an edge and a template at a time."""
    found = np.zeros(EDGES)
    for edge in np.flatnonzero(mask):
        scores = sums[:, edge] / COUNTS
        for template in range(3):
            of = kept & (template == CLUSTERS)
            mean = np.average(scores[of], weights=COUNTS[of])
            found[edge] += sum(COUNTS[of] * (scores[of] - mean) ** 2)
    return found / found.sum()


def slow_rho(weights: np.ndarray, power: float) -> float:
    kept = weights > 0
    unit = (shares(A, kept, MASK) + shares(B, kept, MASK))[MASK] ** -power

    def product(x: np.ndarray, y: np.ndarray) -> float:
        return sum(
            weights[g] * weights[h] * float(unit @ (x[g] * y[h])[MASK])
            for g in range(GROUPS)
            for h in range(GROUPS)
            if g != h
        )

    return product(A, B) / np.sqrt(product(A, A) * product(B, B))


def without(group: int) -> np.ndarray:
    """Weights with a group left out, for which the other three of its template make up."""
    weights = np.where(CLUSTERS[group] == CLUSTERS, 4 / 3, 1.0)
    weights[group] = 0
    return weights


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_scale_is_one_over_the_spread_of_that_of_the_typical_edge(power: float) -> None:
    ones = np.ones(GROUPS, bool)
    squared = (shares(A, ones, MASK) + shares(B, ones, MASK))[MASK]
    found = inverse_spread(np.where(MASK, A, np.nan), B, COUNTS, clusters_a=CLUSTERS, mask=MASK, power=power)
    np.testing.assert_allclose(found[MASK], (squared / np.median(squared)) ** (-power / 2))
    assert not found[~MASK].any()


def test_templates_do_not_count_as_spread() -> None:
    shifted = A + COUNTS[:, None] * 5 * np.arange(3)[CLUSTERS][:, None]
    found, again = (inverse_spread(sums, sums, COUNTS, clusters_a=CLUSTERS) for sums in (A, shifted))
    np.testing.assert_allclose(found, again)


def test_where_no_template_has_two_groups_they_count_as_one() -> None:
    np.testing.assert_allclose(
        inverse_spread(A, B, COUNTS, clusters_a=range(GROUPS)), inverse_spread(A, B, COUNTS)
    )


def test_models_over_other_examples_have_counts_of_their_own() -> None:
    found = inverse_spread(A, B[:5], COUNTS, COUNTS[:5])
    assert found.shape == (EDGES,)
    np.testing.assert_allclose(inverse_spread(A, B, COUNTS, COUNTS), inverse_spread(A, B, COUNTS))


@pytest.mark.parametrize("power", [0.0, 0.5, 0.75, 1.0])
def test_the_jackknife_finds_units_and_products_anew(power: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.metrics.products.BLOCK", 3)
    found = standardised_cosine(A, B, COUNTS, CLUSTERS, MASK, power, resamples=6, seed=2)
    assert isinstance(found, Estimate)
    whole = slow_rho(np.ones(GROUPS), power)
    left = np.array([slow_rho(without(group), power) for group in range(GROUPS)]).reshape(3, 4)
    moves = left.mean(axis=1, keepdims=True) - left
    value = whole + 3 * (whole - left.mean(axis=1)).sum()
    assert found.value == pytest.approx(value)
    # Student's quantile of nine degrees of freedom, of a table.
    assert found.high - found.value == pytest.approx(2.262157 * np.sqrt(3 / 4 * (moves**2).sum()))
    expected = value + 3 / 4 * cluster_weights(CLUSTERS, 6, 2) @ moves.ravel()
    assert found.draws == pytest.approx(expected)


def test_where_templates_are_drawn_they_are_what_is_left_out() -> None:
    random = np.random.default_rng(1)
    clusters = np.arange(24) // 2
    a, b = SIZE * (1 + random.normal(size=(2, 24, EDGES)))
    found = standardised_cosine(a, b, np.ones(24), clusters, power=0)
    sums = [each.reshape(12, 2, EDGES).sum(axis=1) for each in (a, b)]
    added_up = standardised_cosine(*sums, 2 * np.ones(12), np.arange(12), power=0)
    assert isinstance(found, Estimate)
    assert isinstance(added_up, Estimate)
    assert (found.value, found.low) == pytest.approx((added_up.value, added_up.low))


def test_the_spread_of_draws_is_that_of_the_interval() -> None:
    found = standardised_cosine(A, B, COUNTS, CLUSTERS, resamples=20_000)
    assert isinstance(found, Estimate)
    assert found.draws is not None
    assert found.draws.mean() == pytest.approx(found.value, abs=1e-3)
    assert 2.262157 * found.draws.std() == pytest.approx(found.high - found.value, rel=0.05)


def test_one_model_twice_is_exactly_alike() -> None:
    found = standardised_cosine(A, 3 * A, COUNTS, CLUSTERS)
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_intervals_hold_the_limit_and_few_groups_do_not_bias() -> None:
    random = np.random.default_rng(3)
    held, errors = [], []
    for _ in range(60):
        mean = np.exp(1.5 * random.normal(size=(2, 300))) * random.choice([-1, 1], (2, 300))
        mean[1] = 0.8 * mean[0] + 0.6 * mean[1]
        spread = 2 * np.abs(mean) ** 0.7
        sums = mean[:, None] + spread[:, None] * random.normal(size=(2, 24, 300))
        unit = (spread**2 / (spread**2).sum(axis=1, keepdims=True)).sum(axis=0) ** -0.375
        one, other = mean * unit
        limit = one @ other / np.sqrt((one @ one) * (other @ other))
        found = standardised_cosine(*sums, np.ones(24), np.zeros(24))
        assert isinstance(found, Estimate)
        held.append(found.low <= limit <= found.high)
        errors.append(found.value - limit)
    # Three standard errors below .95.
    assert np.mean(held) > 0.86
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(60) + 0.002


def test_the_scale_of_a_model_and_that_of_an_edge_change_nothing() -> None:
    found = standardised_cosine(A, B, COUNTS, CLUSTERS)
    units = np.exp(3 * np.random.default_rng(1).normal(size=EDGES))
    again = standardised_cosine(100 * A, 1e-3 * B, COUNTS, CLUSTERS)
    assert isinstance(found, Estimate)
    assert isinstance(again, Estimate)
    assert again.value == pytest.approx(found.value)
    # An edge's own unit cancels where both models have the same spread.
    twin = COUNTS[:, None] * (A.mean(axis=0) / COUNTS.mean()) + (A - A.mean(axis=0))[::-1]
    plain, scaled = (standardised_cosine(A * of, twin * of, COUNTS, CLUSTERS, power=1) for of in (1, units))
    assert isinstance(plain, Estimate)
    assert isinstance(scaled, Estimate)
    assert scaled.value == pytest.approx(plain.value, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_an_edge_that_is_the_same_for_all_prompts_counts_for_nothing(value: float) -> None:
    a, b = np.c_[A, value * COUNTS], np.c_[B, value * COUNTS]
    assert inverse_spread(a, b, COUNTS)[-1] == 0
    found, fewer = (standardised_cosine(x, y, COUNTS, CLUSTERS) for x, y in ((a, b), (A, B)))
    assert isinstance(found, Estimate)
    assert isinstance(fewer, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx((fewer.value, fewer.low, fewer.high))


def test_noise_has_no_cosine() -> None:
    noise = np.random.default_rng(2).normal(size=(GROUPS, EDGES))
    assert isinstance(standardised_cosine(noise, B, COUNTS, CLUSTERS), Undefined)


@pytest.mark.parametrize("model", ["first", "second"])
def test_scores_that_do_not_differ_have_no_unit(model: str) -> None:
    same = 0 * A, COUNTS[:, None] * np.ones(EDGES)
    for flat in same:
        models = (flat, B) if model == "first" else (A, flat)
        found = standardised_cosine(*models, COUNTS, CLUSTERS)
        assert isinstance(found, Undefined)
        assert f"the {model} model's scores do not differ" in found.reason


BAD = {
    "NaN": (lambda: standardised_cosine(np.full_like(A, np.nan), B, COUNTS, CLUSTERS), "NaN"),
    "models of other edges": (lambda: inverse_spread(A, B[:, :5], COUNTS), "shapes differ"),
    "counts of other groups": (lambda: inverse_spread(A, B, COUNTS[:5]), "shapes differ"),
    "labels of one model's groups alone": (
        lambda: inverse_spread(A, B[:5], COUNTS, COUNTS[:5], clusters_a=CLUSTERS),
        "clusters_b",
    ),
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


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        (["b", "a", "b"], [1, 0, 1]),
        (["b", "a", "c"], [0, 0, 0]),
        (None, [0, 0, 0]),
    ],
)
def test_groups_are_compared_within_templates_unless_none_has_two(
    clusters: list[str] | None, expected: list[int]
) -> None:
    assert spread_strata(clusters, 3).tolist() == expected


def test_strata_of_another_number_of_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels for 3 groups"):
        spread_strata(["a", "b"], 3)
