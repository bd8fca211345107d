"""Where the numbers of verdicts come from: one record beside its controls, found where they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..record.controls import by_name
from ..record.missing import Missing
from ..record.record import Record
from ..record.summary import Among
from .attribution import less
from .evidence import TransferEvidence, of_task, of_tasks

LessControls = Mapping[str, TransferEvidence | Missing]
"""Pair − control, by the control's name."""


class EvidenceSource(Protocol):
    """The evidence on tasks and on means over tasks, and what it is beyond the controls'."""

    @property
    def controls(self) -> Sequence[str]:
        """Their names."""

    @property
    def suite_of(self) -> Mapping[str, str]:
        """The suite of every task."""

    def of(self, task: str) -> TransferEvidence:
        """The evidence on a task."""

    def apart(self, task: str) -> LessControls:
        """The same less that of each control."""

    def over(self, tasks: Sequence[str], among: Among) -> TransferEvidence:
        """The means over tasks."""

    def apart_over(self, tasks: Sequence[str], among: Among) -> LessControls:
        """The same less those of each control."""


class RecordEvidence:
    """The evidence of one record.

    Differences from controls are found where they are asked for: most pairs have tasks on which nothing
    changed, and nothing is asked about these.
    """

    def __init__(self, record: Record, controls: Sequence[Record]) -> None:
        self._record = record
        self._named = by_name(controls)
        self._apart: dict[str, LessControls] = {}
        self._tasks = {task.task: task for task in record.results}
        self._evidence = {name: of_task(record, task) for name, task in self._tasks.items()}

    @property
    def controls(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._named)

    @property
    def suite_of(self) -> dict[str, str]:
        """The suite of every task."""
        return {name: task.suite for name, task in self._tasks.items()}

    def of(self, task: str) -> TransferEvidence:
        """The evidence on a task."""
        return self._evidence[task]

    def apart(self, task: str) -> LessControls:
        """The same less that of each control."""
        if task not in self._apart:
            found = self._tasks[task]
            self._apart[task] = {
                name: less(self._record, control, found) for name, control in self._named.items()
            }
        return self._apart[task]

    def over(self, tasks: Sequence[str], among: Among) -> TransferEvidence:
        """The means over tasks."""
        return of_tasks([self._evidence[task] for task in tasks], among)

    def apart_over(self, tasks: Sequence[str], among: Among) -> LessControls:
        """The same less those of each control."""
        return {
            name: mean_difference([self.apart(task)[name] for task in tasks], among) for name in self._named
        }


def mean_difference(each: Sequence[TransferEvidence | Missing], among: Among) -> TransferEvidence | Missing:
    """The mean over tasks of differences from a control; missing where one of them is."""
    lacking = [one for one in each if isinstance(one, Missing)]
    if lacking:
        return lacking[0]
    return of_tasks([one for one in each if isinstance(one, TransferEvidence)], among)
