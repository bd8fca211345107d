"""A record computed again from its cells: every number of it, and no model."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..record.files import read_model
from ..record.protocol import Protocol, ProtocolTask
from ..record.types import CellRecord, Record, TaskResult
from .assembly import assemble, describe_task
from .execution import Outcome
from .numbers import compute_numbers
from .plan import KINDS, Cell, Kind, Parts
from .pools import why_unusable
from .progress import Silent
from .store import digest_of, find_cell


@dataclass(frozen=True)
class Rescored:
    """A record as it was found, and as its cells have it."""

    path: Path
    found: Record
    record: Record

    @property
    def differences(self) -> tuple[str, ...]:
        """What the found record says otherwise, a line each, with both values; empty where it is the same."""
        return tuple(_differences(self.found.model_dump(mode="json"), self.record.model_dump(mode="json")))


def rescore(path: Path) -> Rescored:
    """Compute a record again from the cells beside it.

    What stands in it of pair, protocol, environment and status is taken as it is. Raises NotComputable for a
    file that is no record, a cell that is missing, and one whose content is not what the record was made of.
    """
    found = read_model(path, Record)
    results = [_task(path, found, task) for task in found.results]
    record = assemble(found.pair, found.environment, found.protocol, results)
    return Rescored(path, found, record.model_copy(update={"status": found.status}))


def find_records(place: Path) -> tuple[Path, ...]:
    """The record of that name, or all records (`*.json`) of a run's folder, in the order of their names.

    Raises UsageError where there is none.
    """
    if not place.is_dir():
        return (place,)
    found = tuple(sorted(path for path in place.glob("*.json") if path.is_file()))
    if not found:
        raise UsageError(f"{place} holds no record", "name a record, or the folder that a run wrote it to")
    return found


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
        if kind.name == "pool":
            outcome.unusable = why_unusable(outcome.pool, record.protocol)
    return describe_task(outcome, record.protocol)


def _obtain(path: Path, record: Record, kind: Kind, outcome: Outcome, key: str) -> None:
    """Read a cell that models run for, compute any other."""
    name, asked = kind.name, outcome.task
    if kind.members:
        outcome.contents[name], digest = _read(path, record, kind, asked)
    else:
        cell = _cell(kind, asked, record.protocol)
        needs = {need: outcome.contents[need] for need in kind.needs}
        content = compute_numbers(cell, needs, lambda total: Silent().cell(cell, total))
        outcome.contents[name], digest = content, _digest(kind, content)
    outcome.cells[name] = CellRecord(key=key, digest=digest)


def _read(path: Path, record: Record, kind: Kind, asked: ProtocolTask) -> tuple[object, str]:
    file = find_cell(path, record, asked.name, kind.name)
    digest, task = digest_of(file), asked.name
    wanted = next(one for one in record.results if one.task == task).cells[kind.name].digest
    if digest != wanted:
        raise NotComputable(
            f"{file} is not what {path.name} was made of: its SHA-256 is {digest[:9]}…, not {wanted[:9]}…",
            "run the pair again: what is damaged is made again",
        )
    return kind.load(file), digest


def _cell(kind: Kind, asked: ProtocolTask, protocol: Protocol) -> Cell:
    return Cell(asked, kind, Parts(protocol, kind.parts), {})


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
