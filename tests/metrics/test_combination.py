from math import sqrt

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import Estimate, difference, mean_estimate


def estimate(value: float, low: float, high: float, **other) -> Estimate:
    return Estimate(value, low, high, **({"level": 0.95, "resamples": 200} | other))


def test_means_by_hand() -> None:
    found = mean_estimate([estimate(1, 0.7, 1.6), estimate(4, 3.6, 4.8), estimate(1, 1, 1)])
    assert found.value == pytest.approx(2)
    assert found.low == pytest.approx(2 - 0.5 / 3)
    assert found.high == pytest.approx(2 + 1 / 3)


def test_differences_by_hand() -> None:
    found = difference(estimate(1, 0.7, 1.4), estimate(3, 2.7, 3.4))
    # Downwards: .3 of the first and .4 of the second; upwards: .4 and .3.
    assert (found.value, found.low, found.high) == pytest.approx((-2, -2.5, -1.5))
    lopsided = difference(estimate(1, 0.7, 1), estimate(3, 3, 3.4))
    assert (lopsided.low, lopsided.high) == pytest.approx((-2.5, -2))


def test_one_estimate_is_its_own_mean() -> None:
    only = estimate(0.3, 0.1, 0.9, undefined=2)
    found = mean_estimate([only])
    assert (found.value, found.low, found.high, found.undefined) == pytest.approx((0.3, 0.1, 0.9, 2))


def test_symmetric_intervals_add_as_standard_errors_do() -> None:
    errors = np.array([0.5, 1.2, 0.8, 0.1])
    found = mean_estimate([estimate(2, 2 - 1.96 * e, 2 + 1.96 * e) for e in errors])
    assert found.high - found.value == pytest.approx(1.96 * sqrt((errors**2).sum()) / 4)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_the_difference_of_means_is_turned_round_with_its_sign() -> None:
    first, second = estimate(1, 0.8, 1.7), estimate(2, 1.1, 2.2)
    there, back = difference(first, second), difference(second, first)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_the_least_resamples_and_all_that_are_undefined_are_told() -> None:
    found = mean_estimate([estimate(1, 0, 2, resamples=300, undefined=2), estimate(1, 0, 2, undefined=3)])
    assert (found.resamples, found.undefined, found.level) == (200, 5, 0.95)


def test_intervals_cover_what_they_say() -> None:
    """Means of exponential samples, each with its exact, lopsided interval; 2,000 trials."""
    generator = np.random.default_rng(0)
    scales, size = np.array([1.0, 3.0, 0.5, 2.0]), 8
    tails = stats.chi2.ppf([0.975, 0.025], 2 * size)
    covered = np.zeros(2)
    for _ in range(2000):
        means = generator.exponential(scales, (size, 4)).mean(axis=0)
        found = [estimate(m, *(2 * size * m / tails)) for m in means]
        mean = mean_estimate(found)
        gap = difference(mean_estimate(found[:2]), mean_estimate(found[2:]))
        covered += (
            mean.low <= scales.mean() <= mean.high,
            gap.low <= scales[:2].mean() - scales[2:].mean() <= gap.high,
        )
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)


def test_squares_of_distances_do_not_overflow() -> None:
    found = difference(estimate(0, -3e200, 4e200), estimate(0, -3e200, 4e200))
    assert (found.low, found.high) == pytest.approx((-5e200, 5e200))


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no estimate"):
        mean_estimate([])
    with pytest.raises(ValueError, match=r"different levels: \[0\.9, 0\.95\]"):
        difference(estimate(1, 0, 2), estimate(1, 0, 2, level=0.9))
