"""A record computed again from its cells: every number of it, and no model."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import NotComputable
from ..record.files import as_bytes, read_model
from ..record.folder import read_folder
from ..record.protocol import Protocol, ProtocolTask
from ..record.types import CellRecord, Record, TaskResult
from .assembly import assemble, describe_task
from .execution import Outcome
from .numbers import compute_numbers
from .plan import KINDS, Cell, Kind, ProtocolParts, Subject, key_of, plan_run
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
    try:
        results = [_task(path, found, task) for task in found.results]
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


def _task(path: Path, record: Record, task: TaskResult) -> TaskResult:
    asked = ProtocolTask(name=task.task, level=task.level, version=task.version)
    outcome = Outcome(asked)
    for kind in KINDS:
        if kind.name not in task.cells and outcome.unusable is None:
            raise NotComputable(
                f"{path} does not say of which {kind.name} task {task.task} was made", "run the pair again"
            )
        if outcome.unusable is not None:
            break
        _obtain(path, record, kind, outcome, task.cells[kind.name].key)
        if kind.stage == "pool":
            outcome.unusable = why_unusable(outcome.pool, record.protocol)
    return describe_task(outcome, record.protocol)


def _obtain(path: Path, record: Record, kind: Kind, outcome: Outcome, key: str) -> None:
    """Read a cell that models run for, compute any other."""
    name, asked = kind.name, outcome.task
    # What a model computed is taken as it is kept; whatever follows from it is computed again.
    if kind.members:
        outcome.contents[name], digest = _read(path, record, kind, asked)
    else:
        cell = _cell(kind, asked, record.protocol)
        needs = {need: outcome.contents[need] for need in kind.needs}
        content = compute_numbers(cell, needs, lambda total: Silent().cell(cell, total))
        # The digest of what is recomputed, not the one the record claims, so that a forged one shows as a
        # difference.
        outcome.contents[name], digest = content, _digest(kind, content)
    outcome.cells[name] = CellRecord(key=key, digest=digest)


def _read(path: Path, record: Record, kind: Kind, asked: ProtocolTask) -> tuple[object, str]:
    file = find_cell(path, record, asked.name, kind.name)
    digest, task = digest_of(file), asked.name
    cells = next(one for one in record.results if one.task == task).cells
    wanted = cells[kind.name].digest
    if digest != wanted:
        raise NotComputable(
            f"{file} is not what {path.name} was made of: its SHA-256 is {digest[:9]}…, not {wanted[:9]}…",
            "run the pair again: damaged cells are computed again",
        )
    _check_origin(file, record, kind, asked, cells)
    return kind.load(file), digest


def _check_origin(
    file: Path, record: Record, kind: Kind, asked: ProtocolTask, cells: Mapping[str, CellRecord]
) -> None:
    """Raises NotComputable where the cell was not made of what the record declares and of the cells it names.

    A run of what the record declares would plan the cell with certain inputs, all of which the seal repeats.
    """
    seal = read_seal(file)
    plan = plan_run(Subject.recorded(record), record.protocol, [asked], [kind.name])
    expected = next(cell for cell in plan.cells if cell.kind == kind).inputs
    wrong = [
        _INPUTS.get(name, name)
        for name in dict.fromkeys((*expected, *seal.inputs))
        if seal.inputs.get(name) != expected.get(name)
    ]
    if not wrong and not seal.key == cells[kind.name].key == key_of(seal.inputs):
        wrong = ["key"]
    if not wrong and seal.needs != {need: cells[need].digest for need in kind.needs}:
        wrong = ["needed cells"]
    if wrong:
        raise NotComputable(
            f"{file} was not made as the record says: its {' and '.join(wrong)} differ",
            "keep a record beside the cells of its own run",
        )


_INPUTS = {"pair": "members", "needs": "needed cells", "tokens": "tokenizer or mask token"}
"""What inputs of a cell are called where their own name does not say it."""


def _cell(kind: Kind, asked: ProtocolTask, protocol: Protocol) -> Cell:
    return Cell(asked, kind, ProtocolParts(protocol, kind.parts), {})


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
