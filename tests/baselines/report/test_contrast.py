"""Verdicts, differences and shares by hand: a pair's interval reaches 3 to either side, the control's 4."""

from collections.abc import Callable
from math import sqrt

import pytest

from mechshift.baselines.report.claims import PREDICTIONS, Prediction
from mechshift.baselines.report.contrast import VERDICTS, between, contrast, judge, share_of_control, side
from mechshift.baselines.report.quantities import EARLY_SHIFT, overlap_one_size
from mechshift.baselines.report.records import Pairs
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord

MakePairs = Callable[..., Pairs]

BY_LABEL = {prediction.quantity.label: prediction for prediction in PREDICTIONS}

EXPECTED = {
    ("Ĵ local, one size", "tiny"): "more than the control",
    ("Ĵ local, one size", "tiny-noshift"): "not distinguishable from the control",
    ("Ĵ local, one size", "tiny-block"): "less than the control",
    ("early shift, planning", "tiny"): "holds",
    ("early shift, planning", "tiny-noshift"): "no more than further training",
    ("early shift, planning", "tiny-block"): "less than further training",
    ("early shift, planning", "tiny-seed-2"): "not shown",
    ("early shift, planning", "tiny-seed-3"): "opposite",
    ("ratio of early shares, countdown", "tiny"): "holds",
    ("ratio of early shares, countdown", "tiny-noshift"): "no more than further training",
    ("ratio of early shares, countdown", "tiny-seed-2"): "not shown",
    ("ratio of early shares, countdown", "tiny-seed-3"): "less than claimed",
    ("specialisation shift, local", "tiny"): "holds",
    ("specialisation shift, local", "tiny-noshift"): "no more than further training",
    ("specialisation shift, local", "tiny-block"): "less than further training",
    ("specialisation shift, local", "tiny-seed-2"): "not shown",
    ("specialisation shift, local", "tiny-seed-3"): "opposite",
    ("output sharpness shift, planning", "tiny"): "opposite",
}


def bounds(value: Measured) -> tuple[float | None, ...]:
    assert isinstance(value, Number), value
    return value.value, value.low, value.high


@pytest.mark.parametrize(("quantity", "pair"), EXPECTED)
def test_verdicts_by_hand(quantity: str, pair: str, make_pairs: MakePairs) -> None:
    assert contrast(BY_LABEL[quantity], pair, make_pairs()).verdict == EXPECTED[quantity, pair]


def test_every_verdict_is_met_above() -> None:
    assert set(EXPECTED.values()) == set(VERDICTS)


def test_the_difference_is_the_pair_less_the_control(make_pairs: MakePairs) -> None:
    found = contrast(BY_LABEL["early shift, planning"], "tiny", make_pairs())
    assert bounds(found.value) == pytest.approx((0.20, 0.17, 0.23))
    assert bounds(found.control) == pytest.approx((0.10, 0.06, 0.14))
    assert bounds(found.difference) == pytest.approx((0.10, 0.05, 0.15))


def test_a_difference_of_differences_adds_all_four_intervals(make_pairs: MakePairs) -> None:
    found = contrast(BY_LABEL["overlap shift, own sizes"], "tiny", make_pairs())
    reach = sqrt(0.03**2 + 0.03**2 + 0.04**2 + 0.04**2)
    assert bounds(found.difference) == pytest.approx((0.25, 0.25 - reach, 0.25 + reach))


def test_any_two_pairs_can_be_compared(make_pairs: MakePairs) -> None:
    reach = sqrt(0.03**2 + 0.03**2)
    found = between(overlap_one_size("local"), "tiny", "tiny-scratch", make_pairs())
    assert bounds(found) == pytest.approx((0.6, 0.6 - reach, 0.6 + reach))


@pytest.mark.parametrize(
    ("quantity", "pair", "share"),
    [
        ("early shift, planning", "tiny", 0.10 / 0.20),
        ("early shift, planning", "tiny-seed-3", 0.10 / -0.05),
        ("ratio of early shares, countdown", "tiny", 1.2 / 1.9),
        ("Ĵ local, one size", "tiny", 0.4 / 0.3),
    ],
)
def test_the_share_in_the_control_is_of_the_change(
    quantity: str, pair: str, share: float, make_pairs: MakePairs
) -> None:
    found = contrast(BY_LABEL[quantity], pair, make_pairs()).share
    assert isinstance(found, Number)
    assert found.value == pytest.approx(share)


def test_there_is_no_share_of_no_change(make_pairs: MakePairs) -> None:
    found = contrast(BY_LABEL["early shift, planning"], "tiny-seed-2", make_pairs()).share
    assert found == Missing(missing="the pair's interval includes 0, which is no change")


def test_there_is_no_share_in_a_control_without_a_value() -> None:
    gone = Missing(missing="gone")
    assert share_of_control(EARLY_SHIFT, Number(value=1, low=0.5, high=2), gone) == gone


@pytest.mark.parametrize("lacking", ["tiny", "tiny-continued"])
def test_without_a_value_there_is_its_reason_and_no_verdict(
    lacking: str,
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
) -> None:
    reason = Missing(missing="the ceiling does not exceed the floor")
    record = make_record(lacking, (make_task("ioi", {100: reason}), make_task("countdown")))
    found = contrast(BY_LABEL["Ĵ local, own sizes"], "tiny", make_pairs({lacking: record}))
    assert found.verdict == found.difference == found.share == reason


def test_without_an_interval_there_is_no_verdict() -> None:
    bare, whole = Number(value=1), Number(value=1, low=0.5, high=2)
    nothing = Missing(missing="the value has no interval")
    judged = Prediction(EARLY_SHIFT, "above 0", 1, 0)
    assert judge(judged, whole, bare) == judge(judged, bare, whole) == nothing


@pytest.mark.parametrize(
    ("low", "high", "where"), [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.1, 0), (0.0, 0.1, 0), (-0.1, 0.0, 0)]
)
def test_an_interval_that_ends_at_the_bound_includes_it(low: float, high: float, where: int) -> None:
    assert side(Number(value=(low + high) / 2, low=low, high=high), 0) == where
