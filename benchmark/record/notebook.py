"""A record in a notebook: its row as an HTML table, the numbers of its tasks as a data frame."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .html import HtmlCell, html_table
from .means import Summary
from .missing import Missing
from .protocol import Protocol
from .quantities import task_quantities
from .quantity import Quantity
from .record import Record
from .row import BOTH, COLUMNS, Column
from .statements import RowDoubts
from .summary import SUITES
from .task_record import TaskResult

if TYPE_CHECKING:
    import pandas

FIELDS = ("task", "suite", "level", "version", "quantity", "value", "low", "high", "reason")


def task_frame(record: Record) -> "pandas.DataFrame":
    """A row per task and quantity, under the names of FIELDS; see `Record.to_frame`."""
    import pandas

    # Failed tasks have rows too, with the reason, so that their absence cannot be overlooked.
    rows = [row for task in record.results for row in _rows(task, record.protocol)]
    # A column in which everything is missing would else have no dtype to compute with.
    return pandas.DataFrame(rows, columns=list(FIELDS)).astype(dict.fromkeys(("value", "low", "high"), float))


def _rows(task: TaskResult, protocol: Protocol) -> Iterator[tuple[object, ...]]:
    about = (task.task, task.suite, task.level, task.version)
    for quantity in task_quantities(protocol):
        value = quantity.of(task)
        if isinstance(value, Missing):
            yield (*about, quantity.name, None, None, None, value.missing)
        else:
            yield (*about, quantity.name, value.value, value.low, value.high, None)


def row_html(record: Record) -> str:
    """The pair's row: a line per quantity, a column per suite; a title says why there is a dash or a △."""
    places, doubts = (*SUITES, BOTH), RowDoubts(record)
    rows = [
        [label, *(_cell(column, place, index, record.summary, doubts) for place in places)]
        for column in COLUMNS
        for index, label in enumerate(column.labels)
    ]
    protocol = record.protocol
    lacking = ", partial" * bool(record.reductions)
    caption = f"{record.pair.name}, {protocol.name}@{protocol.version}{lacking}"
    return html_table(caption, ["", *places], rows)


def _cell(column: Column, place: str, index: int, summary: Summary, doubts: RowDoubts) -> HtmlCell:
    quantities: tuple[Quantity[Summary], ...] = column.quantities.get(place, ())[index : index + 1]
    if not quantities:
        return ""
    quantity = quantities[0]
    value = quantity.of(summary)
    if isinstance(value, Missing):
        return "–", value.missing
    written, said = quantity.rounding.number(value), "; ".join(doubts.of(quantity))
    return (f"{written} △", said) if said else written
