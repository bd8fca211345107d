"""The process that a run has help it: it computes cells that nobody else is at into the store.

It is started as a program of its own and not forked: torch's threads do not survive a fork, and a program
that calls mechshift is not to be imported again. What a cell holds does not depend on who computes it.
"""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from threading import Thread

import torch

from ...errors import MechshiftError, NotComputable, one_line
from ..pairs.loading import open_pair
from .allocation import give_back_freed_memory
from .execution import help_out
from .fitting import Fitting
from .job import Job
from .plan import plan_run
from .progress import Silent
from .provenance import subject_of
from .store import Store

Say = Callable[[str], None]


class Telling(Silent):
    """Tells the run whatever a person has to know; it sees for itself which cells are there."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def note(self, text: str) -> None:
        """The text, on one line."""
        self._say(one_line(text))


def work(job: Job, say: Say) -> None:
    """Compute cells of a run until all are there.

    Raises NotComputable where this process would compute other cells than the run, and what `help_out` does.
    """
    give_back_freed_memory(job.limits.bounded)
    torch.set_num_threads(job.threads)
    # What has to be fetched, and what has to be checked, the run itself did before it asked for help.
    pair = open_pair(job.spec, job.device, offline=True, limits=job.limits)
    plan = plan_run(subject_of(pair), job.protocol, job.tasks, job.wanted)
    if (version("mechshift"), *(cell.key for cell in plan.cells)) != (job.version, *job.keys):
        raise NotComputable(
            "the checkpoints or the software are no longer those that the run began with",
            "leave both as they are while a run goes on",
        )
    telling = Telling(say)
    fitting = Fitting(pair, job.rows, telling.note)
    store, in_turn = Store(job.out), pair.turns is not None
    help_out(plan, job.protocol, store, fitting, telling, job.ordered, in_turn=in_turn)


def _end_with_the_run() -> None:
    """A run that is killed closes its pipe, and whoever helps it ends at once.

    What is computed after that would be of use, but nobody would know of a process that goes on.
    """
    # Not by sys.stdin, of which a thread that waits at the end of the program would keep the lock.
    while os.read(0, 4096):
        pass
    os._exit(1)


def main() -> None:
    """Take a job from stdin, and help until it is done or stdin ends; notes go to stdout, a line each."""
    # The system's encoding need not be the run's.
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    # Whatever a library prints is not to come between the notes.
    notes = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = Job.model_validate_json(sys.stdin.readline())
    Thread(target=_end_with_the_run, daemon=True).start()
    try:
        work(job, lambda text: print(text, file=notes, flush=True))
    except MechshiftError as error:
        # On the last line, which is what the run tells of it.
        print(one_line(f"{error.problem}; {error.remedy}"), file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
