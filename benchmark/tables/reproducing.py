"""The command that makes a record again, quoted for a shell."""

import shlex
from pathlib import PurePosixPath

from ..pairs.registry import list_pairs
from ..record.protocol import list_protocols
from ..record.provenance import MemberProvenance
from ..record.record import Record


def command(record: Record) -> str:
    """What to type: the pair by name where this package lists it, else its two checkpoints as declared."""
    words = ["mechshift", "run", *_pair(record), *_protocol(record)]
    asked = [task.task for task in record.results]
    if set(asked) != {task.name for task in record.protocol.tasks}:
        words += [word for task in asked for word in ("--task", task)]
    levels = {task.level for task in record.results}
    if levels and levels.isdisjoint(task.level for task in record.protocol.tasks):
        words += ["--level", *sorted(levels)[:1]]
    return shlex.join(words)


def _protocol(record: Record) -> list[str]:
    """The protocol by name; of one on the examples of another seed, the one it is made of and the seed."""
    protocol, seed = record.protocol, record.protocol.sampling.seed
    for known in list_protocols():
        if protocol != known and protocol == known.reseeded(seed):
            return ["--protocol", known.name, "--seed", str(seed)]
    return ["--protocol", protocol.name]


def _pair(record: Record) -> list[str]:
    pair = record.pair
    if _is_listed(record):
        return ["--pair", pair.name]
    words = ["--arm", _checkpoint(pair.arm), "--mdm", _checkpoint(pair.mdm)]
    if pair.control:
        words.append("--control")
    else:
        words += ["--attention", pair.mdm.attention, "--shift" if pair.mdm.shift else "--no-shift"]
    return [*words, "--mask-token", str(pair.mask_id), "--name", pair.name]


def _is_listed(record: Record) -> bool:
    """Whether the pair that this package lists by the name has the same checkpoints."""
    listed = list_pairs().get(record.pair.name)
    if listed is None:
        return False
    spec, pair = listed.spec, record.pair
    return all(
        # A record names a folder by its last two parts.
        "/".join(PurePosixPath(declared.checkpoint).parts[-2:]) == found.checkpoint
        for declared, found in ((spec.arm, pair.arm), (spec.mdm, pair.mdm))
    )


def _checkpoint(member: MemberProvenance) -> str:
    return f"{member.checkpoint}@{member.revision}" if member.revision else member.checkpoint
