"""The cells of a run as a submission keeps them, each sealed anew where it or what it needs is reduced."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..measure.reduced import ScorePrecision
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..record.record import Record
from ..record.task_record import CellRecord
from ..run.plan import KINDS
from ..run.store import CELLS, Seal, digest_of, find_cell, read_seal

REDUCIBLE = frozenset(("scores", "sweep"))
"""The stages whose cells have a reduced form; all others are small, and kept as they are."""


@dataclass(frozen=True)
class RunCell:
    """A cell that models ran for: its task, its name, its file in the run, and the seal beside it."""

    task: str
    name: str
    file: Path
    seal: Seal

    @property
    def seal_file(self) -> Path:
        """The file of its seal in the run."""
        return self.file.with_suffix(".seal")

    @property
    def stage(self) -> str:
        """What was done, such as `scores`."""
        return self.name.partition("-")[0]

    def path_in(self, folder: Path) -> Path:
        """Where it lies in a submission."""
        return folder / CELLS / self.task / self.file.name


def find_cells(path: Path, record: Record) -> tuple[RunCell, ...]:
    """The cells beside a record that models ran for, by task, each after those that it needs.

    Raises NotComputable where one or its seal is missing, UsageError where they are already reduced.
    """
    found = tuple(_cells(path, record))
    if any(cell.seal.original for cell in found):
        raise UsageError(
            f"{path} is the record of a submission, whose cells are already reduced",
            "name the record or the folder of the run that the submission was made of",
        )
    return found


def _cells(path: Path, record: Record) -> Iterator[RunCell]:
    for task in record.results:
        for kind in KINDS:
            # What follows from other cells is computed again by whoever reads the submission.
            if kind.members and kind.name in task.cells:
                file = find_cell(path, record, task.task, kind.name)
                yield RunCell(task.task, kind.name, file, read_seal(file))


def last_made(cells: tuple[RunCell, ...]) -> date:
    """The day on which the last of the cells was made, in UTC.

    Raises NotComputable where their seals do not say.
    """
    try:
        return max(datetime.fromisoformat(cell.seal.made).astimezone(UTC).date() for cell in cells)
    except ValueError as error:
        raise NotComputable("the seals of the cells do not say when they were made", "give --date") from error


def copy_exact(cells: tuple[RunCell, ...], folder: Path) -> None:
    """Copy cells and seals byte for byte into a submission."""
    for cell in cells:
        goal = cell.path_in(folder)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cell.file, goal)
        shutil.copyfile(cell.seal_file, goal.with_suffix(".seal"))


def write_contents(cells: tuple[RunCell, ...], folder: Path) -> None:
    """Write the contents of all cells but scores: sweeps in fewer bytes, all others as they are."""
    for cell in cells:
        goal = cell.path_in(folder)
        goal.parent.mkdir(parents=True, exist_ok=True)
        if cell.stage == "sweep":
            Sweep.load(cell.file).save_reduced(goal)
        elif cell.stage != "scores":
            shutil.copyfile(cell.file, goal)


def write_scores(
    cells: tuple[RunCell, ...], folder: Path, precision: ScorePrecision, most: int | None = None
) -> bool:
    """Write the contents of scores at a precision, and whether they take at most `most` bytes together.

    Stops at the first that is too many.
    """
    size = 0
    for cell in cells:
        if cell.stage == "scores":
            ScoreSums.load(cell.file).save_reduced(cell.path_in(folder), precision)
            size += cell.path_in(folder).stat().st_size
            if most is not None and size > most:
                return False
    return True


def seal_anew(cells: tuple[RunCell, ...], folder: Path) -> dict[str, dict[str, CellRecord]]:
    """Write the seals of the contents as they are now; key and digest of each cell, by task and name."""
    found: dict[str, dict[str, CellRecord]] = {}
    # All of them first: a cell can need those of tasks that come later.
    for cell in cells:
        made = cell.seal.model_copy(update={"digest": digest_of(cell.path_in(folder))})
        found.setdefault(cell.task, {})[cell.name] = made.recorded()
    for cell in cells:
        _seal(cell, found).write(cell.path_in(folder))
    return found


def _seal(cell: RunCell, found: Mapping[str, Mapping[str, CellRecord]]) -> Seal:
    digest = found[cell.task][cell.name].digest

    def of(need: str) -> str:
        task, _, name = need.rpartition("/")
        return found[task or cell.task][name].digest

    needs = {need: of(need) for need in cell.seal.needs}
    original = cell.seal.digest if digest != cell.seal.digest else None
    return cell.seal.model_copy(update={"needs": needs, "digest": digest, "original": original}).sealed()
