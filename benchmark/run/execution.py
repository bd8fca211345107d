"""The loop that carries out a plan: what is there is read, what is missing or damaged is made and kept."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..asking.pool import Pool
from ..record.protocol import Protocol, ProtocolTask
from ..record.types import CellRecord
from .plan import Cell, Plan
from .pools import why_unusable
from .progress import Advance, Progress
from .store import Damaged, Kept, Store

Tell = Callable[[int], AbstractContextManager[Advance]]
"""From a total to a context whose value is told how much more of it is done."""

Compute = Callable[[Cell, Mapping[str, Any], Tell], Any]
"""From a cell and the contents that it needs, by name, to its content."""


@dataclass
class Outcome:
    """What came of a task's cells: their contents and what a record says of them, by name.

    `unusable` says why there is nothing beyond the pool, where that is so.
    """

    task: ProtocolTask
    contents: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, CellRecord] = field(default_factory=dict)
    unusable: str | None = None

    @property
    def pool(self) -> Pool:
        """The task's pool, which every plan has."""
        pool = self.contents["pool"]
        assert isinstance(pool, Pool)
        return pool


def execute(
    plan: Plan, protocol: Protocol, store: Store, compute: Compute, progress: Progress
) -> Generator[Outcome, None, None]:
    """Carry out a plan, task by task. One task's contents are held at a time, unless the caller keeps them.

    A task whose pool is too small for the protocol ends there. Who does not take every outcome closes the
    generator, which puts away what `progress` shows. Raises OutputError where a cell cannot be written, and
    what `compute` raises.
    """
    with progress.begin(plan, store):
        for task in plan.tasks:
            outcome = Outcome(task)
            for cell in plan.of(task):
                if outcome.unusable is not None:
                    progress.skip(cell)
                    continue
                kept = _obtain(cell, outcome, store, compute, progress)
                outcome.contents[cell.name] = kept.content
                outcome.cells[cell.name] = CellRecord(key=cell.key, digest=kept.seal.digest)
                if cell.kind.stage == "pool":
                    # Judged anew in every run: the minimum is not part of the pool's key.
                    outcome.unusable = why_unusable(outcome.pool, protocol)
            yield outcome


def _obtain(cell: Cell, outcome: Outcome, store: Store, compute: Compute, progress: Progress) -> Kept:
    needs = {need: outcome.cells[need].digest for need in cell.kind.needs}
    try:
        kept = store.read(cell, needs)
    # Every cell can be computed again, so a damaged one costs time but need not stop the run.
    except Damaged as damage:
        progress.note(f"{cell.task.name}: {cell.name} is made again: {damage}")
        kept = None
    if kept is not None:
        progress.present(cell)
        return kept
    started = time.monotonic()
    contents = {need: outcome.contents[need] for need in cell.kind.needs}
    content = compute(cell, contents, partial(progress.cell, cell))
    return store.write(cell, content, needs, time.monotonic() - started)
