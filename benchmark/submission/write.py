"""From a run to a submission: checked, reduced to a size, scored again, and written whole or not at all."""

import math
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from ...errors import NotComputable, OutputError, UsageError
from ...files import read_text, write_text
from ..measure.reduced import PRECISIONS, ScorePrecision
from ..record.draws import COARSE_STEPS, take_draws, write_draws
from ..record.files import write_model
from ..record.official import Refusal, why_refused
from ..record.record import Record
from ..record.task_record import CellRecord, TaskResult
from ..run.assembly import check_compared
from ..run.progress import Announce, announce_nothing
from ..run.rescore import Rescored, find_records, rescore
from ..run.store import digest_of
from .card import check_card, write_template
from .cells import RunCell, copy_exact, find_cells, last_made, seal_anew, write_contents, write_scores
from .changes import compare_records
from .layout import CARD, DRAWS, MANIFEST, RECORD, submission_name
from .manifest import Manifest, describe_files
from .placing import check_same_run, find_card, is_there, put_folder, put_zip, temporary_folder

MEGABYTE = 1_000_000
SIZE = 100.0
"""Megabytes of a submission, unless told otherwise."""

_ENTRY = 220
"""Bytes that a file takes in the manifest."""


@dataclass(frozen=True)
class Request:
    """How a run is to be handed in.

    `size`: megabytes (10⁶ bytes) that everything may take; None keeps the cells byte for byte, whatever they
    take. `made`: the day in the submission's name; None for the one on which the last cell of the run was
    made. `card`: a filled card to take. `packed`: one zip in place of a folder.
    """

    size: float | None = SIZE
    made: date | None = None
    card: Path | None = None
    packed: bool = False


@dataclass(frozen=True)
class Submission:
    """A submission that was written.

    `unfilled`: what is wrong with its card, empty where nothing is; `refused`: why no board takes its record,
    None where one does.
    """

    path: Path
    bytes: int
    manifest: Manifest
    unfilled: tuple[str, ...]
    refused: Refusal | None = None


def submit(place: Path, out: Path, request: Request, announce: Announce = announce_nothing) -> Submission:
    """Write the submission of a record, or of the one record of a run's folder, into `out`.

    A record that no board takes is written all the same, and `refused` says why. `announce` is given a line
    for each task that is computed again.

    The same run and request write the same bytes again. Raises NotComputable for a run whose record does not
    follow from its cells, lacks some, holds no comparison, or does not fit the size; UsageError for a folder
    of several records; OutputError where something else stands in the submission's place.
    """
    if request.size is not None and not (request.size > 0 and math.isfinite(request.size)):
        raise UsageError(f"a size of {request.size} MB", "give a positive number of megabytes")
    if request.card is not None and (problems := check_card(request.card)):
        raise NotComputable(f"{request.card} is no filled card: {'; '.join(problems)}", "correct it first")
    run = _checked(place, announce)
    cells = find_cells(run.path, run.record)
    made = request.made or last_made(cells)
    name = submission_name(made, run.path.stem)
    folder, packed = out / name, out / f"{name}.zip"
    goal = packed if request.packed else folder
    check_same_run(goal, digest_of(run.path))
    card = _card(request.card, (goal, folder, packed), write_template(run.record, made))
    with temporary_folder(goal) as temporary:
        write_text(temporary / CARD, card)
        manifest = _fill(temporary, run, cells, request.size, announce)
        unfilled = tuple(check_card(temporary / CARD))
        size = _size(temporary)
        if request.packed:
            put_zip(temporary, goal)
            size = goal.stat().st_size
        else:
            put_folder(temporary, goal)
    return Submission(goal, size, manifest, unfilled, why_refused(run.record))


def _checked(place: Path, announce: Announce) -> Rescored:
    """The one record of a place, found to follow from its cells."""
    paths = find_records(place)
    if len(paths) > 1:
        raise UsageError(
            f"{place} holds {len(paths)} records",
            f"name one of them: {', '.join(path.name for path in paths[:5])}",
        )
    run = rescore(paths[0], announce)
    if run.differences:
        raise NotComputable(
            f"{run.path} does not follow from its cells: {run.differences[0]}",
            "mechshift rescore names all that differs; run the pair again",
        )
    check_compared(run.record)
    return run


def _card(given: Path | None, places: tuple[Path, ...], template: str) -> str:
    """The text of the submission's card: the given one, else one that is there already, else the template."""
    found = [text for place in places if is_there(place) and (text := find_card(place)) is not None]
    # What nobody has touched is no loss.
    written = [text for text in found if text != template]
    if given is None:
        return written[0] if written else template
    text = read_text(given)
    if written and written[0] != text:
        raise OutputError(
            f"the submission has another card than {given}, which somebody has written in",
            "leave out --card to keep it, or move it elsewhere",
        )
    return text


def _fill(
    folder: Path, run: Rescored, cells: tuple[RunCell, ...], size: float | None, announce: Announce
) -> Manifest:
    """Write everything but the card, which is there, and the manifest of it all."""
    if size is None:
        copy_exact(cells, folder)
        write_model(run.record, folder / RECORD)
        write_draws(take_draws(run.record), folder / DRAWS)
        return _write_manifest(folder, run, run.record, None)
    most = int(size * MEGABYTE)
    write_contents(cells, folder)
    write_draws(take_draws(run.record), folder / DRAWS, steps=COARSE_STEPS)
    # Record, draws and seals of the reduced cells are about as large as those of the run. The manifest comes
    # on top: where it is too much, that shows at the end, and the next precision is taken.
    rest = _size(folder) + run.path.stat().st_size + sum(cell.seal_file.stat().st_size for cell in cells)
    for precision in PRECISIONS:
        if write_scores(cells, folder, precision, most - rest):
            record = _score_again(folder, run.record, cells, precision, announce)
            manifest = _write_manifest(folder, run, record, precision)
            if _size(folder) <= most:
                return manifest
            (folder / MANIFEST).unlink()
    write_scores(cells, folder, PRECISIONS[-1])
    scores = sum(cell.path_in(folder).stat().st_size for cell in cells if cell.stage == "scores")
    needed = (rest + scores + 2 * len(cells) * _ENTRY) / MEGABYTE
    # In steps of a tenth, and a fiftieth more, for what is only about as large.
    enough = math.ceil(needed * 10.2) / 10
    raise NotComputable(
        f"the submission takes {needed:.2f} MB at least, not {size:g}", f"give --size {enough:g}"
    )


def _score_again(
    folder: Path,
    original: Record,
    cells: tuple[RunCell, ...],
    precision: ScorePrecision,
    announce: Announce,
) -> Record:
    """Seal the cells of a submission and write their record and its draws."""
    named = seal_anew(cells, folder)
    path = folder / RECORD
    # A record that names the reduced cells; its numbers are still those of the run, and computed again.
    write_model(_naming(original, named), path)
    record = rescore(path, announce, f"rounded cells, step {precision.step:.2g}: ").record
    write_model(record, path)
    write_draws(take_draws(record), folder / DRAWS, steps=COARSE_STEPS)
    return record


def _naming(record: Record, cells: dict[str, dict[str, CellRecord]]) -> Record:
    """The record with these cells in the place of those that models ran for."""

    def renamed(task: TaskResult) -> TaskResult:
        return task.model_copy(update={"cells": {**task.cells, **cells.get(task.task, {})}})

    tasks, failed = (tuple(map(renamed, group)) for group in (record.tasks, record.failed))
    return record.model_copy(update={"tasks": tasks, "failed": failed})


def _write_manifest(
    folder: Path, run: Rescored, record: Record, precision: ScorePrecision | None
) -> Manifest:
    manifest = Manifest(
        mechshift=version("mechshift"),
        form="exact" if precision is None else "reduced",
        step=None if precision is None else precision.step,
        original_record=digest_of(run.path),
        changes=compare_records(run.record, record),
        files=describe_files(folder),
    )
    write_model(manifest, folder / MANIFEST)
    return manifest


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
