"""The loop that carries out a plan: what is there is read, what is missing or damaged is made and kept."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from threading import Event
from typing import Any

from ...errors import NotComputable
from ..asking.pool import Pool
from ..record.protocol import Protocol, ProtocolTask
from ..record.task_record import CellRecord
from .both import one_at_a_time, other_thread
from .crew import Crew, Ended
from .job import News
from .plan import Cell, Plan, place_of
from .pools import why_unusable
from .progress import Advance, Progress
from .store import Damaged, Kept, Store

Tell = Callable[[int], AbstractContextManager[Advance]]
"""From a total to a context whose value is told how much more of it is done."""

Compute = Callable[[Cell, Mapping[str, Any], Tell], Any]
"""From a cell and the contents that it needs, by name, to its content."""


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
    others: Mapping[str, "Other"] = field(default_factory=dict)

    @property
    def pool(self) -> Pool:
        """The task's pool, which every plan has."""
        pool = self.contents["pool"]
        assert isinstance(pool, Pool)
        return pool


def execute(
    plan: Plan,
    protocol: Protocol,
    store: Store,
    compute: Compute,
    progress: Progress,
    side_by_side: bool = False,
    crew: Crew | None = None,
    only: Sequence[ProtocolTask] | None = None,
) -> Generator[Outcome, None, None]:
    """Carry out a plan, task by task. One task's contents are held at a time, unless the caller keeps them.

    Cells that others of another task need have to be there: who plans both carries out the former first.
    `only`: some of its tasks.

    With `side_by_side` the cells of both members of one stage are computed at once, in two threads: the same
    numbers, which a small model on two cores gives in less time. With a `crew` tasks are computed in other
    processes too.

    A task whose pool is too small for the protocol ends there. Who does not take every outcome closes the
    generator, which puts away what `progress` shows. Raises OutputError where a cell cannot be written, and
    what `compute` raises.
    """
    carry_out = partial(
        _carry_out, plan, protocol=protocol, store=store, progress=progress, side_by_side=side_by_side
    )
    with progress.begin(plan, store, 1 if crew is None else crew.processes):
        if crew is not None:
            _share_out(crew, plan, carry_out, compute, progress)
        for task in plan.tasks if only is None else only:
            yield carry_out(task, compute=compute)


def _share_out(
    crew: Crew, plan: Plan, carry_out: Callable[..., Outcome], compute: Compute, progress: Progress
) -> None:
    """Have all cells computed, each task by whoever takes it; where one fails, some are missing after."""
    cells = {(cell.task, cell.name): cell for cell in plan.cells}

    def tell(news: News | Ended) -> None:
        if isinstance(news, Ended):
            progress.fewer()
            if news.why is not None:
                progress.note(f"a process that helped is gone, and the run goes on without it: {news.why}")
        elif news.note is not None:
            progress.note(news.note)
        elif news.cell is not None:
            progress.elsewhere(cells[crew.task(news), news.cell], news.total, news.seconds)

    def computed(cell: Cell, needs: Mapping[str, Any], told: Tell) -> Any:
        # Between two cells, so that nothing is shown by two threads at once.
        for news in crew.heard():
            tell(news)
        return compute(cell, needs, told)

    with crew:
        # More than once, because the task of a process that is gone comes back to the list.
        while crew.busy:
            for task in crew.tasks():
                carry_out(task, compute=computed)
            for news in crew.until_done():
                tell(news)


def _carry_out(
    plan: Plan,
    task: ProtocolTask,
    protocol: Protocol,
    store: Store,
    compute: Compute,
    progress: Progress,
    side_by_side: bool,
) -> Outcome:
    """What comes of a task: its cells, read where they are there and else computed."""
    outcome = Outcome(task)
    # The plan has both members of a stage one after the other, and neither needs the other.
    for _, stage in groupby(plan.of(task), key=lambda cell: cell.kind.stage):
        cells = list(stage)
        outcome.others = {place: one for cell in cells for place, one in _others(plan, cell, store)}
        if outcome.unusable is not None:
            for cell in cells:
                progress.skip(cell)
            continue
        for cell, kept in _obtain(cells, outcome, store, compute, progress, side_by_side):
            outcome.contents[cell.name] = kept.content
            outcome.cells[cell.name] = CellRecord(key=cell.key, digest=kept.seal.digest)
        if cells[0].kind.stage == "pool":
            # Judged anew in every run: the minimum is not part of the pool's key.
            outcome.unusable = why_unusable(outcome.pool, protocol)
    return outcome


def _obtain(
    cells: list[Cell],
    outcome: Outcome,
    store: Store,
    compute: Compute,
    progress: Progress,
    side_by_side: bool,
) -> Iterator[tuple[Cell, Kept]]:
    """What the cells of one stage hold, read or computed."""
    found = {cell.name: _read(cell, outcome, store, progress) for cell in cells}
    missing = [cell for cell in cells if found[cell.name] is None]
    stop = Event()
    with other_thread(stop) as pool:
        ahead: dict[str, _Ahead] = {}
        if side_by_side:
            ahead = {cell.name: _Ahead(pool, cell, outcome, compute, stop) for cell in missing[1:]}
        for cell in cells:
            kept = found[cell.name]
            if kept is None:
                kept = _write(cell, outcome, store, _made(cell, outcome, compute, progress, ahead))
            yield cell, kept


_Computed = tuple[Any, float]
"""A cell's content and the seconds that computing it took."""


class _Ahead:
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

    def result(self) -> _Computed:
        """What it holds, once it is done. Raises what computing it raises."""
        return self._made.result()

    @contextmanager
    def _tell(self, total: int) -> Iterator[Advance]:
        self._total = total
        self._told.set()
        # Nothing is shown of it while the other cell's progress is.
        yield one_at_a_time(lambda done: None, self._stop)


def _read(cell: Cell, outcome: Outcome, store: Store, progress: Progress) -> Kept | None:
    try:
        kept = store.read(cell, _needed(cell, outcome))
    # Every cell can be computed again, so a damaged one costs time but need not stop the run.
    except Damaged as damage:
        progress.note(f"{cell.task.name}: {cell.name} is made again: {damage}")
        return None
    if kept is not None:
        progress.present(cell)
    return kept


def _made(
    cell: Cell,
    outcome: Outcome,
    compute: Compute,
    progress: Progress,
    ahead: Mapping[str, "_Ahead"],
) -> _Computed:
    if cell.name not in ahead:
        return _compute(cell, outcome, compute, partial(progress.cell, cell))
    # It was begun beside another one, whose progress was shown; this one's is what is left of it.
    begun = ahead[cell.name]
    total = begun.total()
    with progress.cell(cell, total) as advance:
        made = begun.result()
        advance(total)
    return made


def _compute(cell: Cell, outcome: Outcome, compute: Compute, tell: Tell) -> _Computed:
    started = time.monotonic()
    needs = {need: outcome.contents[need] for need in cell.kind.needs} | _of_others(cell, outcome)
    content = compute(cell, needs, tell)
    return content, time.monotonic() - started


def _write(cell: Cell, outcome: Outcome, store: Store, made: _Computed) -> Kept:
    content, seconds = made
    return store.write(cell, content, _needed(cell, outcome), seconds)


def _needed(cell: Cell, outcome: Outcome) -> dict[str, str]:
    """The digests of the cells that a cell needs, those of other tasks by task and name."""
    own = {need: outcome.cells[need].digest for need in cell.kind.needs}
    return own | {place: other.digest for place, other in _of_others(cell, outcome).items()}


def _of_others(cell: Cell, outcome: Outcome) -> dict[str, Other]:
    return {place: other for place, other in outcome.others.items() if other.cell.name in cell.kind.others}


def _others(plan: Plan, cell: Cell, store: Store) -> Iterator[tuple[str, Other]]:
    """The cells of other tasks that a cell needs: of a task that gives no comparison there is none."""
    for other in plan.others(cell):
        if (seal := store.seal(other)) is not None:
            yield place_of(other), Other(other, seal.digest, store)
