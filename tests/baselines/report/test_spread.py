"""The seeds' range beside the width of an interval, by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from mechshift.baselines.report.quantities import EARLY_SHIFT, overlap_own_sizes, specialisation_shift
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.spread import EXPECTED, spread
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord

MakePairs = Callable[..., Pairs]


def test_range_and_width_by_hand(make_pairs: MakePairs) -> None:
    # 0.20, 0.01, -0.05 and twice 0.01, all ± 0.03.
    found = spread(EARLY_SHIFT, make_pairs())
    assert isinstance(found.range, Number)
    assert isinstance(found.width, Number)
    assert (found.range.value, found.width.value) == pytest.approx((0.25, 0.06))
    assert [each.value for each in found.values if isinstance(each, Number)] == [
        0.20,
        0.01,
        -0.05,
        0.01,
        0.01,
    ]
    assert found.exceeds is True


def test_seeds_nearer_than_an_interval_is_wide_do_not_exceed_it(make_pairs: MakePairs) -> None:
    assert spread(specialisation_shift("planning"), make_pairs()).exceeds is False


def test_a_seed_without_a_value_leaves_its_reason(
    make_pairs: MakePairs, make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> None:
    reason = Missing(missing="the ceiling does not exceed the floor")
    record = make_record("tiny-seed-3", (make_task("ioi", {100: reason}), make_task("countdown")))
    found = spread(overlap_own_sizes("local"), make_pairs({"tiny-seed-3": record}))
    assert (found.range, found.width, found.exceeds) == (reason, reason, None)
    assert isinstance(found.values[0], Number)


def test_a_value_without_an_interval_leaves_the_width_missing(
    make_pairs: MakePairs, make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> None:
    record = make_record("tiny-seed-3", (make_task("ioi"), make_task("countdown", early=Number(value=0.1))))
    found = spread(EARLY_SHIFT, make_pairs({"tiny-seed-3": record}))
    assert isinstance(found.range, Number)
    assert (found.width, found.exceeds) == (Missing(missing="a value has no interval"), None)


@pytest.mark.parametrize("seeds", EXPECTED)
def test_the_range_that_is_expected_of_the_intervals_alone(seeds: int) -> None:
    drawn = np.random.default_rng(0).normal(size=(100_000, seeds))
    assert np.ptp(drawn, axis=1).mean() / (2 * 1.959964) == pytest.approx(EXPECTED[seeds], abs=0.006)


def test_seeds_that_are_not_there_are_left_out(make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    there = Pairs({pair: each for pair, each in pairs.records.items() if pair != "tiny-seed-4"})
    found = spread(EARLY_SHIFT, there)
    assert len(found.values) == 4
