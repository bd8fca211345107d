"""A record computed again from its cells: every number of it, and no model."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from ...errors import NotComputable
from ..record.files import as_bytes, read_model
from ..record.folder import read_folder
from ..record.protocol import ProtocolTask
from ..record.record import Record
from ..record.task_record import CellRecord, TaskRecord, TaskResult
from .assembly import assemble, describe_task
from .computing import Outcome
from .differences import Differences, compare_contents
from .numbers import compute_numbers
from .plan import Cell, Kind, Subject, alone, kinds_of, plan_run
from .pools import why_unusable
from .progress import Announce, Silent, announce_nothing
from .store import digest_of, find_cell, read_seal, shortened

T = TypeVar("T", TaskRecord, TaskResult)


@dataclass(frozen=True)
class Rescored:
    """A record as it was found, and as its cells have it."""

    path: Path
    found: Record
    record: Record

    @cached_property
    def _compared(self) -> Differences:
        found, expected = (one.model_dump(mode="json") for one in (self.found, self.record))
        return compare_contents(found, expected)

    @property
    def differences(self) -> tuple[str, ...]:
        """What the found record says otherwise, a line each, with both values; empty where it is the same.

        Rounding by another machine is no difference.
        """
        if self._compared.real:
            return tuple(map(str, self._compared.real))
        if self.rounded or self.same_bytes:
            return ()
        return ("the file: it has the same values in another form",)

    @property
    def rounded(self) -> bool:
        """Whether numbers differ by the rounding of another machine."""
        return self._compared.rounded

    @property
    def same_bytes(self) -> bool:
        """Whether the file is, to the last byte, what a run would write of these cells."""
        return self.path.read_bytes() == as_bytes(self.record)


def rescore(path: Path, announce: Announce = announce_nothing, about: str = "") -> Rescored:
    """Compute a record again from the cells beside it.

    `announce` is given a line for each task, in which `about` says what it is of.

    What stands in it of pair, protocol and environment is taken as it is. Raises NotComputable for a
    file that is no record, a cell that is missing, and one that the record was not made of: by its content,
    or because it was made of other weights, declarations, settings or cells than the record names.
    """
    found = read_model(path, Record)
    subject = Subject.recorded(found)
    try:
        results = [
            rescore_task(found, task, subject, partial(read_cell, path, found))
            for task in announced(found.results, announce, about)
        ]
    except ValueError as error:
        # The metrics' word for arrays that do not belong together: cells of other tasks, sizes or budgets.
        raise NotComputable(
            f"{path} cannot be computed from its cells: {error}",
            "keep a record beside the cells of its own run",
        ) from error
    record = assemble(found.pair, found.environment, found.protocol, results)
    return Rescored(path, found, record)


def announced(tasks: Sequence[T], announce: Announce, about: str = "") -> Iterator[T]:
    """The tasks one by one, each announced before it is computed again; `about` names what it is of."""
    for number, task in enumerate(tasks, 1):
        announce(f"[{number}/{len(tasks)} {task.task}] {about}computing again from its cells …")
        yield task


def find_records(place: Path) -> tuple[Path, ...]:
    """The record of that name, or all records of a run's folder, in the order of their names.

    Other files of a folder are passed over. Raises UsageError where it holds no record.
    """
    return tuple(read_folder(place)) if place.is_dir() else (place,)


ReadCell = Callable[[Cell], tuple[object, str]]
"""Gives the content of a cell that models ran for, and its digest."""


def rescore_task(record: Record, task: TaskResult, subject: Subject, read: ReadCell) -> TaskResult:
    """A task's results from its cells, which are those of a run of what the record declares.

    Raises what `read` raises, and ValueError for contents that do not belong together.
    """
    outcome = Outcome(_asked(task))
    for cell in planned_cells(record, task, subject):
        if outcome.unusable is not None:
            break
        if cell.name not in task.cells:
            raise NotComputable(
                f"the record does not say of which {cell.name} task {task.task} was made",
                "run the pair again",
            )
        _obtain(cell, outcome, task.cells, read)
        if cell.kind.stage == "pool":
            outcome.unusable = why_unusable(outcome.pool, record.protocol)
    return describe_task(outcome, record.protocol)


def planned_cells(record: Record, task: TaskResult, subject: Subject) -> tuple[Cell, ...]:
    """The cells of a task in a run of what the record declares, in order."""
    kinds = kinds_of(record.protocol)
    # A cell that needs those of other tasks has their keys in its own.
    together = record.results if len(alone(kinds)) < len(kinds) else (task,)
    return plan_run(subject, record.protocol, [_asked(one) for one in together]).of(_asked(task))


def _asked(task: TaskResult) -> ProtocolTask:
    return ProtocolTask(name=task.task, level=task.level, version=task.version)


RecordedCells = Mapping[str, CellRecord]
"""The cells that a record names for a task."""


def _obtain(cell: Cell, outcome: Outcome, named: RecordedCells, read: ReadCell) -> None:
    """Read a cell that models run for, compute any other."""
    name = cell.name
    # What a model computed is taken as it is kept; whatever follows from it is computed again.
    if cell.kind.members:
        outcome.contents[name], digest = read(cell)
    else:
        needs = {need: outcome.contents[need] for need in cell.kind.needs}
        content = compute_numbers(cell, needs, lambda total: Silent().cell(cell, total))
        # The digest of what is recomputed, not the one the record claims, so that a forged one shows as a
        # difference.
        outcome.contents[name], digest = content, _digest(cell.kind, content)
    outcome.cells[name] = named[name].model_copy(update={"digest": digest})


def read_cell(path: Path, record: Record, cell: Cell) -> tuple[object, str]:
    """The content of a kept cell, and its digest.

    `path`: the record's file, beside which the cells lie. Raises NotComputable for a cell that is missing, or
    is not what the record says.
    """
    named = next(one.cells for one in record.results if one.task == cell.task.name)
    file = find_cell(path, record, cell.task.name, cell.name)
    digest, wanted = digest_of(file), named[cell.name].digest
    if digest != wanted:
        there, named_there = shortened(digest, wanted)
        raise NotComputable(
            f"{file} is not what {path.name} was made of: its SHA-256 is {there}, not {named_there}",
            "run the pair again: damaged cells are computed again",
        )
    _check_origin(file, cell, named, needed_digests(cell, record))
    return cell.kind.load(file), digest


def needed_digests(cell: Cell, record: Record) -> dict[str, str]:
    """The digests of the cells that one needs, as the record names them, those of other tasks among them."""
    own = next(one.cells for one in record.results if one.task == cell.task.name)
    return {need: own[need].digest for need in cell.kind.needs} | {
        f"{one.task}/{name}": one.cells[name].digest
        for one in record.results
        if one.task != cell.task.name
        for name in cell.kind.others
        if name in one.cells
    }


def _check_origin(file: Path, cell: Cell, named: RecordedCells, needs: Mapping[str, str]) -> None:
    """Raises NotComputable where a kept cell was made of other inputs or cells than the planned one."""
    seal = read_seal(file)
    wrong = [
        _INPUTS.get(name, name)
        for name in dict.fromkeys((*cell.inputs, *seal.inputs))
        if seal.inputs.get(name) != cell.inputs.get(name)
    ]
    if not wrong and not seal.key == named[cell.name].key == cell.key:
        wrong = ["key"]
    if not wrong and seal.needs != needs:
        wrong = ["needed cells"]
    if not wrong and seal.digest != named[cell.name].digest:
        wrong = ["content"]
    if wrong:
        raise NotComputable(
            f"{file} was not made as the record says: its {' and '.join(wrong)} differ",
            "keep a record beside the cells of its own run",
        )


_INPUTS = {"pair": "members", "needs": "needed cells", "tokens": "tokenizer or mask token"}
"""What inputs of a cell are called where their own name does not say it."""


def _digest(kind: Kind, content: object) -> str:
    """The digest of the file that the content would be kept as."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"content.{kind.suffix}")
        kind.save(content, file)
        return digest_of(file)
