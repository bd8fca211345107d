"""Verdicts on whole records made by hand, with and without controls."""

from math import sqrt
from statistics import stdev
from typing import Any

import pytest

from build.records import TASKS, a_comparison, a_failed_task, a_function, a_pair, a_record, a_task, number
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.verdict.attribution import ATTRIBUTION
from mechshift.benchmark.verdict.text import verdict_text, verdict_values
from mechshift.benchmark.verdict.verdict import Judged, PairVerdict, judge, judge_against
from mechshift.errors import UsageError

ALIKE = {"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)}
UNLIKE = {"edges": number(0.5, 0.04), "standardised": number(0.45, 0.05)}


def record(name: str = "pair", **by_task: tuple[float, float, bool]) -> Record:
    """Of all ten tasks: τ* in the ARM, τ* in the MDM, and whether the edges are alike."""
    tasks = []
    for task in TASKS:
        arm, mdm, alike = by_task.get(task.replace("-", "_"), (0.97, 0.95, True))
        structure = {**a_comparison().structure, **(ALIKE if alike else UNLIKE)}
        comparison = a_comparison(structure=structure)
        tasks.append(a_task(task, comparison=comparison, function=a_function(arm, mdm)))
    return a_record(name, tasks=tuple(tasks))


def control(name: str = "continued", **by_task: tuple[float, float, bool]) -> Record:
    found = record(name, **by_task)
    pair = a_pair(name, arm={"digest": "pair arm digest"}, control=True)
    return found.model_copy(update={"pair": pair})


def named(verdict: PairVerdict) -> dict[str, Judged]:
    return {one.name: one for one in (*verdict.suites, *verdict.tasks)}


CHANGED: dict[str, Any] = {"ioi": (0.95, 0.5, True), "sudoku": (0.1, 0.2, False)}


def test_every_task_has_its_own_verdict() -> None:
    found = named(judge(record(**CHANGED)))
    assert {name for name in TASKS if found[name].verdict == "preserved"} == TASKS.keys() - CHANGED.keys()
    assert found["ioi"].verdict == "extended"
    assert found["sudoku"].verdict == "rebuilt"
    assert found["ioi"].adjusted_p is not None
    assert found["ioi"].adjusted_p < 0.05


def test_without_a_control_nothing_is_attributed() -> None:
    found = judge(record(**CHANGED))
    assert {one.attribution.says for one in (*found.tasks, *found.suites)} == {"control: none"}
    assert {one.attribution.says for one in found.statements} == {"control: none"}


def test_a_change_that_the_control_lacks_is_attributable() -> None:
    found = named(judge(record(**CHANGED), [control()]))
    assert found["ioi"].attribution.says == "attributable"
    assert found["sudoku"].attribution.says == "attributable"
    assert all(claim.number.value < 0 for claim in found["sudoku"].attribution.claims)
    assert found["induction"].attribution.says == "undecided"


def test_a_change_that_the_control_shows_too_is_not() -> None:
    found = named(judge(record(**CHANGED), [control(ioi=(0.95, 0.45, True))]))
    assert found["ioi"].attribution.says == "no more than the control"
    assert found["sudoku"].attribution.says == "attributable"


def test_every_control_has_to_be_passed() -> None:
    controls = [control("first"), control("second", ioi=(0.95, 0.45, True))]
    found = named(judge(record(**CHANGED), controls))
    assert found["ioi"].attribution.says == "no more than the control"
    assert found["sudoku"].attribution.says == "attributable"
    assert judge(record(), controls).controls == ("first", "second")


def test_several_controls_tell_how_far_one_more_training_lies_away() -> None:
    # .5 lies beyond each of them, but they lie as far from each other: t of 2 degrees is 4.30.
    spread = [control(f"seed {seed}", ioi=(0.95, of, True)) for seed, of in enumerate((0.72, 0.95, 0.84))]
    found = named(judge(record(**CHANGED), spread))["ioi"].attribution
    assert found.says == "undecided"
    (of_trainings,) = (claim for claim in found.claims if not claim.holds)
    assert of_trainings.label == "τ* of the ARM's circuit in the MDM less 3 controls, for one more training"
    reach = 4.302653 * stdev((0.72, 0.95, 0.84)) * sqrt(1 + 1 / 3)
    assert isinstance(of_trainings.number, Number)
    value = 0.5 - (0.72 + 0.95 + 0.84) / 3
    assert of_trainings.number.value == pytest.approx(value)
    assert of_trainings.number.high == pytest.approx(value + reach, abs=1e-6)
    # By the first two alone it is attributed: they cannot tell, and each is passed.
    assert named(judge(record(**CHANGED), spread[:2]))["ioi"].attribution.says == "attributable"


def test_several_controls_near_each_other_leave_a_change_attributable() -> None:
    near = [control(f"seed {seed}", ioi=(0.95, of, True)) for seed, of in enumerate((0.94, 0.95, 0.96))]
    found = named(judge(record(**CHANGED), near))
    assert found["ioi"].attribution.says == "attributable"
    assert found["ioi"].attribution.p > 0
    # The controls' numbers of the other task are equal: they have no spread to be beyond.
    assert found["sudoku"].attribution.says == "attributable"


def test_records_of_any_kind_are_held_against_each_other() -> None:
    first, second = control("first", ioi=(0.95, 0.5, True)), control("second")
    with pytest.raises(UsageError, match="first is a control itself"):
        judge(first, [second])
    found = judge_against(first, [second])
    assert named(found)["ioi"].attribution.says == "attributable"
    assert found.controls == ("second",)


def test_a_suite_rests_on_no_single_task() -> None:
    found = named(judge(record(sudoku=(0.1, 0.2, False))))
    # Over all five tasks τ* lies near the bound, and without sudoku above it.
    assert found["planning"].verdict == "undecided"
    assert found["local"].verdict == "preserved"
    rebuilt = {task: (0.1, 0.2, False) for task, suite in TASKS.items() if suite == "planning"}
    changed = judge(record(**{name.replace("-", "_"): value for name, value in rebuilt.items()}))
    assert named(changed)["planning"].verdict == "rebuilt"


def test_a_suite_that_one_task_carries_is_undecided_and_names_it() -> None:
    # In the mean the ARM's circuits do .724 in the MDM, and without sudoku .83.
    planning = (task.replace("-", "_") for task, suite in TASKS.items() if suite == "planning")
    tasks = {task: (0.97, 0.3 if task == "sudoku" else 0.83, True) for task in planning}
    found = named(judge(record(**tasks)))["planning"]
    assert (found.verdict, found.without) == ("undecided", ("sudoku",))
    assert found.finding.why == "extended over all tasks, but not without sudoku"


def test_a_failed_task_is_undecided_and_so_is_its_suite() -> None:
    tasks = tuple(task for task in record().tasks if task.task != "sudoku")
    found = named(
        judge(a_record("pair", tasks=tasks, failed=(a_failed_task("sudoku", "no example is solved"),)))
    )
    assert (found["sudoku"].verdict, found["sudoku"].finding.why) == ("undecided", "no example is solved")
    assert found["planning"].verdict == "undecided"
    assert found["local"].verdict == "preserved"


def test_holms_adjustment_is_over_all_tasks() -> None:
    # By itself p = .04; but the smaller of two such among ten counts twice, and the other no less.
    tau, doubtful = number(0.9, 0.085), ("ioi", "induction")
    tasks = tuple(
        task.model_copy(update={"function": a_function(0.97, tau)}) if task.task in doubtful else task
        for task in record(**CHANGED).tasks
    )
    found = named(judge(a_record("pair", tasks=tasks)))["ioi"]
    assert found.verdict == "undecided"
    assert "preserved by itself" in found.finding.why
    assert found.adjusted_p is not None
    assert found.adjusted_p > 0.05


def test_undecided_tasks_count_in_the_adjustment() -> None:
    # ρ of nine tasks straddles the bound, so that no rule fits; of the tenth p = .02 by itself, ten times .2.
    open_structure = {"edges": number(0.8, 0.1), "standardised": number(0.8, 0.1)}
    tasks = tuple(
        task.model_copy(update={"function": a_function(0.97, number(0.9, 0.085))})
        if task.task == "ioi"
        else task.model_copy(
            update={"comparison": task.comparison.model_copy(update={"structure": open_structure})}
        )
        for task in record(**CHANGED).tasks
    )
    found = named(judge(a_record("pair", tasks=tasks)))
    alone = judge(a_record("pair", tasks=tuple(task for task in tasks if task.task == "ioi"))).tasks[0]
    assert {one.verdict for name, one in found.items() if name in TASKS} == {"undecided"}
    assert (alone.verdict, alone.finding.p) == ("preserved", alone.adjusted_p)
    assert found["ioi"].adjusted_p == pytest.approx(10 * alone.finding.p)


def test_a_record_that_is_no_control_is_refused() -> None:
    with pytest.raises(UsageError, match="is no control of pair"):
        judge(record(), [record("other")])


def test_one_control_that_is_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="continued and again are one control: they have the same weights"):
        judge(record(), [control(), renamed(control(), "again")])


def renamed(found: Record, name: str) -> Record:
    return found.model_copy(update={"pair": found.pair.model_copy(update={"name": name})})


def test_a_control_without_a_change_does_not_show_as_much_as_a_small_one() -> None:
    small = {"early_share": number(0.03, 0.002)}
    moved, still = (
        {"depth_shift": change, "depth_shift_squared": change}
        for change in (small, {"early_share": number(0.02, 0.01)})
    )

    def changed(found: Record, change: dict[str, Any]) -> Record:
        tasks = tuple(
            task.model_copy(update={"comparison": task.comparison.model_copy(update=change)})
            for task in found.tasks
        )
        return found.model_copy(update={"tasks": tasks})

    judged = judge(changed(record(), moved), [changed(control(), still)])
    early = next(one for one in judged.statements if one.topic.name == "early shift")
    # Less the control .01 ± .005 over five tasks: some of the change, and not all of it.
    assert (early.says, early.attribution.says) == ("more", "attributable")
    doubtful = {"early_share": number(0.01, 0.05)}
    judged = judge(
        changed(record(), moved),
        [changed(control(), {"depth_shift": doubtful, "depth_shift_squared": doubtful})],
    )
    early = next(one for one in judged.statements if one.topic.name == "early shift")
    # .02 ± .022: less than .05, but not less than half of .03.
    assert (early.says, early.attribution.says) == ("more", "undecided")


def test_statements_need_both_weightings() -> None:
    by_name = {(one.topic.name, one.topic.suite): one for one in judge(record()).statements}
    # The builder's records: .12 ± .02 by mass and .08 ± .03 by squared mass.
    assert by_name["early shift", "planning"].says == "more"
    assert by_name["early shift", "planning"].text == "on planning tasks early layers do more"
    # −.001 ± .002 by mass and .01 ± .004 by squared mass: both within the margin.
    assert by_name["specialisation shift", "local"].says == "no change"
    assert by_name["right context", "local"].says == "more"


def test_a_statement_is_held_against_the_control() -> None:
    mine = judge(record(), [control()]).statements
    early = next(one for one in mine if one.topic.name == "early shift")
    # The control's early layers gain as much.
    assert early.attribution.says == "no more than the control"
    still = {"depth_shift": {"early_share": number(0.0, 0.01)}}
    still |= {"depth_shift_squared": {"early_share": number(0.0, 0.01)}}
    tasks = tuple(
        task.model_copy(update={"comparison": task.comparison.model_copy(update=still)})
        for task in control().tasks
    )
    unmoved = control().model_copy(update={"tasks": tasks})
    beyond = next(one for one in judge(record(), [unmoved]).statements if one.topic.name == "early shift")
    assert beyond.attribution.says == "attributable"


def test_the_text_prints_the_numbers_that_decided() -> None:
    text = verdict_text(judge(record(**CHANGED), [control()]))
    assert "ioi: extended, attributable" in text
    assert "τ* of the ARM's circuit in the MDM 0.50 [0.47, 0.53] is below 0.80" in text
    assert "less continued −0.45" in text.replace("-0.45", "−0.45")
    assert "control   continued" in text
    assert "control   none" in verdict_text(judge(record()))
    for word in ATTRIBUTION:
        assert word in ("control: none", "undecided", "no more than the control") or word in text


def test_the_values_are_those_of_the_text_unrounded() -> None:
    values = verdict_values(judge(record(**CHANGED), [control()]))
    ioi = next(one for one in values["tasks"] if one["name"] == "ioi")
    assert ioi["verdict"] == "extended"
    assert ioi["decided_by"][1] == {
        "number": "τ* of the ARM's circuit in the MDM",
        "value": 0.5,
        "low": pytest.approx(0.47),
        "high": pytest.approx(0.53),
        "missing": None,
        "side": "below",
        "bound": 0.8,
        "holds": True,
    }
    assert values["controls"] == ["continued"]
    assert {one["topic"] for one in values["statements"]} >= {"early shift", "structure by suite"}
