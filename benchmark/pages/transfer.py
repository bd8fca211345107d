"""What circuits do in a host: its own on every task, the other member's, and those of other tasks."""

from collections.abc import Sequence

from ..record.quantity import SHARE
from ..record.record import Record
from ..record.task_record import TaskRecord
from ..tables.crossed import HostName, crossed_values
from .markup import Html, tag
from .page import caption, scrolling, section
from .values import value_text


def transfer_section(record: Record) -> Html | None:
    """A matrix for either host, a row per task and a column per circuit; None where nothing was run."""
    tasks = [task for task in record.tasks if task.function is not None]
    if not tasks:
        return None
    second = "control" if record.pair.control else "MDM"
    return section(
        "transfer",
        "Circuits in the other member, and on other tasks",
        tag(
            "p",
            "Faithfulness of circuits of equal size: 1 for what the whole host does, 0 for what it does "
            "without any edge. On the diagonal stands the host's own circuit of the task, beside it τ* of "
            "the other member's.",
            class_="note",
        ),
        _matrix(tasks, "arm", f"In the ARM; the other circuit is the {second}'s"),
        _matrix(tasks, "mdm", f"In the {second}; the other circuit is the ARM's"),
    )


def _matrix(tasks: Sequence[TaskRecord], host: HostName, title: str) -> Html:
    names = [task.task for task in tasks]
    heads = ["asked", "τ*", "other member", *(f"of {name}" for name in names)]
    head = tag("tr", [tag("th", each, scope="col") for each in heads])
    rows = [
        tag(
            "tr",
            tag("th", task.task, scope="row"),
            [tag("td", value_text(value, SHARE)) for value in crossed_values(task, host, names)],
        )
        for task in tasks
    ]
    return scrolling(title, tag("table", caption(title), tag("thead", head), tag("tbody", rows)))
