"""The processes that help a run: each is handed one task after the other, and what it says is kept."""

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

PROGRAM = (sys.executable, "-m", "mechshift.benchmark.run.worker")


@dataclass(frozen=True)
class Ended:
    """A process takes no more tasks; `why` says so where that was not for want of any."""

    why: str | None


class Crew:
    """A context in which other processes compute tasks of a run; at its end none of them is left.

    They are given tasks from the same list as the run itself, the longest first, so that nobody waits long
    for another at the end. Nothing is lost where one of them fails: the run computes whatever is missing
    itself, and meets the same error if it is not the process's own.
    """

    def __init__(self, job: Job, processes: int, order: Sequence[int]) -> None:
        self.processes = processes
        self._job = job
        # Popping from a deque is atomic, so that several threads may take from it.
        self._open = deque(order)
        self._heard: SimpleQueue[News | Ended] = SimpleQueue()
        self._helpers = [_Helper(job, self._open, self._heard) for _ in range(processes - 1)]
        self._working = len(self._helpers)

    def __enter__(self) -> "Crew":
        for helper in self._helpers:
            helper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.clear()
        for helper in self._helpers:
            helper.end()

    def tasks(self) -> Iterator[ProtocolTask]:
        """The tasks that are left for the run itself."""
        while self._open:
            with suppress(IndexError):
                yield self._job.tasks[self._open.popleft()]

    def heard(self) -> Iterator[News | Ended]:
        """What the others have said since the last time; does not wait."""
        while not self._heard.empty():
            yield self._next()

    def until_done(self) -> Iterator[News | Ended]:
        """What the others say until the last of them has no task any more."""
        while self._working:
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

    def end(self) -> None:
        """Stop the process, whatever it is doing. A cell that it had not finished is not there."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()
        self._thread.join()

    def _lead(self) -> None:
        with TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            try:
                why = self._hand_out(log)
            except (OSError, ValueError) as error:
                why = str(error)
            # A process that ends by itself has closed its pipe before its exit status can be asked for.
            code = self._process.wait() if self._process is not None else None
            if why is not None or code:
                why = f"{why or 'it ended'} (exit status {code}) {_last_line(log)}".strip()
        self._heard.put(Ended(why))

    def _hand_out(self, log: IO[str]) -> str | None:
        """Hand out tasks while there are any; what went wrong, if anything did."""
        pipe = subprocess.PIPE
        self._process = process = subprocess.Popen(
            PROGRAM, stdin=pipe, stdout=pipe, stderr=log, text=True, encoding="utf-8"
        )
        with process:
            if self._stopped:  # by `end`, before there was anything to kill
                process.kill()
            assert process.stdin is not None
            assert process.stdout is not None
            print(self._job.model_dump_json(), file=process.stdin, flush=True)
            while self._open:
                try:
                    number = self._open.popleft()
                except IndexError:
                    break
                print(number, file=process.stdin, flush=True)
                if not self._listen(process.stdout):
                    return "it ended within a task"
        return None

    def _listen(self, lines: IO[str]) -> bool:
        """Pass on what is said of a task; whether it was done."""
        for line in lines:
            news = News.model_validate_json(line)
            self._heard.put(news)
            if news.cell is None and news.note is None:
                return True
        return False


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    return one_line((log.read().strip().splitlines() or [""])[-1])
