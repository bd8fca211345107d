"""A record that is compared with another, wherever it lies: a file, a run's folder, or a submission."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import MechshiftError, NotComputable, UsageError
from ..record.draws import Draws, find_numbers, read_draws, take_draws, with_draws
from ..record.files import read_model, read_untrusted
from ..record.record import Record
from ..record.strict import read_strict_json
from ..record.task_record import TaskRecord
from ..run.differences import compare_contents
from ..run.plan import Subject
from ..run.progress import Announce, announce_nothing
from ..run.rescore import announced, find_records, read_cell, rescore_task
from ..run.store import CELLS, digest_of
from ..submission.archive import opened
from ..submission.layout import DRAWS, MANIFEST, RECORD
from ..submission.manifest import Manifest


@dataclass(frozen=True)
class Side:
    """A record and what it is called; `path` is where it lies, None for one that is only in memory.

    `record` has the draws of its numbers where they were at hand, and `undrawn` says why they were not.
    `digests`: SHA-256 of its file, and of a submission that of the record it was made from.
    """

    name: str
    record: Record
    path: Path | None = None
    undrawn: str = ""
    digests: frozenset[str] = frozenset()


def read_side(place: Path | Record) -> Side:
    """The record of a file, of a run's folder that holds one, or of a submission (folder or zip archive).

    A submission's draws are read with it; those of a run are computed where they are needed
    (`with_draws_of_cells`). Raises UsageError for a folder of several records, NotComputable for what cannot
    be read.
    """
    if isinstance(place, Record):
        return Side(place.pair.name, place, undrawn="" if take_draws(place) else _IN_MEMORY)
    if place.is_file() and place.suffix.lower() == ".zip":
        with opened(place) as (folder, findings):
            if folder is None:
                first = findings[0]
                raise NotComputable(f"{first.place}: {first.problem}", first.remedy)
            return _read_submission(folder, place.name)
    if (place / RECORD).is_file():
        return _read_submission(place, place.resolve().name)
    paths = find_records(place)
    if len(paths) > 1:
        raise UsageError(
            f"{place} holds {len(paths)} records", f"name one of them: {', '.join(map(str, paths))}"
        )
    record = read_model(paths[0], Record)
    return Side(paths[0].name, record, paths[0], _NOT_ASKED, frozenset({digest_of(paths[0])}))


_IN_MEMORY = "it was read without its resampled values"
_NOT_ASKED = "its cells were not used"


def _read_submission(folder: Path, name: str) -> Side:
    record = read_untrusted(folder / RECORD, Record)
    digests = {digest_of(folder / RECORD)}
    if (folder / MANIFEST).exists() or (folder / DRAWS).exists():
        digests.add(_checked_manifest(folder, name).original_record)
    if not (folder / DRAWS).is_file():
        undrawn = f"the submission has no {DRAWS}"
        return Side(name, record, undrawn=undrawn, digests=frozenset(digests))
    drawn = read_draws(folder / DRAWS, {place for task in record.tasks for place, _ in find_numbers(task)})
    problem = _why_unfit(drawn, record)
    found = record if problem else with_draws(record, drawn)
    return Side(name, found, undrawn=problem, digests=frozenset(digests))


def _checked_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of a submission. Raises NotComputable where record or draws are not the ones it lists.

    Draws of other numbers would pass for those of this record.
    """
    remedy = "`mechshift validate` lists all that is wrong with it"
    manifest, faults = read_strict_json(folder / MANIFEST, Manifest)
    if manifest is None:
        raise NotComputable(f"{name} has no manifest that can be read: {faults[0].problem}", remedy)
    for file in (RECORD, DRAWS):
        listed = manifest.files.get(file)
        if (folder / file).is_file() and (listed is None or listed.sha256 != digest_of(folder / file)):
            raise NotComputable(f"{name}: {file} is not what its manifest says", remedy)
    return manifest


def computable(a: Side, b: Side) -> AbstractContextManager[None]:
    """Raises NotComputable for two records whose numbers no arithmetic of doubles takes, such as 1e308."""
    return _in_doubles(
        f"{b.name} cannot be compared with {a.name}",
        "compare records that mechshift run wrote, or submissions that mechshift validate takes",
    )


def judgeable(name: str) -> AbstractContextManager[None]:
    """The same for the one record of that name."""
    return _in_doubles(
        f"{name} cannot be judged",
        "name a record that mechshift run wrote, or a submission that mechshift validate takes",
    )


@contextmanager
def _in_doubles(problem: str, remedy: str) -> Iterator[None]:
    try:
        # What overflows ends as a number that no estimate has, and not as a warning.
        with np.errstate(all="ignore"):
            yield
    except (ValueError, ArithmeticError) as error:
        raise NotComputable(f"{problem}: {error}", remedy) from error


def _why_unfit(draws: Draws, record: Record) -> str:
    """Why draws are not those of a record; empty where nothing speaks against it."""
    wanted = record.protocol.statistics.resamples
    if any(len(values) != wanted for values in draws.values()):
        return f"its {DRAWS} has not the {wanted} resamples of its protocol"
    return ""


def with_draws_of_cells(side: Side, tasks: Sequence[str], announce: Announce = announce_nothing) -> Side:
    """The side with the draws of those tasks, computed anew from the cells beside its record: seconds a task.

    Where they cannot be, or give other numbers than the record's, it stays without, and `undrawn` says why.
    """
    if not side.undrawn or side.path is None:
        return side
    if not (side.path.parent / CELLS).is_dir():
        return replace(side, undrawn="no cells lie beside it")
    subject = Subject.recorded(side.record)
    computed = []
    wanted = [task for task in side.record.tasks if task.task in tasks]
    for task in announced(wanted, announce, f"{side.name}: "):
        try:
            found = rescore_task(side.record, task, subject, partial(read_cell, side.path, side.record))
        except (MechshiftError, ValueError) as error:
            # A comparison without pairs is still one; what is wrong with cells `mechshift rescore` tells.
            reason = error.problem if isinstance(error, MechshiftError) else str(error)
            return replace(side, undrawn=f"its cells cannot be used: {reason}")
        if not isinstance(found, TaskRecord) or not _agree(task, found):
            return replace(
                side, undrawn=f"its cells give other numbers of {task.task} (see `mechshift rescore`)"
            )
        computed.append(found)
    drawn = take_draws(side.record.model_copy(update={"tasks": tuple(computed)}))
    return replace(side, record=with_draws(side.record, drawn), undrawn="")


def _agree(found: TaskRecord, computed: TaskRecord) -> bool:
    """Whether a task's numbers are those of its cells, but for how machines round the last digits."""
    kept, again = (one.comparison.model_dump(mode="json") for one in (found, computed))
    return not compare_contents(kept, again).real
