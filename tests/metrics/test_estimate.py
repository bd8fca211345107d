from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import Estimate, Undefined, bootstrap, paired_difference, paired_statistic


def _means(*data: np.ndarray, seed: int = 3, resamples: int = 400) -> list[Estimate]:
    """Weighted means of each data set, every one resampled by itself from the same seed."""
    found = []
    for values in data:
        mean = bootstrap(
            lambda w, values=values: {"": float(w @ values / w.sum())}, range(len(values)), resamples, seed
        )[""]
        assert isinstance(mean, Estimate)
        found.append(mean)
    return found


def test_a_paired_statistic_is_known_as_its_least_known_part_is() -> None:
    draws = np.random.default_rng(14).normal(size=(2, 200))
    few, many = (
        Estimate(0.0, -9.0, 9.0, 0.95, 200, draws=one, freedom=freedom)
        for one, freedom in zip(draws, (4.0, 30.0), strict=True)
    )
    for one, other in ((few, many), (many, few)):
        found = paired_statistic(lambda a, b: a + b, [one, other])
        assert isinstance(found, Estimate)
        assert found.freedom == 4
        reach = np.quantile(draws.sum(axis=0), 0.975) - np.median(draws.sum(axis=0))
        assert found.high == pytest.approx(reach * stats.t.isf(0.025, 4) / stats.norm.isf(0.025))


def test_without_degrees_of_freedom_there_is_no_paired_statistic() -> None:
    (first,) = _means(np.arange(20.0))
    with pytest.raises(ValueError, match="degrees of freedom"):
        paired_difference(first, replace(first, freedom=None))


def test_clipping_keeps_the_value() -> None:
    assert Estimate(0.9, 0.8, 1.1, 0.95, 200).clipped(0, 1) == Estimate(0.9, 0.8, 1.0, 0.95, 200)
    assert Estimate(0.0, -0.2, 0.3, 0.95, 200).clipped(0, 1) == Estimate(0.0, 0.0, 0.3, 0.95, 200)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0.6, 0.608, 0.608), r"must lie in its interval: 0\.6 \[0\.608, 0\.608\]"),
        ((0.6, 0.5, 0.5), "must lie in its interval"),
        ((0.0, 1.0, -1.0), "must lie in its interval"),
        ((np.nan, 0.0, 1.0), "must be finite"),
        ((0.0, np.nan, 1.0), "must be finite"),
        ((0.0, -np.inf, 1.0), "must be finite"),
        ((0.0, 0.0, np.inf), "must be finite"),
    ],
)
def test_an_estimate_outside_its_interval_cannot_be_made(numbers: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Estimate(*numbers, level=0.95, resamples=200)


def test_a_paired_difference_is_that_of_a_bootstrap_of_the_difference() -> None:
    a, b = np.random.default_rng(5).normal(size=(2, 40)) + np.array([[0.3], [0.0]])
    first, second, together = _means(a, b, a - b)
    found = paired_difference(first, second)
    assert isinstance(found, Estimate)
    assert [found.value, found.low, found.high] == pytest.approx(
        [together.value, together.low, together.high]
    )


def test_what_both_owe_to_the_prompts_cancels() -> None:
    luck, own = np.random.default_rng(6).normal(size=(2, 40)) * np.array([[1.0], [0.1]])
    first, second = _means(luck, luck + own)
    found = paired_difference(first, second)
    assert isinstance(found, Estimate)
    assert found.high - found.low < 0.2 * (first.high - first.low)


def test_without_draws_or_of_other_resamples_nothing_is_paired() -> None:
    (first,), (other,) = _means(np.arange(20.0)), _means(np.arange(20.0), resamples=300)
    with pytest.raises(ValueError, match="draws"):
        paired_difference(first, Estimate(1.0, 0.5, 1.5, 0.95, 400))
    with pytest.raises(ValueError, match="resamples"):
        paired_difference(first, other)


def test_a_difference_of_what_is_seldom_defined_is_undefined() -> None:
    draws = np.linspace(0, 1, 100)
    often, seldom = draws.copy(), draws.copy()
    often[:3], seldom[:20] = np.nan, np.nan
    whole, some, few = (
        Estimate(0.5, 0.1, 0.9, 0.95, 100, draws=one, freedom=9) for one in (draws, often, seldom)
    )
    found = paired_difference(whole, some)
    assert isinstance(found, Estimate)
    assert found.undefined == 3
    assert isinstance(paired_difference(whole, few), Undefined)


def test_a_paired_statistic_is_that_of_a_bootstrap_of_the_statistic() -> None:
    a, b = np.random.default_rng(5).normal(5, 1, size=(2, 40))
    first, second = _means(a, b)
    together = bootstrap(lambda w: {"": float((w @ a) / (w @ b))}, range(40), resamples=400, seed=3)[""]
    found = paired_statistic(lambda x, y: x / y, [first, second])
    assert isinstance(together, Estimate)
    assert isinstance(found, Estimate)
    assert [found.value, found.low, found.high] == pytest.approx(
        [together.value, together.low, together.high]
    )


def test_a_paired_statistic_may_be_undefined() -> None:
    (first,) = _means(np.arange(20.0))
    assert paired_statistic(lambda x: Undefined("never"), [first]) == Undefined("never")
    seldom = paired_statistic(lambda x: x if x > first.low else Undefined("low"), [first])
    assert isinstance(seldom, Estimate)
    assert seldom.undefined > 0
    with pytest.raises(ValueError, match="must be estimates"):
        paired_statistic(lambda: 1.0, [])


@pytest.mark.parametrize(
    ("value", "low", "clear"), [(1.0, 0.6, True), (1.0, 0.5, False), (-1.0, -1.1, False), (0.0, 0.0, False)]
)
def test_a_number_is_clear_of_zero_where_it_is_known_to_within_half(
    value: float, low: float, clear: bool
) -> None:
    assert Estimate(value, low, value + 1, 0.95, 200).clear is clear


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Estimate(1.0, 0.0, 2.0, level=1.0, resamples=200), "level must lie strictly between"),
        (lambda: Estimate(1.5, 1.0, 2.0, 0.95, 200).clipped(0, 1), "1.5 lies outside the range 0 to 1"),
        (lambda: Estimate(0.5, 0.0, 2.0, 0.95, 200).clipped(0, float("nan")), "outside the range"),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
