"""The claims over seeds: what each estimator decides, by hand-made records of five seeds of either recipe."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from build.records import number
from mechshift.baselines.report.attributable import MARGIN, ClaimEvidence, evidence_of, overall
from mechshift.baselines.report.over_seeds import answers, evidence_table
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.structure.roster import CONTROLS, SEEDS
from mechshift.baselines.structure.tasks import TaskKind
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.metrics import holm, seeds_difference_p

KINDS = {
    "ioi": TaskKind(suite="local", surface="words"),
    "greater-than": TaskKind(suite="local", surface="symbols"),
    "infilling": TaskKind(suite="planning", surface="words"),
    "countdown": TaskKind(suite="planning", surface="symbols"),
}
SPREAD = (-0.02, -0.01, 0, 0.01, 0.02)
"""Of a value over five seeds, around its mean."""

Build = Callable[[Mapping[str, float], Mapping[str, float]], Pairs]


@pytest.fixture
def build(make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]) -> Build:
    """Records of all seeds: means of Ĵ by task, of the MDMs and of the controls."""

    def of(mdm: Mapping[str, float], control: Mapping[str, float]) -> Pairs:
        records = {}
        for pairs, means in ((SEEDS, mdm), (CONTROLS, control)):
            for pair, apart in zip(pairs, SPREAD, strict=True):
                tasks = tuple(
                    make_task(task, {100: number(mean + apart, 0.02)}) for task, mean in means.items()
                )
                records[pair] = make_record(pair, tasks)
        return Pairs(records)

    return of


ONE_EACH = {task: KINDS[task] for task in ("ioi", "countdown")}


def found(
    pairs: Pairs,
    letter: str,
    label: str = "Ĵ at each task's own size",
    kinds: Mapping[str, TaskKind] = KINDS,
) -> ClaimEvidence:
    (one,) = (
        each
        for each in evidence_of(pairs, kinds, None)
        if (each.statement.letter, each.estimator.label) == (letter, label)
    )
    return one


def same(value: float) -> dict[str, float]:
    return dict.fromkeys(KINDS, value)


def test_planning_circuits_that_changed_more_than_the_controls_support_the_claim(build: Build) -> None:
    mdm = {"ioi": 0.8, "greater-than": 0.8, "infilling": 0.4, "countdown": 0.5}
    pairs = build(mdm, same(0.8))
    evidence = found(pairs, "B1")
    assert isinstance(evidence.prompts, Number)
    assert evidence.prompts.value == pytest.approx(0.45 - 0.8)
    assert (evidence.decision, evidence.carriers) == ("supported", ())
    # Local tasks are as the control's, planning ones .4 and .3 below: .35 between the suites.
    within = found(pairs, "B2")
    assert isinstance(within.prompts, Number)
    assert within.prompts.value == pytest.approx(0.35)
    # There is one task of a kind, and without it no difference between the suites.
    assert (within.decision, within.carriers) == (
        "undecided",
        ("ioi", "infilling", "greater-than", "countdown"),
    )
    assert found(pairs, "A").decision == "supported"


def test_what_the_control_changes_as_much_is_not_put_down_to_diffusion(build: Build) -> None:
    pairs = build(same(0.4), same(0.4))
    assert found(pairs, "B1").decision == "undecided"
    assert found(pairs, "A").decision == "supported"


def test_retained_means_within_a_bound_of_the_control_and_not_merely_no_difference(build: Build) -> None:
    assert found(build(same(0.8 - MARGIN - 0.2), same(0.8)), "A").decision == "contradicted"
    assert found(build(same(0.8 - MARGIN), same(0.8)), "A").decision == "undecided"


def test_a_mean_that_one_task_carries_decides_nothing(build: Build) -> None:
    mdm = {"ioi": 0.8, "greater-than": 0.8, "infilling": 0.81, "countdown": 0.2}
    evidence = found(build(mdm, same(0.8)), "B1")
    assert evidence.carriers == ("countdown",)
    assert evidence.decision == "undecided"


def test_a_task_without_which_nothing_is_left_carries_what_is_said(build: Build) -> None:
    """Without the one planning task there is no mean over planning tasks."""
    evidence = found(
        build({"ioi": 0.8, "countdown": 0.4}, {"ioi": 0.8, "countdown": 0.8}), "B1", kinds=ONE_EACH
    )
    assert evidence.carriers == ("countdown",)
    assert evidence.decision == "undecided"


def test_a_difference_over_seeds_on_the_other_side_decides_nothing(build: Build) -> None:
    evidence = found(build({**same(0.8), "infilling": 0.4, "countdown": 0.4}, same(0.8)), "B1")
    assert evidence.decision == "supported"
    assert isinstance(evidence.seeds, Number)
    opposite = Number(value=0.4, low=0.3, high=0.5)
    assert replace(evidence, seeds=opposite).decision == "undecided"


def test_p_values_are_welchs_on_the_seeds_and_holms_over_all_lines(build: Build) -> None:
    pairs = build({**same(0.8), "infilling": 0.75, "countdown": 0.78}, same(0.8))
    lines = [each for each in evidence_of(pairs, KINDS, None) if isinstance(each.p, Number)]
    assert {each.statement.letter for each in lines} >= {"A", "B1"}
    of, less = (np.mean(means) + np.array(SPREAD) for means in ((0.75, 0.78), (0.8, 0.8)))
    (one,) = (e for e in lines if e.statement.letter == "B1" and e.estimator.label.startswith("Ĵ"))
    assert isinstance(one.p, Number)
    assert one.p.value == pytest.approx(seeds_difference_p(of, less))
    adjusted = [each.adjusted.value for each in lines if isinstance(each.adjusted, Number)]
    assert adjusted == pytest.approx(holm([each.p.value for each in lines if isinstance(each.p, Number)]))


def test_estimators_that_disagree_leave_a_claim_open(build: Build) -> None:
    mdm = {"ioi": 0.8, "greater-than": 0.8, "infilling": 0.4, "countdown": 0.5}
    evidence = [e for e in evidence_of(build(mdm, same(0.8)), KINDS, None) if e.statement.letter == "B1"]
    # ρ is the same in all of these records: no seeds differ, and nothing follows.
    assert [each.decision for each in evidence[:3]] == [Missing(missing="no seeds differ")] * 3
    assert overall(evidence) == overall(evidence[3:]) == "supported"
    against = replace(evidence[3], statement=replace(evidence[3].statement, sign=1))
    assert overall([*evidence, against]) == "undecided"


def test_the_answers_name_what_each_estimator_says(build: Build) -> None:
    mdm = {"ioi": 0.8, "greater-than": 0.8, "infilling": 0.4, "countdown": 0.5}
    evidence = evidence_of(build(mdm, same(0.8)), KINDS, None)
    said = " ".join("\n".join(answers(build(mdm, same(0.8)), evidence, None)).split())
    assert (
        "**B1**, on planning tasks it abandons that circuit (below the control): this family supports it; "
        "supported by Ĵ at each task's own size; without a value by ρ of edges, ρ of edges, standardised and "
        "ρ of MLP neurons." in said
    )
    assert evidence_table(evidence).count("*supported*") >= 2
