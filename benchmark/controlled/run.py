"""A pair, its controls and its lines, measured one after the other: two models are in memory at most."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import PairError
from ..admission.load import load_pair
from ..pairs.device_map import DeviceMap
from ..pairs.limits import USUAL, Limits
from ..pairs.pair import Pair
from ..pairs.spec import PairSpec
from ..record.protocol import Protocol
from ..record.record import Record
from ..run.assembly import check_compared
from ..run.progress import Announce, Progress, announce_nothing
from ..run.provenance import public_checkpoint
from ..run.record_file import record_path
from ..run.run import measure_and_write
from ..verdict.read import judge_files
from ..verdict.verdict import PairVerdict
from .beside import Beside


@dataclass(frozen=True)
class ControlledRun:
    """The records of a pair, of its controls and of its lines, and the verdict on the pair beside them."""

    record: Record
    controls: tuple[Record, ...]
    lines: tuple[Record, ...]
    verdict: PairVerdict

    def __repr__(self) -> str:
        beside = [each.pair.name for each in (*self.controls, *self.lines)]
        return f"ControlledRun({self.record.pair.name!r} beside {beside})"


@dataclass(frozen=True)
class Conditions:
    """What the pair and all beside it are measured under, and where: as `run.run` and `load_pair` take it."""

    protocol: Protocol
    out: Path
    tasks: Sequence[str] | None = None
    level: str | None = None
    device: str | DeviceMap | None = None
    offline: bool = False
    accept_behaviour: bool = False


@dataclass(frozen=True)
class Room:
    """Token rows at once, processes that share the tasks, and how the pair is held, of one of the runs."""

    rows: int
    workers: int
    limits: Limits = USUAL


def run_with_controls(
    pair: PairSpec | Pair,
    beside: Beside,
    conditions: Conditions,
    rooms: Sequence[Room],
    progress: Progress,
    announce: Announce = announce_nothing,
) -> ControlledRun:
    """Measure a pair and then all that stands beside it, each into a record of its own, and judge the pair.

    What is already in the folder is not done again, so that the same call goes on where it was stopped.
    `rooms`: of the pair, then of its controls and lines; `announce` is told what is measured next. A pair
    that was loaded by the caller stays in memory; any other is given back before the next is loaded. Raises
    as `load_pair` and `run.run` do, PairError also where a control turns out to have another ARM, or the
    weights of another model that is measured here.
    """
    specs = (pair.spec if isinstance(pair, Pair) else pair, *beside.specs)
    records: list[Record] = []
    for number, (spec, room) in enumerate(zip(specs, rooms, strict=True)):
        announce(f"{_kind(spec)} {spec.name}, {number + 1} of {len(specs)}")
        loaded = pair if number == 0 and isinstance(pair, Pair) else None
        found = _measure(spec, loaded, conditions, room, progress, records)
        if number == 0:
            check_compared(found)
        records.append(found)
        # Whatever still refers to a model of this pair in a circle.
        gc.collect()
    record, *others = records
    controls, lines = others[: len(beside.controls)], others[len(beside.controls) :]
    places = [record_path(conditions.out, each) for each in records]
    verdict = judge_files(
        places[0], places[1 : 1 + len(controls)], announce=announce, lines=places[1 + len(controls) :]
    )
    return ControlledRun(record, tuple(controls), tuple(lines), verdict)


def _measure(
    spec: PairSpec,
    loaded: Pair | None,
    conditions: Conditions,
    room: Room,
    progress: Progress,
    before: Sequence[Record],
) -> Record:
    pair = loaded or load_pair(
        spec, conditions.device, conditions.offline, conditions.accept_behaviour, room.limits
    )
    check_beside(before, pair)
    return measure_and_write(
        pair,
        conditions.protocol,
        conditions.out,
        conditions.tasks,
        conditions.level,
        room.rows,
        progress,
        room.workers,
    )


def check_beside(before: Sequence[Record], pair: Pair) -> None:
    """Raises PairError for a loaded pair that may not stand beside those measured before it, the pair first.

    Digests tell for certain, but are known only once weights are there.
    """
    if not before:
        return
    if pair.arm_provenance.digest != before[0].pair.arm.digest:
        raise PairError(
            f"the ARM of {pair.spec.name} has other weights than that of {before[0].pair.name}",
            "name a control of the very same ARM; the record of the pair is kept",
        )
    if pair.spec.line is not None:
        return
    # An entry may declare the pair's own MDM, asked as an ARM, but no copy of it passes for a training.
    itself = before[0].pair.mdm
    declared = pair.spec.control and public_checkpoint(pair.mdm_provenance.checkpoint) == itself.checkpoint
    for record in before[1:] if declared else before:
        if pair.mdm_provenance.digest == record.pair.mdm.digest:
            raise PairError(
                f"control {pair.spec.name} has the same weights as the second member of {record.pair.name}",
                "give each control once; the records that are done are kept",
            )


def _kind(spec: PairSpec) -> str:
    return "line" if spec.line else "control" if spec.control else "pair"
