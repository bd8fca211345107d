import numpy as np
import pytest

from mechshift.metrics import component_products, group_products, mean_product

GENERATOR = np.random.default_rng(0)
GROUPS, SHAPE = 5, (4, 6)
MASK = GENERATOR.random(SHAPE) < 0.7
A, B = GENERATOR.normal(size=(2, GROUPS, *SHAPE))
COUNTS = np.array([3, 1, 4, 2, 5])


def slow_product(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """U, over groups, other groups and edges in turn."""
    total = pairs = 0.0
    for g in range(GROUPS):
        for h in range(GROUPS):
            if g != h:
                pairs += weights[g] * COUNTS[g] * weights[h] * COUNTS[h]
                for edge in zip(*np.nonzero(MASK), strict=True):
                    total += weights[g] * x[g][edge] * weights[h] * y[h][edge]
    return total / pairs


def test_products_are_sums_over_the_edges_that_exist() -> None:
    anything = np.where(MASK, A, np.nan)
    found = group_products(anything, B, MASK)
    for g in range(GROUPS):
        for h in range(GROUPS):
            assert found.aa[g, h] == pytest.approx((A[g] * A[h])[MASK].sum())
            assert found.bb[g, h] == pytest.approx((B[g] * B[h])[MASK].sum())
            assert found.ab[g, h] == pytest.approx((A[g] * B[h])[MASK].sum())


def test_products_of_many_edges_are_those_of_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = group_products(A, B, MASK)
    monkeypatch.setattr("mechshift.metrics.products.BLOCK", 5)
    np.testing.assert_allclose(group_products(A, B, MASK).ab, at_once.ab)


def test_a_scale_multiplies_the_sums_of_both_models() -> None:
    scale = GENERATOR.random(SHAPE)
    found, expected = group_products(A, B, MASK, scale), group_products(A * scale, B * scale, MASK)
    for name in ("aa", "bb", "ab"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name))


def test_sums_in_float32_are_added_up_in_float64() -> None:
    many = np.full((2, 10**6), 0.1, dtype=np.float32)
    exact = 10**6 * float(np.float32(0.1)) ** 2
    assert group_products(many, many).ab[0, 1] == pytest.approx(exact, rel=1e-12)


def test_models_may_have_groups_of_their_own() -> None:
    assert group_products(A, B[:3]).ab.shape == (GROUPS, 3)


@pytest.mark.parametrize("weights", [np.ones(GROUPS), np.array([0, 2.5, 1.25, 0, 1.25])])
def test_the_product_of_means_takes_different_groups_only(weights: np.ndarray) -> None:
    products = group_products(A, B, MASK)
    for matrix, x, y in ((products.aa, A, A), (products.ab, A, B)):
        assert mean_product(matrix, COUNTS, weights) == pytest.approx(slow_product(x, y, weights))


def test_rows_of_weights_give_rows_of_products() -> None:
    matrices = np.stack([group_products(A, B).aa, group_products(A, B).ab])
    weights = GENERATOR.random((7, GROUPS))
    found = mean_product(matrices, COUNTS, weights)
    assert found.shape == (7, 2)
    assert found[3, 1] == pytest.approx(float(mean_product(matrices[1], COUNTS, weights[3])))


def test_the_product_of_means_has_no_noise_in_expectation() -> None:
    generator = np.random.default_rng(1)
    scores = generator.standard_t(3, size=50)
    truth = scores @ scores
    found = []
    for _ in range(400):
        sums = COUNTS[:, None] * scores + np.sqrt(COUNTS)[:, None] * 5 * generator.normal(size=(GROUPS, 50))
        found.append(float(mean_product(group_products(sums, sums).aa, COUNTS)))
    # The plain square would be too large by 25 · 50 / 15 = 83, forty standard errors.
    assert abs(np.mean(found) - truth) < 4 * np.std(found) / 20


def test_a_resample_of_one_group_has_no_product_of_different_groups() -> None:
    assert np.isnan(mean_product(group_products(A, B).aa, COUNTS, [0, 0, 2, 0, 0]))


def test_components_have_the_products_of_the_edges_at_either_end() -> None:
    sources, destinations = np.eye(3, 4), np.zeros((3, 6))
    destinations[0, :2] = 1
    destinations[1:, 2] = 0.5
    found = component_products(np.where(MASK, A, np.nan), MASK, sources, destinations)
    for component in range(3):
        expected = np.zeros((GROUPS, GROUPS))
        for s, d in zip(*np.nonzero(MASK), strict=True):
            share = sources[component, s] + destinations[component, d]
            expected += share * np.outer(A[:, s, d], A[:, s, d])
        np.testing.assert_allclose(found[component], expected, atol=1e-12)


BAD = {
    "groups of other edges": (lambda: group_products(A, B[:, :3]), "shapes differ"),
    "a mask without edges": (lambda: group_products(A, B, ~MASK & MASK), "leaves nothing"),
    "a mask of other edges": (lambda: group_products(A, B, MASK[:3]), "shapes differ"),
    "NaN at an edge": (lambda: group_products(np.where(MASK, np.nan, A), B), "NaN"),
    "sums that overflow": (lambda: group_products(1e200 * A, B), "beyond all numbers"),
    "a negative scale": (lambda: group_products(A, B, MASK, -np.ones(SHAPE)), "scale must not be negative"),
    "a scale of other edges": (lambda: group_products(A, B, MASK, np.ones(3)), "shapes differ"),
    "nothing": (lambda: group_products([], []), "groups"),
    "products of other groups": (lambda: mean_product(np.eye(5), COUNTS[:4]), "for 4 groups"),
    "negative counts": (lambda: mean_product(np.eye(5), -COUNTS), "positive"),
    "negative weights": (lambda: mean_product(np.eye(5), COUNTS, -np.ones(5)), "not negative"),
    "products that are NaN": (lambda: mean_product(np.full((5, 5), np.nan), COUNTS), "NaN"),
    "NaN at a component's edge": (
        lambda: component_products(np.where(MASK, np.nan, A), MASK, np.eye(3, 4), np.eye(3, 6)),
        "NaN",
    ),
    "no groups": (lambda: component_products(A[0], MASK, np.eye(3, 4), np.eye(3, 6)), "sources"),
    "other nodes": (lambda: component_products(A, MASK, np.eye(3, 5), np.eye(3, 6)), "nodes"),
    "huge sums": (lambda: component_products(1e200 * A, MASK, np.eye(3, 4), np.eye(3, 6)), "beyond"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    call, says = BAD[case]
    with pytest.raises(ValueError, match=says):
        call()
