"""Verdicts on pairs of models that were built: measured as any pair is, and what has to be said is known."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from build.by_hand import LETTERS
from build.cue_tasks import ADDED, ELSEWHERE, FIRST, SECOND, TASKS, cue_pair, cue_task, known_member
from build.heads import move_heads
from build.models import random_member
from build.protocols import small_protocol
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.run import run
from mechshift.benchmark.verdict.verdict import PairVerdict, judge
from mechshift.errors import NotComputable
from mechshift.tasks import Task

FEW = {"beside": (), "ablating": None, "neurons": False, "crossed": 20, "shuffled": 4, "shuffled_examples": 2}
PROTOCOL = small_protocol(
    name="planted", pool=40, minimum=30, components=2, splits=2, grid=(0.001, 0.02, 1.0), **FEW
)

Measure = Callable[..., Record]


@pytest.fixture
def measure(register: Callable[[Task], None], tmp_path: Path) -> Measure:
    """Runs two models as a pair: `measure(first, second, name, any_answer, **changes of the protocol)`."""

    def record(
        first: Member, second: Member, name: str = "planted", any_answer: bool = False, **changes: int
    ) -> Record:
        for task in TASKS:
            register(cue_task(task, any_answer))
        try:
            return run(cue_pair(first, second, name), PROTOCOL.changed(**changes), tmp_path, list(TASKS))
        except NotComputable:
            # Where no task can be compared, a record says why.
            (written,) = tmp_path.glob("*.json")
            return read_model(written, Record)

    return record


def heads_moved(member: Member) -> Member:
    """The same model with the key/value heads of every layer in reverse order, and the heads of each too."""
    backbone = read_backbone(copy.deepcopy(member.backbone.model))
    groups = range(backbone.shape.kv_heads)
    within = range(backbone.shape.heads // backbone.shape.kv_heads)
    for layer in range(backbone.shape.layers):
        move_heads(backbone, layer, groups[::-1], within[::-1])
    return replace(member, backbone=backbone)


def said(verdict: PairVerdict) -> dict[str, str]:
    return {one.name: one.verdict for one in (*verdict.suites, *verdict.tasks)}


def everywhere(verdict: str) -> dict[str, str]:
    return dict.fromkeys(("local", *TASKS), verdict)


def value(number: object) -> float:
    assert isinstance(number, Number), number
    return number.value


@pytest.mark.parametrize("seed", [0, 1], ids=["itself", "other noise in all other weights"])
def test_one_mechanism_is_preserved(measure: Measure, seed: int) -> None:
    assert said(judge(measure(known_member(), known_member(seed=seed)))) == everywhere("preserved")


def test_moved_heads_are_the_same_function_by_other_edges(measure: Measure) -> None:
    first = known_member()
    record = measure(first, heads_moved(first))
    found = judge(record)
    assert said(found) == everywhere("same function, other edges")
    assert all(one.finding.why.startswith("heads changed places") for one in found.tasks)
    for task in record.tasks:
        # Of three equal edges the one from the MLP to the logits passes no head.
        assert value(task.comparison.structure["edges"]) == pytest.approx(1 / 3, abs=0.02)
        # By their indices alone circuits would not carry over, and all would seem rebuilt.
        for host in (task.function.arm, task.function.mdm):
            assert value(host.compared.transfer) < 0.1
            assert value(host.matched.transfer) == pytest.approx(1, abs=1e-3)


def test_a_head_that_is_added_for_one_task_extends_that_one(measure: Measure) -> None:
    record = measure(known_member(), known_member(FIRST, SECOND, ADDED))
    by_task = {one.name: one for one in judge(record).tasks}
    assert by_task["first-cue"].verdict == "preserved"
    assert by_task["second-cue"].verdict == "extended"
    assert "the MDM's circuit does the ARM's work" in by_task["second-cue"].finding.why
    extended = next(task for task in record.tasks if task.task == "second-cue")
    # The added head does half of the work, and circuits of the other task do none.
    assert value(extended.function.mdm.compared.transfer) == pytest.approx(0.5, abs=0.05)


def test_a_head_that_was_lost_extends_the_other_way(measure: Measure) -> None:
    found = judge(measure(known_member(FIRST, SECOND, ADDED), known_member()))
    by_task = {one.name: one for one in found.tasks}
    assert by_task["first-cue"].verdict == "preserved"
    assert by_task["second-cue"].verdict == "extended"
    assert "the ARM's circuit does the MDM's work" in by_task["second-cue"].finding.why


def test_another_mechanism_for_the_same_tasks_is_rebuilt(measure: Measure) -> None:
    assert said(judge(measure(known_member(), known_member(*ELSEWHERE, seed=1)))) == everywhere("rebuilt")


def test_too_few_prompts_are_undecided(measure: Measure) -> None:
    first = known_member()
    found = judge(measure(first, first, pool=PROTOCOL.minimum - 2))
    assert said(found) == everywhere("undecided")
    assert all("28" in one.finding.why for one in found.tasks)


def test_matching_undoes_a_move_where_heads_share_keys(measure: Measure) -> None:
    """Of models that solve nothing: what circuits do in them can be compared all the same."""
    sizes = {"vocabulary": LETTERS + 1, "heads": 4, "kv_heads": 2, "spread": 0.3, "frozen": True}
    arm, near = random_member("qwen2", **sizes), random_member("qwen2", "full", **sizes)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in near.backbone.model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    stays = measure(arm, near, "stays", any_answer=True, circuit_edges=25)
    moves = measure(arm, heads_moved(near), "moves", any_answer=True, circuit_edges=25)
    for before, after in zip(stays.tasks, moves.tasks, strict=True):
        for host in ("arm", "mdm"):
            unmoved, moved = (getattr(task.function, host) for task in (before, after))
            for name in ("own", "other", "cross"):
                expected = value(getattr(unmoved.compared, name))
                assert value(getattr(moved.matched, name)) == pytest.approx(expected, rel=1e-3)
            assert value(moved.compared.other) != pytest.approx(value(unmoved.compared.other), abs=1e-2)
