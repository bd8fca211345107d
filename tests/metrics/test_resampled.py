"""ρ of models that share prompts in part: without bias, and paired by the weights that are given."""

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    disattenuated_cosine,
    group_products,
    resampled_cosine,
    unpaired_cosine,
)

EDGES, GROUPS = 300, 12


def weights(groups: int, seed: int = 0) -> np.ndarray:
    return np.concatenate([np.ones((1, groups)), cluster_weights(np.zeros(groups), 200, seed)])


def prompts(seed: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True scores of two models, of cosine .8, and the noise of prompts, which both share."""
    generator = np.random.default_rng(seed)
    first = generator.normal(size=EDGES)
    second = 0.8 * first + 0.6 * generator.normal(size=EDGES)
    return first, second, 3 * generator.normal(size=(number, EDGES))


def grouped(scores: np.ndarray, group: np.ndarray) -> np.ndarray:
    return np.stack([scores[group == g].sum(axis=0) for g in range(GROUPS)])


def test_of_the_same_groups_it_is_the_disattenuated_cosine() -> None:
    first, second, noise = prompts(0, 4 * GROUPS)
    group = np.arange(4 * GROUPS) % GROUPS
    counts = np.full(GROUPS, 4)
    products = group_products(grouped(first + noise, group), grouped(second + noise, group))
    drawn = weights(GROUPS)
    found = resampled_cosine(products, counts, counts, drawn, drawn, GROUPS - 1, shared=np.eye(GROUPS) > 0)
    assert found == disattenuated_cosine(products, counts, np.zeros(GROUPS))


def test_of_other_prompts_it_is_the_unpaired_cosine() -> None:
    first, second, noise = prompts(0, 8 * GROUPS)
    group = np.arange(4 * GROUPS) % GROUPS
    counts = np.full(GROUPS, 4)
    a, b = grouped(first + noise[: 4 * GROUPS], group), grouped(second + noise[4 * GROUPS :], group)
    products = group_products(a, b)
    found = resampled_cosine(products, counts, counts, weights(GROUPS), weights(GROUPS, 1), GROUPS - 1)
    assert found == unpaired_cosine(products, counts, counts, np.zeros(GROUPS), np.zeros(GROUPS))


@pytest.mark.parametrize("told", [True, False])
def test_prompts_that_are_shared_in_part_bias_it_unless_told(told: bool) -> None:
    """Half of B's prompts are A's, dealt to other groups: by how much it is off over 30 draws of prompts."""
    values = []
    for seed in range(30):
        first, second, noise = prompts(seed, 6 * GROUPS)
        of_a, of_b = np.arange(4 * GROUPS), np.arange(2 * GROUPS, 6 * GROUPS)
        group_a, group_b = of_a % GROUPS, of_b // 2 % GROUPS
        a, b = grouped(first + noise[of_a], group_a), grouped(second + noise[of_b], group_b)
        shared = np.array(
            [
                [bool(set(of_a[group_a == g]) & set(of_b[group_b == h])) for h in range(GROUPS)]
                for g in range(GROUPS)
            ]
        )
        counts = np.full(GROUPS, 4)
        found = resampled_cosine(
            group_products(a, b),
            counts,
            counts,
            weights(GROUPS),
            weights(GROUPS, 1),
            GROUPS - 1,
            shared if told else None,
        )
        assert isinstance(found, Estimate)
        truth = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        values.append(found.value - truth)
    error = np.std(values) / np.sqrt(len(values))
    assert bool(abs(np.mean(values)) < 3 * error) is told


def test_where_all_groups_share_prompts_there_is_no_value() -> None:
    products = group_products(np.ones((2, 3)), np.ones((2, 3)))
    all_of_them = np.ones((2, 2), bool)
    assert isinstance(
        resampled_cosine(products, [1, 1], [1, 1], weights(2), weights(2), 1, all_of_them), Undefined
    )


@pytest.mark.parametrize(
    ("weights_b", "shared", "said"),
    [
        (np.ones((1, 3)), None, "weights"),
        (np.ones((201, 3)), None, "products of a and b"),
        (np.ones((201, 2)), np.ones((2, 3), bool), "products of a and b"),
    ],
)
def test_shapes_that_do_not_match_are_refused(
    weights_b: np.ndarray, shared: np.ndarray | None, said: str
) -> None:
    products = group_products(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=said):
        resampled_cosine(products, [1, 1], np.ones(weights_b.shape[1]), weights(2), weights_b, 1, shared)


def test_the_interval_is_for_the_degrees_of_freedom_that_are_given() -> None:
    first, second, noise = prompts(0, GROUPS)
    group, counts, drawn = np.arange(GROUPS), np.ones(GROUPS), weights(GROUPS)
    products = group_products(grouped(first + noise, group), grouped(second + noise, group))
    few, many = (
        resampled_cosine(products, counts, counts, drawn, drawn, freedom, np.eye(GROUPS) > 0)
        for freedom in (GROUPS - 1, np.inf)
    )
    assert isinstance(few, Estimate)
    assert isinstance(many, Estimate)
    wider = stats.t.isf(0.025, GROUPS - 1) / stats.norm.isf(0.025)
    assert few.high - few.value == pytest.approx(wider * (many.high - many.value))
    assert few.value - few.low == pytest.approx(wider * (many.value - many.low))
    with pytest.raises(ValueError, match="freedom must be at least 1, not 0"):
        resampled_cosine(products, counts, counts, drawn, drawn, 0)
