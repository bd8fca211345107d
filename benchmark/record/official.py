"""Whether a record is what a leaderboard takes: a whole record of a protocol of this version."""

from collections.abc import Iterator
from dataclasses import dataclass

from .lines import LINES
from .protocol import Protocol, get_protocol, list_protocols
from .provenance import LineName
from .record import Record


@dataclass(frozen=True)
class Unofficial:
    """Why no board takes a protocol, and the name of the one to run instead.

    `problem` continues a record's name ("has protocol quick, which no board takes"); `reason` follows on "no
    board takes this record" ("its protocol is quick").
    """

    problem: str
    reason: str
    instead: str


@dataclass(frozen=True)
class Refusal:
    """Why no board takes a record, and what to do about it."""

    problem: str
    remedy: str


def why_unofficial(protocol: Protocol, named: bool = False) -> Unofficial | None:
    """Why no board takes records of a protocol; None where one does.

    A protocol of this version that boards do not take, such as one with another seed or method, is taken
    where it was `named`. Names are told as they are in the record.
    """
    name = protocol.name
    own = next((known for known in list_protocols() if known.name == name), None)
    if own is None:
        if (original := varied_from(protocol)) is not None:
            return None if named else _of_variants(protocol, original)
        names = ", ".join(known.name for known in list_protocols() if known.board)
        return Unofficial(
            f"has protocol {name}, which this version does not know; boards take {names}",
            f"its protocol {name} is not known to this version",
            "v2",
        )
    if not own.board and not named:
        return Unofficial(f"has protocol {name}, which no board takes", f"its protocol is {name}", "v2")
    # By value and not by name and version alone, as a record can claim any name.
    mine, theirs = dict(own.settings()), dict(protocol.settings())
    changed = [
        f"{name} is {theirs.get(name)!r} and not {mine.get(name)!r}"
        for name in {**mine, **theirs}
        if theirs.get(name) != mine.get(name)
    ]
    changed += [] if protocol.tasks == own.tasks else ["its tasks differ"]
    if changed:
        differs = f"differs from this version's: {'; '.join(changed)}"
        return Unofficial(f"has a protocol {name} that {differs}", f"its protocol {name} {differs}", own.name)
    return None


def varied_from(protocol: Protocol) -> Protocol | None:
    """The listed protocol that it is with another method, selection or seed; None where it is none."""
    return next((known for known in list_protocols() if known.varied_like(protocol) == protocol), None)


def _of_variants(protocol: Protocol, original: Protocol) -> Unofficial:
    other = f"{original.name} {', '.join(_differences(protocol, original))}"
    return Unofficial(
        f"has protocol {protocol.name}: that is {other}, and no board takes it",
        f"its protocol {protocol.name} is {other}",
        original.name if original.board else "v2",
    )


def _differences(protocol: Protocol, original: Protocol) -> Iterator[str]:
    """In what a protocol is another than the listed one that it is made of."""
    if protocol.scoring.method != original.scoring.method:
        yield f"with edges scored by {protocol.scoring.method}"
    if protocol.sweeping.selection != original.sweeping.selection:
        yield f"with {protocol.sweeping.selection} edges first"
    if (seed := protocol.sampling.seed) != original.sampling.seed:
        yield f"on other prompts (seed {seed}), for mechshift compare and check"


def find_gaps(record: Record) -> list[str]:
    """In what a record is not the whole of its protocol, a line each; empty where it is."""
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
    gaps = list(record.reductions) or [*absent, *short]
    gaps += [
        f"task {name} is repeated or not in the protocol"
        for index, name in enumerate(found)
        if name not in wanted or name in found[:index]
    ]
    for task in record.tasks:
        asked = wanted.get(task.task)
        if asked is not None and (task.level, task.version) != (asked.level, asked.version):
            gaps.append(
                f"task {task.task} is of level {task.level}, version {task.version}, and the protocol asks "
                f"level {asked.level}, version {asked.version}"
            )
    return gaps


def why_a_line_is_refused(name: LineName) -> tuple[str, str]:
    """Why no board takes the record of a line, and what to do about it."""
    return (
        f"it is a line beside a pair and no pair: {LINES[name]}",
        "submit the pair's own record; `mechshift verdict --line RECORD` shows lines beside it",
    )


def why_refused(record: Record) -> Refusal | None:
    """Why no board takes a record: a line, its protocol, or what it leaves out; None where one does."""
    if record.pair.line is not None:
        return Refusal(*why_a_line_is_refused(record.pair.line.name))
    if unofficial := why_unofficial(record.protocol):
        return Refusal(unofficial.reason, _in_full(unofficial.instead))
    if gaps := find_gaps(record):
        name = record.protocol.name
        return Refusal(f"it does not cover protocol {name}: {'; '.join(gaps)}", _in_full(name))
    return None


def _in_full(protocol: str) -> str:
    pool = get_protocol(protocol).sampling.pool
    return f"run the pair under {protocol} in full; each task needs {pool:,} examples that both models solve"
