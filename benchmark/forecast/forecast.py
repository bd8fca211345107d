"""All that is known of a run beforehand, whether it fits, and which option would make it fit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...errors import NotComputable
from ..asking.states import ROWS
from ..pairs.limits import SHARES, USUAL, Limits
from ..record.protocol import Protocol, ProtocolTask
from .machine import Machine
from .memory import StagePeak, stage_peaks
from .sizes import Sizes, Sketch
from .workload import Load, MemberWork, Passes, TaskWork, gap_passes, patched_runs, task_work

MARGIN = 1.25
"""A run is refused when its forecast is beyond what is free by this factor, as it can be wrong by a fifth.

Between 1 and this factor a run is tight: it is not refused, and a dry run says so.
"""

WHOLE = ("decoding", "attribution", "entropies")
"""Stages that ask the whole pool, or half of it."""

SAMPLE = 24
"""Examples per task from which a run that is not dry tells whether the question has to be asked in full."""


@dataclass(frozen=True)
class Need:
    """Bytes that are needed of a place's memory, and bytes that are free there."""

    place: str
    needed: int
    free: int

    @property
    def share(self) -> float:
        """What is needed relative to what is free."""
        return self.needed / max(1, self.free)


@dataclass(frozen=True)
class Forecast:
    """A run of a protocol on a pair, `rows` token rows at once: work of each task, peak of each stage.

    `limits`: how the pair is held in memory.
    """

    sketch: Sketch
    protocol: Protocol
    rows: int
    tasks: tuple[TaskWork, ...]
    stages: tuple[StagePeak, ...]
    limits: Limits = USUAL

    @cached_property
    def gaps(self) -> Passes:
        """Passes of the load-time check that has the MDM fill gaps, at most; only a dry run asks."""
        return gap_passes(self.sketch)

    def needed(self, machine: Machine) -> int:
        """Bytes of the highest stage where the model is; with the host's, where both are one memory."""
        return max(stage.together if machine.shared else stage.on_device for stage in self.stages)

    def share(self, machine: Machine) -> float:
        """What is needed relative to what is free, of device or host, whichever is scarcer."""
        return self.scarcest(machine).share

    def scarcest(self, machine: Machine) -> Need:
        """Of device or host the one whose memory is scarcer."""
        device = Need(machine.name, self.needed(machine), machine.device)
        if machine.shared:
            return device
        host = Need(f"the host of {machine.name}", max(each.on_host for each in self.stages), machine.host)
        return max(device, host, key=lambda need: need.share)

    @property
    def asked_sizes(self) -> tuple[Sizes, Sizes]:
        """Of ARM and MDM the dimensions as they are asked, with the protocol's kind of key/value heads."""
        arm, mdm = self.sketch.sizes
        return (arm.ungrouped(), mdm.ungrouped()) if self.protocol.scoring.kv == "ungrouped" else (arm, mdm)

    @property
    def flop(self) -> float:
        """Floating-point operations of the run, about: where a sample was looked at, it counts for the pool.

        Stages of which a protocol limits the examples are taken as they are.
        """
        sizes = self.asked_sizes
        return sum(
            done.flop(of) * (self.protocol.sampling.pool / max(1, work.pooled) if stage in WHOLE else 1)
            for work in self.tasks
            for member, of in zip(work.members, sizes, strict=True)
            for stage, done in member.passes.items()
        )

    @property
    def patched_runs(self) -> int:
        """Runs of a prompt with one edge patched, where edges are scored so; else 0."""
        return patched_runs(self.protocol, self.tasks, self.asked_sizes)

    @property
    def written(self) -> int:
        """Bytes that the run writes: score sums and circuits of both members by task, and JSON files."""
        graph = self.asked_sizes[0].graph
        matrix = graph.sources * graph.destinations
        return sum(2 * (8 * work.groups + 9) * matrix + JSON for work in self.tasks)

    @property
    def to_fetch(self) -> int:
        """Bytes that the run downloads."""
        return sum(each.to_fetch for each in {one.name: one for one in self.sketch.checkpoints}.values())

    def changed(
        self,
        rows: int,
        itemsize: int | None = None,
        protocol: Protocol | None = None,
        limits: Limits | None = None,
    ) -> "Forecast":
        """The same with fewer rows at once, fewer bytes a parameter, other key/value edges, or limits.

        Passes are as they were: `forecast` counts them.
        """
        sizes = [
            replace(one, itemsize=min(one.itemsize, itemsize or one.itemsize)) for one in self.sketch.sizes
        ]
        held, chosen = limits or self.limits, protocol or self.protocol
        tasks = tuple(_with_rows(work, rows) for work in self.tasks)
        sketch = _held(replace(self.sketch, sizes=(sizes[0], sizes[1])), held)
        return Forecast(sketch, chosen, rows, tasks, _stages(sketch, tasks, chosen, held), held)


JSON = 150_000
"""Bytes of a task's JSON files and of its part of the record."""


def forecast(
    sketch: Sketch, tasks: Sequence[ProtocolTask], protocol: Protocol, rows: int, limits: Limits = USUAL
) -> Forecast:
    """The forecast of a run. Raises as `task_work`."""
    held = _held(sketch, limits)
    works = tuple(task_work(held, task, protocol, rows, len(tasks) - 1) for task in tasks)
    return Forecast(held, protocol, rows, works, _stages(held, works, protocol, limits), limits)


def sampled_forecast(
    sketch: Sketch, tasks: Sequence[ProtocolTask], protocol: Protocol, rows: int
) -> Forecast:
    """A forecast from a few examples of each task as if every batch were full: quick, and seldom too low."""
    # Few examples give batches that are not full, so their rows are scaled up afterwards.
    few = protocol.changed(pool=min(SAMPLE, protocol.sampling.pool))
    found = forecast(sketch, tasks, few, rows)
    works = tuple(_with_rows(work, rows, full=True) for work in found.tasks)
    works = tuple(replace(work, groups=max(work.groups, protocol.halving.groups)) for work in works)
    return replace(found, protocol=protocol, tasks=works, stages=_stages(sketch, works, protocol, USUAL))


def fitting_rows(found: Forecast, machine: Machine, most: int = ROWS) -> int:
    """The largest of `most`, half of it, and so on with which the run fits, else is tight; else `most`."""
    halves = [most >> power for power in range(most.bit_length())]
    shares = [found.changed(rows).share(machine) for rows in halves]
    # First a size that fits, and only if none does, one that may just fit.
    for limit in (1, MARGIN):
        for rows, share in zip(halves, shares, strict=True):
            if share <= limit:
                return rows
    return most


def fitting(found: Forecast, machine: Machine, rows: int | None) -> Forecast | None:
    """The run held in the first way in which it fits; None where it fits in none.

    Ways are tried in this order: fewer rows at once (unless `rows` are asked for), one member at a time, and
    less at once of what one row takes. They follow from the forecast and the memory alone, and not from what
    is there already, so that processes with the same command choose the same.
    """
    ways = (found.changed(number, limits=limits) for number, limits in _ways(found, rows))
    return next((way for way in ways if way.share(machine) <= 1), None)


def least(found: Forecast, rows: int | None) -> Forecast:
    """The run held in the way that takes least, whether or not it fits."""
    *_, (number, limits) = _ways(found, rows)
    return found.changed(number, limits=limits)


def _ways(found: Forecast, asked: int | None) -> Iterator[tuple[int, Limits]]:
    rows = [ROWS >> power for power in range(ROWS.bit_length())] if asked is None else [asked]
    # The weights of an ARM with noise follow from two others, so that they are kept once they are made.
    kept = found.sketch.spec.noise is not None
    for share, numbers in ((1.0, rows), *((share, rows[-1:]) for share in SHARES)):
        for in_turn in (False,) if kept else (False, True):
            limits = replace(found.limits, share=share, in_turn=in_turn)
            yield from ((number, limits) for number in numbers)


def remedies(found: Forecast, machine: Machine) -> list[str]:
    """Options of the command line with any of which the run would fit, the least change first."""
    return [option for option, changed in _changes(found) if changed.share(machine) <= 1]


def _changes(found: Forecast) -> Iterator[tuple[str, Forecast]]:
    """What can be changed; of several numbers of rows the largest comes first."""
    rows = [2**power for power in range(found.rows.bit_length() - 1, -1, -1) if 2**power < found.rows]
    kinds: list[tuple[str, int | None, Protocol | None]] = [("", None, None)]
    if max(one.itemsize for one in found.sketch.sizes) > 2:
        kinds.append(("--dtype bfloat16", 2, None))
    if found.protocol.scoring.kv == "ungrouped" and any(one.copied for one in found.sketch.sizes):
        kinds.append(("--protocol v2", None, found.protocol.changed(kv="grouped")))
    for option, itemsize, protocol in kinds:
        if option:
            yield option, found.changed(found.rows, itemsize, protocol)
        for number in rows:
            yield f"{option} --batch {number}".strip(), found.changed(number, itemsize, protocol)


def check_fits(found: Forecast, machine: Machine) -> None:
    """Raises NotComputable, with the options that would make it fit, for a run that clearly does not."""
    if found.share(machine) > MARGIN:
        raise NotComputable(refusal(found, machine), remedy(found, machine))


def refusal(found: Forecast, machine: Machine) -> str:
    """What is needed of which memory, and how much there is."""
    need = found.scarcest(machine)
    if found.limits.bounded:
        return (
            f"the run takes {need.needed / 1e9:.2f} GB of memory at least, and --memory allows "
            f"{need.free / 1e9:.2f} GB"
        )
    return (
        f"the run needs {gigabytes(need.needed)} of memory at {found.rows} token rows, and {need.place} has "
        f"{gigabytes(need.free)} free"
    )


def remedy(found: Forecast, machine: Machine) -> str:
    """The options that would make a run fit, each the least of its kind, or how much memory it needs."""
    kinds: dict[str, str] = {}
    if found.limits.bounded:
        # Rounded up, as the number that is told has to do.
        kinds["--memory"] = f"--memory {math.ceil(found.needed(machine) / 1e7) / 100:g}GB"
    for option in remedies(found, machine):
        # Options come with the least change first, so the first of each kind is the mildest.
        kinds.setdefault(option.partition("--batch")[0], option)
    if kinds:
        return "it fits with " + ", or with ".join(kinds.values())
    needs = [found, *(changed for _, changed in _changes(found))]
    least = min((each.scarcest(machine) for each in needs), key=lambda need: need.share)
    spread = "" if machine.shared or found.sketch.devices else ", several devices (--device-map)"
    return (
        f"no option makes it fit: of {least.place} it needs {gigabytes(least.needed)} at the least; "
        f"choose a larger machine{spread} or a smaller pair"
    )


def gigabytes(size: float) -> str:
    """A number of bytes in GB, 10⁹ bytes."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e9:.3f} GB"


def _held(sketch: Sketch, limits: Limits) -> Sketch:
    arm, mdm = (replace(one, share=limits.share) for one in sketch.sizes)
    return replace(sketch, sizes=(arm, mdm))


def _stages(
    sketch: Sketch, works: Sequence[TaskWork], protocol: Protocol, limits: Limits
) -> tuple[StagePeak, ...]:
    stored = [each.weights for each in sketch.checkpoints]
    return stage_peaks(sketch.sizes, stored, works, protocol, limits.in_turn)


def _with_rows(work: TaskWork, rows: int, full: bool = False) -> TaskWork:
    return replace(work, arm=_cut_work(work.arm, rows, full), mdm=_cut_work(work.mdm, rows, full))


def _cut_work(work: MemberWork, rows: int, full: bool) -> MemberWork:
    decoding, attribution, swept, evaluation, removed, beside = (
        tuple(_cut(load, rows, full) for load in loads)
        for loads in (
            work.decoding,
            work.attribution,
            work.swept,
            work.evaluation,
            work.removed,
            work.beside,
        )
    )
    return MemberWork(decoding, attribution, swept, evaluation, removed, beside, work.passes)


def _cut(load: Load, rows: int, full: bool) -> Load:
    """A batch of so many rows at most, but of one example at the least; with `full` of that many."""
    of_example = -(-load.rows // load.examples)
    wanted = max(rows, of_example)
    wanted = wanted if full else min(wanted, load.rows)
    scale = wanted / load.rows
    return replace(
        load,
        rows=wanted,
        reads=max(1, round(scale * load.reads)),
        examples=max(1, round(scale * load.examples)),
        distinct=min(load.distinct, wanted),
    )
