"""Processes that share a run's cells: the same bytes whoever computes, and nothing lost where one dies."""

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
from build.runs import content, make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import list_pairs
from mechshift.benchmark.record.protocol import QUICK, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run import crew, hire, worker
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.claims import Claims
from mechshift.benchmark.run.computing import Outcome, Tell
from mechshift.benchmark.run.crew import Crew
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.job import Job
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
        self.elsewhere_made: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        assert seconds >= 0
        self.elsewhere_made.append((cell.task.name, cell.name))

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
    # However few the other one came to: each cell once.
    assert len(set(told.elsewhere_made)) == len(told.elsewhere_made)


def test_a_run_in_no_process_is_refused(tiny: Pair, small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a run in 0 processes"):
        run(tiny, small, tmp_path, ["ioi"], workers=0)


JOB = Job(
    spec=list_pairs()["tiny"].spec,
    device="cpu",
    protocol=PROTOCOL,
    tasks=PLAN.tasks,
    order=tuple(range(len(TASKS))),
    wanted=None,
    out=Path("out"),
    rows=64,
    limits=Limits(share=0.25, in_turn=True, bounded=True),
    threads=1,
    version="0",
    keys=("0" * 16,),
)


@pytest.mark.parametrize("name", list_pairs())
def test_a_job_arrives_as_it_was_sent(name: str) -> None:
    job = JOB.model_copy(update={"spec": list_pairs()[name].spec, "protocol": QUICK, "wanted": ("pool",)})
    assert Job.model_validate_json(job.model_dump_json()) == job


def stand_in(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """A program in place of the one that helps; `does`: what it does when it is given its job."""
    program = f"import os, sys, time\njob = sys.stdin.readline()\n{does}"
    monkeypatch.setattr(crew, "PROGRAM", (sys.executable, "-c", program))


def carry_out(folder: Path, told: Told, processes: int = 2) -> list[Outcome]:
    """The plan's outcomes with the help of stand-ins that compute nothing: all cells are made here.

    None before every stand-in has said something or ended.
    """
    helped = Crew(JOB, processes)

    def once_they_spoke(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        while helped._heard.qsize() + len(told.notes) < processes - 1:
            time.sleep(0.01)
        return made_up(cell, needs, tell)

    return list(execute(PLAN, PROTOCOL, Store(folder), once_they_spoke, told, crew=helped))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("alone")
    list(execute(PLAN, PROTOCOL, Store(folder), made_up, Silent()))
    return contents(folder)


def test_what_others_say_is_told_and_outcomes_come_in_the_order_of_the_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, "print('ioi: pool is made again', flush=True)")
    told = Told()
    assert [outcome.task.name for outcome in carry_out(tmp_path, told, processes=3)] == list(TASKS)
    assert contents(tmp_path) == alone
    assert told.notes == ["ioi: pool is made again"] * 2


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("os.kill(os.getpid(), 9)", "it ended (exit status -9)"),
        ("raise MemoryError('no room for this')", "it ended (exit status 1): MemoryError: no room for this"),
        ("sys.exit(4)", "it ended (exit status 4)"),
    ],
)
def test_a_process_that_is_gone_loses_nothing_and_is_told_of(
    does: str, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    stand_in(monkeypatch, does)
    told = Told()
    assert [outcome.task.name for outcome in carry_out(tmp_path, told)] == list(TASKS)
    assert contents(tmp_path) == alone
    assert told.notes == [f"a process that helped is gone, and the run goes on without it: {why}"]


def test_what_is_said_is_one_line_and_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, r"sys.stdout.buffer.write(b'\x1b[2J\xff two\x07lines\n'); sys.stdout.flush()")
    told = Told()
    carry_out(tmp_path, told)
    (note,) = told.notes
    assert "two" in note
    assert note.isprintable()


def test_a_program_that_cannot_be_started_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    monkeypatch.setattr(crew, "PROGRAM", (str(tmp_path / "nothing"),))
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    assert "No such file" in told.notes[0]


def test_a_helper_that_cannot_be_followed_does_not_keep_the_run_waiting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise RuntimeError("no folder for temporary files")

    monkeypatch.setattr(crew, "TemporaryFile", nowhere)
    told = Told()
    carry_out(tmp_path, told)
    assert contents(tmp_path) == alone
    assert told.notes[0].endswith("no folder for temporary files")


def test_a_stop_before_the_process_has_begun_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "time.sleep(600)")
    with Crew(JOB, 2) as helped:
        pass
    (helper,) = helped._helpers
    assert helper._process is None or helper._process.poll() is not None
    assert list(helped.heard()) == []


def test_how_many_are_at_work_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "sys.stdin.readline()")
    with Crew(JOB, 3) as helped:
        assert helped.processes == 3
        for helper in helped._helpers:
            while helper._process is None:
                time.sleep(0.01)
            helper._process.kill()
            helper.join()
        assert helped.processes == 1


def test_an_error_here_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stand_in(monkeypatch, f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)")

    def interrupted(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        while not pid.exists() or not pid.read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(execute(PLAN, PROTOCOL, Store(tmp_path / "out"), interrupted, Told(), crew=Crew(JOB, 2)))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def started(job: Job) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    process = subprocess.Popen(crew.PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdin is not None
    print(job.model_dump_json(), file=process.stdin, flush=True)
    return process


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Status and all that a process has said, which keeps its job until it ends: no stdin is closed."""
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        said, complained = process.stdout.read(), process.stderr.read()
        return process.wait(timeout=120), said, complained


@pytest.fixture(scope="module")
def job(tiny: Pair, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """What a run of two tasks tells the process that helps it."""
    out = tmp_path_factory.mktemp("job")
    protocol = small_quick()
    plan = plan_run(subject_of(tiny), protocol, as_asked(protocol, ["greater-than", "ioi"], None))
    helped = hire.hire(tiny, protocol, plan, None, out, 64, 2)
    assert helped is not None
    (helper,) = helped._helpers
    return helper._job


def test_a_process_ends_in_order_when_there_is_nothing_to_do(
    job: Job, tiny: Pair, small: Protocol, measured: tuple[Record, Path]
) -> None:
    """The folder is of the same pair, tasks and protocol, and all of it is there."""
    record, folder = measured
    before = content(folder)
    tasks = as_asked(small, [task.task for task in record.tasks], None)
    plan = plan_run(subject_of(tiny), small, tasks)
    keys = tuple(cell.key for cell in plan.cells)
    process = started(job.model_copy(update={"out": folder, "tasks": tasks, "keys": keys}))
    assert ended(process) == (0, "", "")
    assert content(folder) == before


@pytest.mark.parametrize("changed", [{"version": "0.0"}, {"keys": ("0" * 16,)}])
def test_work_on_other_cells_is_refused(changed: dict[str, Any], job: Job) -> None:
    said: list[str] = []
    before = torch.get_num_threads()
    try:
        with pytest.raises(NotComputable, match="the checkpoints or the software are no longer those"):
            worker.work(job.model_copy(update=changed), said.append)
    finally:
        torch.set_num_threads(before)
    assert said == []


def test_a_process_that_would_compute_other_cells_computes_none(job: Job) -> None:
    process = started(job.model_copy(update={"version": "0.0"}))
    code, said, complained = ended(process)
    assert (code, said) == (3, "")
    assert complained.splitlines()[-1].startswith("the checkpoints or the software are no longer those")


def test_a_process_does_not_outlive_its_run(job: Job) -> None:
    """Its pipe is closed while it is at a cell: it ends at once, and its claim is void at once."""
    with started(job) as process:
        while not list(job.out.glob("cells/*/*.seal")):
            assert process.poll() is None
            time.sleep(0.01)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 1
    assert len(list(job.out.glob("cells/*/*.seal"))) < len(job.keys)
    for claim in job.out.glob("cells/*/*.claim-1"):
        cell = claim.with_suffix(".json")
        assert Claims().holder(cell, 1) is None


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
