"""Student's t against scipy and against closed forms for one and two degrees of freedom."""

import math

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import student_tail
from mechshift.metrics.student import student_quantile, student_tails


@pytest.mark.parametrize("freedom", [1, 2, 3, 9, 30, 200])
@pytest.mark.parametrize("statistic", [-30.0, -2.0, 0.0, 0.001, 0.5, 1.0, 2.0, 7.5, 30.0, 1e4])
def test_it_is_scipys(statistic: float, freedom: int) -> None:
    assert student_tail(statistic, freedom) == pytest.approx(stats.t.sf(statistic, freedom), rel=1e-11)


@pytest.mark.parametrize("freedom", [1.5, 8.6, 20.63, 1e5, 1e7, 1e12, math.inf])
def test_many_at_once_with_any_degrees_of_freedom(freedom: float) -> None:
    statistics = np.array([[-3.0, 0.0, 0.2], [1.7, 4.1, 9.0]])
    expected = stats.norm.sf(statistics) if math.isinf(freedom) else stats.t.sf(statistics, freedom)
    assert student_tails(statistics, freedom) == pytest.approx(expected, rel=1e-6)
    mixed = student_tails([1.7, 4.1, -np.inf, np.inf], [3, np.inf, 2, freedom])
    assert mixed == pytest.approx([stats.t.sf(1.7, 3), stats.norm.sf(4.1), 1, 0])


@pytest.mark.parametrize("statistic", [1e-9, 0.3, 2.0, 1e5])
def test_closed_forms(statistic: float) -> None:
    assert student_tail(statistic, 1) == pytest.approx(math.atan2(1, statistic) / math.pi, rel=1e-12)
    # 1/2 − t/(2 √(2 + t²)), without its cancellation
    root = math.sqrt(2 + statistic**2)
    assert student_tail(statistic, 2) == pytest.approx(1 / (root * (root + statistic)), rel=1e-12)


def test_no_statistic_is_too_large() -> None:
    assert student_tail(math.inf, 3) == 0
    assert student_tail(-math.inf, 3) == 1
    assert student_tail(1e200, 3) == 0


def test_what_is_no_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        student_tail(math.nan, 3)
    with pytest.raises(ValueError, match="freedom"):
        student_tail(1.0, 0)
    with pytest.raises(ValueError, match="freedom"):
        student_tail(1.0, math.nan)


@pytest.mark.parametrize("freedom", [1, 2.5, 9, 100, math.inf])
@pytest.mark.parametrize("probability", [0.001, 0.3, 0.5, 0.975, 0.9999])
def test_a_quantile_is_where_the_tail_is_what_is_left(probability: float, freedom: float) -> None:
    wanted = stats.t.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("probability", [0, 1, -0.1, math.nan])
def test_a_quantile_without_an_end_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=r"probability|infinite"):
        student_quantile(probability, 5)
