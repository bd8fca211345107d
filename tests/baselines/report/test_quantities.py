"""What is read from a record is what stands there, or the reason why it does not."""

from collections.abc import Callable

import pytest

from mechshift.baselines.report import quantities
from mechshift.baselines.report.claims import PREDICTIONS
from mechshift.baselines.report.quantities import PairQuantity
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakeRecord = Callable[..., Record]
MakeTask = Callable[..., TaskRecord]

# Of the pair tiny in conftest.py, all tasks at their own size of 100 edges.
READ = {
    "Ĵ local, own sizes": 0.7,
    "Ĵ local, one size": 0.7,
    "Ĵ planning, own sizes": 0.4,
    "Ĵ planning, one size": 0.4,
    "overlap shift, own sizes": 0.3,
    "overlap shift, one size": 0.3,
    "early shift, planning": 0.2,
    "ratio of early shares, countdown": 2.9,
    "specialisation shift, local": -0.2,
    "specialisation shift, planning": -0.2,
    "output sharpness shift, local": -0.02,
    "output sharpness shift, planning": 0.07,
}


@pytest.mark.parametrize("quantity", [each.quantity for each in PREDICTIONS], ids=lambda each: each.label)
def test_the_quantities_of_the_claims_are_the_records(
    quantity: PairQuantity, make_record: MakeRecord
) -> None:
    found = quantity.of(make_record("tiny"), 100)
    assert isinstance(found, Number)
    assert found.value == pytest.approx(READ[quantity.label])


def test_every_quantity_is_read_by_one_claim() -> None:
    assert [each.quantity.label for each in PREDICTIONS] == list(READ)


def test_the_one_size_is_another_than_the_own_ones(make_record: MakeRecord, make_task: MakeTask) -> None:
    overlaps = {size: Number(value=size / 1000, low=0, high=1) for size in (10, 200)}
    record = make_record("tiny", (make_task("ioi", overlaps, edges=10), make_task("countdown")))
    own, one = (
        each("local").of(record, 200) for each in (quantities.overlap_own_sizes, quantities.overlap_one_size)
    )
    assert isinstance(own, Number)
    assert isinstance(one, Number)
    assert (own.value, one.value) == (0.01, 0.2)


@pytest.mark.parametrize("quantity", [each.quantity for each in PREDICTIONS], ids=lambda each: each.label)
def test_of_a_failed_task_there_is_a_reason(
    quantity: PairQuantity,
    make_record: MakeRecord,
    make_failed_task: Callable[..., FailedTask],
    make_task: MakeTask,
) -> None:
    failed = tuple(make_failed_task(name, "too few on it") for name in ("greater-than", "countdown"))
    found = quantity.of(make_record("tiny", (make_task("ioi"),), failed), 100)
    assert isinstance(found, Missing)
    assert found.missing in ("no comparison on greater-than", "no comparison on countdown", "too few on it")


def test_a_ratio_of_a_task_that_was_not_asked(make_record: MakeRecord) -> None:
    found = quantities.early_share_ratio("sudoku").of(make_record("tiny"), 100)
    assert found == Missing(missing="sudoku is not among the tasks")


def test_overlap_of_a_task_is_read_at_the_size_or_missing(
    make_task: MakeTask, make_failed_task: Callable[..., FailedTask]
) -> None:
    half = Number(value=0.5, low=0.4, high=0.6)
    task = make_task("ioi", {50: half})
    assert quantities.overlap_of_size(50).of(task) == half
    assert quantities.overlap_of_size(51).of(task) == Missing(missing="no circuits of 51 edges were compared")
    assert quantities.overlap_of_size(50).of(make_failed_task("ioi", "why")) == Missing(missing="why")


def test_a_value_that_a_record_does_not_name_is_missing(make_record: MakeRecord, make_task: MakeTask) -> None:
    task = make_task("ioi")
    bare = task.comparison.model_copy(update={"specialisation_shift": {"specialisation": Number(value=0)}})
    record = make_record("tiny", (task.model_copy(update={"comparison": bare}),))
    found = quantities.sharpness_shift("local").of(record, 100)
    assert found == Missing(missing="the record has no value named output_sharpness")
