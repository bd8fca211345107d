"""A record computed again from its cells: every number of it, and no model."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import NotComputable
from ..record.files import as_bytes, read_model
from ..record.folder import read_folder
from ..record.protocol import ProtocolTask
from ..record.types import CellRecord, Record, TaskResult
from .assembly import assemble, describe_task
from .execution import Outcome
from .numbers import compute_numbers
from .plan import Cell, Kind, Subject, plan_run
from .pools import why_unusable
from .progress import Silent
from .store import digest_of, find_cell, read_seal


@dataclass(frozen=True)
class Rescored:
    """A record as it was found, and as its cells have it."""

    path: Path
    found: Record
    record: Record

    @property
    def differences(self) -> tuple[str, ...]:
        """What the found record says otherwise, a line each, with both values; empty where it is the same."""
        found, expected = (one.model_dump(mode="json") for one in (self.found, self.record))
        if differences := tuple(_differences(found, expected)):
            return differences
        return () if self.same_bytes else ("the file: it has the same values in another form",)

    @property
    def same_bytes(self) -> bool:
        """Whether the file is, to the last byte, what a run would write of these cells."""
        return self.path.read_bytes() == as_bytes(self.record)


def rescore(path: Path) -> Rescored:
    """Compute a record again from the cells beside it.

    What stands in it of pair, protocol, environment and status is taken as it is. Raises NotComputable for a
    file that is no record, a cell that is missing, and one that the record was not made of: by its content,
    or because it was made of other weights, declarations, settings or cells than the record names.
    """
    found = read_model(path, Record)
    subject = Subject.recorded(found)
    try:
        results = [_task(path, found, task, subject) for task in found.results]
    except ValueError as error:
        # The metrics' word for arrays that do not belong together: cells of other tasks, sizes or budgets.
        raise NotComputable(
            f"{path} cannot be computed from its cells: {error}",
            "keep a record beside the cells of its own run",
        ) from error
    record = assemble(found.pair, found.environment, found.protocol, results)
    return Rescored(path, found, record.model_copy(update={"status": found.status}))


def find_records(place: Path) -> tuple[Path, ...]:
    """The record of that name, or all records of a run's folder, in the order of their names.

    Other files of a folder are passed over. Raises UsageError where it holds no record.
    """
    return tuple(read_folder(place)) if place.is_dir() else (place,)


def _task(path: Path, record: Record, task: TaskResult, subject: Subject) -> TaskResult:
    """A task's results from its cells, which are those of a run of what the record declares."""
    asked = ProtocolTask(name=task.task, level=task.level, version=task.version)
    outcome = Outcome(asked)
    for cell in plan_run(subject, record.protocol, [asked]).cells:
        if outcome.unusable is not None:
            break
        if cell.name not in task.cells:
            raise NotComputable(
                f"{path} does not say of which {cell.name} task {task.task} was made", "run the pair again"
            )
        _obtain(path, record, cell, outcome, task.cells)
        if cell.kind.stage == "pool":
            outcome.unusable = why_unusable(outcome.pool, record.protocol)
    return describe_task(outcome, record.protocol)


RecordedCells = Mapping[str, CellRecord]
"""The cells that a record names for a task."""


def _obtain(path: Path, record: Record, cell: Cell, outcome: Outcome, named: RecordedCells) -> None:
    """Read a cell that models run for, compute any other."""
    name = cell.name
    # What a model computed is taken as it is kept; whatever follows from it is computed again.
    if cell.kind.members:
        outcome.contents[name], digest = _read(path, record, cell, named)
    else:
        needs = {need: outcome.contents[need] for need in cell.kind.needs}
        content = compute_numbers(cell, needs, lambda total: Silent().cell(cell, total))
        # The digest of what is recomputed, not the one the record claims, so that a forged one shows as a
        # difference.
        outcome.contents[name], digest = content, _digest(cell.kind, content)
    outcome.cells[name] = CellRecord(key=named[name].key, digest=digest)


def _read(path: Path, record: Record, cell: Cell, named: RecordedCells) -> tuple[object, str]:
    file = find_cell(path, record, cell.task.name, cell.name)
    digest, wanted = digest_of(file), named[cell.name].digest
    if digest != wanted:
        raise NotComputable(
            f"{file} is not what {path.name} was made of: its SHA-256 is {digest[:9]}…, not {wanted[:9]}…",
            "run the pair again: damaged cells are computed again",
        )
    _check_origin(file, cell, named)
    return cell.kind.load(file), digest


def _check_origin(file: Path, cell: Cell, named: RecordedCells) -> None:
    """Raises NotComputable where a kept cell was made of other inputs or cells than the planned one."""
    seal = read_seal(file)
    wrong = [
        _INPUTS.get(name, name)
        for name in dict.fromkeys((*cell.inputs, *seal.inputs))
        if seal.inputs.get(name) != cell.inputs.get(name)
    ]
    if not wrong and not seal.key == named[cell.name].key == cell.key:
        wrong = ["key"]
    if not wrong and seal.needs != {need: named[need].digest for need in cell.kind.needs}:
        wrong = ["needed cells"]
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


def _differences(found: object, expected: object, place: str = "") -> Iterator[str]:
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in dict.fromkeys((*found, *expected)):
            inner = f"{place}.{name}".removeprefix(".")
            yield from _differences(found.get(name, "absent"), expected.get(name, "absent"), inner)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from _differences(one, other, f"{place}[{index}]")
    elif found != expected:
        yield f"{place}: the record says {found!r}, its cells {expected!r}"
