"""What a reduction changed: the largest change, alone and beside its interval, and what has no pair."""

from collections.abc import Callable

import pytest

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.submission.changes import compare_records

MakeRecord = Callable[..., Record]


def changed(record: Record, **numbers: object) -> Record:
    """The record with other numbers in its summary."""
    return record.model_copy(update={"summary": record.summary.model_copy(update=numbers)})


@pytest.fixture
def record(make_record: MakeRecord) -> Record:
    interval = Number(value=0.5, low=0.4, high=0.6)
    return changed(make_record("one"), overlap_shift=interval)


def test_a_record_is_the_same_as_itself(record: Record) -> None:
    found = compare_records(record, record)
    assert (found.changed, found.largest, found.largest_of_interval, found.unmatched) == (0, None, None, ())
    assert found.numbers > 100


def test_the_largest_change_is_told_alone_and_beside_its_interval(record: Record) -> None:
    arm, clean = record.tasks[0].comparison.arm, record.tasks[0].comparison.arm.clean
    comparison = record.tasks[0].comparison.model_copy(
        update={"arm": arm.model_copy(update={"clean": clean + 2})}
    )
    tasks = (record.tasks[0].model_copy(update={"comparison": comparison}), *record.tasks[1:])
    other = changed(record, overlap_shift=Number(value=0.51, low=0.4, high=0.575))
    found = compare_records(record, other.model_copy(update={"tasks": tasks}))
    assert found.changed == 3
    assert found.largest is not None
    assert found.largest.path == f"{record.tasks[0].task}/arm.clean"
    assert found.largest.reduced - found.largest.original == pytest.approx(2)
    assert found.largest.share_of_half_width is None
    # The upper end moved by .025 of a half width of .1, the value by .01.
    assert found.largest_of_interval is not None
    assert found.largest_of_interval.path == "summary/overlap_shift.high"
    assert found.largest_of_interval.share_of_half_width == pytest.approx(0.25)


def test_a_number_that_is_no_more_has_no_counterpart(record: Record) -> None:
    found = compare_records(record, changed(record, overlap_shift=Missing(missing="too few")))
    assert (found.changed, found.unmatched_count) == (0, 1)
    assert found.unmatched == ("summary/overlap_shift",)


def test_places_without_counterpart_are_counted_and_some_are_named(record: Record) -> None:
    overlap = {f"suite{index}": Missing(missing="a") for index in range(30)}
    other = {name: Missing(missing="b") for name in overlap}
    found = compare_records(changed(record, overlap=overlap), changed(record, overlap=other))
    assert (found.unmatched_count, len(found.unmatched)) == (30, 20)
