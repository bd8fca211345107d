"""The plan of a run as it is listed: each cell, whether it is there, and how long it would take."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from ..record.protocol import Protocol, ProtocolTask
from ..run.claims import is_claimed
from ..run.earlier import earlier_seconds
from ..run.plan import Plan, Subject, place_of, plan_run
from ..run.store import Store
from ..run.timing import Slot, slot_of
from .forecast import Forecast
from .probe import Speeds
from .seconds import Source, earlier_forecast, seconds_at

NOWHERE = Subject({"arm": {}, "mdm": {}}, {}, {})
"""Stands for a pair whose weights are not here: of its plan the keys mean nothing."""


@dataclass(frozen=True)
class PlannedCell:
    """A cell of a plan.

    `key` and `there` are None where the weights are not known, `seconds` where no time is. `claimed`: whether
    another run is at it, or was when it was killed.
    """

    task: str
    name: str
    needs: tuple[str, ...]
    key: str | None
    there: bool | None
    seconds: float | None = None
    claimed: bool = False

    @property
    def place(self) -> str:
        """What it is called among the cells of a plan: `countdown/scores-arm`."""
        return f"{self.task}/{self.name}"

    @property
    def needed(self) -> tuple[str, ...]:
        """The places of the cells that it needs, those of its own task too."""
        return tuple(need if "/" in need else f"{self.task}/{need}" for need in self.needs)


@dataclass(frozen=True)
class Planned:
    """The cells of a run in order, and what their times are from; None where none is known."""

    cells: tuple[PlannedCell, ...]
    source: Source | None = None

    @property
    def known(self) -> bool:
        """Whether it is known which cells are there."""
        return all(cell.there is not None for cell in self.cells)

    @property
    def missing(self) -> tuple[PlannedCell, ...]:
        """The cells that would be computed."""
        return tuple(cell for cell in self.cells if not cell.there)

    @property
    def left(self) -> float | None:
        """Seconds that the missing cells take; None where that of any of them is not known."""
        each = [cell.seconds for cell in self.missing]
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) if len(known) == len(each) else None

    def wall(self, processes: int) -> float | None:
        """Seconds until the last cell is done, where so many processes share them; None where `left` is.

        Much as in a run: who is free begins a cell whose needs are there, of a task that fewest are at, and
        among these of the longest one.
        """
        return None if self.left is None else _wall(self.missing, processes)

    def timed(self, seconds: Mapping[Slot, float], source: Source) -> "Planned":
        """The same with times."""
        cells = [replace(cell, seconds=seconds.get((cell.task, cell.name))) for cell in self.cells]
        return Planned(tuple(cells), source if seconds else None)


def _wall(missing: Sequence[PlannedCell], processes: int) -> float:
    tasks: dict[str, float] = defaultdict(float)
    for cell in missing:
        tasks[cell.task] += cell.seconds or 0.0
    # The sort is stable, so that the cells of a task stay in the order of the plan.
    to_begin = sorted(missing, key=lambda cell: -tasks[cell.task])
    undone = {cell.place for cell in missing}
    running: list[tuple[float, int, PlannedCell]] = []
    now = 0.0
    while to_begin or running:
        while len(running) < processes:
            at = Counter(cell.task for _, _, cell in running)
            ready = [cell for cell in to_begin if undone.isdisjoint(cell.needed)]
            if not ready:
                break
            begun = min(ready, key=lambda cell: at[cell.task])
            to_begin.remove(begun)
            heappush(running, (now + (begun.seconds or 0.0), len(to_begin), begun))
        now, _, done = heappop(running)
        undone.remove(done.place)
    return now


def list_plan(
    found: Forecast,
    tasks: Sequence[ProtocolTask],
    protocol: Protocol,
    subject: Subject | None,
    store: Store,
    speeds: Speeds | None,
) -> Planned:
    """The plan of a run, with times by a machine's speeds, else by earlier runs that are in the store."""
    plan = plan_run(subject or NOWHERE, protocol, tasks)
    planned = Planned(_cells(plan, store if subject is not None else None))
    if speeds is not None:
        return planned.timed(seconds_at(found, speeds), speeds.source)
    if subject is None:
        return planned
    return planned.timed(earlier_forecast(found, earlier_seconds(plan, store)), "earlier")


def _cells(plan: Plan, store: Store | None) -> tuple[PlannedCell, ...]:
    return tuple(
        PlannedCell(
            *slot_of(cell),
            (*cell.kind.needs, *map(place_of, plan.others(cell))),
            cell.key if store is not None else None,
            # The seal is enough here; the run itself checks the content when it reads it.
            store.seal(cell) is not None and store.path(cell).is_file() if store is not None else None,
            claimed=store is not None and is_claimed(store.path(cell)),
        )
        for cell in plan.cells
    )
