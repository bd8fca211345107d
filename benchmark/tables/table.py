"""The tables of a record: the pair's row, and what lies behind it, task by task."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TypeVar

from ..record.means import Summary
from ..record.missing import Missing
from ..record.protocol import Protocol
from ..record.quantities import sections_of, task_quantities
from ..record.quantity import Line, Quantity
from ..record.record import Record
from ..record.row import BOTH, COLUMNS
from ..record.statements import RowDoubts
from ..record.summary import SUITES
from ..record.task_record import TaskResult
from .at_reads import reads_bodies
from .cells import Format, Markup, Notes, get_markup, plain
from .layout import WIDTH, Fields, Row, csv_lines, stacked, tabular, unrounded
from .neurons import cards_body

SELF_REPORTED = "self-reported"
"""What a record is whose run nobody else is known to have repeated."""

T = TypeVar("T")


def record_table(record: Record, format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """A pair's row, a line per quantity and a column per suite; all behind it by task; and neuron cards.

    Text (in parts of at most `width` columns), GitHub and LaTeX: a value stands with its 95 % interval,
    rounded; a missing one is a dash with its reason as a note below; a task without a comparison has its
    column too. CSV: one line per task and quantity, unrounded, and a text that a spreadsheet would take for a
    formula has `'` before it; those of the row come first and have no task. Raises UsageError for an unknown
    format.
    """
    if format == "csv":
        of_tasks = (fields for task in record.results for fields in _task_fields(task, record.protocol))
        return csv_lines([*_summary_fields(record), *of_tasks])
    notes = Notes(get_markup(format))
    bodies = [row_body(record, notes, width), task_body(record, notes, width)]
    bodies += reads_bodies(record, notes, width)
    bodies += filter(None, [cards_body(record, notes, width)])
    return "\n\n".join(bodies) + notes.below(width)


def row_body(record: Record, notes: Notes, width: int = WIDTH) -> str:
    """A pair's row on its side: a line per quantity, a column per suite; its notes are added to `notes`."""
    markup = notes.markup
    places, doubts = (*SUITES, BOTH), RowDoubts(record)

    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = [places[index] for index in part]
        rows = [
            [
                markup.text(label),
                *(_of_row(column.quantities.get(place, ()), index, record, notes, doubts) for place in shown),
            ]
            for column in COLUMNS
            for index, label in enumerate(column.labels)
        ]
        # A part without the other suites has nothing to say on the lines that are theirs.
        return tabular(["", *shown], [row for row in rows if any(row[1:])], markup)

    return stacked(len(places), draw, notes, width)


def task_body(record: Record, notes: Notes, width: int = WIDTH) -> str:
    """All behind a pair's row, a line per quantity and a column per task; its notes are added to `notes`."""
    tasks = record.results

    def draw(part: Sequence[int], notes: Notes) -> str:
        return _tasks([tasks[index] for index in part], record.protocol, notes, width)

    return stacked(len(tasks), draw, notes, width)


def protocol_name(record: Record) -> str:
    """Name and version of a record's protocol, `v2@1`."""
    return f"{plain(record.protocol.name)}@{record.protocol.version}"


def _of_row(
    quantities: Sequence[Quantity[Summary]], index: int, record: Record, notes: Notes, doubts: RowDoubts
) -> str:
    """One of the values that a column has at a place, empty where it has none.

    It says where two weightings do not agree on it, and a signed one which tasks carry its sign.
    """
    if not quantities:
        return ""
    quantity = quantities[index]
    cell = notes.cell(quantity.of(record.summary), quantity.rounding)
    return cell + notes.marks(doubts.of(quantity))


def _tasks(tasks: Sequence[TaskResult], protocol: Protocol, notes: Notes, width: int) -> str:
    markup = notes.markup
    heads = ["", *("\n".join((plain(task.task), task.suite, plain(task.level))) for task in tasks)]
    rows: list[Row] = []
    for section in (each for each in sections_of(protocol) if not each.apart):
        rows.append([markup.strong(_folded(section.heading, width, markup)), *("" for _ in tasks)])
        for line in section.lines:
            rows.append(
                [_folded(line.label, width, markup), *(line_cell(line, task, notes) for task in tasks)]
            )
    return tabular(heads, rows, markup)


def _folded(label: str, width: int, markup: Markup) -> str:
    """A label in lines of two fifths of a terminal, which leave room for a column at any width."""
    if not markup.terminal:
        return markup.text(label)
    return "\n".join(textwrap.wrap(markup.text(label), 2 * width // 5, break_on_hyphens=False))


def line_cell(line: Line[T], source: T, notes: Notes) -> str:
    """The values of a line of one task or row; one dash where all are missing for one reason."""
    values = [(quantity.of(source), quantity.rounding) for quantity in line.quantities]
    first, rounding = values[0]
    if isinstance(first, Missing) and all(value == first for value, _ in values):
        return notes.cell(first, rounding)
    return " / ".join(notes.cell(*value) for value in values)


def _task_fields(task: TaskResult, protocol: Protocol) -> Iterator[Fields]:
    about: Fields = {"task": task.task, "suite": task.suite, "level": task.level, "version": task.version}
    for quantity in task_quantities(protocol):
        yield about | _named(quantity.name, unrounded(quantity.of(task)))


def _summary_fields(record: Record) -> Iterator[Fields]:
    """The pair's row in the form of a task's lines, so that one file has both."""
    for column in COLUMNS:
        for place, quantities in column.quantities.items():
            about: Fields = {"task": None, "suite": None if place == BOTH else place}
            about |= {"level": None, "version": None}
            for quantity in quantities:
                yield about | _named(quantity.name, unrounded(quantity.of(record.summary)))


def _named(quantity: str, fields: Fields) -> Fields:
    return {"quantity": quantity} | {end[1:] or "value": field for end, field in fields.items()}
