"""Axes hold what they show, and their ticks are round."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mechshift.benchmark.pages.scale import LogScale, Scale, around, label
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_bounds_hold_values_and_intervals() -> None:
    assert around([Number(value=0.31, low=0.22, high=0.47), Missing(missing="x")]) == (0.2, 0.5)
    assert around([Number(value=0.31)], include=(0.0,)) == pytest.approx((0, 0.4))
    assert around([Missing(missing="x")]) == (0, 1)
    assert around([Number(value=725)]) == (652.5, 797.5)
    assert around([Number(value=0)]) == (-1, 1)


@given(st.lists(FINITE, max_size=5))
def test_any_values_have_an_axis(values: list[float]) -> None:
    low, high = around([Number(value=value) for value in values])
    assert low < high
    scale = Scale(low, high, 10, 110)
    assert all(10 <= scale(value) <= 110 for value in values)
    assert len(scale.ticks()) <= 12
    assert all(math.isfinite(tick) and label(tick) for tick in scale.ticks())


def test_ticks_are_round_and_within() -> None:
    assert Scale(0.0, 1.0, 0, 100).ticks() == [0, 0.25, 0.5, 0.75, 1]
    assert [label(tick) for tick in Scale(-0.06, 0.1, 0, 100).ticks()] == ["−0.05", "0", "0.05", "0.1"]


def test_places() -> None:
    assert Scale(0, 10, 100, 0)(2.5) == 75
    assert Scale(0, 10, 0, 100)(11) == 100
    assert LogScale(0.001, 1, 0, 300)(0.01) == 100
    assert LogScale(1, 1, 0, 300)(1) == 150


def test_labels() -> None:
    assert [label(value) for value in (-0.5, 0.0, 0.1 + 0.2, 25_000)] == ["−0.5", "0", "0.3", "25,000"]
