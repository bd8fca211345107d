"""The process that a run has help it: it is given tasks by number and computes their cells into the store.

It is started as a program of its own and not forked: torch's threads do not survive a fork, and a program
that calls mechshift is not to be imported again. What a cell holds does not depend on who computes it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic

import torch

from ...errors import MechshiftError, NotComputable, one_line
from ..pairs.loading import open_pair
from .allocation import give_back_freed_memory
from .execution import execute
from .job import Job, News
from .measuring import Measuring
from .plan import Cell, plan_run
from .progress import Advance, Silent
from .provenance import subject_of
from .store import Store

Say = Callable[[News], None]


class Telling(Silent):
    """Tells the run of every cell that is computed, and whatever a person has to know."""

    def __init__(self, task: int, say: Say) -> None:
        self._task = task
        self._say = say

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        """News at the end."""
        started = monotonic()
        yield lambda done: None
        self._say(News(task=self._task, cell=cell.name, total=total, seconds=monotonic() - started))

    def note(self, text: str) -> None:
        """News at once."""
        self._say(News(task=self._task, note=text))


def work(job: Job, numbers: Iterator[int], say: Say) -> None:
    """Compute the cells of the tasks of these numbers, one task after the other.

    Raises NotComputable where this process would compute other cells than the run, and what `execute` raises.
    """
    torch.set_num_threads(job.threads)
    # What has to be fetched, and what has to be checked, the run itself did before it asked for help.
    pair = open_pair(job.spec, job.device, offline=True)
    plan = plan_run(subject_of(pair), job.protocol, job.tasks, job.wanted)
    if (version("mechshift"), *(cell.key for cell in plan.cells)) != (job.version, *job.keys):
        raise NotComputable(
            "the checkpoints or the software are no longer those that the run began with",
            "leave both as they are while a run goes on",
        )
    measuring = Measuring(pair, job.rows)
    for number in numbers:
        task, tell = job.tasks[number], Telling(number, say)
        for _ in execute(plan, job.protocol, Store(job.out), measuring, tell, only=(task,)):
            say(News(task=number))


class Orders:
    """The numbers of tasks that the run writes, one at a time; the process ends with the run.

    A run that is killed closes its pipe. Nobody would learn of what is computed after that, and a run that is
    started again would compute the same.
    """

    def __init__(self) -> None:
        self._numbers: SimpleQueue[int | None] = SimpleQueue()
        self._idle = Event()
        self._idle.set()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in iter(sys.stdin.readline, ""):
            self._idle.clear()
            self._numbers.put(int(line))
        if not self._idle.is_set():
            os._exit(1)
        self._numbers.put(None)

    def done(self) -> None:
        """The task is done: from now on an end is an end in order."""
        self._idle.set()

    def __iter__(self) -> Iterator[int]:
        while (number := self._numbers.get()) is not None:
            yield number


def main() -> None:
    """Take a job from stdin, then numbers of tasks until it ends; news go to stdout."""
    give_back_freed_memory()
    # The system's encoding need not be the run's.
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    # Whatever a library prints is not to come between the news.
    news = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = Job.model_validate_json(sys.stdin.readline())
    orders = Orders()

    def say(one: News) -> None:
        if one.cell is None and one.note is None:
            orders.done()
        print(one.model_dump_json(), file=news, flush=True)

    try:
        work(job, iter(orders), say)
    except MechshiftError as error:
        # On the last line, which is what the run tells of it.
        print(one_line(f"{error.problem}; {error.remedy}"), file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
