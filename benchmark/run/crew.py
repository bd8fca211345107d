"""The processes that help a run on this machine: they are started, listened to, and ended with it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import Thread
from types import TracebackType
from typing import IO

from ...errors import one_line
from .job import Job

PROGRAM = (sys.executable, "-P", "-m", "mechshift.benchmark.run.worker")
"""Without the working directory on its path (-P), which may hold anything."""


class Crew:
    """A context in which other processes compute cells of a run; at its end none of them is left.

    Each takes cells that nobody else is at, as the run itself does and runs elsewhere do. Nothing is lost
    where one of them fails: the run computes whatever is missing itself, and meets the same error if it is
    not the process's own.
    """

    def __init__(self, job: Job, processes: int) -> None:
        self.order = job.ordered
        self._heard: SimpleQueue[str] = SimpleQueue()
        self._helpers = [_Helper(job, self._heard) for _ in range(processes - 1)]

    def __enter__(self) -> "Crew":
        for helper in self._helpers:
            helper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # All of them first, as waiting for one may be interrupted.
        for helper in self._helpers:
            helper.stop()
        for helper in self._helpers:
            helper.join()

    @property
    def processes(self) -> int:
        """How many there are, the run's own counted."""
        return 1 + sum(helper.working for helper in self._helpers)

    def heard(self) -> Iterator[str]:
        """What a person has to know of the others, since the last time; does not wait."""
        while not self._heard.empty():
            yield self._heard.get()


class _Helper:
    """One process, and the thread that listens to it."""

    def __init__(self, job: Job, heard: "SimpleQueue[str]") -> None:
        self.working = True
        self._job = job
        self._heard = heard
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._thread = Thread(target=self._follow, daemon=True)

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

    def _follow(self) -> None:
        why: str | None = None
        try:
            with TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
                status = self._run(log)
                if status:
                    why = f"it ended (exit status {status}){_last_line(log)}"
        # Whatever it was, the run goes on without this process.
        except Exception as error:
            why = str(error)
        self.working = False
        if why is not None and not self._stopped:
            self._heard.put(one_line(f"a process that helped is gone, and the run goes on without it: {why}"))

    def _run(self, log: IO[str]) -> int:
        """Have it work until it ends; its exit status."""
        pipe = subprocess.PIPE
        # Where this process finds its modules, and nowhere else.
        found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with subprocess.Popen(
            PROGRAM,
            stdin=pipe,
            stdout=pipe,
            stderr=log,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=found,
        ) as process:
            self._process = process
            if self._stopped:  # before there was anything to kill
                process.kill()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                print(self._job.model_dump_json(), file=process.stdin, flush=True)
            except OSError:
                process.kill()
            for line in process.stdout:
                self._heard.put(one_line(line.rstrip("\n")))
            return process.wait()


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    lines = log.read().strip().splitlines()
    return f": {lines[-1]}" if lines else ""
