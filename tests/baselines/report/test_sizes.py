"""One size for all: the largest that a task asked for and every task was compared at."""

from collections.abc import Callable

import pytest

from mechshift.baselines.report.sizes import common_size, larger_than
from mechshift.benchmark.record.comparison import Comparison
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.errors import NotComputable

Make = Callable[..., Record]


@pytest.fixture
def sized(make_record: Make, make_task: Callable[..., TaskRecord]) -> Callable[..., Record]:
    """A record whose two tasks have these compared sizes."""

    def build(pair: str, *sizes: int) -> Record:
        names = ("ioi", "countdown")
        return make_record(
            pair, tuple(make_task(name, edges=size) for name, size in zip(names, sizes, strict=True))
        )

    return build


def without(record: Record, size: int) -> Record:
    """The record, its first task not compared at that size."""
    first, *others = record.tasks
    curve = tuple(point for point in first.comparison.curve if point.edges != size)
    comparison: Comparison = first.comparison.model_copy(update={"curve": curve})
    return record.model_copy(update={"tasks": (first.model_copy(update={"comparison": comparison}), *others)})


def test_it_is_the_largest_compared_size_of_any_task_in_any_pair(sized: Make) -> None:
    assert common_size({"tiny": sized("tiny", 10, 50), "tiny-block": sized("tiny-block", 100, 10)}) == 100


def test_a_larger_one_of_the_grid_that_no_task_asks_for_is_not_taken(sized: Make) -> None:
    assert common_size({"tiny": sized("tiny", 50, 50)}) == 50


def test_the_whole_graph_is_left_out(sized: Make) -> None:
    assert common_size({"tiny": sized("tiny", 10, 1000)}) == 10


def test_a_size_at_which_a_task_was_not_compared_is_left_out(sized: Make) -> None:
    records = {"tiny": without(sized("tiny", 10, 50), 100), "tiny-block": sized("tiny-block", 100, 10)}
    assert common_size(records) == 50


def test_a_compared_size_off_the_grid_counts_where_all_tasks_have_it(sized: Make) -> None:
    assert common_size({"tiny": without(sized("tiny", 100, 100), 100)}) == 100


def test_without_any_size_there_is_no_report(sized: Make) -> None:
    with pytest.raises(NotComputable, match="no size of circuits smaller than the whole graph"):
        common_size({"tiny": sized("tiny", 1000, 1000)})


def test_circuits_that_are_faithful_only_beyond_it_are_named(sized: Make) -> None:
    records = {"tiny": sized("tiny", 10, 1000), "tiny-block": sized("tiny-block", 200, 100)}
    assert larger_than(100, records) == [("tiny", "countdown"), ("tiny-block", "ioi")]
