"""What circuits do in a host: its own and the other member's beside controls, and those of all tasks."""

from collections.abc import Iterator, Sequence

from ..record.number import Measured, Number
from ..record.quantities.function import FUNCTION
from ..record.quantity import SHARE, Owner, Quantity
from ..record.record import Record
from ..record.task_record import TaskRecord, TaskResult
from ..tables.crossed import HostName, circuit_values, crossed_tasks
from .glossary import Glossary
from .markup import Child, Html, tag
from .page import caption, scrolling, section
from .values import control_value, value_text

_SHADES = 10
"""Steps of the colour behind a faithfulness from 0 to 1."""


def transfer_section(record: Record, controls: Sequence[Record], glossary: Glossary) -> Html | None:
    """For either host a table of transfer and one of all circuits; None where nothing was run."""
    tasks = crossed_tasks(record)
    if not tasks:
        return None
    second = record.pair.second
    hosts: tuple[tuple[Owner, str, str], ...] = (
        ("ARM", "the ARM", f"the {second}'s"),
        ("MDM", f"the {second}", "the ARM's"),
    )
    beside = [{task.task: task for task in control.results} for control in controls]
    return section(
        "transfer",
        "Circuits in the other member, and on other tasks",
        tag("h3", "Transfer"),
        tag("p", _TRANSFER, " Below a value stand those of controls." if controls else None, class_="note"),
        [
            _transfer(tasks, beside, host, f"In {place}; the other circuit is {other}", glossary)
            for host, place, other in hosts
        ],
        tag("h3", "Circuits of all tasks on all tasks"),
        tag("p", _CROSSED, class_="note"),
        [_matrix(tasks, host, f"In {place}, its own circuits") for host, place, _ in hosts],
    )


_TRANSFER = (
    "Faithfulness of circuits of equal size: 1 for what the whole host does, 0 for what it does without any "
    "edge. τ* is 1 where the other circuit does as well as the host's own, and 0 where no better than "
    "circuits of other tasks."
)
_CROSSED = (
    "A row is what was asked, a column the task whose circuit was run; on the diagonal a task's own. The "
    "stronger its colour, the more faithful a circuit."
)
_SHOWN = (
    "transfer",
    "transfer_half",
    "transfer_own",
    "transfer_other",
    "transfer_cross",
    "transfer_shuffled",
    "transfer_shuffled_p",
)
"""Names of the quantities in the table, without their host."""


def _quantities(host: Owner) -> Iterator[Quantity[TaskResult]]:
    wanted = [f"{name}_in_{host.lower()}" for name in _SHOWN]
    known = {quantity.name: quantity for line in FUNCTION.lines for quantity in line.quantities}
    return (known[name] for name in wanted)


def _transfer(
    tasks: Sequence[TaskRecord],
    beside: Sequence[dict[str, TaskResult]],
    host: Owner,
    title: str,
    glossary: Glossary,
) -> Html:
    quantities = list(_quantities(host))
    heads = [
        tag("th", glossary.link(each.definition.title, each.definition), scope="col") for each in quantities
    ]
    rows = [
        tag(
            "tr",
            tag("th", task.task, scope="row"),
            [tag("td", _beside(quantity, task, beside)) for quantity in quantities],
        )
        for task in tasks
    ]
    head = tag("tr", tag("td"), heads)
    shown = tag("table", caption(title), tag("thead", head), tag("tbody", rows), class_="transfer")
    return scrolling(f"Transfer, {title}", shown)


def _beside(
    quantity: Quantity[TaskResult], task: TaskRecord, beside: Sequence[dict[str, TaskResult]]
) -> Child:
    others = [quantity.of(control[task.task]) for control in beside if task.task in control]
    return (
        value_text(quantity.of(task), quantity.rounding),
        [control_value(other, quantity.rounding) for other in others],
    )


def _matrix(tasks: Sequence[TaskRecord], host: Owner, title: str) -> Html:
    names = [task.task for task in tasks]
    name: HostName = "arm" if host == "ARM" else "mdm"
    head = tag("tr", tag("td"), [tag("th", each, scope="col") for each in names])
    rows = [
        tag(
            "tr",
            tag("th", task.task, scope="row"),
            [
                _cell(value, own=circuit == task.task)
                for circuit, value in zip(names, circuit_values(task, name, names), strict=True)
            ],
        )
        for task in tasks
    ]
    kind = f"crossed {name}"
    return scrolling(title, tag("table", caption(title), tag("thead", head), tag("tbody", rows), class_=kind))


def _cell(value: Measured, own: bool) -> Html:
    shade = f"shade-{_shade(value)}" if isinstance(value, Number) else None
    kind = " ".join(filter(None, ("own" if own else None, shade)))
    return tag("td", value_text(value, SHARE), class_=kind or None)


def _shade(value: Number) -> int:
    return round(_SHADES * min(max(value.value, 0.0), 1.0))
