"""The variations of a pair, which is run first, and then once more under each setting that models run for."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ..asking.states import ROWS
from ..pairs.pair import Pair
from ..record.protocol import Protocol
from ..record.robustness import Robustness, VariedKind
from ..record.task_record import TaskResult
from ..run.assembly import as_asked
from ..run.plan import kind_name
from ..run.progress import Announce, Progress, announce_nothing
from ..run.record_file import record_path
from ..run.run import describe_tasks, run
from .varying import RecordPlace, vary

DECIDING = (kind_name("comparison"), kind_name("function"))
"""The cells that headlines and verdicts are read from."""


def vary_pair(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    tasks: Sequence[str] | None = None,
    kinds: Collection[VariedKind] | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
    workers: int = 1,
    announce: Announce = announce_nothing,
) -> Robustness:
    """Run a pair as `run` does, and then under every variation of its protocol; the record is the base's.

    All of them share the cells in `out`, so that of each only that is computed which it changes. Raises as
    `run` does.
    """
    record = run(pair, protocol, out, tasks, None, rows, progress, workers)
    path = record_path(out, record)
    asked = as_asked(protocol, tasks, None)

    def run_under(varied: Protocol) -> list[TaskResult]:
        return describe_tasks(pair, varied, out, asked, DECIDING, rows, progress, workers)

    return vary(record, RecordPlace(path, path), kinds, run_under, announce)
