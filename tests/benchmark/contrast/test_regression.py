"""The test of a check against simulations whose truth is known, and what else raises an alarm."""

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from build.boards import write_manifest
from build.records import a_failed_task, a_pair, a_record, a_task, number
from build.resampled import a_resampled_record, a_resampled_task, draw_prompts
from mechshift.benchmark.contrast.comparison import ComparedValue
from mechshift.benchmark.contrast.regression import check_record, judge_values
from mechshift.benchmark.contrast.tolerances import Tolerances, ValueSpread, calibrate
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.quantity import Definition, Quantity, Regression
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.errors import NotComputable

RATE = 0.05


def a_value(name: str, was: float, now: float, own: float = 0.0, way: Regression = "either") -> ComparedValue:
    """A watched value whose difference has a standard error of `own`, 0 for one without an interval."""
    quantity: Quantity[Any] = Quantity(name, lambda _: number(0), Definition(name, "", regression=way))
    half = 1.959963984540054 * own
    apart = number(now - was, half) if own else number(now - was)
    p = math.erfc(abs(now - was) / own / math.sqrt(2)) if own else None
    return ComparedValue(quantity, None, number(was), number(now), apart, "independent", p)


def a_spread(values: np.ndarray) -> ValueSpread:
    # Without its own check, which would take most of the time of a simulation.
    return ValueSpread.model_construct(values=tuple(values.tolist()))


def alarms(
    generator: np.random.Generator, reruns: int, shift: float, values: int = 8, common: float = 0.0
) -> np.ndarray:
    """Which of some values raise an alarm, [values], of which the first one has moved by `shift` deviations.

    Every value has a mean and a deviation of its own; `common` is the correlation between any two.
    """
    deviation = generator.uniform(0.01, 3, values)
    shared = generator.normal(size=(reruns + 2, 1)) * math.sqrt(common)
    own = generator.normal(size=(reruns + 2, values)) * math.sqrt(1 - common)
    drawn = 5 + deviation * (shared + own)
    drawn[1, 0] += shift * deviation[0]
    names = [f"q{index}" for index in range(values)]
    compared = [a_value(name, *drawn[:2, index]) for index, name in enumerate(names)]
    spreads = {name: a_spread(drawn[2:, index]) for index, name in enumerate(names)}
    tests, unjudged = judge_values(compared, spreads, frozenset())
    assert unjudged == ()
    return np.array([test.adjusted_p <= RATE for test in tests])


@pytest.mark.parametrize(("reruns", "common"), [(3, 0.0), (10, 0.9)])
def test_any_false_alarm_is_as_rare_as_stated(reruns: int, common: float) -> None:
    generator = np.random.default_rng([reruns, 1])
    trials = 400
    found = np.mean([alarms(generator, reruns, 0.0, common=common).any() for _ in range(trials)])
    # Of independent values 1 − (1 − .05/8)⁸ = .049, of correlated ones less; four standard errors are .044.
    error = math.sqrt(RATE * (1 - RATE) / trials)
    assert found <= RATE + 4 * error
    if not common:
        assert found >= 0.049 - 4 * error


@pytest.mark.parametrize("shift", [4.0, 7.0, 10.0])
def test_a_change_is_found_as_often_as_the_noncentral_t_says(shift: float) -> None:
    generator = np.random.default_rng([int(shift), 2])
    reruns, values, trials = 10, 8, 300
    found = np.mean([alarms(generator, reruns, shift, values)[0] for _ in range(trials)])
    limit = stats.t.isf(RATE / values / 2, reruns - 1)
    centre = shift / math.sqrt(2)
    power = stats.nct.sf(limit, reruns - 1, centre) + stats.nct.cdf(-limit, reruns - 1, centre)
    # Holm's first step is Bonferroni's test; that a later one is what counts is rare.
    assert found == pytest.approx(power, abs=4 * math.sqrt(0.25 / trials) + 0.01)


def test_the_test_by_hand() -> None:
    values = np.array([0.5, 0.52, 0.48, 0.54, 0.46])  # deviation √(.004/4) = .0316
    (test,), _ = judge_values([a_value("q", 0.5, 0.7)], {"q": a_spread(values)}, frozenset())
    assert test.statistic == pytest.approx(0.2 / (math.sqrt(2) * math.sqrt(0.001)))
    assert test.freedom == 4
    assert test.p == test.adjusted_p == pytest.approx(2 * stats.t.sf(test.statistic, 4))


@pytest.mark.parametrize(("way", "factor"), [("lower", 0.5), ("higher", None), ("either", 1)])
def test_one_sided_quantities_count_one_direction(way: Regression, factor: float | None) -> None:
    spread = {"q": a_spread(np.array([0.5, 0.52, 0.48, 0.54, 0.46]))}
    (test,), _ = judge_values([a_value("q", 0.7, 0.5, way=way)], spread, frozenset())
    two_sided = 2 * stats.t.sf(abs(test.statistic), 4)
    expected = 1 - two_sided / 2 if factor is None else factor * two_sided
    assert test.p == pytest.approx(expected)
    (by_interval,), _ = judge_values([a_value("q", 0.7, 0.5, own=0.08, way=way)], None, frozenset())
    normal = 2 * stats.norm.sf(2.5)
    assert by_interval.p == pytest.approx(1 - normal / 2 if factor is None else factor * normal)
    assert by_interval.freedom == math.inf


def test_where_reruns_never_moved_the_values_own_interval_is_the_floor() -> None:
    still = {"q": a_spread(np.ones(6))}
    (test,), _ = judge_values([a_value("q", 1.0, 0.97, own=0.02)], still, frozenset())
    assert test.statistic == pytest.approx(-1.5)
    (test,), _ = judge_values([a_value("q", 1.0, 0.97)], still, frozenset())
    assert (test.statistic, test.p) == (-math.inf, 0.0)
    (test,), _ = judge_values([a_value("q", 1.0, 1.0)], still, frozenset())
    assert (test.statistic, test.p) == (0.0, 1.0)


def test_what_fewer_than_two_reruns_have_is_not_judged() -> None:
    once = ValueSpread(mean=0.5, values=(0.5, "missing", "missing"))
    tests, unjudged = judge_values([a_value("q", 0.5, 0.9), a_value("r", 0.5, 0.9)], {"q": once}, frozenset())
    assert (tests, unjudged) == ((), ("q", "r"))
    twice = {"q": ValueSpread(mean=0.5, deviation=math.sqrt(0.02), values=(0.4, 0.6, "missing"))}
    assert judge_values([a_value("q", 0.5, 0.9)], twice, frozenset())[1] == ()
    assert judge_values([a_value("q", 0.5, 0.9)], twice, frozenset({0}))[1] == ("q",)


TASKS = ("ioi", "countdown")


def rerun(seed: int, moved: float = 0.0, protocol: Any = V2, **changes: Any) -> Record:
    """A record on prompts of its own; `moved`: how much lower Ĵ of countdown is."""
    tasks = {}
    for place, name in enumerate(TASKS):
        values = np.random.default_rng([seed, place]).normal(0.5, 0.2, (40, 5))
        lower = np.array([moved * (name == "countdown"), 0, 0, 0, 0])
        tasks[name] = a_resampled_task(name, values - lower, fingerprint=f"seed {seed}")
    return a_resampled_record(tasks, protocol.reseeded(seed)).model_copy(update=changes)


@pytest.fixture(scope="module")
def tolerances(tmp_path_factory: pytest.TempPathFactory) -> Tolerances:
    folder = tmp_path_factory.mktemp("reruns")
    for seed in range(1, 7):
        write_model(rerun(seed), folder / f"{seed}.json")
    return calibrate(sorted(folder.glob("*.json")))


def test_an_unchanged_pair_raises_no_alarm(tolerances: Tolerances) -> None:
    for seed in (20, 21):
        found = check_record(rerun(seed), rerun(0), tolerances)
        assert found.findings == ()
        assert found.notes == ()
        assert found.rate == RATE
    assert {"overlap_planning", "overlap.countdown", "comparison.ioi", "pool.ioi"} <= set(found.checks)


def test_a_change_is_told_with_both_values(tolerances: Tolerances) -> None:
    found = check_record(rerun(20, moved=0.9), rerun(0), tolerances)
    assert "overlap.countdown" in {one.check for one in found.findings}
    told = next(one for one in found.findings if one.check == "overlap.countdown")
    assert told.place == "tiny: countdown"
    assert told.problem.startswith("Ĵ of edges fell from 0.")
    assert "standard errors, adjusted p " in told.problem


def test_without_tolerances_the_intervals_decide() -> None:
    found = check_record(rerun(0, moved=0.02), rerun(0))  # the same prompts: pairs leave no doubt
    assert {one.check for one in found.findings} == {
        "overlap.countdown",
        "overlap_planning",
        "overlap_shift",
    }
    assert found.findings[0].problem.endswith("adjusted p <0.001")
    assert [note.split(" every ")[0] for note in found.notes] == ["Without tolerances"]
    others = check_record(rerun(20, moved=0.02), rerun(0))
    assert others.findings == ()
    assert others.notes[1].startswith("The records use different prompts on ioi, countdown. ")
    assert others.notes[1].endswith(" Give tolerances (--tolerances, in Python tolerances=).")
    assert found.summary.endswith("false alarms in at most 5 % of checks")
    assert others.summary.endswith("the rate of false alarms is not known")


def without_value(record: Record) -> Record:
    """The record without Ĵ on countdown."""
    reason = Missing(missing="the ceiling does not exceed the floor")

    def changed(task: TaskRecord) -> TaskRecord:
        if task.task != "countdown":
            return task
        edge = task.comparison.compared.edge.model_copy(update={"normalised": reason})
        compared = task.comparison.compared.model_copy(update={"edge": edge})
        return task.model_copy(
            update={"comparison": task.comparison.model_copy(update={"compared": compared})}
        )

    tasks = tuple(map(changed, record.tasks))
    return record.model_copy(update={"tasks": tasks, "summary": summarise(tasks, ())})


def test_a_value_that_is_gone_is_an_alarm_with_its_reason(tolerances: Tolerances, tmp_path: Path) -> None:
    (told,) = check_record(without_value(rerun(20)), rerun(0), tolerances).findings
    assert told.check == "overlap.countdown"
    assert told.problem == "Ĵ of edges has no value any more: the ceiling does not exceed the floor"
    # One that reruns lack too is none.
    for seed in range(1, 7):
        write_model(without_value(rerun(seed)) if seed == 2 else rerun(seed), tmp_path / f"{seed}.json")
    lacking = calibrate(sorted(tmp_path.glob("*.json")))
    assert lacking.tasks["countdown"]["overlap"].values[1] == "missing"
    assert check_record(without_value(rerun(20)), rerun(0), lacking).findings == ()


def with_failed_countdown(record: Record) -> Record:
    tasks, failed = record.tasks[:1], (a_failed_task("countdown", "ARM solves 3 of 500"),)
    return record.model_copy(update={"tasks": tasks, "failed": failed, "summary": summarise(tasks, failed)})


def test_a_failed_task_is_one_alarm(tolerances: Tolerances) -> None:
    broken = with_failed_countdown(rerun(20))
    found = check_record(broken, rerun(0), tolerances).findings
    assert [one.check for one in found if not one.check.startswith("accuracy")] == ["comparison.countdown"]
    assert found[0].problem == "the task gives no comparison any more: ARM solves 3 of 500"
    assert {one.check for one in found[1:]} == {"accuracy_arm.countdown", "accuracy_arm_planning"}
    # What was broken before is no regression.
    assert check_record(broken, broken, tolerances).findings == ()


def test_a_task_without_a_comparison_is_not_said_to_use_other_prompts() -> None:
    found = check_record(with_failed_countdown(rerun(0)), rerun(0))
    assert found.comparison.unpaired == ()
    assert not any("different prompts" in note for note in found.notes)


def test_a_pool_that_is_too_small_is_an_alarm() -> None:
    a = a_record(tasks=(a_task("ioi"),))
    pool = a.tasks[0].pool.model_copy(update={"common": 480})
    b = a.model_copy(update={"tasks": (a.tasks[0].model_copy(update={"pool": pool}),)})
    (told,) = check_record(b, a).findings
    assert told.check == "pool.ioi"
    assert "both members solve 480 examples, fewer than the 500 of the protocol; it was 500" in told.problem
    assert check_record(b, b).findings == ()


def test_records_that_are_not_of_one_question_are_refused(tolerances: Tolerances) -> None:
    a = rerun(0)
    with pytest.raises(NotComputable, match="pool is 500 in A and 80 in B"):
        check_record(rerun(0, protocol=QUICK), a)
    with pytest.raises(NotComputable, match="1,000 and 2,000 edges"):
        check_record(a.model_copy(update={"pair": a_pair("tiny", edges=2000)}), a)
    with pytest.raises(NotComputable, match="not of the same tasks: countdown is only in A"):
        check_record(a.model_copy(update={"tasks": a.tasks[:1]}), a)
    with pytest.raises(NotComputable, match="the tolerances are of protocol v2-seed-1, whose settings"):
        check_record(rerun(0, protocol=QUICK), rerun(1, protocol=QUICK), tolerances)
    larger = a.model_copy(update={"pair": a_pair("tiny", edges=2000)})
    with pytest.raises(NotComputable, match=r"tolerances are of another graph: 2,000 and 1,000 edges"):
        check_record(larger, larger, tolerances)


def test_reruns_on_the_prompts_of_the_records_are_left_out(tolerances: Tolerances) -> None:
    found = check_record(rerun(3), rerun(0), tolerances)
    assert found.notes == ("1 of 6 reruns are left out, as they are on the prompts of the records.",)
    assert {test.freedom for test in found.tests} == {4}
    other = a_record("other").pair
    found = check_record(rerun(20, pair=other), rerun(0, pair=other), tolerances)
    assert found.notes == ("The tolerances were measured on other weights than those of other.",)


def test_a_rerun_is_left_out_as_a_submission_too(tmp_path: Path) -> None:
    """Its own record is one of the reruns on the same prompts, by the digest that the manifest has of it."""
    places = [tmp_path / f"{name}.json" for name in "abcd"]
    for place, prompts in zip(places, range(4), strict=True):
        write_model(a_resampled_record({"ioi": draw_prompts(prompts)}), place)
    tolerances = calibrate(places)
    submission = tmp_path / "2026-11-29-tiny-v2"
    write_model(
        a_resampled_record({"ioi": draw_prompts(7)}), submission / "record.json"
    )  # as reduced cells are
    write_manifest(submission, original_record=hashlib.sha256(places[1].read_bytes()).hexdigest())
    found = check_record(submission, places[0], tolerances)
    assert "2 of 4 reruns are left out, as they are on the prompts of the records." in found.notes


def test_a_draw_of_all_is_a_number(tolerances: Tolerances) -> None:
    found = check_record(rerun(20), rerun(0), tolerances)
    assert len(found.tests) == len({test.value.name for test in found.tests}) > 30
    assert all(isinstance(test.value.difference, Number) for test in found.tests)
    assert draw_prompts(0).shape == (40, 5)
