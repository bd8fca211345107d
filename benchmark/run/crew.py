"""The processes that help a run: each is handed one task after the other, and what it says is kept."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import Thread
from types import TracebackType
from typing import IO

from ...errors import one_line
from ..record.protocol import ProtocolTask
from .job import Job, News
from .plan import kind_named

PROGRAM = (sys.executable, "-P", "-m", "mechshift.benchmark.run.worker")
"""Without the working directory on its path (-P), which may hold anything."""

PATIENCE = 30.0
"""Seconds in which a process that has no task any more has to end."""


@dataclass(frozen=True)
class Ended:
    """A process takes no more tasks; `why` says so where that was not for want of any."""

    why: str | None


class Crew:
    """A context in which other processes compute tasks of a run; at its end none of them is left.

    They are given tasks from the same list as the run itself, the longest first, so that nobody waits long
    for another at the end. Nothing is lost where one of them fails: its task goes back to the list. The run
    computes whatever is missing itself, and meets the same error if it is not the process's own.
    """

    def __init__(self, job: Job, processes: int, order: Sequence[int]) -> None:
        self.processes = processes
        self._job = job
        # Popping from a deque is atomic, so that several threads may take from it.
        self._open = deque(order)
        self._heard: SimpleQueue[News | Ended] = SimpleQueue()
        self._helpers = [_Helper(job, self._open, self._heard) for _ in range(processes - 1)]
        self._working = 0

    def __enter__(self) -> "Crew":
        for helper in self._helpers:
            helper.start()
            self._working += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.clear()
        # All of them first, as waiting for one may be interrupted.
        for helper in self._helpers:
            helper.stop()
        for helper in self._helpers:
            helper.join()

    @property
    def busy(self) -> bool:
        """Whether a task is left, or one of the others is at work."""
        return bool(self._open or self._working)

    def tasks(self) -> Iterator[ProtocolTask]:
        """The tasks that are left for the run itself, at this moment."""
        for number in _taken(self._open):
            yield self._job.tasks[number]

    def heard(self) -> Iterator[News | Ended]:
        """What the others have said since the last time; does not wait."""
        while not self._heard.empty():
            yield self._next()

    def until_done(self) -> Iterator[News | Ended]:
        """What the others say until the last of them has no task any more, or one has put its task back."""
        while self._working and not self._open:
            yield self._next()

    def task(self, news: News) -> ProtocolTask:
        """The task that news are of."""
        return self._job.tasks[news.task]

    def _next(self) -> News | Ended:
        found = self._heard.get()
        self._working -= isinstance(found, Ended)
        return found


class _Helper:
    """One process, and the thread that hands it tasks and listens to it."""

    def __init__(self, job: Job, open_tasks: deque[int], heard: "SimpleQueue[News | Ended]") -> None:
        self._job = job
        self._open = open_tasks
        self._heard = heard
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._thread = Thread(target=self._lead, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop the process, whatever it is doing. A cell that it had not finished is not there."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _lead(self) -> None:
        why: str | None = "it could not be led"
        try:
            with TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
                why = self._hand_out(log)
                if why is not None:
                    why = f"{why}{_last_line(log)}"
        # Whatever it was, the run goes on without this process, and waits for the word that it is gone.
        except Exception as error:
            why = str(error)
        finally:
            self._heard.put(Ended(None if why is None else one_line(why)))

    def _hand_out(self, log: IO[str]) -> str | None:
        """Hand out tasks while there are any; what went wrong, if anything did."""
        pipe = subprocess.PIPE
        # Where this process finds its modules, and nowhere else.
        found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = process = subprocess.Popen(
            PROGRAM, stdin=pipe, stdout=pipe, stderr=log, text=True, encoding="utf-8", env=found
        )
        with process:
            if self._stopped:  # before there was anything to kill
                process.kill()
            try:
                self._talk(process)
                # It ends by itself when there is nothing to read any more.
                process.communicate(timeout=PATIENCE)
            except (OSError, ValueError, _Gone, subprocess.TimeoutExpired) as error:
                process.kill()
                said = "it ended" if isinstance(error, _Gone | OSError) else str(error).splitlines()[0]
                return f"{said} (exit status {process.wait()})"
        return f"it ended (exit status {process.returncode})" if process.returncode else None

    def _talk(self, process: "subprocess.Popen[str]") -> None:
        """Hand out tasks while there are any. Raises _Gone, with the task back on the list, where it is."""
        assert process.stdin is not None
        assert process.stdout is not None
        print(self._job.model_dump_json(), file=process.stdin, flush=True)
        for number in _taken(self._open):
            try:
                print(number, file=process.stdin, flush=True)
                self._listen(number, process.stdout)
            except BaseException:
                self._open.appendleft(number)
                raise

    def _listen(self, number: int, lines: IO[str]) -> None:
        """Pass on what is said of a task, until it is done. Raises _Gone, and ValueError for other words."""
        for line in lines:
            news = News.model_validate_json(line)
            if news.task != number:
                raise ValueError(f"it speaks of task {news.task} and not of {number}")
            if news.cell is None and news.note is None:
                return
            if news.cell is not None:
                _check_known(news.cell)
            self._heard.put(news)
        raise _Gone


class _Gone(Exception):
    """A process has ended within a task."""


def _taken(numbers: deque[int]) -> Iterator[int]:
    """Numbers off the list while there are any; others may take from it too."""
    while numbers:
        with suppress(IndexError):
            yield numbers.popleft()


def _check_known(cell: str) -> None:
    try:
        kind_named(cell)
    except KeyError:
        raise ValueError(f"it speaks of a cell {cell!r}") from None


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    lines = log.read().strip().splitlines()
    return f": {lines[-1]}" if lines else ""
