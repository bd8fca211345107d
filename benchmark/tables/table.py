"""Tables of records: the row of every pair, and what lies behind one pair's row, task by task."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from ..record.summary import SUITES
from ..record.types import Missing, Record, Summary
from .cells import Format, Markup, Notes, get_markup, plain
from .layout import Fields, Row, csv_lines, tabular, unrounded
from .quantities import SECTIONS, Line, Task
from .row import BOTH, COLUMNS, MEMBERS, Column

ABREAST = 4
"""Tasks side by side in a text table, which then has at most 120 columns."""

_OF_BOTH = tuple(column for column in COLUMNS if BOTH in column.quantities)
_BY_SUITE = tuple(column for column in COLUMNS if BOTH not in column.quantities)

T = TypeVar("T")


def row_table(records: Sequence[Record], format: Format) -> str:  # noqa: A002
    """The row of every pair, by task-dependent shift, largest first and missing last.

    Text (at most 160 columns for a pair's name of up to 13 characters), GitHub and LaTeX: what is of both
    suites stands left of the suite's name, what is of one suite right of it, ARM above MDM, so that a row
    takes four lines, and below the status of a control pair stands "control"; a value stands with its 95 %
    interval, rounded; a missing one is a dash with its reason as a note below. CSV: one line per pair, and of
    every value four fields, unrounded: value, _low, _high, _missing; a text that a spreadsheet would take for
    a formula has `'` before it. Raises UsageError for an unknown format.
    """
    ranked = sorted(records, key=_rank)
    if format == "csv":
        return csv_lines(_pair_fields(record) for record in ranked)
    notes = Notes(markup := get_markup(format))
    heads = ["pair,\nprotocol,\nstatus", *_headings(_OF_BOTH), "suite", *_headings(_BY_SUITE)]
    rows = [row for record in ranked for row in _pair_rows(record, notes, markup)]
    return tabular(heads, rows, markup) + notes.below()


def task_table(record: Record, format: Format) -> str:  # noqa: A002
    """Everything behind a record's row: a column per task, a line per quantity.

    Text (at most 120 columns, further tasks below), GitHub and LaTeX as `row_table`; a task without a
    comparison has its column too, with the reason as a note. CSV: one line per task and quantity, unrounded.
    Raises UsageError for an unknown format.
    """
    if format == "csv":
        return csv_lines(fields for task in all_tasks(record) for fields in _task_fields(task))
    notes = Notes(get_markup(format))
    return task_body(record, notes, format) + notes.below()


def task_body(record: Record, notes: Notes, format: Format) -> str:  # noqa: A002
    """`task_table` in a format for people, its notes added to `notes` and not printed."""
    markup, tasks = get_markup(format), all_tasks(record)
    abreast = ABREAST if format == "text" else max(1, len(tasks))
    parts = [tasks[start : start + abreast] for start in range(0, len(tasks), abreast)]
    return "\n\n".join(_part(part, notes, markup) for part in parts)


def row_body(record: Record, notes: Notes, format: Format) -> str:  # noqa: A002
    """A pair's row on its side, so that it fits a terminal: a line per quantity, a column per suite."""
    markup = get_markup(format)
    places = (*SUITES, BOTH)
    rows = [
        [
            markup.text(label),
            *(_value(column, place, index, record.summary, notes) for place in places),
        ]
        for column in COLUMNS
        for index, label in enumerate(column.labels)
    ]
    return tabular(["", *places], rows, markup)


def all_tasks(record: Record) -> tuple[Task, ...]:
    """A record's tasks, those without a comparison last."""
    return (*record.tasks, *record.failed)


def protocol_name(record: Record) -> str:
    """Name and version of a record's protocol, `v1@1`."""
    return f"{plain(record.protocol.name)}@{record.protocol.version}"


def _rank(record: Record) -> tuple[bool, float, str]:
    shift = record.summary.task_dependent_shift
    if isinstance(shift, Missing):
        return True, 0.0, record.pair.name
    return False, -shift.value, record.pair.name


def _headings(columns: Sequence[Column]) -> list[str]:
    return [column.heading for column in columns]


def _pair_rows(record: Record, notes: Notes, markup: Markup) -> list[Row]:
    """Four lines: of either suite one per member; beside them the pair's name, and what is of both."""

    def cells(columns: Sequence[Column], place: str, index: int) -> Row:
        values = [_value(column, place, index, record.summary, notes) for column in columns]
        return [
            column.cells[index].format(value) if value else ""
            for column, value in zip(columns, values, strict=True)
        ]

    kind = "control" if record.pair.control else ""
    about = (plain(record.pair.name), protocol_name(record), record.status, kind)
    places = [(suite, index) for suite in SUITES for index in range(len(MEMBERS))]
    return [
        [
            markup.text(called),
            *cells(_OF_BOTH, BOTH, line),
            "" if index else suite,
            *cells(_BY_SUITE, suite, index),
        ]
        for line, (called, (suite, index)) in enumerate(zip(about, places, strict=True))
    ]


def _value(column: Column, place: str, index: int, summary: Summary, notes: Notes) -> str:
    """One of the values that a column has at a place, empty where it has none."""
    quantities = column.quantities.get(place, ())[index : index + 1]
    return "".join(notes.cell(quantity.of(summary), quantity.rounding) for quantity in quantities)


def _part(tasks: Sequence[Task], notes: Notes, markup: Markup) -> str:
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


def _pair_fields(record: Record) -> Fields:
    fields: Fields = {"pair": record.pair.name}
    for quantity in (each for column in COLUMNS for place in column.quantities.values() for each in place):
        value = quantity.of(record.summary)
        fields |= {quantity.name + end: field for end, field in unrounded(value).items()}
    return fields | {
        "protocol": record.protocol.name,
        "protocol_version": record.protocol.version,
        "status": record.status,
        "control": "yes" if record.pair.control else "no",
        "arm_digest": record.pair.arm.digest,
        "mdm_digest": record.pair.mdm.digest,
        "mechshift": record.environment.mechshift,
    }


def _task_fields(task: Task) -> Iterator[Fields]:
    about: Fields = {"task": task.task, "suite": task.suite, "level": task.level, "version": task.version}
    for quantity in (each for section in SECTIONS for line in section.lines for each in line.quantities):
        fields = unrounded(quantity.of(task))
        yield (
            about | {"quantity": quantity.name} | {end[1:] or "value": field for end, field in fields.items()}
        )
