"""Holm against the closed testing that it is short for."""

from itertools import combinations

import numpy as np
import pytest

from mechshift.metrics import holm


def closed_testing(p_values: list[float]) -> list[float]:
    """Of every set of hypotheses that holds one: Bonferroni's p-value of the set, the largest of them."""
    every = range(len(p_values))
    sets = [chosen for size in every for chosen in combinations(every, size + 1)]
    return [
        max(min(1.0, len(chosen) * min(p_values[j] for j in chosen)) for chosen in sets if i in chosen)
        for i in every
    ]


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
