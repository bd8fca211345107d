"""Claims: one process has a cell, a claim without signs of life is void, and clocks need not agree."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from build.runs import Clock
from mechshift.benchmark.run.claimant import Claimant
from mechshift.benchmark.run.claims import BEAT, PATIENCE, Claims, SignOfLife
from mechshift.errors import OutputError

NEVER = 1e9
"""Seconds between two beats of a process that gives no sign of life."""


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """Where the content of a cell will be: nothing is there, no folder either."""
    return tmp_path / "cells" / "ioi" / "scores-arm.0123456789abcdef.safetensors"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def files(cell: Path) -> list[str]:
    return sorted(path.name.removeprefix(f"{cell.stem}.") for path in cell.parent.iterdir())


def claim(cell: Path, number: int = 1) -> Path:
    return cell.with_name(f"{cell.stem}.claim-{number}")


OPEN: list[Claims] = []


def new(**settings: Any) -> Claims:
    """Of a process whose heart is never started."""
    OPEN.append(Claims(**settings))
    return OPEN[-1]


@pytest.fixture(autouse=True)
def _given_back() -> Iterator[None]:
    yield
    for claims in OPEN:
        for cell in list(claims._held):
            claims.release(cell)
    OPEN.clear()


def silent() -> Claims:
    """Of a process that lives and gives no sign of it."""
    return new(beat=NEVER)


def watch(claims: Claims, cell: Path, clock: Clock, seconds: float) -> list[bool]:
    """Try to take a cell once a beat for so long; what came of each."""
    tried = []
    for _ in range(round(seconds / BEAT)):
        clock.now += BEAT
        tried.append(claims.take(cell))
    return tried


def test_a_cell_is_one_process_s_until_it_is_given_back(cell: Path) -> None:
    one, other = new(), new()
    assert one.take(cell)
    assert not other.take(cell)
    assert not one.take(cell)
    one.release(cell)
    assert files(cell) == []
    assert other.take(cell)
    other.release(cell)
    assert files(cell) == []
    one.release(cell)  # not its own any more


def test_of_many_threads_one_has_a_cell(tmp_path: Path) -> None:
    cells = [tmp_path / "ioi" / f"sweep-{number}.0.json" for number in range(20)]
    taken: list[Path] = []
    together = Barrier(8)

    def take_all() -> None:
        claims = silent()
        for cell in cells:
            together.wait()
            if claims.take(cell):
                taken.append(cell)

    threads = [Thread(target=take_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(cells)


def test_of_many_processes_one_has_a_cell(tmp_path: Path) -> None:
    cells = [tmp_path / "ioi" / f"sweep-{number}.0.json" for number in range(30)]
    go = tmp_path / "go"

    def take_all(number: int) -> None:
        claims = silent()
        while not go.exists():
            pass
        taken = [cell.name for cell in cells if claims.take(cell)]
        (tmp_path / f"taken-{number}").write_text("\n".join(taken))
        # As long as anyone may look: what an ended process claims is void.
        while len(list(tmp_path.glob("taken-*"))) < 4:
            time.sleep(0.01)

    children = [forked(lambda number=number: take_all(number)) for number in range(4)]  # type: ignore[misc]
    go.touch()
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    taken = [name for path in tmp_path.glob("taken-*") for name in path.read_text().splitlines()]
    assert sorted(taken) == sorted(cell.name for cell in cells)


def forked(task: Callable[[], None]) -> int:
    """Run in a child process without the parent's clean-up; its process id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            task()
            status = 0
        finally:
            os._exit(status)
    return child


def test_a_claim_without_signs_of_life_is_void_in_the_end(cell: Path, clock: Clock) -> None:
    holder, notes = silent(), list[str]()
    observer = new(clock=clock, note=notes.append)
    assert holder.take(cell)
    assert not observer.take(cell)  # the watch begins
    assert watch(observer, cell, clock, PATIENCE) == [False] * 8 + [True]
    assert files(cell) == ["claim-1", "claim-2"]
    assert notes == [
        f"ioi: scores-arm is taken over: nothing was heard of process {os.getpid()} on "
        f"{holder.claimant.host} for 90 s"
    ]


def test_a_sign_of_life_begins_the_watch_anew(cell: Path, clock: Clock) -> None:
    holder, observer = silent(), new(clock=clock)
    assert holder.take(cell)
    observer.take(cell)
    for _ in range(5):
        assert not any(watch(observer, cell, clock, PATIENCE - BEAT))
        holder._held[cell].write()
        assert not any(watch(observer, cell, clock, BEAT))
    assert not any(watch(observer, cell, clock, PATIENCE - BEAT))
    assert watch(observer, cell, clock, BEAT) == [True]


@pytest.mark.parametrize("written", [0.0, 1.0, 4e9])
def test_neither_clocks_nor_times_of_files_matter(written: float, cell: Path, clock: Clock) -> None:
    """A holder whose clock is fifty years off, and a file system that gives a time of its own."""
    holder, observer = new(beat=NEVER, clock=lambda: 1.6e9), new(clock=clock)
    assert holder.take(cell)
    os.utime(claim(cell), (written, written))
    assert not observer.take(cell)
    assert watch(observer, cell, clock, PATIENCE) == [False] * 8 + [True]


def test_who_was_stopped_has_not_watched(cell: Path, clock: Clock) -> None:
    """One long gap counts as one beat: its holder may have been stopped as well, with the whole machine."""
    holder, observer = silent(), new(clock=clock)
    assert holder.take(cell)
    observer.take(cell)
    for _ in range(8):
        clock.now += 1e6
        assert not observer.take(cell)
    clock.now += 1e6
    assert observer.take(cell)


def test_of_many_who_find_a_claim_void_one_has_the_cell(tmp_path: Path, clock: Clock) -> None:
    cells = [tmp_path / "ioi" / f"sweep-{number}.0.json" for number in range(20)]
    holder, observers = silent(), [new(clock=clock, beat=1.0, patience=1.0) for _ in range(8)]
    assert all(holder.take(cell) for cell in cells)
    assert not any(observer.take(cell) for cell in cells for observer in observers)
    clock.now += 1.0
    taken: list[Path] = []
    together = Barrier(8)

    def take_all(observer: Claims) -> None:
        for cell in cells:
            together.wait()
            if observer.take(cell):
                taken.append(cell)

    threads = [Thread(target=take_all, args=(observer,)) for observer in observers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(cells)


def test_who_goes_on_after_a_takeover_disturbs_nobody(cell: Path, clock: Clock) -> None:
    stopped, other = silent(), new(clock=clock)
    assert stopped.take(cell)
    other.take(cell)
    watch(other, cell, clock, PATIENCE)
    second = claim(cell, 2).read_bytes()
    stopped._held[cell].write()  # it goes on: its heart beats, and it is done
    assert claim(cell, 2).read_bytes() == second
    third = silent()
    assert not third.take(cell)
    stopped.release(cell)
    assert files(cell) == ["claim-2"]
    assert not third.take(cell)
    other.release(cell)
    assert files(cell) == []


def test_who_takes_over_leaves_nothing_behind(cell: Path, clock: Clock) -> None:
    stopped, other = silent(), new(clock=clock)
    stopped.take(cell)
    other.take(cell)
    watch(other, cell, clock, PATIENCE)
    other.release(cell)
    assert files(cell) == []
    # Someone else has the cell anew, under the name that the stopped one's claim had.
    third = silent()
    assert third.take(cell)
    stopped._held[cell].write()
    stopped.release(cell)
    assert files(cell) == ["claim-1"]
    assert SignOfLife.model_validate_json(claim(cell).read_bytes()).claimant == third.claimant


def test_a_sign_of_life_at_the_last_moment_counts(
    cell: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the claim: the holder goes on, and the other one gives way."""
    holder, observer = silent(), new(clock=clock)
    holder.take(cell)
    observer.take(cell)
    create = observer._create

    def late(cell: Path, number: int) -> object:
        found = create(cell, number)
        holder._held[cell].write()
        return found

    monkeypatch.setattr(observer, "_create", late)
    assert not any(watch(observer, cell, clock, PATIENCE))
    assert files(cell) == ["claim-1"]


def test_a_cell_that_is_given_back_meanwhile_is_not_called_taken_over(
    cell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks at the same claim: its holder is done with the cell."""
    notes: list[str] = []
    holder, observer = silent(), new(note=notes.append)
    holder.take(cell)
    look = observer.holder

    def later(cell: Path, number: int) -> str | None:
        holder.release(cell)
        return look(cell, number)

    monkeypatch.setattr(observer, "holder", later)
    assert observer.take(cell)
    assert notes == []


def test_a_higher_claim_counts_for_who_comes_late(cell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who listed the folder before a takeover, and creates the first claim after it is gone."""
    late, other = silent(), silent()
    create = late._create

    def after_the_other(cell: Path, number: int) -> object:
        found = other._create(cell, 2)
        assert found is not None
        other._held[cell] = found
        return create(cell, number)

    monkeypatch.setattr(late, "_create", after_the_other)
    assert not late.take(cell)
    assert files(cell) == ["claim-2"]


@pytest.mark.parametrize("how", [signal.SIGKILL, None])
def test_the_claim_of_a_process_that_ended_on_this_system_is_void_at_once(
    how: signal.Signals | None, cell: Path
) -> None:
    """Also before anyone has waited for it, while its number is still taken."""

    def take_and_end() -> None:
        assert silent().take(cell)
        if how is not None:
            os.kill(os.getpid(), how)

    child, notes = forked(take_and_end), list[str]()
    while not cell.parent.is_dir() or not files(cell) or not state(child).startswith("Z"):
        time.sleep(0.01)
    claims = new(note=notes.append)
    assert claims.take(cell)
    os.waitpid(child, 0)
    claims.release(cell)
    assert files(cell) == []
    assert notes == []  # a killed run that goes on is nothing to be told


def state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].strip()


def test_a_stopped_process_has_not_ended(cell: Path) -> None:
    child = forked(lambda: silent().take(cell) and time.sleep(600))  # type: ignore[func-returns-value]
    try:
        while not cell.parent.is_dir() or not claim(cell).is_file() or not claim(cell).read_bytes():
            time.sleep(0.01)
        os.kill(child, signal.SIGSTOP)
        assert not new().take(cell)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert new().take(cell)


def test_a_number_that_was_given_again_is_another_process(cell: Path) -> None:
    here = Claimant.here()
    assert not here.ended
    assert here.model_copy(update={"started": here.started - 1}).ended
    unused = here.model_copy(update={"process": unused_number()})
    assert unused.ended
    # Of another system, or of one that is not known, nothing is known.
    assert not unused.model_copy(update={"place": "other"}).ended
    assert not unused.model_copy(update={"place": ""}).ended
    assert not here.model_copy(update={"process": 2**80}).ended


def unused_number() -> int:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


FOREIGN: dict[str, Callable[[Path], None]] = {
    "nothing": lambda path: path.write_bytes(b"") and None,  # type: ignore[func-returns-value]
    "bytes": lambda path: path.write_bytes(os.urandom(9000)) and None,  # type: ignore[func-returns-value]
    "other JSON": lambda path: path.write_text('{"claimant": 1}') and None,  # type: ignore[func-returns-value]
    "a folder": a_folder,
    "a pipe": a_pipe,
    "a link to itself": a_link_to_itself,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_cannot_be_read_is_respected_until_it_is_void(kind: str, cell: Path, clock: Clock) -> None:
    cell.parent.mkdir(parents=True)
    FOREIGN[kind](claim(cell, 7))
    notes: list[str] = []
    observer = new(clock=clock, note=notes.append)
    assert not observer.take(cell)
    assert watch(observer, cell, clock, PATIENCE) == [False] * 8 + [True]
    assert "claim-8" in files(cell)
    assert notes == ["ioi: scores-arm is taken over: nothing was heard of whoever had it for 90 s"]
    observer.release(cell)
    assert "claim-8" not in files(cell)


def test_names_that_are_no_claims_are_left_alone(cell: Path) -> None:
    cell.parent.mkdir(parents=True)
    names = ["claim-0", "claim-01", "claim-x", "claim-1.partial", "claim-9999999999", "seal"]
    for name in names:
        cell.with_name(f"{cell.stem}.{name}").touch()
    claims = new()
    assert claims.take(cell)
    claims.tidy(cell, finished=True)
    claims.release(cell)
    assert files(cell) == sorted(names)


@contextmanager
def no_room() -> Iterator[None]:
    """No byte can be written to any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_leaves_no_claim(cell: Path) -> None:
    with no_room(), pytest.raises(OutputError, match=r"scores-arm\.0123456789abcdef\.claim-1 cannot be writ"):
        new().take(cell)
    assert files(cell) == []


def test_a_heart_beats_on_after_a_full_disk(cell: Path) -> None:
    with Claims(beat=0.01) as claims:
        claims.take(cell)
        with no_room():
            time.sleep(0.1)
        before = claim(cell).read_bytes()
        wait_for(lambda: claim(cell).read_bytes() != before)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_place_where_nothing_can_be_written(cell: Path) -> None:
    cell.parent.parent.mkdir()
    cell.parent.write_text("a file where the folder would be")
    with pytest.raises(OutputError, match="cannot be written"):
        new().take(cell)


def test_a_heart_beats_until_the_end(cell: Path) -> None:
    """In real time: the count goes on in the same file, of as many bytes, and stops with the context."""
    with Claims(beat=0.01) as claims:
        assert claims.take(cell)
        first = claim(cell).read_bytes()
        beats = [first]
        while len(beats) < 4:
            wait_for(lambda: claim(cell).read_bytes() != beats[-1])
            beats.append(claim(cell).read_bytes())
        found = [SignOfLife.model_validate_json(one) for one in beats]
        assert {one.claimant for one in found} == {claims.claimant}
        assert sorted({int(one.beat) for one in found}) == [int(one.beat) for one in found]
        assert {len(one) for one in beats} == {len(first)}
    assert files(cell) == []
    assert not claims._heart.is_alive()


def test_what_means_nothing_is_tidied_up(cell: Path) -> None:
    """Claims of processes that ended here, and of finished cells whoever has them."""
    live = silent()
    child = forked(lambda: silent().take(cell) and None)  # type: ignore[func-returns-value]
    os.waitpid(child, 0)
    assert files(cell) == ["claim-1"]
    new().tidy(cell, finished=False)
    assert files(cell) == []
    live.take(cell)
    new().tidy(cell, finished=False)
    assert files(cell) == ["claim-1"]
    new().tidy(cell, finished=True)
    assert files(cell) == []
    live.release(cell)
