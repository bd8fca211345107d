"""Runs that share a folder: each cell is computed once, whoever stops or fails, and all have the same."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from build.runs import content, make_plan
from build.submissions import SMALL, TASKS, made_up
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.claims import Claims
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute, help_out
from mechshift.benchmark.run.plan import Cell, place_of
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.run import run
from mechshift.benchmark.run.store import Store

PLAN = make_plan(TASKS, SMALL)
ALL = [place_of(cell) for cell in PLAN.cells]


class Told(Silent):
    """What others computed, how many were at work, and what was noted."""

    def __init__(self) -> None:
        self.by_others: list[str] = []
        self.at_once: set[int] = set()
        self.notes: list[str] = []

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        self.by_others.append(place_of(cell))

    def at_work(self, processes: int) -> None:
        self.at_once.add(processes)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one process has computed everything."""
    folder = tmp_path_factory.mktemp("alone")
    list(execute(PLAN, SMALL, Store(folder), made_up, Silent()))
    return folder


class One:
    """One of several runs, each in a thread; what it computes it reads from the folder of another run."""

    def __init__(self, folder: Path, alone: Path, patience: float = 60.0, beat: float = 0.01) -> None:
        self.made: list[str] = []
        self.tasks: list[str] = []
        self.told = Told()
        self.error: BaseException | None = None
        self._folder = folder
        self._alone = Store(alone)
        self.claims = Claims(beat=beat, patience=patience, note=self.told.note)
        self._thread = Thread(target=self._run)

    def compute(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        time.sleep(0.002)
        self.made.append(place_of(cell))
        return cell.kind.load(self._alone.path(cell))

    def _run(self) -> None:
        outcomes = execute(PLAN, SMALL, Store(self._folder), self.compute, self.told, claims=self.claims)
        try:
            self.tasks += [outcome.task.name for outcome in outcomes]
        except BaseException as error:
            self.error = error

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(120)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("runs", [2, 4])
def test_several_runs_compute_each_cell_once(runs: int, alone: Path, tmp_path: Path) -> None:
    all_runs = [One(tmp_path, alone) for _ in range(runs)]
    for one in all_runs:
        one.start()
    for one in all_runs:
        one.join()
    assert content(tmp_path) == content(alone)
    made = Counter(place for one in all_runs for place in one.made)
    assert made == Counter(ALL)
    for one in all_runs:
        assert (one.error, one.tasks) == (None, [task.name for task in PLAN.tasks])
        assert one.made  # nobody only waits
        assert not set(one.made) & set(one.told.by_others)
        assert one.told.notes == []


def test_who_helps_leaves_nothing_to_do(alone: Path, tmp_path: Path) -> None:
    order = PLAN.tasks[::-1]
    begun: list[str] = []

    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        begun.append(cell.task.name)
        return cell.kind.load(Store(alone).path(cell))

    help_out(PLAN, SMALL, Store(tmp_path), compute, Silent(), order)
    assert content(tmp_path) == content(alone)
    assert list(dict.fromkeys(begun)) == [task.name for task in order]
    one = One(tmp_path, alone)
    one.start()
    one.join()
    assert one.made == []


def test_both_members_of_a_stage_are_computed_by_two_runs(alone: Path, tmp_path: Path) -> None:
    """Neither goes on with a task before the other run is at the other member's scores."""
    meeting = Barrier(2)

    class Meeting(One):
        def compute(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
            if cell.kind.stage == "scores" and cell.task == PLAN.tasks[0]:
                meeting.wait(60)
            return super().compute(cell, needs, tell)

    pair = [Meeting(tmp_path, alone) for _ in range(2)]
    for one in pair:
        one.start()
    for one in pair:
        one.join()
        assert one.error is None
    assert content(tmp_path) == content(alone)


class Stopped(One):
    """A process that is stopped in the middle of a cell, heart and all, until `go_on`."""

    def __init__(self, folder: Path, alone: Path, at: str) -> None:
        super().__init__(folder, alone, beat=1e6)
        self.at, self.stopped, self.go_on = at, Event(), Event()

    def compute(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        if place_of(cell) == self.at and not self.stopped.is_set():
            self.stopped.set()
            assert self.go_on.wait(60)
        return super().compute(cell, needs, tell)


@pytest.mark.parametrize("name", ["pool", "scores-arm", "comparison", "transfer-mdm"])
def test_a_stopped_run_loses_its_cell_and_goes_on_without_harm(
    name: str, alone: Path, tmp_path: Path
) -> None:
    at = f"{PLAN.tasks[0].name}/{name}"
    stopped, other = Stopped(tmp_path, alone, at), One(tmp_path, alone, patience=0.03)
    stopped.start()
    assert stopped.stopped.wait(60)
    other.start()
    other.join()
    assert other.error is None
    assert at in other.made
    assert other.told.at_once == {1, 2}
    (note,) = other.told.notes
    assert f"{name} is taken over: nothing was heard of process {os.getpid()}" in note
    assert content(tmp_path) == content(alone)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    stopped.go_on.set()
    stopped.join()
    # It finds the cell finished, and has what the other one made.
    assert (stopped.error, stopped.tasks) == (None, [task.name for task in PLAN.tasks])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == times


def test_a_stopped_run_that_is_first_after_all_keeps_its_cell(alone: Path, tmp_path: Path) -> None:
    """It goes on while the one who took the cell over is still at it; that one finds it finished."""
    at = f"{PLAN.tasks[0].name}/pool"
    stopped, other = Stopped(tmp_path, alone, at), Stopped(tmp_path, alone, at)
    other.claims = Claims(beat=0.01, patience=0.03, note=other.told.note)
    stopped.start()
    assert stopped.stopped.wait(60)
    other.start()
    assert other.stopped.wait(60)
    stopped.go_on.set()
    stopped.join()
    before = content(tmp_path)
    other.go_on.set()
    other.join()
    assert (stopped.error, other.error) == (None, None)
    assert before == content(tmp_path) == content(alone)


def test_a_run_that_fails_leaves_its_cell_to_others(alone: Path, tmp_path: Path) -> None:
    at = f"{PLAN.tasks[0].name}/scores-arm"

    class Failing(One):
        def compute(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
            if place_of(cell) == at:
                raise MemoryError("no room for this")
            return super().compute(cell, needs, tell)

    failing, other = Failing(tmp_path, alone), One(tmp_path, alone)
    failing.start()
    failing.join()
    assert isinstance(failing.error, MemoryError)
    assert list(tmp_path.rglob("*.claim-*")) == []
    other.start()
    other.join()
    assert at in other.made
    assert content(tmp_path) == content(alone)


def test_a_damaged_cell_of_another_task_is_not_used_before_it_is_made_again(
    alone: Path, tmp_path: Path
) -> None:
    """What needs the other task's scores is missing, and these have lost their last byte."""
    first, second = PLAN.tasks
    order = (second, first)  # so that what is damaged is not found by carrying out its task
    help_out(PLAN, SMALL, Store(tmp_path), One(tmp_path, alone).compute, Silent(), order)
    store = Store(tmp_path)
    damaged = next(cell for cell in PLAN.of(second) if cell.name == "scores-arm")
    path = store.path(damaged)
    path.write_bytes(path.read_bytes()[:-1])
    for cell in PLAN.of(first):
        if cell.name == "transfer-arm":
            store.path(cell).with_suffix(".seal").unlink()
    one = One(tmp_path, alone)
    one.start()
    one.join()
    assert one.error is None
    assert one.made == [place_of(damaged), f"{first.name}/transfer-arm"]
    assert one.told.notes == [f"{second.name}: scores-arm is made again: its content is not what was written"]
    assert content(tmp_path) == content(alone)


def test_claims_of_ended_processes_are_not_left(alone: Path, tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        store, claims = Store(tmp_path), Claims()
        os._exit(not all(claims.take(store.path(cell)) for cell in PLAN.cells))
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(tmp_path.rglob("*.claim-1"))) == len(PLAN.cells)
    one = One(tmp_path, alone)
    one.start()
    one.join()
    assert one.told.notes == []
    assert content(tmp_path) == content(alone)


JOINING = """
import sys, torch, mechshift
from pathlib import Path
from build.protocols import small_quick
from mechshift.benchmark.run.run import run
torch.set_num_threads(1)
run(mechshift.load("tiny", device="cpu"), small_quick(), Path(sys.argv[1]), sys.argv[2:])
"""


def test_two_runs_in_one_folder_write_the_bytes_of_one(
    tiny: Pair, small: Protocol, measured: tuple[Record, Path], tmp_path: Path
) -> None:
    """The very thing: a second process joins, and both write the record."""
    record, folder = measured
    tasks = [task.task for task in record.tasks]
    joining = subprocess.Popen(
        [sys.executable, "-c", JOINING, str(tmp_path), *tasks],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    found = run(tiny, small, tmp_path, tasks)
    assert joining.wait(300) == 0
    assert found.model_dump_json() == record.model_dump_json()
    assert content(tmp_path) == content(folder)
