"""Where memory does not suffice, a cell is computed again in a smaller batch, and that is kept with it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from build.runs import make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.task_record import CellRecord
from mechshift.benchmark.run import fitting
from mechshift.benchmark.run.computing import Outcome, Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.fitting import Fitting
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.store import Store
from mechshift.errors import NotComputable

PLAN = make_plan(("agreement",), SMALL)
LACKS: dict[str, Callable[[], object]] = {
    "on the host, torch": lambda: torch.empty(10**15),
    "on the host, Python": lambda: bytearray(10**15),
    "on an accelerator": lambda: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory")),
}
"""Ways to lack memory; an accelerator's is made up."""


class Notes(Silent):
    """What was noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class Room:
    """Stands for `Measuring` where batches fit up to a number of rows, and a share, from a cell on."""

    def __init__(self, rows: int, since: str, lack: Callable[[], object], share: float = 1.0) -> None:
        self.rows, self.share, self.since, self.lack = rows, share, since, lack
        self.begun: list[tuple[str, int]] = []
        self.stacks: list[float] = []
        self._short = False
        self._share = 1.0

    def __call__(self, pair: Pair, rows: int) -> "_Measuring":
        self._share = pair.limits.share
        return _Measuring(self, rows)

    def compute(self, rows: int, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        self._short |= cell.name == self.since
        if cell.kind.members:
            self.begun.append((cell.name, rows))
            self.stacks.append(self._share)
        if self._short and cell.kind.members and (rows > self.rows or self._share > self.share):
            self.lack()
        return made_up(cell, needs, tell)


class _Measuring:
    side_by_side = False

    def __init__(self, room: Room, rows: int) -> None:
        self._room, self.rows = room, rows

    def __call__(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        return self._room.compute(self.rows, cell, needs, tell)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Pair) -> Callable[..., Any]:
    """Carries out the plan where there is not enough room, in a batch of so many rows to begin with."""

    def carry_out(room: Room, rows: int = 64) -> tuple[Outcome, list[str]]:
        monkeypatch.setattr(fitting, "Measuring", room)
        told = Notes()
        (outcome,) = execute(PLAN, SMALL, Store(tmp_path), Fitting(tiny, rows, told.note), told)
        return outcome, told.notes

    return carry_out


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_the_batch_is_halved_until_it_fits_and_stays_so(
    lack: Callable[[], object], run: Callable[..., Any]
) -> None:
    room = Room(20, "sweep-arm", lack)
    outcome, notes = run(room)
    at = [begun[0] for begun in room.begun].index("sweep-arm")
    assert room.begun[at : at + 3] == [("sweep-arm", rows) for rows in (64, 32, 16)]
    assert {rows for _, rows in room.begun[at + 3 :]} == {16}
    # What is stacked beside the rows of a batch shrinks with it.
    assert room.stacks[at : at + 4] == [1, 1 / 2, 1 / 4, 1 / 4]
    assert notes == [
        "agreement/sweep-arm: out of memory with a batch of 64 rows, begun again with 32",
        "agreement/sweep-arm: out of memory with a batch of 32 rows, begun again with 16",
    ]
    before = {name for name, _ in room.begun[:at]}
    model_cells = {cell.name for cell in PLAN.cells if cell.kind.members}
    assert {name: cell.rows for name, cell in outcome.cells.items()} == {
        cell.name: 16 if cell.name in model_cells - before else None for cell in PLAN.cells
    }


def test_a_later_run_says_the_same_of_the_cells_that_it_finds(run: Callable[..., Any]) -> None:
    first, _ = run(Room(1, "effects-mdm", LACKS["on the host, torch"]), 2)
    room = Room(0, "pool", LACKS["on the host, torch"])
    again, notes = run(room)
    assert (again.cells, room.begun, notes) == (first.cells, [], [])
    assert first.cells["effects-mdm"].rows == 1


@pytest.mark.parametrize(("rows", "tried"), [(1, [1, 1 / 2, 1 / 4]), (2, [1, 1 / 2, 1 / 4])])
def test_where_one_row_does_not_fit_less_of_it_is_held_at_once(
    rows: int, tried: list[float], run: Callable[..., Any]
) -> None:
    room = Room(1, "effects-mdm", LACKS["on the host, torch"], share=1 / 4)
    outcome, notes = run(room, rows)
    at = [begun[0] for begun in room.begun].index("effects-mdm")
    assert room.stacks[at : at + 4] == [*tried, tried[-1]]
    assert notes[-1] == (
        "agreement/effects-mdm: out of memory with "
        f"{'1/2 of what is usually held at once' if rows == 1 else 'a batch of 1 row'}, "
        "begun again with 1/4 of what is usually held at once"
    )
    cell = outcome.cells["effects-mdm"]
    assert (cell.rows, cell.share) == (1, 1 / 4)
    again, none = run(Room(0, "pool", LACKS["on the host, torch"]), rows)
    assert (again.cells, none) == (outcome.cells, [])


def test_a_row_of_which_nothing_less_can_be_held_is_an_error(run: Callable[..., Any]) -> None:
    room = Room(0, "sweep-mdm", LACKS["on the host, torch"])
    with pytest.raises(NotComputable, match="agreement/sweep-mdm: out of memory, with one row") as error:
        run(room, 4)
    assert "--dtype bfloat16" in error.value.remedy
    rows = [4, 2, *[1] * 8]
    assert room.begun[-10:] == [("sweep-mdm", each) for each in rows]
    assert room.stacks[-10:] == [2.0**-power for power in range(10)]


def test_of_what_runs_no_model_no_batch_is_made_smaller(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(64, "pool", LACKS["on the host, torch"])
    compute = room.compute

    def lacking(rows: int, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        return room.lack() if cell.name == "comparison" else compute(rows, cell, needs, tell)

    monkeypatch.setattr(room, "compute", lacking)
    with pytest.raises(NotComputable, match="agreement/comparison: out of memory\nuse a machine") as error:
        run(room)
    assert "dtype" not in error.value.remedy
    assert {rows for _, rows in room.begun} == {64}


def test_another_error_is_not_tried_again(run: Callable[..., Any]) -> None:
    def fail() -> None:
        raise RuntimeError("a shape that does not fit")

    room = Room(0, "sweep-mdm", fail)
    with pytest.raises(RuntimeError, match="a shape"):
        run(room)
    assert room.begun[-1] == ("sweep-mdm", 64)


def test_enough_memory_leaves_no_trace(run: Callable[..., Any], tmp_path: Path) -> None:
    outcome, notes = run(Room(64, "pool", LACKS["on the host, torch"]))
    assert (notes, {cell.rows for cell in outcome.cells.values()}) == ([], {None})
    assert not any('"rows"' in path.read_text() for path in tmp_path.rglob("*.seal"))
    cell = next(iter(outcome.cells.values()))
    assert cell.model_dump(mode="json") == {"key": cell.key, "digest": cell.digest}


def test_a_record_says_what_sufficed() -> None:
    shown = {"key": "0" * 16, "digest": "1" * 64, "rows": 1, "share": 0.125}
    for left_out in ((), ("share",), ("share", "rows")):
        content = {name: value for name, value in shown.items() if name not in left_out}
        cell = CellRecord.model_validate(content)
        assert cell.model_dump(mode="json") == content


def test_members_hold_a_share_of_what_they_held(tiny: Pair) -> None:
    less = tiny.holding(0.5).holding(0.25)
    assert [member.share for member in less.members] == [less.limits.share] * 2 == [0.125] * 2
    assert less.arm.backbone is tiny.arm.backbone
    assert [member.share for member in tiny.members] == [1.0, 1.0]
