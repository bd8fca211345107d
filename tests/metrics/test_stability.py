import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mechshift.metrics import SignStability, Undefined, sign_carriers, sign_stability


def found(values: dict[str, float]) -> SignStability:
    stability = sign_stability(values)
    assert isinstance(stability, SignStability)
    return stability


def test_a_task_that_carries_the_mean_alone_is_named() -> None:
    one = found({"ioi": 0.5, "induction": -0.1, "agreement": -0.1, "greater-than": -0.1})
    assert one.mean == pytest.approx(0.05)
    assert one.low == pytest.approx(-0.1)
    assert one.high == pytest.approx(0.3 / 3)
    assert one.carriers == ("ioi",)
    assert not one.stable


def test_tasks_that_agree_are_stable() -> None:
    assert found({"a": -0.1, "b": -0.2, "c": -0.3}).stable
    assert found({"a": 0.1, "b": 0.3, "c": -0.05}).stable


def test_a_mean_of_nothing_has_no_sign_to_keep() -> None:
    assert not found({"a": 0.0, "b": 0.0, "c": 0.0}).stable


def test_a_task_without_which_there_is_no_value_carries_no_sign() -> None:
    assert sign_carriers(0.1, {"a": 0.2, "b": -0.1, "c": 0.0, "d": None}) == ("b", "c")
    assert sign_carriers(0.0, {"a": 0.0, "b": 0.1}) == ("b",)
    assert sign_carriers(0.1, {}) == ()
    with pytest.raises(ValueError, match="values"):
        sign_carriers(0.1, {"a": float("nan")})


def test_two_tasks_say_nothing_of_each_other() -> None:
    assert isinstance(sign_stability({"a": 1.0, "b": 2.0}), Undefined)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(st.floats(-10, 10), min_size=3, max_size=6))
def test_leaving_out_is_what_it_says(values: list[float]) -> None:
    one = found({str(place): value for place, value in enumerate(values)})
    without = [np.mean(values[:place] + values[place + 1 :]) for place in range(len(values))]
    assert (one.low, one.high) == pytest.approx((min(without), max(without)))
    expected = [str(n) for n, mean in enumerate(without) if np.sign(mean) != np.sign(np.mean(values))]
    assert list(one.carriers) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_input_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN"):
        sign_stability({"a": bad, "b": 1.0, "c": 1.0})
    with pytest.raises(ValueError, match="beyond"):
        sign_stability({"a": 1e308, "b": 1e308, "c": 1e308})
