"""The record of a run: everything a reader, a reviewer or a leaderboard needs, as one typed JSON file.

A number that could not be computed is there with its reason; it is never 0, NaN or left out.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from .means import Summary
from .protocol import Part, Protocol
from .provenance import Environment, PairProvenance
from .task_record import FailedTask, TaskRecord, TaskResult

if TYPE_CHECKING:
    import pandas

SCHEMA: Literal[7] = 7
"""Raised whenever a field changes its meaning."""


class Record(Part):
    """A run: pair, protocol, tasks, summary, and what was left out.

    `reductions` says how the run is less than its protocol's whole; a leaderboard refuses a record that has
    any. Whether anybody has repeated the run does not stand here, where anybody could write it: a board finds
    that out. When it was made and how long it took stand with its cells: the same run gives the same bytes.
    """

    schema_version: Literal[7] = SCHEMA
    pair: PairProvenance
    protocol: Protocol
    tasks: tuple[TaskRecord, ...]
    failed: tuple[FailedTask, ...]
    reductions: tuple[str, ...]
    summary: Summary
    environment: Environment

    @property
    def results(self) -> tuple[TaskResult, ...]:
        """All tasks that were asked, those without a comparison last."""
        return (*self.tasks, *self.failed)

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        # What pydantic writes would be some 34,000 characters.
        yield from (("pair", self.pair.name), ("protocol", f"{self.protocol.name}@{self.protocol.version}"))
        yield "tasks", [task.task for task in self.tasks]
        if self.failed:
            yield "failed", [task.task for task in self.failed]
        yield "task_dependent_shift", self.summary.similarity.shift

    def _repr_html_(self) -> str:
        # Importing here is no circle: what a record is says nothing of how it is shown.
        from .notebook import row_html

        return row_html(self)

    def to_frame(self) -> "pandas.DataFrame":
        """The numbers of all tasks, as `mechshift show` has them: a row per task and quantity.

        Columns: task, suite, level, version, quantity, value, low, high (its 95 % interval), reason.
        Where a value is missing it is NaN and `reason` says why; else `reason` is missing. docs/reading.md
        explains every quantity.
        """
        from .notebook import task_frame

        return task_frame(self)
