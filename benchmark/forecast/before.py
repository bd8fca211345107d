"""What `mechshift run` asks before it loads anything: what it would take, and whether that is there."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError, unknown
from ...tasks import Task, get_task
from ..asking.states import ROWS
from ..pairs.loading import choose_device
from ..pairs.spec import PairSpec
from ..record.protocol import Protocol
from .forecast import Forecast, check_fits, fitting_rows, forecast, sampled_forecast
from .machine import Machine, asked_machine, this_machine
from .report import as_json, render
from .sizes import sketch_pair


@dataclass(frozen=True)
class Asked:
    """What a run was asked for. `tasks` None: the protocol's suite; `rows` None: 64, or as many as fit."""

    spec: PairSpec
    protocol: Protocol
    tasks: Sequence[Task] | None
    level: str | None
    rows: int | None
    device: str | None
    offline: bool = False


@dataclass(frozen=True)
class DryRun:
    """A forecast, the machine it is for, and the bytes that are free where results would be written."""

    forecast: Forecast
    machine: Machine
    free_disk: int

    def text(self) -> str:
        """The forecast as a page."""
        return render(self.forecast, self.machine, self.free_disk)

    def json(self) -> dict[str, Any]:
        """The forecast as JSON takes it."""
        return as_json(self.forecast, self.machine, self.free_disk)

    def check(self) -> None:
        """Raises NotComputable where the run clearly does not fit."""
        check_fits(self.forecast, self.machine)


def dry_run(asked: Asked, memory: float | None, out: Path) -> DryRun:
    """What a run would take, with nothing loaded and nothing written.

    `memory`: GB of the device of another machine, None for this one. Raises UsageError for a memory that is
    not positive or beyond all machines and for an unknown device, and as `sketch_pair` and `forecast` do.
    """
    if memory is not None:
        _check_machine(memory, asked.device)
    place = (
        this_machine(choose_device(asked.device)) if memory is None else asked_machine(memory, asked.device)
    )
    sketch = sketch_pair(asked.spec, asked.offline)
    found = forecast(sketch, _tasks(asked), asked.level, asked.protocol, asked.rows or ROWS)
    if asked.rows is None and (rows := fitting_rows(found, place)) != found.rows:
        found = forecast(sketch, _tasks(asked), asked.level, asked.protocol, rows)
    return DryRun(found, place, shutil.disk_usage(_existing(out)).free)


def _check_machine(memory: float, device: str | None) -> None:
    if not 0 < memory <= MOST_GIGABYTES:
        raise UsageError(
            f"a machine with {memory:g} GB of memory",
            f"give a positive number of GB, at most {MOST_GIGABYTES:,.0f}",
        )
    kind = (device or "cpu").partition(":")[0]
    if kind not in KINDS:
        raise unknown("device", kind, KINDS)


MOST_GIGABYTES = 1e6
"""A machine with more is a mistake."""
KINDS = ("cpu", "cuda", "mps", "xpu")
"""Devices that a run may be asked about."""


def rows_that_fit(asked: Asked) -> int:
    """The token rows that a run takes at once: as asked for, else 64 or as many as fit.

    Raises NotComputable for a run that clearly does not fit, before anything is loaded. A few examples of
    each task tell that a run fits; all are looked at only where they do not.
    """
    machine = this_machine(choose_device(asked.device))
    sketch, wanted = sketch_pair(asked.spec, asked.offline), asked.rows or ROWS
    for forecast_of in (sampled_forecast, forecast):
        found = forecast_of(sketch, _tasks(asked), asked.level, asked.protocol, wanted)
        if found.share(machine) <= 1:
            return wanted
    if asked.rows is None:
        found = found.changed(fitting_rows(found, machine))
    check_fits(found, machine)
    return found.rows


def _tasks(asked: Asked) -> Sequence[Task]:
    return [get_task(task.name) for task in asked.protocol.tasks] if asked.tasks is None else asked.tasks


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
