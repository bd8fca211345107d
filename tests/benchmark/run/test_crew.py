"""Processes that share a run's tasks: the same bytes whoever computes, and nothing lost where one dies."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from build.protocols import small_quick
from build.runs import make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import list_pairs
from mechshift.benchmark.record.protocol import QUICK, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run import crew, hire, worker
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.crew import Crew
from mechshift.benchmark.run.execution import Outcome, Tell, execute
from mechshift.benchmark.run.job import Job, News
from mechshift.benchmark.run.plan import Cell, plan_run
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.run import run
from mechshift.benchmark.run.store import Store
from mechshift.errors import NotComputable, UsageError

TASKS = ("ioi", "induction", "agreement", "greater-than")
# What needs other tasks is made after all else (test_across.py).
PROTOCOL = SMALL.changed(tasks=tuple(task for task in QUICK.tasks if task.name in TASKS), transferring=None)
PLAN = make_plan(TASKS, PROTOCOL)


class Told(Silent):
    """What others computed, and what was noted."""

    def __init__(self) -> None:
        self.elsewhere_made: list[tuple[str, str, int]] = []
        self.notes: list[str] = []

    def elsewhere(self, cell: Cell, total: int, seconds: float) -> None:
        assert seconds >= 0
        self.elsewhere_made.append((cell.task.name, cell.name, total))

    def note(self, text: str) -> None:
        self.notes.append(text)


def contents(folder: Path) -> dict[str, bytes]:
    """Of all cells, without their seals, which have a time."""
    files = sorted(folder.glob("cells/*/*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".seal"}


def test_two_processes_give_the_bytes_of_one(
    tiny: Pair, small: Protocol, measured: tuple[Record, Path], tmp_path: Path
) -> None:
    record, folder = measured
    told, tasks = Told(), [task.task for task in record.tasks]
    found = run(tiny, small, tmp_path, tasks, progress=told, workers=2)
    assert found.model_dump_json() == record.model_dump_json()
    assert contents(tmp_path) == contents(folder)
    assert told.notes == []
    # How much the other one came to do depends on the machine; each cell is made once, and in order.
    assert told.elsewhere_made
    for task in {task for task, _, _ in told.elsewhere_made}:
        names = [name for of, name, _ in told.elsewhere_made if of == task]
        assert names == [cell.name for cell in make_plan((task,), small).cells if cell.name in names]


def test_a_run_in_no_process_is_refused(tiny: Pair, small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a run in 0 processes"):
        run(tiny, small, tmp_path, ["ioi"], workers=0)


JOB = Job(
    spec=list_pairs()["tiny"].spec,
    device="cpu",
    protocol=PROTOCOL,
    tasks=PLAN.tasks,
    wanted=None,
    out=Path("out"),
    rows=64,
    threads=1,
    version="0",
    keys=("0" * 16,),
)


@pytest.mark.parametrize("name", list_pairs())
def test_a_job_arrives_as_it_was_sent(name: str) -> None:
    job = JOB.model_copy(update={"spec": list_pairs()[name].spec, "protocol": QUICK, "wanted": ("pool",)})
    assert Job.model_validate_json(job.model_dump_json()) == job


DONE = "print(json.dumps({'task': int(number)}), flush=True)"
"""What a stand-in says of a task that it has done."""


def stand_in(monkeypatch: pytest.MonkeyPatch, each: str) -> None:
    """A program in place of the one that helps; `each`: what it does when it is given a task, by `number`."""
    program = f"import json, os, sys, time\njob = sys.stdin.readline()\nfor number in sys.stdin:\n    {each}"
    monkeypatch.setattr(crew, "PROGRAM", (sys.executable, "-c", program))


def carry_out(folder: Path, told: Told, compute: Any = made_up, processes: int = 2) -> list[Outcome]:
    """The plan's outcomes with the help of stand-ins that compute nothing: what they leave is made here."""
    helped = Crew(JOB, processes, range(len(TASKS)))
    return list(execute(PLAN, PROTOCOL, Store(folder), compute, told, crew=helped))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("alone")
    list(execute(PLAN, PROTOCOL, Store(folder), made_up, Silent()))
    return contents(folder)


def test_outcomes_come_in_the_order_of_the_plan_whoever_computed_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, DONE)
    told = Told()
    assert [outcome.task.name for outcome in carry_out(tmp_path, told, processes=3)] == list(TASKS)
    assert contents(tmp_path) == alone
    assert told.notes == []


def test_a_process_that_is_killed_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, "os.kill(os.getpid(), 9)")
    told = Told()
    assert [outcome.task.name for outcome in carry_out(tmp_path, told)] == list(TASKS)
    assert contents(tmp_path) == alone
    (note,) = told.notes
    assert "a process that helped is gone" in note
    assert "it ended (exit status -9)" in note


def test_a_process_that_fails_says_with_what(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, "raise MemoryError('no room for this')")
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    (note,) = told.notes
    assert "it ended (exit status 1)" in note
    assert note.endswith("MemoryError: no room for this")


@pytest.mark.parametrize(
    "said",
    ["what?", '{"task": 0, "cell": 3}', '{"number": 0}', '{"task": 99}', '{"task": 0, "cell": "none"}'],
)
def test_a_process_that_says_something_else_is_not_believed(
    said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, f"print({said!r}, flush=True)")
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    assert len(told.notes) == 1


def test_a_program_that_cannot_be_started_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    monkeypatch.setattr(crew, "PROGRAM", (str(tmp_path / "nothing"),))
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    assert "No such file" in told.notes[0]


def test_a_helper_that_cannot_be_led_does_not_keep_the_run_waiting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise RuntimeError("no folder for temporary files")

    monkeypatch.setattr(crew, "TemporaryFile", nowhere)
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    assert told.notes[0].endswith("no folder for temporary files")


def test_the_task_of_a_process_that_is_gone_is_there_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two helpers, of which each is gone with its first task: both tasks come back, and none is lost."""
    stand_in(monkeypatch, "sys.exit(4)")
    with Crew(JOB, 3, range(len(TASKS))) as helped:
        taken = []
        while helped.busy:
            list(helped.until_done())
            taken += helped.tasks()
    assert sorted(taken, key=PLAN.tasks.index) == list(PLAN.tasks)


def test_a_stop_before_the_process_has_begun_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "time.sleep(600)")
    with Crew(JOB, 2, range(len(TASKS))) as helped:
        pass
    (helper,) = helped._helpers
    assert helper._process is None or helper._process.poll() is not None


def test_what_others_say_reaches_the_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = tmp_path / "said"
    news = ("'cell': 'scores-arm', 'total': 7, 'seconds': 2.5", "'note': 'a cell is made again'")
    says = "; ".join(f"print(json.dumps({{'task': int(number), {one}}}), flush=True)" for one in news)
    stand_in(monkeypatch, f"{says}; open({str(said)!r}, 'w').close(); {DONE}")

    def once_they_spoke(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        # Whoever is first may take any task; waiting leaves one for the other, however slow it is to start.
        while not said.exists():
            time.sleep(0.01)
        return made_up(cell, needs, tell)

    told = Told()
    carry_out(tmp_path / "out", told, once_they_spoke)
    assert {(name, total) for _, name, total in told.elsewhere_made} == {("scores-arm", 7)}
    assert set(told.notes) == {"a cell is made again"}


def test_an_error_here_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stand_in(monkeypatch, f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)")

    def interrupted(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        while not pid.exists() or not pid.read_text():
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path / "out", Told(), interrupted)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def started(job: Job) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    process = subprocess.Popen(crew.PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdin is not None
    print(job.model_dump_json(), file=process.stdin, flush=True)
    return process


@pytest.fixture(scope="module")
def job(tiny: Pair, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """What a run of two tasks tells the process that helps it."""
    out = tmp_path_factory.mktemp("job")
    protocol = small_quick()
    plan = plan_run(subject_of(tiny), protocol, as_asked(protocol, ["greater-than", "ioi"], None))
    helped = hire.hire(tiny, protocol, plan, None, out, 64, 2)
    assert helped is not None
    return helped._job


def test_a_process_ends_in_order_when_nobody_has_a_task_for_it(job: Job) -> None:
    process = started(job)
    said, complained = process.communicate(timeout=120)
    assert (process.returncode, said, complained) == (0, "", "")


@pytest.mark.parametrize("changed", [{"version": "0.0"}, {"keys": ("0" * 16,)}])
def test_work_on_other_cells_is_refused(changed: dict[str, Any], job: Job) -> None:
    said: list[News] = []
    before = torch.get_num_threads()
    try:
        with pytest.raises(NotComputable, match="the checkpoints or the software are no longer those"):
            worker.work(job.model_copy(update=changed), iter([0]), said.append)
    finally:
        torch.set_num_threads(before)
    assert said == []


def test_a_process_that_would_compute_other_cells_computes_none(job: Job) -> None:
    process = started(job.model_copy(update={"version": "0.0"}))
    said, complained = process.communicate(timeout=120)
    assert (process.returncode, said) == (3, "")
    assert complained.splitlines()[-1].startswith("the checkpoints or the software are no longer those")


def test_a_process_does_not_outlive_its_run(job: Job) -> None:
    """Its pipe is closed while it is at a task: it ends at once, and not when the task is done."""
    process = started(job)
    assert process.stdin is not None
    assert process.stdout is not None
    print(0, file=process.stdin, flush=True)
    first = News.model_validate_json(process.stdout.readline())
    assert (first.task, first.cell) == (0, "pool")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(said.splitlines()) < len(job.keys) // 2 - 1


def test_helpers_are_given_the_commits_that_were_loaded(tiny: Pair) -> None:
    loaded = replace(tiny, mdm_provenance=replace(tiny.mdm_provenance, revision="c" * 40))
    assert hire._pinned(loaded).mdm.revision == "c" * 40
    assert hire._pinned(tiny) == tiny.spec


def test_nobody_is_hired_for_what_is_there_or_cannot_be_measured(
    tiny: Pair, small: Protocol, measured: tuple[Record, Path]
) -> None:
    record, folder = measured
    asked = as_asked(small, [task.task for task in record.tasks], None)
    plan = plan_run(subject_of(tiny), small, asked)
    assert hire.hire(tiny, small, plan, None, folder, 64, 2) is None
    # With a minimum that no pool reaches nothing is left to measure, whatever else is asked.
    more = small.changed(minimum=1000, swept=3)
    plan = plan_run(subject_of(tiny), more, asked)
    assert hire.hire(tiny, more, plan, None, folder, 64, 2) is None
    assert hire.hire(tiny, more.changed(minimum=1), plan, None, folder, 64, 2) is not None


def test_news_of_a_done_task_say_nothing_else() -> None:
    assert json.loads(News(task=3).model_dump_json()) == {
        "task": 3,
        "cell": None,
        "total": 1,
        "seconds": 0.0,
        "note": None,
    }
