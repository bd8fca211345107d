"""Transfer of made-up circuits is what was made up."""

from dataclasses import replace

import pytest

from build.circuit_runs import LEVELS, made_up_runs
from mechshift.benchmark.compare.function import compare_function
from mechshift.benchmark.measure.circuit_runs import OF_TASK
from mechshift.benchmark.record.function import InHost
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Statistics

STATISTICS = Statistics(resampling_seed=0, resamples=40, splits=2)


def value(of: Number | Missing) -> float:
    assert isinstance(of, Number), of
    return of.value


@pytest.fixture(scope="module")
def found() -> InHost:
    return compare_function(made_up_runs(LEVELS), made_up_runs(LEVELS), STATISTICS).arm


def test_levels_and_transfer_at_both_sizes(found: InHost) -> None:
    at = found.compared
    assert at.edges == 31
    parts = [value(each) for each in (at.own, at.other, at.cross, at.margin, at.transfer)]
    assert parts == pytest.approx([0.9, 0.6, 0.3, 0.6, 0.5])
    half = found.half
    assert half.edges == 15
    parts = [value(each) for each in (half.own, half.other, half.cross, half.margin, half.transfer)]
    assert parts == pytest.approx([0.7, 0.5, 0.2, 0.5, 0.6])


def test_edges_that_one_has_alone_and_the_row_of_the_matrix_of_tasks(found: InHost) -> None:
    assert [value(found.own_alone), value(found.other_alone)] == pytest.approx([0.1, 0.05])
    assert {task: value(level) for task, level in found.tasks.items()} == pytest.approx(
        {"ioi": 0.2, "sudoku": 0.4}
    )


def test_the_shuffled_floor_counts_the_circuit_itself(found: InHost) -> None:
    floor = found.shuffled
    assert (floor.circuits, floor.examples) == (3, 5)
    parts = [value(each) for each in (floor.mean, floor.most, floor.other, floor.p)]
    assert parts == pytest.approx([1 / 3, 0.7, 0.6, 2 / 4])
    best = compare_function(made_up_runs(LEVELS, (0.1,) * 49), made_up_runs(LEVELS), STATISTICS).arm.shuffled
    assert value(best.p) == pytest.approx(1 / 50)


def test_each_member_is_the_host_of_its_own_runs() -> None:
    other = made_up_runs(LEVELS | {"other": 0.9})
    both = compare_function(made_up_runs(LEVELS), other, STATISTICS)
    assert value(both.arm.compared.transfer) == pytest.approx(0.5)
    assert value(both.mdm.compared.transfer) == pytest.approx(1)


def test_intervals_are_over_prompts(found: InHost) -> None:
    for each in (found.compared.transfer, found.own_alone, found.tasks["ioi"]):
        assert isinstance(each, Number)
        assert each.bounded
        assert each.draws is not None
        assert len(each.draws) == STATISTICS.resamples
    for each in (found.shuffled.mean, found.shuffled.p):
        assert isinstance(each, Number)
        assert not each.bounded


def test_without_other_tasks_a_transfer_is_missing_with_its_reason() -> None:
    alone = made_up_runs({name: LEVELS[name] for name in OF_TASK})
    at = compare_function(alone, alone, STATISTICS).arm
    assert at.tasks == {}
    assert at.compared.transfer == Missing(missing="there is no circuit of another task")
    assert value(at.compared.other) == pytest.approx(0.6)


def test_a_member_without_a_gap_has_reasons_everywhere() -> None:
    runs = made_up_runs(LEVELS)
    flat = compare_function(replace(runs, whole=runs.empty), runs, STATISTICS).arm
    floor = flat.shuffled
    missing = (flat.compared.own, flat.own_alone, flat.tasks["ioi"], floor.mean, floor.p)
    assert all(isinstance(each, Missing) for each in missing)
