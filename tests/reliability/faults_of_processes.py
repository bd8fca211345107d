"""Faults of processes: signals, runs beside each other, helpers, clocks."""

import functools
import json
import os
import shutil
import signal
import time
from pathlib import Path
from random import Random

from reliability.fault import Faults
from reliability.program import make_impatient, set_calendar
from reliability.under_fault import (
    SAME,
    Before,
    Ended,
    Ground,
    Harm,
    Seen,
    acting,
    both,
    claimants,
    files_of,
    told,
    unfinished,
)

PROCESSES = Faults("Processes, signals and clocks")
KILLS = 25


def _signalled(number: signal.Signals) -> Before:
    """To be done before a run, which sends itself a signal in the middle of a cell."""
    return lambda: os.kill(os.getpid(), number)


def _at_every_cell(ground: Ground, number: signal.Signals, tidy: bool) -> Seen:
    """A signal in the middle of each cell, one after the other in one folder; `tidy`: nothing may be left."""
    out, ways = ground.new(), set[str]()
    for name in ground.cells:
        ended = ground.run(out, before=acting(name, _signalled(number)))
        if tidy and (left := unfinished(out)):
            raise Harm(f"{number.name} in {name} left {left}")
        if ended.code == 0:
            raise Harm(f"{number.name} in {name} went unheard")
        ways.add(told(ended, out))
    return ground.seen(out, ended, f"{len(ground.cells)} times: {'; '.join(sorted(ways))}")


@PROCESSES.fault("SIGKILL at every stage", "in the middle of each cell, one after the other in one folder")
def killed(ground: Ground) -> Seen:
    return _at_every_cell(ground, signal.SIGKILL, tidy=False)


def _die_at_move(number: int, after: bool) -> None:
    """Have this process killed at the `number`-th file that is moved into place."""
    moved = 0
    replace = os.replace

    def dying(source: str, target: str) -> None:
        nonlocal moved
        moved += 1
        if moved == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if moved == number:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = dying  # type: ignore[assignment]


@PROCESSES.fault(
    "SIGKILL about every file", "before, and after, each file is moved into place, the record's too"
)
def killed_at_moves(ground: Ground) -> Seen:
    out, times, ended = ground.new(), 0, Ended(1, "")
    while ended.code:
        # First comes an empty file, to see whether it can; then a cell's content; then its seal, after which
        # the next run begins with the next cell.
        for number, after in ((2, False), (2, True), (3, False), (3, True)):
            ended = ground.run(out, before=functools.partial(_die_at_move, number, after))
            times += ended.code == -signal.SIGKILL
            if times > 5 * len(ground.cells):
                raise Harm("a run that is killed again and again comes no further")
    if times < 4 * len(ground.cells):
        raise Harm(f"killed {times} times only")
    return ground.seen(out, ended, f"{times} times: killed by SIGKILL")


@PROCESSES.fault(
    "SIGKILL at random moments", f"{KILLS} times, in one folder after the other, each until its run was done"
)
def killed_at_random(ground: Ground) -> Seen:
    random, times, out = Random(0), 0, ground.new()
    while times < KILLS:
        child = ground.start(out)
        time.sleep(random.uniform(0, ground.seconds))
        os.kill(child, signal.SIGKILL)
        ended = ground.wait(out, child)
        if ended.code == -signal.SIGKILL:
            times += 1
        else:
            ground.seen(out, ended)
            out = ground.new()
    return ground.seen(out, ended, f"{KILLS} times: killed by SIGKILL")


@PROCESSES.fault("SIGTERM at every stage", "in the middle of each cell, one after the other in one folder")
def terminated(ground: Ground) -> Seen:
    return _at_every_cell(ground, signal.SIGTERM, tidy=True)


@PROCESSES.fault("Ctrl-C at every stage", "SIGINT, likewise")
def interrupted(ground: Ground) -> Seen:
    return _at_every_cell(ground, signal.SIGINT, tidy=True)


@PROCESSES.fault("Two runs in one folder", "begun at once")
def two_runs(ground: Ground) -> Seen:
    out = ground.new()
    other = out.with_name("other")
    # One folder by two names, so that each has a log of its own.
    out.mkdir()
    other.symlink_to(out)
    first, second = ground.start(out), ground.start(other)
    ended = ground.wait(other, second)
    if ended.code:
        raise Harm(f"the other run: {ended}")
    return ground.seen(out, ground.wait(out, first))


@PROCESSES.fault(
    "A run stopped and continued",
    "SIGSTOP in the middle of `scores-arm`, SIGCONT when another run in the folder has done everything",
)
def stopped(ground: Ground) -> Seen:
    out = ground.new()
    other = out.with_name("other")
    out.mkdir()
    other.symlink_to(out)
    first = ground.start(out, before=both(make_impatient, acting("scores-arm", _signalled(signal.SIGSTOP))))
    os.waitpid(first, os.WUNTRACED)
    ended = ground.run(other, before=make_impatient)
    if "is taken over" not in ended.said or not ground.same_but_claims(out):
        raise Harm(f"the other run: {ended}")
    os.kill(first, signal.SIGCONT)
    said = f"the other run: {told(ended, other)}; the continued one: {SAME}"
    return ground.seen(out, ground.wait(out, first), said)


def _helper_of(run: int) -> int:
    """The process that helps a run, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        path = Path(f"/proc/{run}/task/{run}/children")
        found = [int(word) for thread in path.parents[1].iterdir() for word in _words(thread / "children")]
        if found:
            return found[0]
        time.sleep(0.01)
    raise Harm("nobody came to help the run")


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []


@PROCESSES.fault("A helper killed", "`--workers 2`, SIGKILL to the helper while it is at a cell")
def helper_killed(ground: Ground) -> Seen:
    return _with_a_helper(ground, signal.SIGKILL)


@PROCESSES.fault("A helper stopped", "`--workers 2`, SIGSTOP to the helper while it is at a cell")
def helper_stopped(ground: Ground) -> Seen:
    return _with_a_helper(ground, signal.SIGSTOP)


def _with_a_helper(ground: Ground, number: signal.Signals) -> Seen:
    out = ground.new()

    def wait_for_it() -> None:
        # In the middle of a cell, so that there is something left to do when the helper begins.
        helper = _helper_of(os.getpid())
        while not any(claimant["process"] == helper for claimant in claimants(out)):
            time.sleep(0.002)
        os.kill(helper, number)

    before = both(make_impatient, acting("scores-arm", wait_for_it))
    return ground.seen(out, ground.run(out, "--workers", "2", before=before))


@PROCESSES.fault(
    "Clock set back by 30 years in the middle of a run",
    "the calendar of the second half, made up, as a process has no clock of its own; all files of the first "
    "half are from the year 2058",
    quick=True,
)
def clock_set_back(ground: Ground) -> Seen:
    out = ground.begun("circuit-arm", "comparison")
    for path in out.rglob("*"):
        os.utime(path, (2.8e9, 2.8e9))

    ended = ground.run(out, before=functools.partial(set_calendar, -30))
    if not all(b'"made":"199' in b.replace(b'": "', b'":"') for b in map(Path.read_bytes, _seals(out))):
        raise Harm("the clock was not set back")
    return ground.seen(out, ended)


def _seals(out: Path) -> list[Path]:
    return [path for path in files_of(out, "circuit-arm") if path.suffix == ".seal"]


@PROCESSES.fault(
    "Claims left by a process that is gone",
    "claims of a process of another host, one that is empty and one that is no claim, beside missing cells",
)
def claims_left(ground: Ground) -> Seen:
    out = ground.begun("circuit-arm", "circuit-mdm", "comparison")
    gone = {
        "claimant": {"host": "gone", "place": "elsewhere", "process": 4711, "started": 1, "token": "a" * 32},
        "beat": "000000000007",
    }
    for name, content in (
        ("circuit-arm", json.dumps(gone)),
        ("circuit-mdm", ""),
        ("comparison", "not a claim"),
    ):
        (whole,) = (path for path in files_of(ground.whole, name) if path.suffix == ".seal")
        (out / whole.relative_to(ground.whole)).with_suffix(".claim-1").write_text(content)
    return ground.seen(out, ground.run(out, before=make_impatient))


@PROCESSES.fault("Working directory removed", "the directory that the command is begun in", quick=True)
def no_directory(ground: Ground) -> Seen:
    out = ground.begun("comparison")

    def remove() -> None:
        here = out.parent / "here"
        here.mkdir()
        os.chdir(here)
        shutil.rmtree(here)

    return ground.seen(out, ground.run(out, before=remove))
