"""What a run is made of: the order of its cells, and the key of what can change each."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.record.protocol import V2, Protocol, ProtocolTask, Sampling, Statistics
from mechshift.benchmark.run.plan import (
    KINDS,
    MemberName,
    Plan,
    ProtocolParts,
    Stage,
    Subject,
    kind_named,
    plan_run,
)

SUBJECT = Subject(
    members={"arm": {"digest": "a", "dtype": "float32"}, "mdm": {"digest": "b", "attention": "full"}},
    tokens={"tokenizer": "c", "mask_id": 7, "control": False},
    software={"torch": "2", "device": "cpu"},
)
IOI = V2.tasks[0]
ALL = {kind.name for kind in KINDS}
OF_ARM = {"scores-arm", "sweep-arm"}
AFTER_SWEEPS = {"circuit-arm", "circuit-mdm", "entropies-arm", "entropies-mdm", "comparison"}
"""These depend on the size of the compared circuits, which follows from both sweeps."""


def keys(subject: Subject = SUBJECT, protocol: Protocol = V2, task: ProtocolTask = IOI) -> dict[str, str]:
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
    ]
    assert [kind.name for kind in KINDS[:3]] == ["pool", "prompts", "scores-arm"]
    for kind in KINDS:
        assert kind_named(kind.name) is kind
        assert kind.members in ((kind.member,), both, (), ("arm",))
    with pytest.raises(KeyError):
        kind_named("scores-teacher")


STAGES = r"(scores|sweep|circuit|entropies|effects|cards)-"
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
    plan = plan_run(SUBJECT, V2, V2.tasks)
    found = [cell.key for cell in plan.cells]
    assert len(set(found)) == len(found) == len(KINDS) * len(V2.tasks)
    assert found == [cell.key for cell in plan_run(SUBJECT, V2, V2.tasks).cells]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"splits": 3}, {"comparison", "stages"}),
        ({"resamples": 1000}, {"comparison", "stages"}),
        ({"resampling_seed": 1}, {"comparison", "stages"}),
        ({"beside": ("copy",)}, {"stages"}),
        ({"beside_examples": 9}, {"stages"}),
        ({"faithful": 0.9}, AFTER_SWEEPS),
        ({"circuit_edges": 10}, AFTER_SWEEPS),
        ({"components": 3}, AFTER_SWEEPS),
        ({"removed": 2}, {"effects-arm", "effects-mdm", "comparison"}),
        ({"grid": (0.001, 1.0)}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS),
        ({"intervention": "zero"}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS),
        ({"swept": 9}, {"sweep-arm", "sweep-mdm"} | AFTER_SWEEPS),
        ({"steps": 10}, ALL - {"pool", "prompts"}),
        ({"kv": "ungrouped"}, ALL - {"pool", "prompts"}),
        ({"groups": 12}, ALL - {"pool", "prompts"}),
        ({"disjoint": False}, ALL - {"pool", "prompts"}),
        ({"convergence": 12}, ALL - {"pool", "prompts"}),
        ({"most": 20}, ALL - {"pool", "prompts"}),
        ({"places": False}, ALL - {"pool", "prompts"}),
        ({"neurons": False}, ALL - {"pool", "prompts"}),
        ({"read": "trajectory"}, ALL),
        ({"seed": 1}, ALL),
        ({"pool": 7}, ALL),
        # These choose what is run and shown, and change no cell.
        ({"name": "mine"}, set()),
        # The statistics are done again under a new version, the models are not run again.
        ({"version": 9}, {"circuit-arm", "circuit-mdm", "comparison"}),
        ({"board": False}, set()),
        ({"minimum": 4}, set()),
        ({"minimum_edges": 4}, set()),
        ({"tasks": V2.tasks[:2]}, set()),
    ],
    # A set's order differs between processes, and names of tests must not.
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_a_setting_moves_just_the_cells_that_it_can_change(
    setting: dict[str, Any], expected: set[str]
) -> None:
    assert moved(protocol=V2.changed(**setting)) == expected


def test_no_setting_is_left_out_of_that_list() -> None:
    """A setting added to a protocol has to be given a place above."""
    listed = test_a_setting_moves_just_the_cells_that_it_can_change.pytestmark[0].args[1]  # type: ignore[attr-defined]
    named = {name for setting, _ in listed for name in setting}
    assert {name for name, _ in V2.settings()} - named == {"candidates", "rule"}
    assert moved(protocol=V2.changed(candidates=3)) == ALL
    assert moved(protocol=V2.changed(rule="left")) == ALL - {"pool", "prompts"}


@pytest.mark.parametrize("change", [{"name": "induction"}, {"level": "abb"}, {"version": 3}], ids=str)
def test_a_task_of_another_name_level_or_version_is_another(change: dict[str, Any]) -> None:
    assert moved(task=IOI.model_copy(update=change)) == ALL


@pytest.mark.parametrize("field", ["members", "tokens", "software"])
def test_what_is_measured_and_with_what_is_in_the_key(field: str) -> None:
    changed = dict(getattr(SUBJECT, field)) | {"arm" if field == "members" else "new": {"digest": "z"}}
    assert moved(subject=replace(SUBJECT, **{field: changed})) == ALL


def test_the_arms_scores_do_not_depend_on_the_mdm_but_by_the_pool() -> None:
    """Each member's own cells name that member alone; what both solve is known from the pool."""
    by_name = {cell.name: cell.inputs for cell in plan_run(SUBJECT, V2, [IOI]).cells}
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
    parts = ProtocolParts(V2, ("sampling",))
    assert parts[Sampling] == V2.sampling
    with pytest.raises(KeyError):
        parts[Statistics]
    for cell in plan_run(SUBJECT, V2, [IOI]).cells:
        assert set(cell.inputs["protocol"]) == set(cell.kind.parts)


def test_only_what_is_wanted_and_needed_is_planned() -> None:
    def names(wanted: list[str]) -> list[str]:
        plan: Plan = plan_run(SUBJECT, V2, [IOI], wanted)
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
    }
