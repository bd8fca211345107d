"""Verdicts on a recipe from several seeds, made by hand: what is shown by all, and what seeds disagree on."""

from typing import Any

import pytest

from build.records import TASKS, a_comparison, a_function, a_pair, a_record, a_task, number
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.verdict.over_seeds import judge_seeds
from mechshift.benchmark.verdict.verdict import Judged, PairVerdict
from mechshift.errors import UsageError

ALIKE = {"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)}
JITTER = (0.0, 0.01, -0.01, 0.005)


def seed(name: str, moved: float = 0.0, ioi: float = 0.95, control: bool = False, **pair: Any) -> Record:
    """Of all ten tasks; τ* of the ARM's circuit in the second member on `ioi`, and all moved by as much."""
    tasks = []
    for task in TASKS:
        comparison = a_comparison(structure={**a_comparison().structure, **ALIKE})
        transfer = a_function(0.97 + moved, (ioi if task == "ioi" else 0.95) + moved)
        tasks.append(a_task(task, comparison=comparison, function=transfer))
    made = a_pair(name, arm={"digest": "the ARM's"}, control=control, **pair)
    return a_record(name, tasks=tuple(tasks)).model_copy(update={"pair": made})


def seeds(ioi: tuple[float, ...] = (0.5, 0.52, 0.48, 0.51)) -> list[Record]:
    return [
        seed(f"mdm-{index}", moved, one) for index, (moved, one) in enumerate(zip(JITTER, ioi, strict=True))
    ]


def controls(number_of: int = 3) -> list[Record]:
    return [seed(f"control-{index}", JITTER[index], control=True) for index in range(number_of)]


def named(verdict: PairVerdict) -> dict[str, Judged]:
    return {one.name: one for one in (*verdict.suites, *verdict.tasks)}


def test_what_every_seed_shows_is_the_recipes_and_not_the_controls() -> None:
    found = named(judge_seeds(seeds(), controls()))
    assert found["ioi"].verdict == "extended"
    assert found["ioi"].attribution.says == "attributable"
    assert {found[name].verdict for name in TASKS if name != "ioi"} == {"preserved"}
    (claim,) = found["ioi"].attribution.claims
    assert claim.label == "τ* of the ARM's circuit in the MDM less the mean of 3 controls"
    assert isinstance(claim.number, Number)
    assert claim.number.value == pytest.approx(0.5025 + 0.00125 - 0.95)


def test_what_seeds_disagree_on_is_undecided_although_each_by_itself_is_clear() -> None:
    found = named(judge_seeds(seeds((0.5, 0.95, 0.55, 0.9)), controls()))
    assert found["ioi"].verdict == "undecided"


def test_a_single_control_attributes_nothing_as_another_training_of_it_is_unknown() -> None:
    found = judge_seeds(seeds(), controls(1))
    assert named(found)["ioi"].verdict == "extended"
    assert named(found)["ioi"].attribution.says == "undecided"
    assert found.controls == ("the control",)


def test_without_a_control_nothing_is_attributed() -> None:
    found = judge_seeds(seeds())
    assert {one.attribution.says for one in (*found.tasks, *found.suites)} == {"control: none"}
    assert {one.attribution.says for one in found.statements} == {"control: none"}


def test_statements_are_means_over_seeds() -> None:
    found = judge_seeds(seeds(), controls())
    stated = {(one.topic.name, one.topic.suite): one for one in found.statements}
    early = stated["early shift", "planning"]
    assert early.says == "more"
    by_mass = early.claims[0].number
    assert isinstance(by_mass, Number)
    assert by_mass.value == pytest.approx(0.12)
    # The controls have the very same shift, so that it is no more than theirs.
    assert early.attribution.says == "no more than the control"


def of_another_arm() -> Record:
    found = seed("x")
    arm = found.pair.arm.model_copy(update={"digest": "another"})
    return found.model_copy(update={"pair": found.pair.model_copy(update={"arm": arm})})


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (of_another_arm, "the ARM"),
        (lambda: seed("x").model_copy(update={"protocol": QUICK}), "the protocol"),
        (lambda: seed("x", control=True), "whether it is a control"),
    ],
    ids=["ARM", "protocol", "control"],
)
def test_records_of_other_recipes_are_refused(other: Any, differing: str) -> None:
    with pytest.raises(UsageError, match="are no two seeds of one recipe: they differ in") as refused:
        judge_seeds([seed("first"), other()])
    assert differing in refused.value.problem


def test_one_record_and_one_training_given_twice_are_refused() -> None:
    with pytest.raises(UsageError, match="at least two records"):
        judge_seeds([seed("first")])
    with pytest.raises(UsageError, match="have the same weights"):
        judge_seeds([seed("first"), seed("first")])
    with pytest.raises(UsageError, match="is no control of"):
        judge_seeds(seeds(), seeds())
