"""Every check of a submission that needs no model, in the order in which one builds on the other."""

from collections.abc import Iterator
from pathlib import Path

from ...errors import UsageError
from ..findings.finding import Finding, at_most
from ..record.official import find_gaps, why_a_line_is_refused, why_unofficial
from ..record.record import Record
from ..record.task_record import TaskResult
from ..run.progress import Announce, announce_nothing
from ..run.rescore import announced
from ..submission.archive import opened
from ..submission.layout import CARD, MANIFEST, RECORD
from ..submission.manifest import Manifest
from ..submission.tree import read_tree
from .cells import TaskCells
from .content import (
    Place,
    check_card_file,
    check_cell_files,
    check_files,
    check_form,
    check_manifest,
    read_part,
)
from .numbers import check_draws, check_numbers, rescore_cells
from .plausible import check_plausible

CHECKS = (
    "archive",
    "files",
    "manifest",
    "card",
    "record",
    "protocol",
    "coverage",
    "plausibility",
    "pool",
    "cells",
    "numbers",
    "draws",
)
"""The names of all checks, in their order."""


def validate(
    path: Path | str, unofficial: bool = False, announce: Announce = announce_nothing
) -> tuple[Finding, ...]:
    """All that is wrong with a submission, a folder or the zip archive of one; empty where it is valid.

    A fault hides others only where nothing more can be computed. `unofficial` takes a protocol of this
    version that no board takes, and a record that is not the whole of its protocol. `announce` is given a
    line for each task. No model is run, and no file is written but those of an archive, to a temporary
    folder. Raises UsageError where there is nothing at the path or a folder of other things, and
    NotComputable for what is neither a folder nor an archive.
    """
    _check_is_one(Path(path))
    with opened(Path(path)) as (folder, broken):
        if folder is None:
            return broken
        name = _name(Path(path), folder)
        found = [*broken, *_check_name(Path(path), name), *_check_folder(folder, name, unofficial, announce)]
    return tuple(each for check in CHECKS for each in at_most(one for one in found if one.check == check))


def _check_is_one(path: Path) -> None:
    """Raises UsageError for a folder that nobody means for a submission: of it nothing is worth listing."""
    if path.is_dir() and not any((path / name).exists() for name in (RECORD, MANIFEST, CARD)):
        raise UsageError(
            f"{path} is neither a submission nor a board",
            "name a folder that mechshift submit wrote, or one that holds such folders",
        )


def _name(path: Path, folder: Path) -> str:
    # An archive of the files alone is called as their folder was.
    return path.stem if path.is_file() and folder.name.startswith("mechshift-") else folder.resolve().name


def _check_name(path: Path, name: str) -> Iterator[Finding]:
    """A board calls an archive by the name of its file, and the card is of the folder that is in it."""
    if path.is_file() and name != path.stem:
        problem = f"the folder in it is called {name!r}"
        yield Finding("archive", path.name, problem, "give the archive and the folder in it one name")


def _check_folder(folder: Path, name: str, unofficial: bool, announce: Announce) -> Iterator[Finding]:
    tree = read_tree(folder)
    yield from tree.findings
    if not tree.complete:
        return
    place = Place(folder, name, tree.files)
    yield from check_files(place)
    manifest, found = read_part(place, MANIFEST, Manifest, "manifest")
    yield from found
    record, found = read_part(place, RECORD, Record, "record")
    yield from found
    if manifest is not None:
        yield from check_manifest(place, manifest, record)
    yield from check_card_file(place, record)
    if record is not None:
        yield from _check_record(place, record, manifest, unofficial, announce)


def _check_record(
    place: Place, record: Record, manifest: Manifest | None, unofficial: bool, announce: Announce
) -> Iterator[Finding]:
    """The record by itself; and from its cells where its protocol is one of this version."""
    yield from check_cell_files(place, record)
    if record.pair.line is not None:
        yield Finding("coverage", RECORD, *why_a_line_is_refused(record.pair.line.name))
    if not unofficial:
        for gap in find_gaps(record):
            yield Finding("coverage", RECORD, gap, "run the whole protocol on a pair that solves its tasks")
    yield from check_plausible(record)
    doubt = why_unofficial(record.protocol, named=unofficial)
    if doubt is not None:
        yield Finding(
            "protocol", RECORD, f"it {doubt.problem}", f"run the pair under protocol {doubt.instead}"
        )
    # What another protocol would have computed could take any time, and would say nothing.
    if why_unofficial(record.protocol, named=True) is None:
        yield from _check_cells(place, record, manifest, announce)


def _check_cells(
    place: Place, record: Record, manifest: Manifest | None, announce: Announce
) -> Iterator[Finding]:
    results: list[TaskResult] = []
    computed: list[TaskResult] = []
    for task in announced(record.results, announce, f"{place.name}: "):
        # One task's cells are held at a time.
        cells = TaskCells(place, record, task)
        yield from cells.findings
        if manifest is not None:
            yield from check_form(manifest, cells.declared)
        result: TaskResult | None = None
        if cells.usable:
            result, found = rescore_cells(record, task, cells)
            yield from found
        if result is not None:
            computed.append(result)
        # The summary is checked all the same, against what the record says of that task.
        results.append(task if result is None else result)
    yield from check_numbers(place, record, results)
    yield from check_draws(place, computed, record)
