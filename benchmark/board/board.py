"""The records of a leaderboard: read from a folder, and refused where they cannot stand side by side."""

from collections.abc import Hashable, Mapping
from pathlib import Path

from ...errors import UsageError
from ..pairs.words import in_either
from ..record.files import read_model
from ..record.protocol import Protocol, list_protocols
from ..record.types import Record
from ..tables.cells import plain
from ..tables.table import Ranked

_Records = Mapping[Path, Record]


def read_board(directory: Path, protocol: str | None = None) -> tuple[Record, ...]:
    """The records of all `*.json` files of a folder, in the order of their names.

    With `protocol` only those of the protocol of that name, be it one that boards take or not. Raises
    NotComputable for a file that is no record, and UsageError for: no folder or no such record in it; a
    record whose protocol was not named and no board takes, or is not this package's of that name; records of
    different protocols or of different versions of a task; a record that is not its protocol's whole; two
    records of one pair.
    """
    records = _read(directory, protocol)
    for path, record in records.items():
        _check_official(path, record, named=protocol is not None)
    _check_one_protocol(records)
    _check_one_each(records)
    return tuple(records.values())


def read_any(directory: Path, protocol: str | None = None) -> tuple[Ranked, ...]:
    """The records of a folder as `read_board` takes them, and those that no board takes with the reason why.

    Nothing is asked of them together: they need not be comparable. Raises UsageError where there is none and
    NotComputable for a file that is no record.
    """
    return tuple(Ranked(record, _doubt(path, record)) for path, record in _read(directory, protocol).items())


def _doubt(path: Path, record: Record) -> str | None:
    try:
        _check_official(path, record, named=False)
    except UsageError as error:
        return error.problem
    return None


def _check_official(path: Path, record: Record, named: bool) -> None:
    _check_protocol(path, record.protocol, named)
    _check_whole(path, record)


def _read(directory: Path, protocol: str | None) -> _Records:
    if not directory.is_dir():
        raise UsageError(
            f"{directory} is not a folder",
            "name a folder of records, the JSON files that mechshift run writes",
        )
    records = {path: read_model(path, Record) for path in sorted(directory.glob("*.json")) if path.is_file()}
    if protocol is not None:
        records = {path: record for path, record in records.items() if record.protocol.name == protocol}
    if not records:
        wanted = "record" if protocol is None else f"record of protocol {protocol}"
        name = protocol or "v1"
        raise UsageError(f"{directory} holds no {wanted}", f"{_run(name)}: it is a file PAIR-{name}.json")
    return records


def _check_protocol(path: Path, protocol: Protocol, named: bool) -> None:
    name = plain(protocol.name)
    own = next((known for known in list_protocols() if known.name == protocol.name), None)
    if own is None:
        names = ", ".join(known.name for known in list_protocols() if known.board)
        raise UsageError(
            f"{path} has protocol {name}, which this version does not know; boards take {names}", _run("v1")
        )
    if not own.board and not named:
        raise UsageError(f"{path} has protocol {name}, which no board takes", _run("v1"))
    # By value and not by name and version alone, as a record can claim any name.
    mine, theirs = dict(own.settings()), dict(protocol.settings())
    changed = [
        f"{name} is {theirs[name]!r} and not {mine[name]!r}" for name in mine if theirs[name] != mine[name]
    ]
    changed += [] if protocol.tasks == own.tasks else ["its tasks differ"]
    if changed:
        raise UsageError(
            f"{path} has a protocol {name} that differs from this version's: {'; '.join(changed)}",
            _run(own.name),
        )


def _run(protocol: str) -> str:
    return f"run the pair under protocol {protocol} and put that record here"


def _check_whole(path: Path, record: Record) -> None:
    wanted = {task.name: task for task in record.protocol.tasks}
    found = [task.task for task in record.tasks]
    absent = [f"task {name} is not in it" for name in wanted if name not in found]
    short = [
        f"task {task.task} has {task.pool.common} of {record.protocol.sampling.pool} examples"
        for task in record.tasks
        if task.pool.common < record.protocol.sampling.pool
    ]
    # What the record admits comes first. The rest is checked all the same, as anybody can edit
    # `reductions`.
    faults = list(record.reductions) or [*absent, *short]
    faults += [
        f"task {name} is repeated or not in the protocol"
        for index, name in enumerate(found)
        if name not in wanted or name in found[:index]
    ]
    for task in record.tasks:
        asked = wanted.get(task.task)
        if asked is not None and (task.level, task.version) != (asked.level, asked.version):
            faults.append(
                f"task {task.task} is of level {task.level}, version {task.version}, and the protocol asks "
                f"level {asked.level}, version {asked.version}"
            )
    if faults:
        raise UsageError(
            f"{path} does not cover protocol {record.protocol.name}: {'; '.join(map(plain, faults))}",
            "run the whole protocol on a pair that solves its tasks, or take the record off the board",
        )


def _check_one_protocol(records: _Records) -> None:
    (first, expected), *others = ((path, record.protocol) for path, record in records.items())
    for path, found in others:
        if found != expected:
            raise UsageError(
                f"{path.name} and {first.name} are of different protocols: {found.name} and {expected.name}",
                f"keep each in a folder of its own, or choose one with {in_either('protocol')}",
            )


def _check_one_each(records: _Records) -> None:
    """No name twice, and no weights with the same declarations under two names.

    A control and a pair with an MDM are two, whatever they are called and made of.
    """
    # By what the pair is made of as well as by name: the same weights could be renamed to stand on the
    # board twice.
    seen: dict[Hashable, Path] = {}
    for path, record in records.items():
        members = (record.pair.arm, record.pair.mdm)
        made_of = tuple(member.model_copy(update={"checkpoint": "", "revision": None}) for member in members)
        control = record.pair.control
        for key in ((record.pair.name, control), (*made_of, record.pair.mask_id, control)):
            first = seen.setdefault(key, path)
            if first != path:
                raise UsageError(
                    f"{path.name} and {first.name} are records of the same pair, {plain(record.pair.name)}",
                    "keep only one of them",
                )
