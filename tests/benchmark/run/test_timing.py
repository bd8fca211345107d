"""What is left of a run, worked out by hand on a clock that is set by hand."""

from pathlib import Path

import pytest

from build.runs import Clock, make_plan, make_pool, make_subject
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.earlier import earlier_seconds
from mechshift.benchmark.run.plan import Cell, Plan
from mechshift.benchmark.run.store import Store
from mechshift.benchmark.run.timing import PER_UNIT, Timing, amount, in_words, left_in_words, slot_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


def cell(plan: Plan, task: str, name: str) -> Cell:
    return next(one for one in plan.cells if (one.task.name, one.name) == (task, name))


def do(timing: Timing, clock: Clock, one: Cell, seconds: float, total: int) -> None:
    """A cell that takes so long."""
    timing.start(one, total)
    clock.now += seconds
    timing.advance(total)
    assert timing.finish() == seconds


def scores_alone(timing: Timing, plan: Plan, *wanted: tuple[str, str]) -> None:
    """Drop all cells but some."""
    for one in plan.cells:
        if slot_of(one) not in wanted:
            timing.drop(one)


def test_nothing_is_known_before_anything_is_done(clock: Clock) -> None:
    timing = Timing(make_plan().cells, {}, clock)
    assert timing.left is None
    assert left_in_words(timing.left) == "time left not known yet"


def test_a_kind_takes_what_it_took_before_by_example(clock: Clock) -> None:
    """Six seconds for 30 examples; 10 examples of the other task are known from its ARM."""
    plan = make_plan()
    timing = Timing(plan.cells, {}, clock)
    wanted = ("countdown", "scores-mdm"), ("countdown", "sweep-mdm")
    do(timing, clock, cell(plan, "ioi", "scores-mdm"), 6.0, total=30)
    do(timing, clock, cell(plan, "ioi", "sweep-mdm"), 50.0, total=25)
    do(timing, clock, cell(plan, "countdown", "scores-arm"), 1.0, total=10)
    scores_alone(timing, plan, *wanted)
    assert timing.left == pytest.approx(6.0 / 30 * 10 + 50.0)  # examples of the sweep are not known
    assert timing.cells_left == 2


def test_the_mean_is_over_all_tasks_so_far(clock: Clock) -> None:
    plan = make_plan(("ioi", "countdown", "sudoku"))
    timing = Timing(plan.cells, {}, clock)
    do(timing, clock, cell(plan, "ioi", "pool"), 4.0, total=100)
    do(timing, clock, cell(plan, "countdown", "pool"), 8.0, total=100)
    scores_alone(timing, plan, ("sudoku", "pool"))
    assert timing.left == pytest.approx(6.0)


def test_an_earlier_run_is_asked_for_a_kind_that_was_not_yet_done(clock: Clock) -> None:
    plan = make_plan()
    earlier = {("ioi", "pool"): 30.0, ("countdown", "pool"): 70.0}
    timing = Timing(plan.cells, earlier, clock)
    scores_alone(timing, plan, *earlier)
    assert timing.left == pytest.approx(100.0)
    do(timing, clock, cell(plan, "ioi", "pool"), 3.0, total=100)
    assert timing.left == pytest.approx(3.0), "this run's own figure goes first"


def test_other_kinds_are_weighed_at_the_speed_so_far(clock: Clock) -> None:
    """A pool of 80 weighs 80 units, an ARM's sweep of ten budgets in two rankings 16 · 20."""
    plan = make_plan()
    timing = Timing(plan.cells, {}, clock)
    do(timing, clock, cell(plan, "ioi", "pool"), 8.0, total=100)
    scores_alone(timing, plan, ("ioi", "sweep-arm"))
    ratio = (PER_UNIT["sweep"] * 16 * 20) / (PER_UNIT["pool"] * 80)
    assert timing.left == pytest.approx(8.0 * ratio)


def test_a_cell_under_way_goes_on_as_it_went(clock: Clock) -> None:
    plan = make_plan()
    timing = Timing(plan.cells, {("ioi", "pool"): 1000.0}, clock)
    scores_alone(timing, plan, ("ioi", "pool"))
    timing.start(cell(plan, "ioi", "pool"), 100)
    clock.now += 5
    assert timing.left == pytest.approx(995.0)
    timing.advance(20)
    assert timing.left == pytest.approx(20.0)
    clock.now += 8
    assert timing.left == pytest.approx(12.0), "it goes down between two examples"
    clock.now += 80
    assert timing.left == 0.0, "and not below nothing"
    assert (timing.in_cell, timing.elapsed) == (93.0, 93.0)


def test_what_other_processes_do_counts_and_the_rest_is_shared(clock: Clock) -> None:
    """Three pools are left after one that took another process 6 s: two take 9 s for them, one alone 18."""
    plan = make_plan(("ioi", "induction", "countdown", "sudoku"))
    timing = Timing(plan.cells, {}, clock, processes=2)
    pools = [(name, "pool") for name in ("ioi", "induction", "countdown", "sudoku")]
    scores_alone(timing, plan, *pools)
    assert timing.left is None
    timing.learn(cell(plan, "ioi", "pool"), 6.0)
    assert timing.left == pytest.approx(9.0)
    timing.shared_by(1)
    assert timing.left == pytest.approx(18.0)


def test_a_cell_that_was_thought_to_be_there_counts_again(clock: Clock) -> None:
    plan = make_plan(("ioi",), wanted=["pool"])
    timing = Timing(plan.cells, {}, clock)
    timing.drop(plan.cells[0])
    assert timing.left == 0.0
    do(timing, clock, plan.cells[0], 2.0, total=0)
    assert (timing.left, timing.cells_left) == (0.0, 0)


def test_amounts_are_examples_times_passes_and_rankings() -> None:
    """By hand for `quick`: halves of 40, ten steps as is typical, ten budgets, 100 resamples, ten splits.

    Cards run 40 prompts, and 32 of them seven times; four other reads are of 16 examples of both members,
    and sweeps of 16.
    """
    expected = {
        "pool": 80,
        "scores-arm": 40 * (2 + 20),
        "sweep-mdm": 16 * 20,
        "circuit-arm": 1,
        "entropies-mdm": 40,
        "effects-arm": 40,
        "cards-mdm": 40 + 7 * 32,
        "stages": 4 * 16 * 2 * (2 + 20),
        "comparison": 101 * 21 * 11,
    }
    plan = make_plan(("ioi",))
    assert {name: amount(cell(plan, "ioi", name).inputs) for name in expected} == expected


def seal(store: Store, one: Cell, seconds: float) -> None:
    store.write(one, make_pool(), {}, seconds)


def test_an_earlier_run_s_figure_is_scaled_to_the_protocol(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (before,) = make_plan(("ioi",), QUICK.changed(pool=20), wanted=["pool"]).cells
    seal(store, before, 3.0)
    assert earlier_seconds(make_plan(("ioi",)), store) == {("ioi", "pool"): pytest.approx(12.0)}


def test_figures_of_another_pair_or_device_are_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    few = QUICK.changed(pool=20)
    for subject in (make_subject("b" * 64), make_subject(device="cuda")):
        seal(store, make_plan(("ioi",), few, subject, ["pool"]).cells[0], 3.0)
    assert earlier_seconds(make_plan(("ioi",)), store) == {}


def test_a_comparison_is_of_the_members_that_its_cells_are_of(tmp_path: Path) -> None:
    """The comparison itself does not say which members it is of; what it is computed from does."""
    store = Store(tmp_path)
    for subject, seconds in ((make_subject(), 7.0), (make_subject("b" * 64), 700.0)):
        plan = make_plan(("ioi",), QUICK.changed(pool=20, resamples=50), subject)
        for one in plan.cells:
            path = store.path(one)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
            store_seal(store, one, seconds if one.name == "comparison" else 1.0)
    found = earlier_seconds(make_plan(("ioi",)), store)
    assert found[("ioi", "comparison")] == pytest.approx(7.0 * 101 / 51)


def store_seal(store: Store, one: Cell, seconds: float) -> None:
    """Seal a cell's file as it is, whatever is in it."""
    from mechshift.benchmark.run.store import Seal, digest_of

    path = store.path(one)
    found = Seal(
        key=one.key,
        inputs=dict(one.inputs),
        needs={},
        digest=digest_of(path),
        seconds=seconds,
        made="2026-01-01T00:00:00+00:00",
    )
    path.with_suffix(".seal").write_text(found.sealed().model_dump_json())


@pytest.mark.parametrize("inputs", [{}, {"cell": "pool"}, {"cell": "pool", "protocol": 3, "needs": {}}])
def test_a_seal_that_says_other_things_has_no_figure(inputs: dict[str, object], tmp_path: Path) -> None:
    store = Store(tmp_path)
    (one,) = make_plan(("ioi",), wanted=["pool"]).cells
    seal(store, one, 3.0)
    path = store.path(one).with_suffix(".seal")
    (found,) = store.seals("ioi")
    path.write_text(found.model_copy(update={"inputs": inputs}).sealed().model_dump_json())
    assert earlier_seconds(make_plan(("ioi",)), store) == {}


def test_seals_that_were_changed_are_passed_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (one,) = make_plan(("ioi",), wanted=["pool"]).cells
    seal(store, one, 3.0)
    path = store.path(one).with_suffix(".seal")
    path.write_text(path.read_text().replace("3.0", "4.0"))
    assert list(store.seals("ioi")) == []
    assert list(store.seals("sudoku")) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (12.4, "12 s"),
        (99, "99 s"),
        (100, "2 min"),
        (59 * 60, "59 min"),
        (3599, "1 h"),
        (2 * 3600 + 10 * 60, "2 h 10 min"),
        (23 * 3600 + 3599, "1 d"),
        (76 * 3600, "3 d 4 h"),
    ],
)
def test_times_are_said_as_a_person_says_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
    assert left_in_words(seconds) == f"about {words} left"
