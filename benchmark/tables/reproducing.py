"""The command that makes a record again, quoted for a shell."""

import shlex
from pathlib import PurePosixPath

from ..pairs.registry import list_pairs
from ..record.official import varied_from
from ..record.provenance import LineProvenance, MemberProvenance, NoiseProvenance, PairProvenance
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
    """The protocol by name; with another method, selection or seed the listed one, and what differs."""
    protocol = record.protocol
    known = varied_from(protocol)
    if known is None:
        return ["--protocol", protocol.name]
    options = {
        "--scores": (protocol.scoring.method, known.scoring.method),
        "--selection": (protocol.sweeping.selection, known.sweeping.selection),
        "--seed": (protocol.sampling.seed, known.sampling.seed),
    }
    words = ["--protocol", known.name]
    return words + [
        word for name, (own, listed) in options.items() if own != listed for word in (name, str(own))
    ]


def _pair(record: Record) -> list[str]:
    pair = record.pair
    if pair.line is not None:
        return _line(pair, pair.line)
    if _is_listed(record):
        return ["--pair", pair.name]
    words = ["--arm", _checkpoint(pair.arm), "--mdm", _checkpoint(pair.mdm)]
    if pair.control:
        words.append("--as-control")
    else:
        words += ["--attention", pair.mdm.attention, "--shift" if pair.mdm.shift else "--no-shift"]
    return [*words, "--mask-token", str(pair.mask_id), "--name", pair.name]


def _line(pair: PairProvenance, line: LineProvenance) -> list[str]:
    """A line is made by the run of its pair, which its record names by its own name alone."""
    seed = f":{line.noise.seed}" if line.noise is not None and line.noise.seed else ""
    beside = pair.name.removesuffix(f"-{line.name}{seed.replace(':', '-')}")
    option = ["--line", f"{line.name}{seed}"]
    if beside in list_pairs():
        return ["--pair", beside, *option]
    # Of the MDM nothing is left in the ARM under another mask.
    mdm = "MDM" if line.name == "arm-bidirectional" else _checkpoint(line.noise or pair.mdm)
    return ["--arm", _checkpoint(pair.arm), "--mdm", mdm, *option]


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


def _checkpoint(member: MemberProvenance | NoiseProvenance) -> str:
    return f"{member.checkpoint}@{member.revision}" if member.revision else member.checkpoint
