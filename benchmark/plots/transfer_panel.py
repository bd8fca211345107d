"""What circuits do in either member, beside what they do in the other: a panel for each host and size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from ..record.function import InHost, TransferAt
from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantity import SHARE
from ..record.task_record import TaskRecord
from ..tables.cells import plain
from .forest_panel import TaskLine, forest_panel
from .style import GREY, Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Host = Literal["arm", "mdm"]
Size = Literal["compared", "half"]

OTHER_TASKS = Look("circuits of other tasks, mean", GREY, "-", "D", hollow=True)


def transfer_panel(axes: Axes, tasks: Sequence[TaskRecord], host: Host, size: Size, looks: Looks) -> None:
    """Faithfulness in the host of its own circuit, the other member's and other tasks', a line for each task.

    `tasks`: those that have it; `looks`: of the two members. On the right stands τ*, with its interval.
    """
    found = [(task, at_size(task, host, size)) for task in tasks]
    host_look = looks.mdm if host == "mdm" else looks.arm
    title = f"In the {host_look.label}, {'compared size' if size == 'compared' else 'half the size'}"
    lines = [
        TaskLine(f"{plain(task.task)[:12]} ({at.edges:,})", list(_values(at, host, looks)))
        for task, at in found
    ]
    forest_panel(axes, title, "faithfulness f", lines)
    axes.set_ylabel("task (edges)")
    beside = axes.get_yaxis_transform()
    for row, (_, at) in enumerate(found):
        axes.text(1.03, row, written(at), va="center", fontsize=7, transform=beside)


def transfer_tall(tasks: Sequence[TaskRecord]) -> float:
    """Inches that a panel of these tasks needs: τ* and its interval stand on two lines."""
    return 0.8 + max(0.5, 0.32 * len(tasks))


def at_size(task: TaskRecord, host: Host, size: Size) -> TransferAt:
    """What a record has of that host at that size. Raises ValueError where it has nothing of the kind."""
    if task.function is None:
        raise ValueError(f"{task.task} has no circuits in the other member")
    inside: InHost = task.function.arm if host == "arm" else task.function.mdm
    return inside.compared if size == "compared" else inside.half


def written(at: TransferAt) -> str:
    """τ* with its interval, rounded as in tables; a dash where it is missing."""
    if isinstance(at.transfer, Missing):
        return "τ* –"
    return f"τ* {SHARE.number(at.transfer)}".replace("-", "−").replace(" [", "\n[")


def transfer_labels(looks: Looks) -> tuple[str, ...]:
    """What a legend says: whose circuits there are."""
    return (*(look.label for look in _circuits(looks)), OTHER_TASKS.label)


def _circuits(looks: Looks) -> tuple[Look, Look]:
    arm, mdm = (look._replace(label=f"{look.label}'s circuit") for look in looks)
    return arm, mdm


def _values(at: TransferAt, host: Host, looks: Looks) -> Iterator[tuple[Look, Measured]]:
    arm, mdm = _circuits(looks)
    own, other = (arm, mdm) if host == "arm" else (mdm, arm)
    yield from ((own, at.own), (other, at.other), (OTHER_TASKS, at.cross))
