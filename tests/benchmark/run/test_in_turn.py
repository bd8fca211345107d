"""A run whose members are in memory one at a time: the same bytes as with both."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from build.runs import content, make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.measuring import Measuring
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.run import measure
from mechshift.benchmark.run.store import Store

# A pool of a few, every kind of cell that runs a model of both members' or needs both, and little of each.
PROTOCOL = QUICK.changed(
    pool=6,
    minimum=4,
    candidates=1,
    grid=(0.001, 1.0),
    resamples=2,
    beside=("copy",),
    beside_examples=4,
    crossed=2,
    swept=2,
    shuffled=2,
    shuffled_examples=2,
    convergence=2,
    most=5,
)
WANTED = ("scores-arm", "scores-mdm", "stages", "transfer-arm", "transfer-mdm")


def carry_out(folder: Path, limits: Limits) -> dict[str, bytes]:
    pair = open_pair(get_pair("tiny"), "cpu", limits=limits)
    asked = as_asked(PROTOCOL, ["greater-than"], None)
    (outcome,) = measure(pair, PROTOCOL, folder, asked, WANTED)
    assert outcome.unusable is None
    return content(folder)


def test_the_bytes_are_those_of_both_in_memory(tmp_path: Path) -> None:
    both = carry_out(tmp_path / "both", Limits(bounded=True))
    assert len(both) == 8
    assert carry_out(tmp_path / "turns", Limits(in_turn=True, bounded=True)) == both


@pytest.mark.parametrize("in_turn", [False, True])
def test_a_stage_begins_with_the_member_that_is_in_memory(in_turn: bool, tmp_path: Path) -> None:
    ran: list[str] = []

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        if cell.kind.member is not None and cell.kind.members:
            ran.append(cell.kind.member)
        return made_up(cell, needs, tell)

    plan = make_plan(("agreement",), SMALL)
    list(execute(plan, SMALL, Store(tmp_path), compute, Silent(), in_turn=in_turn))
    changes = sum(one != other for one, other in pairwise(ran))
    stages = len(ran) // 2
    # Within a stage they change once; from one stage to the next they need not.
    assert changes == (stages if in_turn else 2 * stages - 1)


@pytest.mark.parametrize("limits", [Limits(bounded=True), Limits(in_turn=True)])
def test_nothing_runs_beside_where_memory_is_counted(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.benchmark.run.measuring.available_cores", lambda: 2)
    spec = get_pair("tiny")
    assert Measuring(open_pair(spec, "cpu"), 8).side_by_side
    assert not Measuring(open_pair(spec, "cpu", limits=limits), 8).side_by_side
