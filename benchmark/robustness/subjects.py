"""Whose variations are asked for: a record with its cells, wherever it lies, or a pair that is run first."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..asking.states import ROWS
from ..pairs.pair import Pair
from ..record.files import read_model, read_untrusted
from ..record.protocol import Protocol
from ..record.record import Record
from ..record.robustness import Robustness, VariedKind
from ..record.task_record import TaskResult
from ..run.assembly import as_asked
from ..run.plan import kind_name
from ..run.progress import Announce, Progress, announce_nothing
from ..run.record_file import record_path
from ..run.rescore import find_records
from ..run.run import describe_tasks, run
from ..submission.archive import opened
from ..submission.layout import RECORD
from .varying import Place, vary

DECIDING = (kind_name("comparison"), kind_name("function"))
"""The cells that headlines and verdicts are read from."""


def vary_record(
    place: Path, kinds: Collection[VariedKind] | None = None, announce: Announce = announce_nothing
) -> Robustness:
    """The variations of a record that need no model, from the cells beside it.

    `place`: a record, a run's folder that holds one, or a submission (folder or zip archive). Raises
    UsageError for a folder of several records, NotComputable for what cannot be read or has no cells.
    """
    if place.is_file() and place.suffix.lower() == ".zip":
        with opened(place) as (folder, findings):
            if folder is None:
                first = findings[0]
                raise NotComputable(f"{first.place}: {first.problem}", first.remedy)
            return _of_submission(folder, place, kinds, announce)
    if (place / RECORD).is_file():
        return _of_submission(place, place, kinds, announce)
    paths = find_records(place)
    if len(paths) > 1:
        raise UsageError(
            f"{place} holds {len(paths)} records", f"name one of them: {', '.join(map(str, paths))}"
        )
    return vary(read_model(paths[0], Record), Place(paths[0], paths[0]), kinds, None, announce)


def _of_submission(
    folder: Path, beside: Path, kinds: Collection[VariedKind] | None, announce: Announce
) -> Robustness:
    record = read_untrusted(folder / RECORD, Record)
    return vary(record, Place(folder / RECORD, beside), kinds, None, announce)


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

    return vary(record, Place(path, path), kinds, run_under, announce)
