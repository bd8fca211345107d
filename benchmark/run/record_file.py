"""Where a run writes its record, and which record of an earlier run it may replace there."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import NotComputable, OutputError
from ..pairs.registry import list_pairs
from ..pairs.words import in_either
from ..record.files import read_model
from ..record.protocol import Protocol, ProtocolTask
from ..record.types import PairProvenance, Record

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
    return _path(out, record.pair, record.protocol, levels, bool(lacking))


def check_replaces_no_other(
    out: Path, pair: PairProvenance, protocol: Protocol, asked: Sequence[ProtocolTask]
) -> None:
    """Raises OutputError where a run's record would replace one of another pair or protocol, or no record.

    Names do not tell: a listed pair's weights can be of another revision, and a caller's own entry or
    protocol can have a listed one's name. One of the same pair and protocol may be replaced. Whether the run
    will lack something is not known before it, so that neither of its two names may be another's.
    """
    levels = {task.name: task.level for task in asked}
    for lacking in (False, True):
        path = _path(out, pair, protocol, levels, lacking)
        if path.exists():
            _check_same(path, pair, protocol)


def _check_same(path: Path, pair: PairProvenance, protocol: Protocol) -> None:
    try:
        found = read_model(path, Record)
    except NotComputable as error:
        # It may well be the record of another version of mechshift, which that one reads.
        raise OutputError(
            f"a record would be written to {path}, and what is there cannot be told to be of the same run: "
            f"{error.problem}",
            f"keep that file elsewhere, or {ELSEWHERE}",
        ) from error
    checked = (
        ("pair", pair.name, _declared(found.pair), _declared(pair)),
        ("protocol", protocol.name, _settings(found.protocol), _settings(protocol)),
    )
    for kind, name, there, here in checked:
        if there != here:
            raise OutputError(
                f"{path} is the record of another {kind} {name}: {'; '.join(_differences(there, here))}",
                f"give this {kind} a name of its own, or {ELSEWHERE}",
            )


def _declared(pair: PairProvenance) -> dict[str, Any]:
    """What makes a pair the one it is: its weights and declarations, wherever its checkpoints lie."""
    members = {
        f"{role}'s {name}": value
        for role, member in (("ARM", pair.arm), ("MDM", pair.mdm))
        for name, value in member
        if name not in ("checkpoint", "revision")
    }
    own = pair.model_dump(include={"control", "confounds", "mask_id", "tokenizer"})
    return members | own


def _settings(protocol: Protocol) -> dict[str, Any]:
    asked = {f"task {task.name}": f"{task.level}@{task.version}" for task in protocol.tasks}
    return dict(protocol.settings()) | asked


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        before, now = there.get(name, "absent"), here.get(name, "absent")
        if before != now:
            yield f"{name} is {_shown(before)} there and {_shown(now)} here"


LONGEST = 40
"""Characters of a value in a message; the digests that differ do so in their first."""


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:12]}…"


def _path(
    out: Path, pair: PairProvenance, protocol: Protocol, levels: Mapping[str, str], lacking: bool
) -> Path:
    name = pair.name.replace("/", "-")
    # Two checkpoints can have the names of two others.
    if pair.name not in list_pairs():
        name += "-" + _short_digest(pair.model_dump_json())
    parts = [name, protocol.name, *_selection(protocol, levels), *(["partial"] if lacking else [])]
    return out / f"{'-'.join(parts)}.json"


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


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
