"""Where a run writes its record, and which record of an earlier run it may replace there."""

import glob
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import NotComputable, OutputError
from ...files import nearest, refused
from ..pairs.registry import list_pairs
from ..pairs.spec import PairSpec
from ..pairs.words import in_either
from ..record.files import read_model
from ..record.protocol import Protocol, ProtocolTask, list_protocols
from ..record.record import Record
from .plan import Subject

NAMED_TASKS = 4
"""A record of more tasks than these, and not of all, has a digest of their names in its own."""

ELSEWHERE = f"choose another folder with {in_either('out')}"


def record_path(out: Path, record: Record) -> Path:
    """Where a record is written: `PAIR-PROTOCOL.json`, with more in its name for less than the whole.

    A pair without a name of its own is told apart by the digest of its members and declarations, a run of
    some of the protocol's tasks by their names, one at another level by the level: runs of different
    questions have different files. `-partial` stands for a run that lacks something that was asked for.
    """
    levels = {result.task: result.level for result in record.results}
    lacking = record.failed or any(task.pool.common < record.protocol.sampling.pool for task in record.tasks)
    stem = _stem(record.pair.name, _digest_of(_declared(Subject.recorded(record))))
    return out / f"{stem}-{_question(record.protocol, levels, bool(lacking))}.json"


def check_replaces_no_other(
    out: Path,
    spec: PairSpec,
    protocol: Protocol,
    asked: Sequence[ProtocolTask],
    find_subject: Callable[[], Subject | None],
) -> None:
    """Raises OutputError where a run's record would replace one of another pair or protocol, or no record.

    Names do not tell: a listed pair's weights can be of another revision, and a caller's own entry or
    protocol can have a listed one's name. One of the same pair and protocol may be replaced. Whether the run
    will lack something is not known before it, so that neither of its two names may be another's.

    `find_subject` is asked only where a file may be in the way, as it may have to read all weights. Where it
    gives None, because they are not here, a listed pair's protocol is checked alone.
    """
    levels = {task.name: task.level for task in asked}
    questions = [_question(protocol, levels, lacking) for lacking in (False, True)]
    if not any(_may_be_there(out, spec.name, question) for question in questions):
        return
    subject = find_subject()
    if subject is None and spec.name not in list_pairs():
        return
    declared = None if subject is None else _declared(subject)
    for question in questions:
        path = out / f"{_stem(spec.name, _digest_of(declared))}-{question}.json"
        if _is_there(path):
            _check_same(path, spec, declared, protocol)


def _check_same(path: Path, spec: PairSpec, declared: Mapping[str, Any] | None, protocol: Protocol) -> None:
    try:
        found = read_model(path, Record)
    except NotComputable as error:
        # It may well be the record of another version of mechshift, which that one reads.
        raise OutputError(
            f"a record would be written to {path}, and what is there cannot be told to be of the same run: "
            f"{error.problem}",
            f"keep that file elsewhere, or {ELSEWHERE}",
        ) from error
    if declared is not None:
        # A record does not tell the lines that were declared from those that loading noted after them.
        first = found.pair.confounds[: len(spec.confounds)]
        there, here = (
            {**_declared(Subject.recorded(found)), "confounds": first},
            {**declared, "confounds": spec.confounds},
        )
        # A listed pair has the name that it is asked for by.
        _refuse_other(path, f"pair {spec.name}", there, here, spec.name not in list_pairs())
    there, here = _settings(found.protocol), _settings(protocol)
    # Only Python has protocols that are not listed.
    _refuse_other(path, f"protocol {protocol.name}", there, here, protocol not in list_protocols())


def _refuse_other(
    path: Path, what: str, there: Mapping[str, Any], here: Mapping[str, Any], own: bool
) -> None:
    """Raises OutputError where two differ; `own` tells that the caller has named what is here."""
    if there == here:
        return
    rename = f"give this {what.split()[0]} a name of its own, or " if own else ""
    raise OutputError(
        f"{path} is the record of another {what}: {'; '.join(_differences(there, here))}",
        f"{rename}{ELSEWHERE}",
    )


def _declared(subject: Subject) -> dict[str, Any]:
    """What makes a pair the one it is: digests and declarations, wherever its checkpoints lie.

    Nothing that is computed belongs here: of the same pair it may differ between machines and versions.
    """
    members = {
        f"{called}'s {name}": value
        for called, member in (("ARM", "arm"), ("MDM", "mdm"))
        for name, value in subject.members[member].items()
    }
    return members | dict(subject.tokens)


def _settings(protocol: Protocol) -> dict[str, Any]:
    asked = {f"task {task.name}": f"{task.level}@{task.version}" for task in protocol.tasks}
    return dict(protocol.settings()) | asked


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        before, now = there.get(name, "absent"), here.get(name, "absent")
        if before != now:
            shown = _shown(str(before), str(now))
            yield f"{name} is {shown[0]} there and {shown[1]} here"


LONGEST = 40
"""Characters of a value in a message; of a longer one those from where the two differ."""


def _shown(before: str, now: str) -> tuple[str, str]:
    if max(len(before), len(now)) <= LONGEST:
        return before, now
    pairs = enumerate(zip(before, now, strict=False))
    shorter = min(len(before), len(now))
    start = next((place for place, (one, other) in pairs if one != other), shorter)
    return _from(before, start), _from(now, start)


def _from(text: str, start: int) -> str:
    shown = text[start : start + LONGEST] or "nothing more"
    return f"{'…' if start else ''}{shown}{'…' if start + LONGEST < len(text) else ''}"


def _may_be_there(out: Path, name: str, question: str) -> bool:
    """Whether a record of a pair of that name may be in the folder, whatever the digest in the file's name.

    Raises OutputError where the file system could not write it.
    """
    file = f"{_stem(name, DIGITS * '0')}-{question}.json"
    # Whether a name is too long does not depend on its digits, and shows only in a folder that is there.
    _is_there(nearest(out) / file)
    if _is_there(out / file):
        return True
    pattern = f"{_stem(glob.escape(name), DIGITS * '?')}-{glob.escape(question)}.json"
    return name not in list_pairs() and any(out.glob(pattern))


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise refused(path, error) from error
    return True


def _stem(pair: str, digest: str) -> str:
    name = pair.replace("/", "-")
    # Two checkpoints can have the names of two others.
    return name if pair in list_pairs() else f"{name}-{digest}"


def _question(protocol: Protocol, levels: Mapping[str, str], lacking: bool) -> str:
    """What the name of a record's file says besides the pair."""
    return "-".join((protocol.name, *_selection(protocol, levels), *(["partial"] if lacking else [])))


def _selection(protocol: Protocol, levels: Mapping[str, str]) -> Iterator[str]:
    """What tells a record of tasks, by name at their levels, from one of its protocol's whole."""
    if levels.keys() != {task.name for task in protocol.tasks}:
        ordered = sorted(levels)
        yield "+".join(ordered) if len(ordered) <= NAMED_TASKS else _short_digest(" ".join(ordered))
    yield from sorted(
        {
            level
            for name, level in levels.items()
            if (known := protocol.task(name)) is None or level != known.level
        }
    )


def _digest_of(declared: Mapping[str, Any] | None) -> str:
    return _short_digest(json.dumps(declared, sort_keys=True))


DIGITS = 8
"""Of a digest in the name of a file."""


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
