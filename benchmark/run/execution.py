"""The loop that carries out a plan: what is there is read, what is missing or damaged is made and kept."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from threading import Event

from ..record.protocol import Protocol, ProtocolTask
from .both import other_thread
from .claims import Claims
from .computing import Ahead, Compute, Computed, Outcome, compute_cell, needed, others_of
from .crew import Crew
from .plan import Cell, MemberName, Plan
from .pools import why_unusable
from .progress import Progress
from .store import Damaged, Kept, Store
from .survey import Survey

SHORTEST, LONGEST, GROWTH = 0.05, 2.0, 1.3
"""Seconds after which to look again what others have done: more and more while nothing comes of it."""


def execute(
    plan: Plan,
    protocol: Protocol,
    store: Store,
    compute: Compute,
    progress: Progress,
    side_by_side: bool = False,
    crew: Crew | None = None,
    order: Sequence[ProtocolTask] | None = None,
    claims: Claims | None = None,
    in_turn: bool = False,
) -> Generator[Outcome, None, None]:
    """Carry out a plan and give what comes of it, task by task, whoever else computes cells in that folder.

    One task's contents are held at a time, unless the caller keeps them. Every cell is computed by one
    process, which has it to itself meanwhile; what others compute is waited for. A task whose pool is too
    small for the protocol ends there.

    With `side_by_side` the cells of both members of one stage are computed at once, in two threads: the same
    numbers, which a small model on two cores gives in less time. With a `crew` cells are computed in other
    processes of this run too. `order`: in which the tasks are begun, None for that of the plan; `claims`: how
    cells are shared out, None for the usual. `in_turn`: one member is in memory at a time, so that a stage
    begins with the one that the last stage ended with.

    Who does not take every outcome closes the generator, which puts away what `progress` shows. Raises
    OutputError where a cell cannot be written, and what `compute` raises.
    """
    claims = claims or Claims(note=progress.note)
    work = _Work(
        plan, protocol, store, compute, progress, claims, order or plan.tasks, side_by_side, crew, in_turn
    )
    with work.begun():
        for task in plan.tasks:
            yield work.outcome(task)


def help_out(
    plan: Plan,
    protocol: Protocol,
    store: Store,
    compute: Compute,
    progress: Progress,
    order: Sequence[ProtocolTask] | None = None,
    claims: Claims | None = None,
    in_turn: bool = False,
) -> None:
    """Compute cells of a plan until all are there, as `execute` does; what comes of them is not read."""
    claims = claims or Claims(note=progress.note)
    asked = order or plan.tasks
    work = _Work(plan, protocol, store, compute, progress, claims, asked, in_turn=in_turn)
    with work.begun():
        work.finish()


@dataclass
class _Work:
    """What a process does of a plan, in a folder that others may share."""

    plan: Plan
    protocol: Protocol
    store: Store
    compute: Compute
    progress: Progress
    claims: Claims
    order: Sequence[ProtocolTask]
    side_by_side: bool = False
    crew: Crew | None = None
    in_turn: bool = False

    def __post_init__(self) -> None:
        self._survey = Survey(self.plan, self.protocol, self.store, self.claims, self.order)
        self._made = 0
        self._ran: MemberName | None = None
        self._pause = SHORTEST
        self._looked = time.monotonic()

    @contextmanager
    def begun(self) -> Iterator[None]:
        """A context in which it is done; at its end no claim of this process or its crew is left."""
        try:
            with (
                self.claims,
                self.progress.begin(self.plan, self.store, self._own_processes),
                nullcontext() if self.crew is None else self.crew,
            ):
                try:
                    yield
                finally:
                    self._hear()
        finally:
            # Of helpers that were ended in the middle of a cell too.
            self._survey.tidy()

    @property
    def _own_processes(self) -> int:
        return 1 if self.crew is None else self.crew.processes

    def outcome(self, task: ProtocolTask) -> Outcome:
        """What comes of a task, once all its cells are there: until then this process is at any of them."""
        while True:
            made = self._made
            if self._survey.whole(task) and self._is_whole(outcome := self._carry_out(task)):
                return outcome
            # Where a cell was found damaged, and made again, or others are at it.
            at = self._survey.next()
            if at is not None and self._is_whole(outcome := self._carry_out(at)) and at == task:
                return outcome
            self._look_after(made)

    def finish(self) -> None:
        """Compute cells until every task is whole."""
        while not all(map(self._survey.whole, self.plan.tasks)):
            made = self._made
            if (at := self._survey.next()) is not None:
                self._carry_out(at)
            self._look_after(made)

    def _look_after(self, made: int) -> None:
        """Look what others have done: at once after making cells, else after a while."""
        if self._made > made:
            self._pause = SHORTEST
        else:
            time.sleep(self._pause)
            self._pause = min(LONGEST, GROWTH * self._pause)
        self._look()

    def _look(self) -> None:
        """Look what others have done, and tell it."""
        self._looked = time.monotonic()
        for cell, seal in self._survey.look():
            self.progress.elsewhere(cell, seal.seconds)
        self._hear()
        # Those of the crew that still load the pair are counted too.
        self.progress.at_work(max(self._own_processes, 1 + self._survey.others_at_work))

    def _hear(self) -> None:
        """Tell what the crew has said."""
        if self.crew is not None:
            for said in self.crew.heard():
                self.progress.note(said)

    def _is_whole(self, outcome: Outcome) -> bool:
        """Whether it has all that there will be."""
        return outcome.unusable is not None or len(outcome.cells) == len(self.plan.of(outcome.task))

    def _carry_out(self, task: ProtocolTask) -> Outcome:
        """What comes of a task now: cells that are there are read, and others computed that can be."""
        outcome = Outcome(task)
        # The plan has both members of a stage one after the other, and neither needs the other.
        for _, stage in groupby(self.plan.of(task), key=lambda cell: cell.kind.stage):
            cells = list(stage)
            if outcome.unusable is not None:
                for cell in cells:
                    self.progress.skip(cell)
                continue
            if time.monotonic() - self._looked > LONGEST:
                self._look()
            cells = [cell for cell in cells if self._can_be_had(cell, outcome)]
            outcome.others = {
                place: one for cell in cells for place, one in others_of(self.plan, cell, self.store)
            }
            for cell, kept in self._obtain(cells, outcome):
                outcome.contents[cell.name] = kept.content
                outcome.cells[cell.name] = kept.seal.recorded()
                if cell.kind.stage == "pool":
                    # Judged anew in every run: the minimum is not part of the pool's key.
                    outcome.unusable = why_unusable(outcome.pool, self.protocol)
        return outcome

    def _can_be_had(self, cell: Cell, outcome: Outcome) -> bool:
        """Whether what a cell needs is here, so that it can be read or computed."""
        return all(need in outcome.cells for need in cell.kind.needs) and self._survey.ready(cell)

    def _obtain(self, cells: Sequence[Cell], outcome: Outcome) -> Iterator[tuple[Cell, Kept]]:
        """What cells of one stage hold: those that are there, and those that nobody else is at."""
        found = {cell.name: self._read(cell, outcome) for cell in cells}
        missing = self._ordered([cell for cell in cells if found[cell.name] is None])
        # Who does not compute both at once leaves the other to others for as long.
        for together in [missing] if self.side_by_side else [[cell] for cell in missing]:
            taken = [cell for cell in together if self._take(cell)]
            # Another process may have finished it just before.
            found |= {cell.name: self._read(cell, outcome, self.progress.note) for cell in taken}
            found |= self._computed([cell for cell in taken if found[cell.name] is None], outcome)
            for cell in taken:
                self.claims.release(self.store.path(cell))
        for cell in cells:
            if (kept := found[cell.name]) is not None:
                yield cell, kept

    def _ordered(self, cells: list[Cell]) -> list[Cell]:
        """In which order cells of one stage are computed: first that of the member that is in memory."""
        if self.in_turn and cells and cells[-1].kind.member == self._ran:
            cells = cells[::-1]
        if cells and cells[-1].kind.members:
            self._ran = cells[-1].kind.members[-1]
        return cells

    def _take(self, cell: Cell) -> bool:
        return self.claims.take(self.store.path(cell))

    def _computed(self, cells: Sequence[Cell], outcome: Outcome) -> dict[str, Kept]:
        """Cells that this process has to itself, by name: computed at once if there are two, and kept."""
        stop = Event()
        with other_thread(stop) as pool:
            ahead = {cell.name: Ahead(pool, cell, outcome, self.compute, stop) for cell in cells[1:]}
            return {
                cell.name: self._keep(
                    cell, outcome, compute_cell(cell, outcome, self.compute, self.progress, ahead)
                )
                for cell in cells
            }

    def _read(self, cell: Cell, outcome: Outcome, note: Callable[[str], None] | None = None) -> Kept | None:
        """A cell that is there; None where there is none, or none that can be used, which is noted."""
        try:
            kept = self.store.read(cell, needed(cell, outcome))
        # Every cell can be computed again, so a damaged one costs time but need not stop the run.
        except Damaged as damage:
            kept = None
            if note is not None:
                note(f"{cell.task.name}: {cell.name} is made again: {damage}")
        if kept is None:
            self._survey.lost(cell)
        else:
            self._survey.made(cell, kept.seal)
            self.progress.present(cell)
        return kept

    def _keep(self, cell: Cell, outcome: Outcome, computed: Computed) -> Kept:
        """Write what a cell holds."""
        # Where it was taken over, because nothing was heard of this process, it may be there by now.
        kept = self._read(cell, outcome)
        if kept is None:
            content, seconds, sufficed = computed
            kept = self.store.write(cell, content, needed(cell, outcome), seconds, sufficed)
            self._survey.made(cell, kept.seal)
        self._made += 1
        return kept
