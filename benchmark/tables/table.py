"""Tables of records: the row of every pair, and what lies behind one pair's row, task by task."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ...errors import unknown
from ..record.quantities import SECTIONS, task_quantities
from ..record.quantity import Line, Quantity
from ..record.row import BOTH, COLUMNS, in_board_order, pair_quantities
from ..record.summary import SUITES
from ..record.types import Missing, Record, Summary, TaskResult
from .cells import Format, Markup, Notes, get_markup, plain
from .layout import WIDTH, Fields, Row, csv_lines, stacked, tabular, unrounded

SELF_REPORTED = "self-reported"
"""What a record is whose run nobody else is known to have repeated."""

SORT = "task_dependent_shift"
"""The column that rows are ranked by unless told otherwise."""

T = TypeVar("T")


@dataclass(frozen=True)
class Ranked:
    """A record of a board, and why no board takes it; None where one does."""

    record: Record
    unofficial: str | None = None


def ranked(entries: Sequence[Ranked], sort: str = SORT) -> list[Ranked]:
    """The entries by a column under its CSV name: numbers from the largest down, texts from A, missing last.

    Raises UsageError, with near names, for a column that there is not.
    """
    # Bounds and reasons are no columns of their own to sort by.
    columns = {name for name in _pair_fields(entries[0]) if not name.endswith(_ENDS)} if entries else {sort}
    if sort not in columns:
        raise unknown("column", sort, sorted(columns))

    def place(entry: Ranked) -> tuple[bool, float, str, str]:
        value = _pair_fields(entry)[sort]
        if isinstance(value, float | int):
            # Equal values are ordered by the pair's name, so that a board looks the same wherever it is
            # printed.
            return False, -value, "", entry.record.pair.name
        return value is None, 0.0, value or "", entry.record.pair.name

    return sorted(entries, key=place)


def row_table(entries: Sequence[Ranked], format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """The row of every pair, in the order given.

    Text, GitHub and LaTeX: one line per pair; a value stands with its 95 % interval, rounded; a missing one
    is a dash with its reason as a note below; an unofficial row is marked likewise. Text has at most `width`
    columns: further quantities stand in further tables below. CSV: of every value four fields, unrounded:
    value, _low, _high, _missing; a text that a spreadsheet would take for a formula has `'` before it.
    Raises UsageError for an unknown format.
    """
    if format == "csv":
        return csv_lines(map(_pair_fields, entries))
    notes = Notes(markup := get_markup(format))

    def draw(part: Sequence[int], notes: Notes) -> str:
        chosen = [_BOARD[index] for index in part]
        rows = [
            [markup.text(_called(entry.record)), *(cell(entry, notes) for _, cell in chosen)]
            for entry in entries
        ]
        return tabular(["pair", *(heading for heading, _ in chosen)], rows, markup)

    return stacked(len(_BOARD), draw, notes, width) + notes.below(width)


def row_fields(entries: Sequence[Ranked]) -> list[Fields]:
    """What `row_table` has as CSV, as fields by name."""
    return list(map(_pair_fields, entries))


def record_table(record: Record, format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """A pair's row, a line per quantity and a column per suite; then all behind it, a column per task.

    Text (in parts of at most `width` columns), GitHub and LaTeX as `row_table`; a task without a comparison
    has its column too, with the reason as a note. CSV: one line per task and quantity, unrounded; those of
    the row come first and have no task. Raises UsageError for an unknown format.
    """
    if format == "csv":
        of_tasks = (fields for task in record.results for fields in _task_fields(task))
        return csv_lines([*_summary_fields(record), *of_tasks])
    notes = Notes(get_markup(format))
    bodies = [row_body(record, notes, width), task_body(record, notes, width)]
    return "\n\n".join(bodies) + notes.below(width)


def row_body(record: Record, notes: Notes, width: int = WIDTH) -> str:
    """A pair's row on its side: a line per quantity, a column per suite; its notes are added to `notes`."""
    markup = notes.markup
    places = (*SUITES, BOTH)

    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = [places[index] for index in part]
        rows = [
            [
                markup.text(label),
                *(_of_row(column.quantities.get(place, ()), index, record, notes) for place in shown),
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
        return _tasks([tasks[index] for index in part], notes)

    return stacked(len(tasks), draw, notes, width)


def protocol_name(record: Record) -> str:
    """Name and version of a record's protocol, `v1@1`."""
    return f"{plain(record.protocol.name)}@{record.protocol.version}"


def _called(record: Record) -> str:
    return plain(record.pair.name) + " (control)" * record.pair.control


BoardCell = Callable[[Ranked, Notes], str]


def _status(entry: Ranked, notes: Notes) -> str:
    status = notes.markup.text(SELF_REPORTED)
    return status if entry.unofficial is None else f"{status}, unofficial{notes.mark(entry.unofficial)}"


def _summary_cell(quantity: Quantity[Summary]) -> BoardCell:
    return lambda entry, notes: notes.cell(quantity.of(entry.record.summary), quantity.rounding)


def _board() -> Iterator[tuple[str, BoardCell]]:
    """The columns of a board behind the pair's name: heading and cell."""
    yield "protocol", lambda entry, notes: notes.markup.text(protocol_name(entry.record))
    yield "status", _status
    for column in in_board_order(COLUMNS):
        for place, quantities in column.quantities.items():
            for label, quantity in zip(column.labels, quantities, strict=True):
                yield label if place == BOTH else f"{label}\n{place}", _summary_cell(quantity)


_BOARD = tuple(_board())


def _of_row(quantities: Sequence[Quantity[Summary]], index: int, record: Record, notes: Notes) -> str:
    """One of the values that a column has at a place, empty where it has none."""
    return "".join(
        notes.cell(each.of(record.summary), each.rounding) for each in quantities[index : index + 1]
    )


def _tasks(tasks: Sequence[TaskResult], notes: Notes) -> str:
    markup = notes.markup
    heads = ["", *("\n".join((plain(task.task), task.suite, plain(task.level))) for task in tasks)]
    rows: list[Row] = []
    for section in SECTIONS:
        rows.append([markup.strong(markup.text(section.heading)), *("" for _ in tasks)])
        for line in section.lines:
            rows.append([markup.text(line.label), *(_cell(line, task, notes, markup) for task in tasks)])
    return tabular(heads, rows, markup)


def _cell(line: Line[T], source: T, notes: Notes, markup: Markup) -> str:
    values = [(quantity.of(source), quantity.rounding) for quantity in line.quantities]
    first, rounding = values[0]
    if isinstance(first, Missing) and all(value == first for value, _ in values):
        return notes.cell(first, rounding)
    return " / ".join(notes.cell(*value) for value in values)


_ENDS = ("_low", "_high", "_missing")
"""What the names of a value's other fields end with."""


def _pair_fields(entry: Ranked) -> Fields:
    record = entry.record
    fields: Fields = {"pair": record.pair.name}
    for quantity in pair_quantities():
        value = quantity.of(record.summary)
        fields |= {quantity.name + end: field for end, field in unrounded(value).items()}
    return fields | {
        "protocol": record.protocol.name,
        "protocol_version": record.protocol.version,
        "status": SELF_REPORTED,
        "unofficial": entry.unofficial,
        "control": "yes" if record.pair.control else "no",
        "arm_digest": record.pair.arm.digest,
        "mdm_digest": record.pair.mdm.digest,
        "mechshift": record.environment.mechshift,
    }


def _task_fields(task: TaskResult) -> Iterator[Fields]:
    about: Fields = {"task": task.task, "suite": task.suite, "level": task.level, "version": task.version}
    for quantity in task_quantities():
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
