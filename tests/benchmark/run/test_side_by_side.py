"""Both members' cells at once: the same bytes, and errors and interrupts as one after the other."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from build.runs import Clock, make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Advance, Silent
from mechshift.benchmark.run.store import Store
from mechshift.benchmark.run.timing import Timing

PLAN = make_plan(("agreement",), SMALL)
LONGEST = 10.0
"""Seconds after which a test no longer waits for a thread."""

Compute = Callable[[Cell, Mapping[str, Any], Tell], Any]


class Totals(Silent):
    """Which cells were made, and of how much each was said to be."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done: dict[str, int] = {}

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        self.totals[cell.name], self.done[cell.name] = total, 0

        def advance(done: int) -> None:
            self.done[cell.name] += done

        yield advance


def telling(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
    """Made-up evidence that says to be of 250 examples."""
    if not cell.kind.members:
        return made_up(cell, needs, tell)
    with tell(250) as advance:
        for _ in range(25):
            advance(10)
    return made_up(cell, needs, tell)


def carry_out(folder: Path, compute: Compute, side_by_side: bool) -> Totals:
    told = Totals()
    list(execute(PLAN, SMALL, Store(folder), compute, told, side_by_side))
    return told


def contents(folder: Path) -> dict[str, bytes]:
    """Of all cells, without their seals, which have a time."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".seal")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_cells_with_the_same_bytes_and_totals(tmp_path: Path) -> None:
    ways = {way: carry_out(tmp_path / str(way), telling, way) for way in (False, True)}
    assert contents(tmp_path / "True") == contents(tmp_path / "False")
    assert len(contents(tmp_path / "True")) == len(PLAN.cells)
    assert ways[True].totals == ways[False].totals
    assert ways[True].totals["scores-mdm"] == 250
    assert ways[True].done["scores-mdm"] == 250


def test_both_members_are_under_way_at_once(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=LONGEST)

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        if cell.kind.stage == "scores":
            meeting.wait()
        return telling(cell, needs, tell)

    carry_out(tmp_path, compute, True)


@pytest.mark.parametrize("there", ["scores-arm", "scores-mdm"])
def test_one_cell_is_there_and_the_other_is_made(there: str, tmp_path: Path) -> None:
    carry_out(tmp_path, telling, True)
    before, store = contents(tmp_path), Store(tmp_path)
    (missing,) = (cell for cell in PLAN.cells if cell.kind.stage == "scores" and cell.name != there)
    store.path(missing).unlink()
    assert list(carry_out(tmp_path, telling, True).totals) == [missing.name]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("failing", ["scores-arm", "scores-mdm"])
def test_an_error_in_either_thread_is_raised(failing: str, tmp_path: Path) -> None:
    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        if cell.name == failing:
            raise KeyError(failing)
        return telling(cell, needs, tell)

    with pytest.raises(KeyError, match=failing):
        carry_out(tmp_path, compute, True)
    kept = {Path(name).name.split(".")[0] for name in contents(tmp_path)}
    assert failing not in kept
    # What the first thread had finished is not lost.
    assert ("scores-arm" in kept) == (failing == "scores-mdm")


def test_an_interrupt_does_not_wait_for_the_other_thread_to_finish(tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        if cell.name == "scores-arm":
            assert begun.wait(LONGEST)
            raise KeyboardInterrupt
        if cell.name == "scores-mdm":
            with tell(250) as advance:
                begun.set()
                # Without end, unless the thread is told to stop.
                while not ended.wait(0.01):
                    advance(1)
        return telling(cell, needs, tell)

    watch = threading.Timer(LONGEST, ended.set)
    watch.start()
    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, compute, True)
    assert not ended.is_set()
    watch.cancel()


def test_the_time_left_is_of_all_examples_of_both_members() -> None:
    """Ten seconds for the ARM's 250 and three more for the MDM's: 13 for as many of another task."""
    clock, plan = Clock(), make_plan(("ioi", "countdown"))
    timing = Timing(plan.cells, {}, clock)
    by_name = {(cell.task.name, cell.name): cell for cell in plan.cells}
    for name, seconds in (("scores-arm", 10), ("scores-mdm", 3)):
        timing.start(by_name["ioi", name], 250)
        clock.now += seconds
        timing.advance(250)
        timing.finish()
    for (task, name), cell in by_name.items():
        if task != "countdown" or not name.startswith("scores"):
            timing.drop(cell)
    timing.start(by_name["countdown", "scores-arm"], 250)
    assert timing.left == pytest.approx(13)
