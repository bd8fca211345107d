"""What a run is made of: the order of its cells, and the key of what can change each."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.record.protocol import (
    V2,
    Ablating,
    Protocol,
    ProtocolTask,
    Sampling,
    Statistics,
    Transferring,
)
from mechshift.benchmark.run.plan import (
    KINDS,
    MemberName,
    Plan,
    ProtocolParts,
    Stage,
    Subject,
    alone,
    kind_named,
    kinds_of,
    place_of,
    plan_run,
)
from mechshift.errors import NotComputable

ABLATING = Ablating(ablated=64, ablated_heads=8, ablated_mlps=2, ablated_neurons=32, random_sets=8)
NEITHER = V2.changed(transferring=None, ablating=None)
FULL = V2.changed(transferring=Transferring(crossed=64, shuffled=50, shuffled_examples=16), ablating=ABLATING)
"""With every kind of cell."""
SUBJECT = Subject(
    members={"arm": {"digest": "a", "dtype": "float32"}, "mdm": {"digest": "b", "attention": "full"}},
    tokens={"tokenizer": "c", "mask_id": 7, "control": False},
    software={"torch": "2", "device": "cpu"},
)
IOI = FULL.tasks[0]
ALL = {kind.name for kind in KINDS}
OF_ARM = {"scores-arm", "sweep-arm"}
ACROSS = {"transfer-arm", "transfer-mdm", "function"}
WITHOUT = {"ablation-arm", "ablation-mdm", "causality"}
AFTER_SWEEPS = {"circuit-arm", "circuit-mdm", "entropies-arm", "entropies-mdm", "comparison"} | ACROSS
"""These depend on the size of the compared circuits, which follows from both sweeps."""


def keys(subject: Subject = SUBJECT, protocol: Protocol = FULL, task: ProtocolTask = IOI) -> dict[str, str]:
    return {cell.name: cell.key for cell in plan_run(subject, protocol, [task]).cells}


def moved(**changes: Any) -> set[str]:
    """The cells whose key is another when something is changed."""
    before, after = keys(), keys(**changes)
    return {name for name in before if before[name] != after[name]}


def test_every_kind_comes_after_what_it_needs() -> None:
    for place, kind in enumerate(KINDS):
        assert set(kind.needs) <= {earlier.name for earlier in KINDS[:place]}


def test_a_kind_has_its_stage_and_member_as_fields() -> None:
    """Names are made of them, as files and records have them, and none is taken apart."""
    both: tuple[MemberName, MemberName] = ("arm", "mdm")
    stages: list[Stage] = ["scores", "sweep", "circuit", "entropies", "effects", "cards"]
    of_one = [(stage, member) for stage in stages for member in both]
    assert [(kind.stage, kind.member) for kind in KINDS] == [
        ("pool", None),
        ("prompts", None),
        *of_one,
        ("comparison", None),
        ("stages", None),
        ("ablation", "arm"),
        ("ablation", "mdm"),
        ("causality", None),
        ("transfer", "arm"),
        ("transfer", "mdm"),
        ("function", None),
    ]
    assert [kind.name for kind in KINDS[:3]] == ["pool", "prompts", "scores-arm"]
    for kind in KINDS:
        assert kind_named(kind.name) is kind
        assert kind.members in ((kind.member,), both, (), ("arm",))
    with pytest.raises(KeyError):
        kind_named("scores-teacher")


STAGES = r"(scores|sweep|circuit|entropies|effects|cards|ablation|transfer)-"
JOINED = r"f'\{[^}]+\}-(\{([\w.]+\.)?(role|member)\}|arm|mdm)'"


def written_names(source: str) -> Iterator[str]:
    """Names of kinds of cells in a source file: whole, or put together of a stage and a member."""
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.Constant) and re.match(STAGES, str(each.value)):
            yield str(each.value)
        elif isinstance(each, ast.JoinedStr) and re.fullmatch(JOINED, ast.unparse(each)):
            yield ast.unparse(each)


ROOMS = ("benchmark/run", "benchmark/cli", "benchmark/forecast", "benchmark/interchange", "baselines")


@pytest.mark.parametrize("room", [*ROOMS, "src/mechshift"])
def test_no_name_of_a_kind_is_written_out(room: str) -> None:
    paths = list((Path(__file__).parents[3] / room).rglob("*.py"))
    assert paths
    written = {path.name: list(written_names(path.read_text(encoding="utf-8"))) for path in paths}
    # `kind_name` itself is in the plan.
    assert written.pop("plan.py", ["f'{stage}-{member}'"]) == ["f'{stage}-{member}'"]
    assert {name: found for name, found in written.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("'scores-arm'", True),
        ("f'circuit-{role}'", True),
        ("f'{kind}-{cell.member}'", True),
        ("f'{kind}-arm'", True),
        ("f'{name}-{digest}'", False),
        ("'of the sweep-arm'", False),
    ],
)
def test_a_name_is_seen_however_it_is_put_together(source: str, seen: bool) -> None:
    assert any(written_names(source)) is seen


def test_keys_are_all_different_and_the_same_again() -> None:
    plan = plan_run(SUBJECT, FULL, FULL.tasks)
    found = [cell.key for cell in plan.cells]
    assert len(set(found)) == len(found) == len(KINDS) * len(FULL.tasks)
    assert found == [cell.key for cell in plan_run(SUBJECT, FULL, FULL.tasks).cells]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"splits": 3}, {"comparison", "stages", "causality", "function"}),
        ({"resamples": 1000}, {"comparison", "stages", "causality", "function"}),
        ({"resampling_seed": 1}, {"comparison", "stages", "causality", "function"}),
        ({"beside": ("copy",)}, {"stages"}),
        ({"beside_examples": 9}, {"stages"}),
        ({"faithful": 0.9}, AFTER_SWEEPS),
        ({"circuit_edges": 10}, AFTER_SWEEPS),
        ({"components": 3}, AFTER_SWEEPS),
        ({"removed": 2}, {"effects-arm", "effects-mdm", "comparison"}),
        ({"grid": (0.001, 1.0)}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS | WITHOUT),
        ({"intervention": "zero"}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS | WITHOUT),
        ({"selection": "positive"}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS | WITHOUT),
        ({"swept": 9}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS | WITHOUT),
        ({"crossed": 9}, ACROSS),
        ({"shuffled": 9}, ACROSS),
        ({"shuffled_examples": 9}, ACROSS),
        ({"ablated": 9}, WITHOUT),
        ({"ablated_heads": 9}, WITHOUT),
        ({"ablated_mlps": 9}, WITHOUT),
        ({"ablated_neurons": 9}, WITHOUT),
        ({"random_sets": 9}, WITHOUT),
        ({"method": "gim"}, ALL - {"pool", "prompts"}),
        ({"steps": 10}, ALL - {"pool", "prompts"}),
        ({"kv": "ungrouped"}, ALL - {"pool", "prompts"}),
        ({"groups": 12}, ALL - {"pool", "prompts"}),
        ({"disjoint": False}, ALL - {"pool", "prompts"}),
        ({"convergence": 12}, ALL - {"pool", "prompts"}),
        ({"most": 20}, ALL - {"pool", "prompts"}),
        ({"places": False}, ALL - {"pool", "prompts"}),
        ({"neurons": False}, ALL - {"pool", "prompts"}),
        ({"read": "trajectory"}, ALL),
        ({"denoising_order": "random"}, ALL),
        ({"denoising_steps": 1}, ALL),
        ({"seed": 1}, ALL),
        ({"pool": 7}, ALL),
        # These choose what is run and shown, and change no cell.
        ({"name": "mine"}, set()),
        # The statistics are done again under a new version, the models are not run again.
        ({"version": 9}, {"circuit-arm", "circuit-mdm", "comparison", "causality", "function"}),
        ({"board": False}, set()),
        ({"minimum": 4}, set()),
        ({"minimum_edges": 4}, set()),
        ({"tasks": FULL.tasks[:2]}, set()),
    ],
    # A set's order differs between processes, and names of tests must not.
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_a_setting_moves_just_the_cells_that_it_can_change(
    setting: dict[str, Any], expected: set[str]
) -> None:
    assert moved(protocol=FULL.changed(**setting)) == expected


def test_no_setting_is_left_out_of_that_list() -> None:
    """A setting added to a protocol has to be given a place above."""
    listed = test_a_setting_moves_just_the_cells_that_it_can_change.pytestmark[0].args[1]  # type: ignore[attr-defined]
    named = {name for setting, _ in listed for name in setting}
    assert {name for name, _ in FULL.settings()} - named == {"candidates", "rule", "interval"}
    assert moved(protocol=FULL.changed(candidates=3)) == ALL
    assert moved(protocol=FULL.changed(rule="left")) == ALL - {"pool", "prompts"}


def test_how_far_intervals_reach_is_in_the_keys_of_cells_that_hold_some_and_in_no_other() -> None:
    for cell in plan_run(SUBJECT, FULL, [IOI]).cells:
        statistics = cell.inputs["protocol"].get("statistics", {})
        by_student = cell.name in {"comparison", "stages", "causality", "function"}
        assert statistics.get("interval") == ("student" if by_student else None), cell.name


def test_percentile_intervals_of_older_protocols_are_not_computed_again() -> None:
    with pytest.raises(NotComputable, match="protocol v2@2 asks for percentile intervals"):
        plan_run(SUBJECT, FULL.changed(name="v2", version=2, interval="percentile"), [IOI])


def test_a_setting_that_came_later_leaves_the_keys_of_earlier_cells_as_they_are() -> None:
    """What has a default is in a key only where it is something else."""

    def sampling_in_key(protocol: Protocol) -> dict[str, Any]:
        pool = next(cell for cell in plan_run(SUBJECT, protocol, [IOI]).cells if cell.name == "pool")
        found = pool.inputs["protocol"]["sampling"]
        assert isinstance(found, dict)
        return found

    pool = sampling_in_key(FULL)
    assert pool.keys() == {"seed", "pool", "candidates", "read"}
    changed = sampling_in_key(FULL.changed(denoising_steps=2))
    assert changed == pool | {"denoising_steps": 2}


@pytest.mark.parametrize("change", [{"name": "induction"}, {"level": "abb"}, {"version": 3}], ids=str)
def test_a_task_of_another_name_level_or_version_is_another(change: dict[str, Any]) -> None:
    assert moved(task=IOI.model_copy(update=change)) == ALL


@pytest.mark.parametrize("field", ["members", "tokens", "software"])
def test_what_is_measured_and_with_what_is_in_the_key(field: str) -> None:
    changed = dict(getattr(SUBJECT, field)) | {"arm" if field == "members" else "new": {"digest": "z"}}
    assert moved(subject=replace(SUBJECT, **{field: changed})) == ALL


def test_the_arms_scores_do_not_depend_on_the_mdm_but_by_the_pool() -> None:
    """Each member's own cells name that member alone; what both solve is known from the pool."""
    by_name = {cell.name: cell.inputs for cell in plan_run(SUBJECT, FULL, [IOI]).cells}
    for name in OF_ARM:
        assert set(by_name[name]["pair"]) == {"arm"}
    assert set(by_name["pool"]["pair"]) == {"arm", "mdm"}
    assert "pair" not in by_name["comparison"]


def test_a_raised_method_moves_a_cell_and_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    raised = tuple(replace(kind, method=2) if kind.name == "sweep-arm" else kind for kind in KINDS)
    monkeypatch.setattr("mechshift.benchmark.run.plan.KINDS", raised)
    after = keys()
    assert {name for name in before if before[name] != after[name]} == {"sweep-arm"} | AFTER_SWEEPS


def test_a_computation_is_given_no_part_that_is_not_in_its_key() -> None:
    parts = ProtocolParts(FULL, ("sampling",))
    assert parts[Sampling] == FULL.sampling
    with pytest.raises(KeyError):
        parts[Statistics]
    for cell in plan_run(SUBJECT, FULL, [IOI]).cells:
        assert set(cell.inputs["protocol"]) == set(cell.kind.parts)


def test_only_what_is_wanted_and_needed_is_planned() -> None:
    def names(wanted: list[str]) -> list[str]:
        plan: Plan = plan_run(SUBJECT, FULL, [IOI], wanted)
        return [cell.name for cell in plan.cells]

    assert names(["scores-arm", "scores-mdm"]) == ["pool", "scores-arm", "scores-mdm"]
    assert names(["circuit-arm"]) == [
        "pool",
        "scores-arm",
        "scores-mdm",
        "sweep-arm",
        "sweep-mdm",
        "circuit-arm",
    ]
    assert set(names(["comparison"])) == ALL - {
        "prompts",
        "circuit-arm",
        "circuit-mdm",
        "cards-arm",
        "cards-mdm",
        "stages",
        *ACROSS,
        *WITHOUT,
    }


@pytest.mark.parametrize(("part", "cells"), [("transferring", ACROSS), ("ablating", WITHOUT)])
def test_without_a_part_there_is_no_cell_of_it(part: str, cells: set[str]) -> None:
    without = FULL.changed(**{part: None})
    assert {kind.name for kind in kinds_of(without)} == ALL - cells
    assert Protocol.model_validate_json(without.model_dump_json()) == without
    assert part not in dict(without.settings())


def test_neither_part_changes_any_other_cell() -> None:
    assert {kind.name for kind in kinds_of(NEITHER)} == ALL - ACROSS - WITHOUT
    assert Protocol.model_validate_json(FULL.model_dump_json()) == FULL
    alone_before = {cell.name: cell.key for cell in plan_run(SUBJECT, NEITHER, [IOI]).cells}
    assert alone_before == {name: key for name, key in keys().items() if name not in ACROSS | WITHOUT}


def test_cells_of_other_tasks_are_named_and_are_in_the_key() -> None:
    first, second, third = FULL.tasks[:3]
    plan = plan_run(SUBJECT, FULL, [first, second, third])
    (cell,) = (one for one in plan.of(first) if one.name == "transfer-arm")
    others = [place_of(one) for one in plan.others(cell)]
    assert others == [f"{task.name}/scores-arm" for task in (second, third)]
    own = {"pool", "scores-arm", "scores-mdm", "sweep-arm", "sweep-mdm"}
    assert set(cell.inputs["needs"]) == {*own, *others}
    fewer = {one.name: one.key for one in plan_run(SUBJECT, FULL, [first, second]).of(first)}
    more = {one.name: one.key for one in plan.of(first)}
    assert {name for name in more if more[name] != fewer[name]} == ACROSS
    older = second.model_copy(update={"version": 0})
    other = {one.name: one.key for one in plan_run(SUBJECT, FULL, [first, older, third]).of(first)}
    assert {name for name in more if more[name] != other[name]} == ACROSS


def test_what_needs_other_tasks_comes_after_all_else() -> None:
    assert {kind.name for kind in alone(KINDS)} == ALL - ACROSS
    assert alone(kinds_of(NEITHER)) == kinds_of(NEITHER)
