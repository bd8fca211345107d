"""The process that a run has help it: it is given tasks by number and computes their cells into the store.

It is started as a program of its own and not forked: torch's threads do not survive a fork, and a program
that calls mechshift is not to be imported again. What a cell holds does not depend on who computes it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from ..pairs.loading import open_pair
from .allocation import give_back_freed_memory
from .execution import execute
from .job import Job, News
from .measuring import Measuring
from .plan import Cell, Plan, plan_run
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
    """Compute the cells of the tasks of these numbers, one task after the other. Raises as `execute`."""
    # What has to be fetched, and what has to be checked, the run itself did before it asked for help.
    pair = open_pair(job.spec, job.device, offline=True)
    plan = plan_run(subject_of(pair), job.protocol, job.tasks, job.wanted)
    measuring = Measuring(pair, job.rows)
    for number in numbers:
        own = Plan(plan.of(job.tasks[number]))
        for _ in execute(own, job.protocol, Store(job.out), measuring, Telling(number, say)):
            say(News(task=number))


def main() -> None:
    """Take a job from stdin, then numbers of tasks until it ends; news go to stdout."""
    give_back_freed_memory()
    # Whatever a library prints is not to come between the news.
    news = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(one: News) -> None:
        print(one.model_dump_json(), file=news, flush=True)

    job = Job.model_validate_json(sys.stdin.readline())
    # The run closes the pipe when there is no task left, and so does the system when the run is killed.
    work(job, (int(line) for line in iter(sys.stdin.readline, "")), say)


if __name__ == "__main__":
    main()
