"""What `mechshift run` asks before it loads anything: what it would do and take, and if that is there."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ...errors import NotComputable, PairError, UsageError, unknown
from ...files import nearest
from ...tasks import Task
from ..asking.states import ROWS
from ..circuits.graph import Graph
from ..pairs.device_map import DeviceMap
from ..pairs.devices import choose_device, choose_devices, free_on_accelerators, named_device
from ..pairs.limits import USUAL, Limits
from ..pairs.pair import Provenance
from ..pairs.ranks import this_rank
from ..pairs.spec import PairSpec
from ..pairs.threads import available_cores, suited_threads
from ..record.protocol import Protocol, ProtocolTask
from ..run.assembly import as_asked
from ..run.plan import Subject
from ..run.provenance import make_subject
from ..run.record_file import check_replaces_no_other
from ..run.run import check_applies
from ..run.store import Store, check_writable
from .forecast import (
    MARGIN,
    Forecast,
    check_fits,
    fitting,
    fitting_rows,
    forecast,
    least,
    refusal,
    remedy,
    sampled_forecast,
)
from .machine import Machine, asked_machine, this_machine
from .planned import Planned, list_plan
from .probe import Speeds, measure_speeds, stated_speeds
from .report import as_json, render
from .sizes import Sketch, sketch_pair
from .weights import examine_weights, weights_at_hand


@dataclass(frozen=True)
class Asked:
    """What a run was asked for.

    `tasks` None: the protocol's; `rows` None: 64, or as many as fit; `workers` None: as many as help.
    `memory`: bytes that a process may take where the model is, None for what is free.
    """

    spec: PairSpec
    protocol: Protocol
    tasks: Sequence[Task] | None
    level: str | None
    rows: int | None
    workers: int | None
    device: str | DeviceMap | None
    offline: bool = False
    memory: int | None = None


@dataclass(frozen=True)
class Fits:
    """How a run is made to fit: token rows at once, processes that share its tasks, how the pair is held."""

    rows: int
    workers: int
    limits: Limits = USUAL


@dataclass(frozen=True)
class DryRun:
    """A forecast and a plan, the machine they are for, and the bytes free where results would be written.

    `workers`: processes that would share the tasks.
    """

    forecast: Forecast
    planned: Planned
    machine: Machine
    free_disk: int
    workers: int

    def text(self) -> str:
        """The forecast as a page."""
        return render(self.forecast, self.planned, self.machine, self.free_disk, self.workers)

    def json(self) -> dict[str, Any]:
        """The forecast as JSON takes it."""
        return as_json(self.forecast, self.planned, self.machine, self.free_disk, self.workers)

    def check(self) -> None:
        """Raises NotComputable where the run clearly does not fit, or takes more memory than it may."""
        if self.forecast.limits.bounded:
            check_within(self.forecast, self.machine)
        check_fits(self.forecast, self.machine)


def dry_run(asked: Asked, out: Path, probe: float | None = None, tflops: float | None = None) -> DryRun:
    """What a run would do and take, with no model loaded and nothing left that was not there.

    With `asked.memory` the run keeps to it. If this machine lacks as much, or the device, the forecast is for
    another one. `probe`: seconds to measure this machine for; `tflops`: TFLOP a second of the device, as
    stated; None of both to go by earlier runs in `out` alone. Raises whatever the run would raise before a
    model of its runs: UsageError and NotComputable for tasks, levels and protocols that do not go together,
    PairError for checkpoints, OutputError for `out`; UsageError also for a memory or a probe that makes no
    sense.
    """
    device, place = _place(asked)
    if device is None and probe is not None:
        raise UsageError("--memory asks about another machine, and --probe measures this one", "give one")
    if tflops is not None and probe is not None:
        raise UsageError("--tflops states a speed, and --probe measures one", "give one")
    tasks = _tasks(asked)
    # Before weights are read, which takes minutes for large pairs.
    check_writable(out)
    sketch = _sketch(asked)
    subject = _subject(sketch, device)
    check_replaces_no_other(out, asked.spec, asked.protocol, tasks, lambda: subject)
    whole = forecast(sketch, tasks, asked.protocol, asked.rows or ROWS, _limits(asked))
    found = _chosen(whole, asked, place)
    if (found.rows, found.limits) != (whole.rows, whole.limits):
        # The passes too.
        found = forecast(sketch, tasks, asked.protocol, found.rows, found.limits)
    speeds: Speeds | None = None
    if tflops is not None:
        speeds = stated_speeds(found, tflops)
    elif device is not None and probe is not None:
        speeds = measure_speeds(found, device, probe)
    planned = list_plan(found, tasks, asked.protocol, subject, Store(out), speeds)
    workers = _workers(asked, found, place, device)
    return DryRun(found, planned, place, shutil.disk_usage(nearest(out)).free, workers)


def asked_subject(asked: Asked) -> tuple[Subject | None, Graph]:
    """What the keys of an asked run's cells are of, for which all weights are read, and the graph.

    None where the weights are not here. Raises as `dry_run` does.
    """
    sketch = _sketch(asked)
    graph = Graph.of(sketch.arm.backbone.shape, asked.protocol.scoring.kv)
    return _subject(sketch, choose_device(asked.device)), graph


def _subject(sketch: Sketch, device: torch.device | None) -> Subject | None:
    """What the keys of the cells are of, for which all weights are read.

    None where the weights are not here or are yet to be given noise, and for another machine, whose cells are
    not known: of it no weights are read, only whether they are whole.
    """
    checkpoints = [weights_at_hand(one) for one in sketch.checkpoints]
    # The digest of weights with noise is known when there are such.
    if device is None or sketch.spec.noise is not None:
        return None
    described: list[Provenance] = []
    members = zip(
        checkpoints, (sketch.arm, sketch.mdm), (sketch.spec.arm, sketch.spec.mdm), sketch.dtypes, strict=True
    )
    for checkpoint, member, spec, dtype in members:
        if checkpoint is not None:
            digest = examine_weights(checkpoint, member, spec.loader, dtype)
            native, kind = type(member.backbone.model).__name__, str(dtype).removeprefix("torch.")
            described.append(Provenance(checkpoint.name, checkpoint.revision, digest, native, kind))
    if len(described) < len(checkpoints):
        return None
    weights = described[0], described[1]
    return make_subject(sketch.spec, weights, sketch.tokenizer_digest, sketch.mdm.mask_id, device)


def _place(asked: Asked) -> tuple[torch.device | None, Machine]:
    """The device of this machine that a run would have, None of another machine, and its memory."""
    if asked.memory is None:
        device = choose_device(asked.device)
        return device, _here(asked)
    kind = _kind(asked.device)
    if kind is not None and kind not in KINDS:
        raise unknown("device", kind, KINDS)
    try:
        device = choose_device(asked.device)
    except PairError:  # it is not of this machine
        return None, asked_machine(asked.memory, kind)
    here = _here(asked).device >= asked.memory
    return device if here else None, asked_machine(asked.memory, device.type)


def _kind(device: str | DeviceMap | None) -> str | None:
    """The kind of device that is asked for, where one is."""
    if isinstance(device, DeviceMap):
        return named_device(device.parts[0][1]).type if device.parts else None
    return None if device is None else device.partition(":")[0]


def _here(asked: Asked) -> Machine:
    """What is free where a run would be; on several devices, on the one that has least."""
    devices = choose_devices(asked.device)
    found = min(map(this_machine, devices), key=lambda machine: machine.device)
    return found if len(devices) == 1 else replace(found, name=f"{found.name}, one of {len(devices)}")


def _limits(asked: Asked) -> Limits:
    """How the pair is held as long as there is room."""
    return replace(USUAL, bounded=asked.memory is not None)


def _chosen(found: Forecast, asked: Asked, place: Machine) -> Forecast:
    """The run held so that it fits, at the rows that were asked for; else in the way that takes least.

    Within a bound that was given it has to fit by all of the forecast. In what is free it may just fit,
    before members are held one at a time, or less at once than is fast.
    """
    if asked.memory is None:
        usual = found.changed(fitting_rows(found, place) if asked.rows is None else asked.rows)
        if usual.share(place) <= MARGIN:
            return usual
    return fitting(found, place, asked.rows) or least(found, asked.rows)


WORTH_A_PROCESS = 2e11
"""Operations that are worth a process of their own: a core takes some 20 seconds for them, and 8 to begin."""

KINDS = ("cpu", "cuda", "mps", "xpu")
"""Devices that a run may be asked about."""


def what_fits(asked: Asked, out: Path) -> Fits:
    """The token rows that a run takes at once, as asked for, else 64 or as many as fit; and what else fits.

    Raises, before anything is loaded, NotComputable for a run that clearly does not fit, or not within the
    memory that it was given, or that its protocol says nothing about, and OutputError where its record would
    replace another run's in `out`. A few examples of each task tell that a run fits; all are looked at only
    where they do not, or memory was given.
    """
    device = choose_device(asked.device)
    machine = _here(asked)
    sketch, tasks, wanted = _sketch(asked), _tasks(asked), asked.rows or ROWS
    check_replaces_no_other(out, asked.spec, asked.protocol, tasks, lambda: _subject(sketch, device))
    if asked.memory is None:
        # The sample seldom predicts too little, so if it fits, encoding all examples can be spared.
        sample = sampled_forecast(sketch, tasks, asked.protocol, wanted)
        if sample.share(machine) <= 1:
            return Fits(wanted, _workers(asked, sample, machine, device))
    whole = forecast(sketch, tasks, asked.protocol, wanted, _limits(asked))
    # A bound alone decides how the pair is held, so that all machines with one command do the same.
    place = machine if asked.memory is None else asked_machine(asked.memory, device.type)
    found = _chosen(whole, asked, place)
    if asked.memory is not None:
        check_within(found, place)
    check_fits(found, machine)
    return Fits(found.rows, _workers(asked, found, machine, device), found.limits)


def check_within(found: Forecast, place: Machine) -> None:
    """Raises NotComputable for a run that takes more than it may, as forecast."""
    if found.share(place) > 1:
        raise NotComputable(refusal(found, place), remedy(found, place))


def _workers(asked: Asked, found: Forecast, machine: Machine, device: torch.device | None) -> int:
    """Processes that share a run's cells: as asked for, else as many as help and fit.

    A wide model has all cores already, and an accelerator is one. A process takes seconds to begin. `device`
    None: of another machine, whose cores are not known.
    """
    # A launcher has started as many on this host, each of which asks for as many.
    beside = 1 if device is None else this_rank().beside
    share = found.share(machine) * (beside if machine.shared else 1)
    if asked.workers is not None:
        number = asked.workers
        if number > 1 and number * share > MARGIN:
            raise NotComputable(
                f"{number} processes need {number} times the memory of one: {refusal(found, machine)}",
                f"give --workers {max(1, int(1 / share))}",
            )
        return number
    if device is None or device.type != "cpu" or suited_threads(device, found.sketch.sizes[0].width) != 1:
        return 1
    most = min(available_cores() // beside, len(found.tasks), int(1 / max(share, 1e-9)))
    return max(1, min(most, int(found.flop / WORTH_A_PROCESS)))


def _sketch(asked: Asked) -> Sketch:
    """The pair without its weights, of a size that the protocol applies to."""
    sketch = sketch_pair(asked.spec, asked.offline)
    graph = Graph.of(sketch.arm.backbone.shape, asked.protocol.scoring.kv)
    check_applies(graph.edges, asked.spec.name, asked.protocol)
    if not isinstance(asked.device, DeviceMap):
        return sketch
    return sketch.spread_by(asked.device, free_on_accelerators() if asked.device.way is not None else {})


def _tasks(asked: Asked) -> tuple[ProtocolTask, ...]:
    names = None if asked.tasks is None else [task.card.name for task in asked.tasks]
    return as_asked(asked.protocol, names, asked.level)
