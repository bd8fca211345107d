"""Some cells of a submission, chosen at random, computed again from the weights."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import NotComputable, UsageError
from ..measure.reduced import PRECISIONS
from ..pairs.pair import Pair
from ..record.provenance import Environment
from ..record.record import Record
from ..run.computing import Other
from ..run.measuring import Measuring
from ..run.plan import Cell, Subject, place_of
from ..run.progress import Silent
from ..run.provenance import describe_environment, subject_of
from ..run.rescore import planned_cells, read_cell
from ..run.store import Store
from ..submission.tolerances import CIRCUITS, tolerances_of
from .deviation import circuit_deviation, deviation


@dataclass(frozen=True)
class RerunCell:
    """A cell that was computed again: which, how far what came out lies from it, and how far it may.

    `circuits`: how far the circuits lie apart (`circuit_deviation`), None for a cell that chooses none.
    """

    task: str
    name: str
    key: str
    digest: str
    deviation: float
    tolerance: float
    circuits: float | None
    circuits_tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether other hardware explains the deviations."""
        return self.deviation <= self.tolerance and (self.circuits or 0.0) <= self.circuits_tolerance


@dataclass(frozen=True)
class Rerun:
    """The cells that were computed again, and where."""

    cells: tuple[RerunCell, ...]
    environment: Environment


def choose_cells(record: Record, number: int, chance: random.Random) -> tuple[Cell, ...]:
    """That many of the cells that a record's models ran for, all of them where there are fewer.

    Raises UsageError for fewer than one.
    """
    if number < 1:
        raise UsageError(f"{number} cells cannot be computed again", "choose at least one")
    subject = Subject.recorded(record)
    cells = [
        cell
        for task in record.results
        for cell in planned_cells(record, task, subject)
        if cell.kind.members and cell.name in task.cells
    ]
    chosen = set(chance.sample(range(len(cells)), min(number, len(cells))))
    return tuple(cell for index, cell in enumerate(cells) if index in chosen)


def rerun_cells(
    record_path: Path,
    record: Record,
    cells: Sequence[Cell],
    pair: Pair,
    rows: int,
    step: float | None,
    announce: Callable[[Cell], None],
) -> Rerun:
    """Compute cells of the record at that path again. `announce` is called before each.

    `step`: that of the submission's reduced scores, None where they are exact; `rows` bounds a batch.
    Raises NotComputable where the pair is not the one that the record is of, or a cell cannot be read.
    """
    check_same_pair(record, pair)
    measuring = Measuring(pair, rows)
    precision = next((one for one in PRECISIONS if one.step == step), None)
    tolerances = tolerances_of(record)
    again: dict[tuple[str, str], Any] = {}
    found = []
    for cell in cells:
        announce(cell)
        submitted, digest = read_cell(record_path, record, cell)
        content = _computed(record_path, record, cell, measuring, again)
        found.append(
            RerunCell(
                cell.task.name,
                cell.name,
                cell.key,
                digest,
                deviation(submitted, content, precision),
                tolerances[cell.kind.stage],
                circuit_deviation(submitted, content, precision, record.protocol.sweeping.grid),
                tolerances[CIRCUITS],
            )
        )
    return Rerun(tuple(found), describe_environment(pair))


def _computed(
    record_path: Path,
    record: Record,
    cell: Cell,
    measuring: Measuring,
    again: dict[tuple[str, str], Any],
) -> Any:
    """The content of a cell, computed once: from the submitted pool and sweeps, and scores computed again.

    Circuits are chosen by scores, and of those that a submission keeps rounded two edges of nearly the same
    score may have changed places.
    """
    place = cell.task.name, cell.name
    if place not in again:
        task = next(one for one in record.results if one.task == cell.task.name)
        by_name = {one.name: one for one in planned_cells(record, task, Subject.recorded(record))}
        needs: Mapping[str, Any] = {
            need: _computed(record_path, record, by_name[need], measuring, again)
            if by_name[need].kind.stage == "scores"
            else read_cell(record_path, record, by_name[need])[0]
            for need in cell.kind.needs
        } | _of_other_tasks(record_path, record, cell)
        again[place] = measuring(cell, needs, lambda total: Silent().cell(cell, total))
    return again[place]


def _of_other_tasks(record_path: Path, record: Record, cell: Cell) -> dict[str, Other]:
    """What a cell needs of other tasks, as submitted: to compute all of that again is to run the pair."""
    if not cell.kind.others:
        return {}
    subject, store = Subject.recorded(record), Store(record_path.parent)
    return {
        place_of(other): Other(other, task.cells[other.name].digest, store)
        for task in record.results
        if task.task != cell.task.name
        for other in planned_cells(record, task, subject)
        if other.name in cell.kind.others and other.name in task.cells
    }


def check_same_pair(record: Record, pair: Pair) -> None:
    """Raises NotComputable where a pair's weights, declarations or tokenizer are not those of a record."""
    here, there = subject_of(pair), Subject.recorded(record)
    wrong = [
        f"the {called}'s {name} is {value}, and the record says {there.members[role].get(name)}"
        for called, role in (("ARM", "arm"), ("MDM", "mdm"))
        for name, value in here.members[role].items()
        if there.members[role].get(name) != value
    ]
    wrong += [f"another {name}" for name, value in here.tokens.items() if there.tokens.get(name) != value]
    if wrong:
        raise NotComputable(
            f"the pair {pair.spec.name} is not the one of the record: {'; '.join(wrong)}",
            "name the pair that the submission is of, at its revision",
        )
