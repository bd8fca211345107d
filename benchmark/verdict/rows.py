"""What stands side by side where a pair has lines: of each record the numbers that verdicts are read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..record.number import Measured
from ..record.record import Record
from ..record.summary import SUITES, Among
from .evidence import of_task, of_tasks


@dataclass(frozen=True)
class EvidenceRow:
    """The numbers of a pair, of a control or of a line, by suite and by what they are called.

    `kind`: what it is; `failed`: by task why it could not be analysed, which of a line is a result.
    """

    name: str
    kind: Literal["MDM", "control", "line"]
    suites: Mapping[str, Mapping[str, Measured]]
    failed: Mapping[str, str]


def make_row(record: Record) -> EvidenceRow:
    """The row of a record: means over the tasks of each suite, missing where one of them lacks the value."""
    suites = {}
    for suite in SUITES:
        inside = [of_task(record, task) for task in record.results if task.suite == suite]
        if inside:
            suites[suite] = of_tasks(inside, Among(suite)).named()
    failed = {task.task: task.missing for task in record.failed}
    return EvidenceRow(record.pair.name, record.pair.second, suites, failed)
