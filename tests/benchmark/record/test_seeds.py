"""Numbers over seeds: their intervals against formulas by hand, and how often they hold the truth."""

import math

import numpy as np
import pytest
from scipy.stats import t

from build.records import number
from mechshift.benchmark.contrast.differences import statistic_of
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import COUNTED, Number, Resampling
from mechshift.benchmark.record.seeds import (
    difference_of_both,
    mean_of_both,
    mean_of_seeds,
    mean_over_prompts,
)

VALUES, CONTROLS = (0.70, 0.74, 0.66), (0.90, 0.88)
PROMPTS = Resampling(12, math.inf, 12)


def numbers(values: tuple[float, ...], reach: float) -> list[Number]:
    return [number(value, reach) for value in values]


def bounds(found: object) -> tuple[float, float, float]:
    assert isinstance(found, Number)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.value, found.high


def standard_error(values: tuple[float, ...]) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def test_seeds_share_their_prompts_and_bounds_are_averaged() -> None:
    given = [Number(value=1.0, low=0.8, high=1.3), Number(value=2.0, low=1.8, high=2.1)]
    assert bounds(mean_over_prompts(given)) == pytest.approx((1.3, 1.5, 1.7))
    assert mean_over_prompts([*given, Number(value=1.0)]) == Missing(
        missing="a value has no interval over prompts"
    )
    assert mean_over_prompts([*given, Missing(missing="why")]) == Missing(missing="why")


def test_both_deviations_add_up_as_squares() -> None:
    found = mean_of_both(numbers(VALUES, 0.05), PROMPTS)
    reach = math.hypot(t.ppf(0.975, 2) * standard_error(VALUES), 0.05)
    assert bounds(found) == pytest.approx((0.7 - reach, 0.7, 0.7 + reach))


def test_the_difference_of_two_recipes_by_hand() -> None:
    apart = [Number(value=-0.15, low=-0.20, high=-0.12)] * 2
    found = difference_of_both(numbers(VALUES, 0.05), numbers(CONTROLS, 0.04), apart, PROMPTS)
    variances = [standard_error(VALUES) ** 2, standard_error(CONTROLS) ** 2]
    degrees = sum(variances) ** 2 / (variances[0] ** 2 / 2 + variances[1] ** 2 / 1)
    seeds = t.ppf(0.975, degrees) * math.sqrt(sum(variances))
    value = 0.7 - 0.89
    # The difference of the means, with how far the paired differences reach to either side.
    expected = value - math.hypot(seeds, 0.05), value, value + math.hypot(seeds, 0.03)
    assert bounds(found) == pytest.approx(expected)


def test_the_statistic_has_the_variances_of_seeds_and_prompts() -> None:
    found = mean_of_both(numbers(VALUES, 0.05), COUNTED)
    assert isinstance(found, Number)
    statistic, freedom = statistic_of(found)
    of_seeds, of_prompts = standard_error(VALUES) ** 2, (0.05 / 1.959964) ** 2
    assert statistic == pytest.approx(0.7 / math.sqrt(of_seeds + of_prompts), rel=1e-4)
    assert freedom == pytest.approx((of_seeds + of_prompts) ** 2 / (of_seeds**2 / 2), rel=1e-3)


def test_an_interval_by_student_is_turned_back_by_its_own_quantile() -> None:
    """Of 14 degrees of freedom, of which the resamples leave ten for the variance."""
    found = mean_of_both(numbers(VALUES, 0.05), Resampling(10, math.inf, 14))
    assert isinstance(found, Number)
    statistic, freedom = statistic_of(found)
    of_seeds, of_prompts = standard_error(VALUES) ** 2, (0.05 / t.ppf(0.975, 14)) ** 2
    total = of_seeds + of_prompts
    assert statistic == pytest.approx(0.7 / math.sqrt(total))
    assert freedom == pytest.approx(total**2 / (of_seeds**2 / 2 + of_prompts**2 / 10))


def test_seeds_that_are_equal_leave_the_interval_over_prompts() -> None:
    assert bounds(mean_of_both(numbers((0.5, 0.5), 0.1), PROMPTS)) == pytest.approx((0.4, 0.5, 0.6))
    assert mean_of_seeds([0.5, 0.5]) == Number(value=0.5)


def test_what_has_no_interval_says_why() -> None:
    assert mean_of_both(numbers((0.5,), 0.1), PROMPTS) == Missing(missing="there is one seed")
    one = difference_of_both(numbers(VALUES, 0.1), numbers((0.9,), 0.1), numbers((-0.2,), 0.1), PROMPTS)
    assert one == Missing(missing="one of the two recipes has one seed")
    lost = Missing(missing="no comparison")
    assert difference_of_both([lost, lost], numbers(CONTROLS, 0.1), [lost], PROMPTS) == lost
    assert difference_of_both(numbers(VALUES, 0.1), [lost, lost], numbers((-0.2,), 0.1), PROMPTS) == lost


@pytest.mark.parametrize(("of_seeds", "of_prompts"), [(0.03, 0.01), (0.01, 0.03), (0.02, 0.02)])
def test_the_truth_of_other_seeds_and_prompts_is_held(of_seeds: float, of_prompts: float) -> None:
    """Prompts move all seeds alike and each a little by itself; 500 trials, of which 95 % are 475 ± 5."""
    generator = np.random.default_rng(7)
    held = {"mean": 0, "difference": 0}
    for _ in range(500):
        shared = of_prompts * generator.normal(size=2)
        own = 0.5 * of_prompts
        pairs, controls = (
            0.7 + shared[side] + of_seeds * generator.normal(size=5) + own * generator.normal(size=5)
            for side in (0, 1)
        )
        reach = 1.96 * math.hypot(of_prompts, own)
        mean = mean_of_both([number(value, reach) for value in pairs], COUNTED)
        apart = [number(a - b, math.hypot(reach, reach)) for a, b in zip(pairs, controls, strict=True)]
        less = difference_of_both(
            [number(value, reach) for value in pairs],
            [number(value, reach) for value in controls],
            apart,
            COUNTED,
        )
        held["mean"] += bounds(mean)[0] <= 0.7 <= bounds(mean)[2]
        held["difference"] += bounds(less)[0] <= 0.0 <= bounds(less)[2]
    assert all(460 <= each <= 500 for each in held.values()), held
