"""Student's t of sums against scipy, and its error rate in simulations whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import Estimate, Undefined, bootstrap, cluster_weights, holm, paired_difference
from mechshift.metrics.welch import (
    drawn_variance,
    estimated_variance,
    interval_freedom,
    interval_variance,
    resampled_freedom,
    welch_interval,
    welch_p,
    welch_statistic,
    welch_value,
    within_rounding,
)


def test_a_variance_is_that_of_the_draws_that_are_there() -> None:
    draws = np.random.default_rng(0).normal(size=(4, 100))
    draws[1, :5], draws[2, :6], draws[3] = np.nan, np.nan, np.nan  # five of a hundred may be missing
    found = drawn_variance(draws)
    assert found[:2] == pytest.approx([stats.tvar(draws[0]), stats.tvar(draws[1, 5:])])
    assert np.isnan(found[2:]).all()
    assert np.isnan(drawn_variance([1.0]))
    assert np.isnan(drawn_variance(np.empty((2, 0)))).all()


def test_a_test_of_two_samples_is_welchs() -> None:
    generator = np.random.default_rng(1)
    one, other = generator.normal(size=12), generator.normal(0.7, 3, size=7)
    variances = [one.var(ddof=1) / 12, other.var(ddof=1) / 7]
    expected = stats.ttest_ind(one, other, equal_var=False)
    statistic, freedom = welch_statistic(one.mean() - other.mean(), variances, [11, 6])
    assert (statistic, freedom) == (pytest.approx(expected.statistic), pytest.approx(expected.df))
    assert welch_p(one.mean() - other.mean(), variances, [11, 6]) == pytest.approx(expected.pvalue)


def test_of_known_variances_it_is_the_normal_test() -> None:
    assert welch_p(2.0, [0.5, 0.5], [np.inf, np.inf]) == pytest.approx(2 * stats.norm.sf(2))
    # A part without variance adds nothing, whatever its degrees of freedom.
    assert welch_p(2.0, [1.0, 0.0], [7, 1]) == pytest.approx(2 * stats.t.sf(2, 7))


def test_without_any_variance_every_difference_is_certain() -> None:
    assert welch_p([0.0, 1e-9], np.zeros((2, 2)), 5).tolist() == [1.0, 0.0]


def test_the_variance_of_an_interval_is_by_the_quantile_that_it_reaches() -> None:
    assert interval_variance(0.3 * stats.norm.isf(0.005), math.inf, level=0.99) == pytest.approx(0.09)
    reach = 0.3 * np.array([[stats.t.isf(0.025, 3), stats.t.isf(0.025, 23)], [stats.norm.isf(0.025), 0.0]])
    found = interval_variance(reach, [[3, 23], [math.inf, 9]])
    assert found == pytest.approx(np.array([[0.09, 0.09], [0.09, 0.0]]))


def test_an_estimate_without_draws_is_known_by_its_interval_row_by_row() -> None:
    draws = np.random.default_rng(5).normal(size=(3, 100))
    # Five of a hundred may be missing, and six are too many.
    draws[1, :5], draws[2, :6] = np.nan, np.nan
    reach = stats.t.isf(0.025, 23) * np.array([7.0, 7.0, 2.0])
    variance, freedom = estimated_variance(draws, reach, [9, 14, 23], [100, 100, 200], [9, 14, 23])
    assert variance == pytest.approx([stats.tvar(draws[0]), stats.tvar(draws[1, 5:]), 4.0])
    percentile, _ = estimated_variance(draws, reach, [9, 14, 23], [100, 100, 200], math.inf)
    assert percentile[2] == pytest.approx(4 * (stats.t.isf(0.025, 23) / stats.norm.isf(0.025)) ** 2)
    assert freedom == pytest.approx([1 / (1 / 9 + 1 / 99), 1 / (1 / 14 + 1 / 99), 1 / (1 / 23 + 4 / 200)])


def test_both_sides_of_an_interval_at_once() -> None:
    draws = [[1.0, 3.0], [np.nan, np.nan]]
    reach = stats.t.isf(0.025, 23) * np.array([[1.0, 1.0], [5.0, 3.0]])
    variance, freedom = estimated_variance(draws, reach, 23, 200, 23)
    assert variance == pytest.approx(np.array([[2.0, 1.0], [2.0, 9.0]]))
    assert freedom == pytest.approx([1.0, 1 / (1 / 23 + 4 / 200)])


def test_one_estimate_by_itself() -> None:
    variance, freedom = estimated_variance([1.0, 2.0, 4.0], 9.0, 23, 200, 23)
    assert (variance.shape, freedom.shape) == ((), ())
    assert (variance, freedom) == (pytest.approx(7 / 3), pytest.approx(1 / (1 / 23 + 1 / 2)))
    variance, freedom = estimated_variance([], stats.t.isf(0.025, 23), 23, 200, 23)
    assert (variance, freedom) == (pytest.approx(1), pytest.approx(1 / (1 / 23 + 4 / 200)))


def test_of_another_level_more_draws_may_be_missing() -> None:
    draws = np.random.default_rng(6).normal(size=(2, 100))
    draws[0, :25], draws[1, :26] = np.nan, np.nan
    variance, _ = estimated_variance(draws, 3 * stats.t.isf(0.125, 23), 23, 200, 23, level=0.75)
    assert variance == pytest.approx([stats.tvar(draws[0, 25:]), 9.0])


def test_of_known_units_the_resamples_alone_are_few() -> None:
    draws = np.array([np.arange(200.0), np.full(200, np.nan)])
    _, freedom = estimated_variance(draws, 1.0, math.inf, 200, math.inf)
    assert freedom == pytest.approx([199, 50])


@pytest.mark.parametrize(
    ("value", "resolution"), [(0.0, 2**-17), (0.5, 2**-17), (4.0, 2**-15), (-4.0, 2**-15)]
)
def test_rounding_is_of_one_or_of_the_larger_value(value: float, resolution: float) -> None:
    nearer_to_0 = value - math.copysign(resolution, value)
    more = value - math.copysign(resolution + 2**-40, value)
    assert within_rounding(value, [value, nearer_to_0, more]).tolist() == [True, True, False]
    assert within_rounding([nearer_to_0, more], value).tolist() == [True, False]


def relative_variance(variances: np.ndarray) -> float:
    return float(np.var(variances) / np.mean(variances) ** 2)


def test_degrees_of_freedom_are_those_of_the_spread_of_variances() -> None:
    """A variance with ν degrees of freedom has a relative variance of 2/ν; simulated, units and draws."""
    generator = np.random.default_rng(2)
    samples = generator.normal(size=(4000, 10)).var(axis=1, ddof=1)
    draws = np.sqrt(samples)[:, None] * generator.normal(size=(4000, 60))
    assert 2 / relative_variance(drawn_variance(draws)) == pytest.approx(
        float(resampled_freedom(9, 60)), rel=0.12
    )
    low, centre = np.quantile(generator.normal(size=(4000, 200)), [0.025, 0.5], axis=1)
    assert 2 / relative_variance(interval_variance(centre - low, math.inf)) == pytest.approx(
        float(interval_freedom(math.inf, 200)), rel=0.12
    )
    assert resampled_freedom(9, math.inf) == pytest.approx(9)
    assert interval_freedom(math.inf, math.inf) == math.inf


def families(units: int, runs: int, shift: float = 0.0) -> tuple[float, float]:
    """How often any of 109 paired nulls is taken for real, and how often one shift is, of so many errors."""
    generator = np.random.default_rng([units, 3])
    weights = cluster_weights(np.arange(units), 200, 0)
    share = weights / weights.sum(axis=1, keepdims=True)
    false = true = 0
    for _ in range(runs):
        # What both records owe to their prompts has cancelled in the differences.
        apart = generator.normal(size=(units, 110))
        apart[:, 0] += shift / math.sqrt(units)
        variances = drawn_variance((share @ apart).T)
        p = holm(welch_p(apart.mean(axis=0), variances[None], resampled_freedom(units - 1, 200)))
        false += bool((p[1:] <= 0.05).any())
        true += bool(p[0] <= 0.05)
    return false / runs, true / runs


@pytest.mark.parametrize("units", [10, 24])
def test_any_false_difference_is_as_rare_as_stated(units: int) -> None:
    runs = 400
    false, _ = families(units, runs)
    assert false <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize(("units", "shift"), [(10, 8.0), (24, 5.0)])
def test_power_is_nearly_that_of_the_t_test_of_the_prompts(units: int, shift: float) -> None:
    _, found = families(units, 300, shift)
    limit = stats.t.isf(0.05 / 110 / 2, units - 1)
    exact = stats.nct.sf(limit, units - 1, shift)
    # Of 200 resamples a little is lost; three standard errors are at most .087.
    assert exact - 0.17 <= found <= exact + 0.09


def test_one_paired_difference_of_bootstraps() -> None:
    generator = np.random.default_rng(4)
    before = generator.normal(size=24)
    after = before + generator.normal(0.1, 0.2, 24)
    a, b = (bootstrap(lambda w, x=x: {"": float(w @ x / w.sum())}, range(24))[""] for x in (before, after))
    assert isinstance(a, Estimate)
    assert isinstance(b, Estimate)
    found = paired_difference(b, a)
    assert isinstance(found, Estimate)
    p = welch_p(found.value, [drawn_variance(found.draws)], [23])
    # Of 200 resamples the standard error is known to 5 %.
    assert p == pytest.approx(stats.ttest_rel(after, before).pvalue, rel=0.5)


def test_a_sum_of_means_has_the_interval_of_welchs_test() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, 4), rng.normal(1, 3, 3)
    found = welch_interval([a, b], [1, -1])
    assert isinstance(found, Estimate)
    wanted = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-9)
    assert welch_value([a, b], [1, -1]) == pytest.approx(a.mean() - b.mean(), rel=1e-12)


def test_a_sum_over_four_kinds_covers_the_truth() -> None:
    rng, covered = np.random.default_rng(6), 0
    truths, weights = [0.9, 0.5, 0.7, 0.6], [0.5, -0.5, 0.5, -0.5]
    for _ in range(500):
        groups = [rng.normal(truth, 0.2, n) for truth, n in zip(truths, (3, 2, 2, 3), strict=True)]
        found = welch_interval(groups, weights)
        assert isinstance(found, Estimate)
        covered += found.low <= np.dot(truths, weights) <= found.high
    assert covered >= 470  # 475 expected, and Satterthwaite's degrees of freedom are rather few


def test_one_value_of_a_kind_shows_no_spread() -> None:
    found = welch_interval([[0.1, 0.2], [0.5]], [1, -1])
    assert isinstance(found, Undefined)
    assert found.reason == "a spread takes two values of a kind, and one kind has 1"
    assert isinstance(welch_interval([[0.1, 0.1], [0.5, 0.5]], [1, -1]), Undefined)
    assert welch_value([[0.1, 0.2], [0.5]], [1, -1]) == found


@pytest.mark.parametrize(("groups", "weights"), [([], []), ([[1, 2]], [1, 2]), ([[1, float("nan")]], [1])])
def test_what_is_no_sum_of_means_is_refused(groups: list[list[float]], weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"groups|NaN|empty"):
        welch_interval(groups, weights)
