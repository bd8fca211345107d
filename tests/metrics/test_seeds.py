"""Intervals over seeds: against hand computations, published quantiles, and simulations of known truth."""

import math
from statistics import fmean, stdev

import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    across_seeds,
    beyond_seeds,
    pairs_of_seeds,
    seeds_difference,
    seeds_difference_p,
    seeds_mean,
    systematic_change,
)

T_975 = {2: 4.302653, 4: 2.776445, 8: 2.306004}
"""97.5 % points of Student's t by degrees of freedom, from printed tables."""


def test_a_mean_over_seeds_has_the_interval_of_students_t() -> None:
    values = [0.91, 0.88, 0.95, 0.90, 0.86]
    found = seeds_mean(values)
    reach = T_975[4] * stdev(values) / math.sqrt(5)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(fmean(values))
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach), abs=1e-6)
    assert found.draws is None


def test_a_difference_of_recipes_of_equal_spread_has_the_freedom_of_both() -> None:
    one, other = [1.0, 2.0, 3.0, 4.0, 5.0], [0.5, 1.5, 2.5, 3.5, 4.5]
    found = seeds_difference(one, other)
    reach = T_975[8] * math.sqrt(2 * 2.5 / 5)
    assert isinstance(found, Estimate)
    assert (found.low, found.value, found.high) == pytest.approx((0.5 - reach, 0.5, 0.5 + reach), abs=1e-6)


def test_the_p_value_is_the_level_where_the_interval_ends() -> None:
    one, other = [1.0, 2.0, 3.0, 4.0, 5.0], [0.5, 1.5, 2.5, 3.5, 4.5]
    found = seeds_difference(one, other)
    assert isinstance(found, Estimate)
    assert seeds_difference_p(one, other, bound=found.low) == pytest.approx(0.05, abs=1e-6)
    assert seeds_difference_p(one, other, bound=0.5) == pytest.approx(1)


def test_one_more_seed_has_students_prediction_interval() -> None:
    values = [0.91, 0.88, 0.95, 0.90, 0.86]
    found = beyond_seeds([0.5 - value for value in values])
    reach = T_975[4] * stdev(values) * math.sqrt(1 + 1 / 5)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.5 - fmean(values))
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach), abs=1e-6)
    assert found.freedom == 4


def test_one_more_seed_lies_beyond_the_others_in_one_case_of_twenty() -> None:
    generator = np.random.default_rng(0)
    seeds = generator.normal(3, 2, size=(4000, 6))
    beyond = 0
    for one, *others in seeds:
        found = beyond_seeds(one - np.array(others))
        assert isinstance(found, Estimate)
        beyond += not found.low <= 0 <= found.high
    # Four standard errors of a share of 4,000.
    assert beyond / 4000 == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_pairs_of_seeds_by_hand() -> None:
    # Without seed 0: .7; without 1: .6; without 2: .5. Variance 2/3 · (.1² + 0 + .1²).
    found = pairs_of_seeds([[np.nan, 0.5, 0.6], [np.nan, np.nan, 0.7], [np.nan, np.nan, np.nan]])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.6)
    assert found.high - found.value == pytest.approx(T_975[2] * math.sqrt(0.02 * 2 / 3), abs=1e-6)


def test_across_two_recipes_by_hand() -> None:
    # Means of rows .5 and .6, of columns .45 and .65: variances .005/2 and .02/2.
    found = across_seeds([[0.4, 0.6], [0.5, 0.7]])
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.55)
    freedom = (0.0025 + 0.01) ** 2 / (0.0025**2 + 0.01**2)
    reach = t_975(freedom) * math.sqrt(0.0125)
    assert (found.low, found.high) == pytest.approx((0.55 - reach, 0.55 + reach), rel=1e-4)


def t_975(freedom: float) -> float:
    """By numeric integration: with t = √f · tan θ the density of Student's t is that of cos^(f − 1) θ."""
    angles = np.linspace(0, math.pi / 2, 1_000_001)
    middle = (angles[1:] + angles[:-1]) / 2
    below = np.cumsum(np.cos(middle) ** (freedom - 1))
    place = int(np.searchsorted(below, 0.95 * below[-1]))
    return math.sqrt(freedom) * math.tan(angles[place + 1])


@pytest.mark.parametrize("freedom", [2, 4, 8])
def test_the_numeric_points_are_the_printed_ones(freedom: int) -> None:
    assert t_975(freedom) == pytest.approx(T_975[freedom], rel=1e-4)


def test_equal_seeds_are_no_certainty() -> None:
    """.1 + .1 + .1 over 3 is not .1, and yet they do not differ."""
    equal = [0.1, 0.1, 0.1]
    assert isinstance(seeds_mean(equal), Undefined)
    assert isinstance(seeds_difference(equal, [0.3, 0.3]), Undefined)
    assert isinstance(seeds_difference_p(equal, [0.3, 0.3]), Undefined)
    assert isinstance(pairs_of_seeds(np.full((4, 4), 0.1)), Undefined)
    assert isinstance(across_seeds(np.full((3, 3), 0.1)), Undefined)
    # One recipe whose seeds differ is enough for an interval of the difference.
    assert isinstance(seeds_difference(equal, [0.3, 0.4]), Estimate)


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_over_pairs_of_seeds_cover_a_known_truth(seeds: int) -> None:
    """Directions with a common part: the expected cosine of two is known, and few seeds cover it."""
    generator = np.random.default_rng(0)
    common, covered = generator.normal(size=30), 0
    common /= np.linalg.norm(common)
    trials = 60
    truth = fmean(_cosines(generator, common, 60)[np.triu_indices(60, 1)])
    for _ in range(trials):
        found = pairs_of_seeds(_cosines(generator, common, seeds))
        assert isinstance(found, Estimate)
        covered += found.low <= truth <= found.high
    # Wide and not narrow: the jackknife errs on that side.
    assert covered / trials > 0.90


def _cosines(generator: np.random.Generator, common: np.ndarray, seeds: int) -> np.ndarray:
    of = common + generator.normal(size=(seeds, len(common))) / math.sqrt(len(common))
    of /= np.linalg.norm(of, axis=1, keepdims=True)
    return np.asarray(of @ of.T)


def test_seeds_that_share_half_of_their_change_have_half_of_it_in_common() -> None:
    """a + c + e_i with |c|² = |e_i|², all orthogonal: the construction says 1/2 to within what cosines do."""
    parts = np.linalg.qr(np.random.default_rng(0).normal(size=(400, 6)))[0].T
    arm, shared, own = parts[0], 0.05 * parts[1], 0.05 * parts[2:]
    models = [arm, *(arm + shared + each for each in own)]
    rho = np.array([[a @ b / math.sqrt((a @ a) * (b @ b)) for b in models] for a in models])
    pairs = np.array(
        [[systematic_change(rho[i, j], rho[0, i], rho[0, j]) for j in range(1, 5)] for i in range(1, 5)]
    )
    found = pairs_of_seeds(pairs)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.5, abs=1e-3)


def test_a_single_seed_says_nothing_of_others() -> None:
    assert isinstance(seeds_mean([1.0]), Undefined)
    assert isinstance(beyond_seeds([1.0]), Undefined)
    assert isinstance(beyond_seeds([0.1, 0.1, 0.1]), Undefined)
    assert isinstance(seeds_difference([1.0, 2.0], [1.0]), Undefined)
    assert isinstance(seeds_difference_p([1.0], [1.0, 2.0]), Undefined)
    assert isinstance(pairs_of_seeds(np.ones((2, 2))), Undefined)
    assert isinstance(across_seeds([[1.0, 2.0]]), Undefined)


@pytest.mark.parametrize("call", [seeds_mean, beyond_seeds, across_seeds])
def test_nan_is_refused(call: object) -> None:
    with pytest.raises(ValueError, match="NaN"):
        call([[float("nan"), 1.0]] if call is across_seeds else [float("nan"), 1.0])  # type: ignore[operator]


def test_pairs_need_a_square_of_numbers() -> None:
    with pytest.raises(ValueError, match="seeds, seeds"):
        pairs_of_seeds(np.ones((2, 3)))
    with pytest.raises(ValueError, match="NaN"):
        pairs_of_seeds(np.full((3, 3), np.nan))
