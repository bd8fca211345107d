"""What comes of a task's cells, and how one of them is computed from what it needs."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any, NamedTuple

from ...errors import NotComputable
from ..asking.pool import Pool
from ..record.protocol import ProtocolTask
from ..record.task_record import CellRecord
from .both import one_at_a_time
from .plan import Cell, Plan, place_of
from .progress import Advance, Progress
from .store import Damaged, Store, Sufficed

Tell = Callable[[int], AbstractContextManager[Advance]]
"""From a total to a context whose value is told how much more of it is done."""

Compute = Callable[[Cell, Mapping[str, Any], Tell], Any]
"""From a cell and the contents that it needs, by name, to its content, or to `Fewer` with it."""


@dataclass(frozen=True)
class Fewer:
    """A cell's content for which memory did not suffice at first; with so much at once it did."""

    content: Any
    sufficed: Sufficed


@dataclass(frozen=True)
class Other:
    """A finished cell of another task: which, its content's digest, and where that is read once needed."""

    cell: Cell
    digest: str
    store: Store

    @property
    def content(self) -> Any:
        """Raises NotComputable where it was damaged since it was made."""
        try:
            return self.store.finished(self.cell)
        except Damaged as damage:
            raise NotComputable(
                f"{place_of(self.cell)}: {damage}", "repeat the command: what is missing is computed again"
            ) from damage


@dataclass
class Outcome:
    """What came of a task's cells: their contents and what a record says of them, by name.

    `unusable` says why there is nothing beyond the pool, where that is so. `others`: the cells of other tasks
    that are needed, by task and name.
    """

    task: ProtocolTask
    contents: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, CellRecord] = field(default_factory=dict)
    unusable: str | None = None
    others: Mapping[str, Other] = field(default_factory=dict)

    @property
    def pool(self) -> Pool:
        """The task's pool, which every plan has."""
        pool = self.contents["pool"]
        assert isinstance(pool, Pool)
        return pool


class Computed(NamedTuple):
    """A cell's content and the seconds that it took; `sufficed`: as in `Fewer`, None where all did."""

    content: Any
    seconds: float
    sufficed: Sufficed | None = None


class Ahead:
    """A cell that is computed in another thread, until `stop` is set; begun where it is made."""

    def __init__(self, pool: Executor, cell: Cell, outcome: Outcome, compute: Compute, stop: Event) -> None:
        self._stop = stop
        self._total, self._told = 1, Event()
        self._made = pool.submit(_compute, cell, outcome, compute, self._tell)
        # An error, too, ends the waiting for a total.
        self._made.add_done_callback(lambda _: self._told.set())

    def total(self) -> int:
        """How much there is to do, once that is known; 1 for a cell that does not say."""
        self._told.wait()
        return self._total

    def result(self) -> Computed:
        """What it holds, once it is done. Raises what computing it raises."""
        return self._made.result()

    @contextmanager
    def _tell(self, total: int) -> Iterator[Advance]:
        self._total = total
        self._told.set()
        # Nothing is shown of it while the other cell's progress is.
        yield one_at_a_time(lambda done: None, self._stop)


def compute_cell(
    cell: Cell,
    outcome: Outcome,
    compute: Compute,
    progress: Progress,
    ahead: Mapping[str, Ahead],
) -> Computed:
    """A cell's content and the seconds that it took; `ahead`: those that another thread has begun."""
    if cell.name not in ahead:
        return _compute(cell, outcome, compute, partial(progress.cell, cell))
    # It was begun beside another one, whose progress was shown; this one's is what is left of it.
    begun = ahead[cell.name]
    total = begun.total()
    with progress.cell(cell, total) as advance:
        found = begun.result()
        advance(total)
    return found


def _compute(cell: Cell, outcome: Outcome, compute: Compute, tell: Tell) -> Computed:
    started = time.monotonic()
    needs = {need: outcome.contents[need] for need in cell.kind.needs} | _of_others(cell, outcome)
    content, sufficed = compute(cell, needs, tell), None
    if isinstance(content, Fewer):
        content, sufficed = content.content, content.sufficed
    return Computed(content, time.monotonic() - started, sufficed)


def needed(cell: Cell, outcome: Outcome) -> dict[str, str]:
    """The digests of the cells that a cell needs, those of other tasks by task and name."""
    own = {need: outcome.cells[need].digest for need in cell.kind.needs}
    return own | {place: other.digest for place, other in _of_others(cell, outcome).items()}


def _of_others(cell: Cell, outcome: Outcome) -> dict[str, Other]:
    return {place: other for place, other in outcome.others.items() if other.cell.name in cell.kind.others}


def others_of(plan: Plan, cell: Cell, store: Store) -> Iterator[tuple[str, Other]]:
    """The cells of other tasks that a cell needs: of a task that gives no comparison there is none."""
    for other in plan.others(cell):
        if (seal := store.seal(other)) is not None:
            yield place_of(other), Other(other, seal.digest, store)
