"""Holm against the closed testing that it is short for, and p-values against the normal table."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import Estimate, holm, standard_error, two_sided_p


def closed_testing(p_values: list[float]) -> list[float]:
    """Of every set of hypotheses that holds one: Bonferroni's p-value of the set, the largest of them."""
    every = range(len(p_values))
    sets = [chosen for size in every for chosen in combinations(every, size + 1)]
    return [
        max(min(1.0, len(chosen) * min(p_values[j] for j in chosen)) for chosen in sets if i in chosen)
        for i in every
    ]


def estimate(value: float, low: float, high: float, level: float = 0.95) -> Estimate:
    return Estimate(value, low, high, level, 200)


def test_adjusted_by_hand() -> None:
    # Sorted .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and the last is raised to .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_nothing_is_adjusted_above_1() -> None:
    assert holm([0.4, 0.9, 0.5]).tolist() == [1, 1, 1]


def test_one_test_is_left_as_it_is() -> None:
    assert holm([0.03]).tolist() == [0.03]


def test_it_is_closed_testing_with_bonferroni() -> None:
    generator = np.random.default_rng(0)
    for tests in (2, 3, 5, 8):
        for _ in range(20):
            p_values = np.round(generator.beta(0.4, 3, tests), 2).tolist()  # rounded, so that some are equal
            assert holm(p_values) == pytest.approx(closed_testing(p_values))


def test_the_order_of_the_tests_is_kept() -> None:
    generator = np.random.default_rng(1)
    p_values, order = generator.beta(0.4, 3, 8), generator.permutation(8)
    assert holm(p_values[order]) == pytest.approx(holm(p_values)[order])


@pytest.mark.parametrize(
    ("p_values", "message"),
    [
        ([], "empty"),
        ([0.1, float("nan")], "NaN"),
        ([0.1, 1.2], r"reach from 0\.1 to 1\.2"),
        ([-0.1], r"\[0, 1\]"),
    ],
)
def test_what_is_no_p_value_is_refused(p_values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        holm(p_values)


@pytest.mark.parametrize("value", [0.3, 1.0, 2.5, -0.7])
def test_a_normal_interval_gives_the_normal_p_value(value: float) -> None:
    error = 0.4
    found = two_sided_p(estimate(value, value - 1.959964 * error, value + 1.959964 * error))
    assert found == pytest.approx(2 * stats.norm.sf(abs(value) / error), rel=1e-5)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_an_interval_that_ends_at_0_has_the_p_value_of_its_level(level: float) -> None:
    assert two_sided_p(estimate(0.2, 0.0, 0.3, level)) == pytest.approx(1 - level)
    assert two_sided_p(estimate(-0.2, -0.9, 0.0, level)) == pytest.approx(1 - level)


def test_of_a_lopsided_interval_the_side_towards_0_counts() -> None:
    assert two_sided_p(estimate(1, 0.5, 9)) == two_sided_p(estimate(1, 0.5, 1.1))
    assert two_sided_p(estimate(-1, -9, -0.5)) == two_sided_p(estimate(1, 0.5, 9))


def test_bounds_at_the_ends_of_the_range() -> None:
    assert two_sided_p(estimate(1.5e308, -1.5e308, 1.6e308)) == pytest.approx(stats.norm.sf(0.979982) * 2)


def test_a_value_of_0_is_no_evidence() -> None:
    assert two_sided_p(estimate(0, 0, 0)) == two_sided_p(estimate(0, -1, 2)) == 1


def test_an_interval_without_width_leaves_no_doubt() -> None:
    assert two_sided_p(estimate(0.1, 0.1, 0.4)) == two_sided_p(estimate(-0.1, -9, -0.1)) == 0


def test_a_standard_error_is_the_normal_intervals_on_the_side_of_0() -> None:
    assert standard_error(estimate(1, 1 - 1.959964 * 0.3, 9)) == pytest.approx(0.3, rel=1e-6)
    assert standard_error(estimate(-1, -9, -1 + 1.959964 * 0.3)) == pytest.approx(0.3, rel=1e-6)
    assert standard_error(estimate(0, -1.959964 * 0.2, 1.959964 * 0.3)) == pytest.approx(0.3, rel=1e-6)
    assert standard_error(estimate(1, 1, 2)) == 0
