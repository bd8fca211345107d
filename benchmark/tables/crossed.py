"""A line of the matrix of circuits by tasks: what each circuit does in a host on one task."""

from collections.abc import Sequence
from typing import Literal

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.task_record import TaskRecord

HostName = Literal["arm", "mdm"]


def crossed_values(task: TaskRecord, host: HostName, names: Sequence[str]) -> list[Measured]:
    """τ* of the other member's circuit and its faithfulness, then that of the host's circuit of each task.

    The host's own circuit of the task has an interval; the others are points, as a matrix of intervals could
    not be read.
    """
    assert task.function is not None, "asked for where circuits were run"
    found = task.function.arm if host == "arm" else task.function.mdm
    crossed = [found.compared.own if name == task.task else _point(found.tasks.get(name)) for name in names]
    return [found.compared.transfer, found.compared.other, *crossed]


def _point(value: Measured | None) -> Measured:
    if value is None:
        return Missing(missing="its circuit was not run")
    return Number(value=value.value) if isinstance(value, Number) else value
