"""A line of the matrix of circuits by tasks: what each circuit does in a host on one task."""

from collections.abc import Sequence
from typing import Literal

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantities.function import FUNCTION
from ..record.record import Record
from ..record.task_record import TaskRecord

HostName = Literal["arm", "mdm"]


def crossed_tasks(record: Record) -> list[TaskRecord]:
    """The tasks whose circuits were run in both members; none where the protocol does not ask for it."""
    # A record from elsewhere may hold what its protocol does not ask for, and what nothing then defines.
    asked = FUNCTION.asked_by(record.protocol)
    return [task for task in record.tasks if asked and task.function is not None]


def crossed_values(task: TaskRecord, host: HostName, names: Sequence[str]) -> list[Measured]:
    """τ* of the other member's circuit and its faithfulness, then those of `circuit_values`."""
    assert task.function is not None, "asked for where circuits were run"
    found = task.function.arm if host == "arm" else task.function.mdm
    return [found.compared.transfer, found.compared.other, *circuit_values(task, host, names)]


def circuit_values(task: TaskRecord, host: HostName, names: Sequence[str]) -> list[Measured]:
    """The faithfulness of the host's circuit of each named task, its own of the task among them.

    Without intervals, as a matrix of them could not be read.
    """
    assert task.function is not None, "asked for where circuits were run"
    found = task.function.arm if host == "arm" else task.function.mdm
    return [_point(found.compared.own if name == task.task else found.tasks.get(name)) for name in names]


def _point(value: Measured | None) -> Measured:
    if value is None:
        return Missing(missing="its circuit was not run")
    return Number(value=value.value) if isinstance(value, Number) else value
