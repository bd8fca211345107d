"""Tables of records: the row of every pair, and what lies behind one pair's row, task by task."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tabulate import tabulate

from ..record import Measured, Missing, Record
from ..summary import SUITES
from .cells import Format, Markup, Notes, get_markup, plain
from .quantities import SECTIONS, Line, Quantity, Task
from .row import BOTH, COLUMNS

ABREAST = 4
"""Tasks side by side in a text table, which then has at most 120 columns."""

T = TypeVar("T")
Row = list[str]
Fields = dict[str, str | float | None]


def row_table(records: Sequence[Record], format: Format) -> str:  # noqa: A002
    """The row of every pair, by task-dependent shift, largest first and missing last.

    Text (about 150 columns), GitHub and LaTeX: a row takes two lines, one per suite, and a value stands with
    its 95 % interval, rounded; a missing one is a dash with its reason as a note below. CSV: one line per
    pair, and of every value four fields, unrounded: value, _low, _high, _missing. Raises UsageError for an
    unknown format.
    """
    ranked = sorted(records, key=_rank)
    if format == "csv":
        return _csv(_pair_fields(record) for record in ranked)
    notes = Notes(markup := get_markup(format))
    heads = ["pair", "suite", *(column.heading for column in COLUMNS), "protocol,\nstatus"]
    rows = [row for record in ranked for row in _pair_rows(record, notes, markup)]
    return _table(heads, rows, markup) + notes.below()


def task_table(record: Record, format: Format) -> str:  # noqa: A002
    """Everything behind a record's row: a column per task, a line per quantity.

    Text (at most 120 columns, further tasks below), GitHub and LaTeX as `row_table`; a task without a
    comparison has its column too, with the reason as a note. CSV: one line per task and quantity, unrounded.
    Raises UsageError for an unknown format.
    """
    if format == "csv":
        return _csv(fields for task in _tasks(record) for fields in _task_fields(task))
    notes = Notes(get_markup(format))
    return task_body(record, notes, format) + notes.below()


def task_body(record: Record, notes: Notes, format: Format) -> str:  # noqa: A002
    """`task_table` in a format for people, its notes added to `notes` and not printed."""
    markup, tasks = get_markup(format), _tasks(record)
    abreast = ABREAST if format == "text" else max(1, len(tasks))
    parts = [tasks[start : start + abreast] for start in range(0, len(tasks), abreast)]
    return "\n\n".join(_part(part, notes, markup) for part in parts)


def row_body(record: Record, notes: Notes, format: Format) -> str:  # noqa: A002
    """A pair's row on its side, so that it fits a terminal: a line per quantity, a column per suite."""
    markup = get_markup(format)
    places = (*SUITES, BOTH)
    rows = [
        [
            markup.text(column.heading.replace("\n", " ")),
            *(_cell(column.lines.get(place), record.summary, notes, markup) for place in places),
        ]
        for column in COLUMNS
    ]
    return _table(["", *places], rows, markup)


def protocol_name(record: Record) -> str:
    """Name and version of a record's protocol, `v1@1`."""
    return f"{plain(record.protocol.name)}@{record.protocol.version}"


def _rank(record: Record) -> tuple[bool, float, str]:
    shift = record.summary.task_dependent_shift
    if isinstance(shift, Missing):
        return True, 0.0, record.pair.name
    return False, -shift.value, record.pair.name


def _pair_rows(record: Record, notes: Notes, markup: Markup) -> tuple[Row, Row]:
    def cells(*places: str) -> Row:
        lines = (next((column.lines[at] for at in places if at in column.lines), None) for column in COLUMNS)
        return [_cell(line, record.summary, notes, markup) for line in lines]

    local, planning = SUITES
    pair, protocol = markup.text(plain(record.pair.name)), markup.text(protocol_name(record))
    return [pair, local, *cells(local, BOTH), protocol], ["", planning, *cells(planning), record.status]


def _tasks(record: Record) -> tuple[Task, ...]:
    return (*record.tasks, *record.failed)


def _part(tasks: Sequence[Task], notes: Notes, markup: Markup) -> str:
    heads = ["", *("\n".join((plain(task.task), task.suite, plain(task.level))) for task in tasks)]
    rows: list[Row] = []
    for section in SECTIONS:
        rows.append([markup.strong(markup.text(section.heading)), *("" for _ in tasks)])
        for line in section.lines:
            rows.append([markup.text(line.label), *(_cell(line, task, notes, markup) for task in tasks)])
    return _table(heads, rows, markup)


def _cell(line: Line[T] | None, source: T, notes: Notes, markup: Markup) -> str:
    if line is None:
        return ""
    values = [(quantity.of(source), quantity.rounding) for quantity in line.quantities]
    first, rounding = values[0]
    if isinstance(first, Missing) and all(value == first for value, _ in values):
        return notes.cell(first, rounding)
    return markup.text(line.between).join(notes.cell(*value) for value in values)


def _table(heads: Sequence[str], rows: Sequence[Row], markup: Markup) -> str:
    escaped = [markup.line_break.join(map(markup.text, head.split("\n"))) for head in heads]
    return tabulate(rows, headers=escaped, tablefmt=markup.tabular, disable_numparse=True)


def _pair_fields(record: Record) -> Fields:
    fields: Fields = {"pair": record.pair.name}
    for quantity in _quantities(line for column in COLUMNS for line in column.lines.values()):
        value = quantity.of(record.summary)
        fields |= {quantity.name + end: field for end, field in _unrounded(value).items()}
    return fields | {
        "protocol": record.protocol.name,
        "protocol_version": record.protocol.version,
        "status": record.status,
        "arm_digest": record.pair.arm.digest,
        "mdm_digest": record.pair.mdm.digest,
        "mechshift": record.environment.mechshift,
        "created": record.created,
    }


def _task_fields(task: Task) -> Iterator[Fields]:
    about: Fields = {"task": task.task, "suite": task.suite, "level": task.level, "version": task.version}
    for quantity in _quantities(line for section in SECTIONS for line in section.lines):
        fields = _unrounded(quantity.of(task))
        yield (
            about | {"quantity": quantity.name} | {end[1:] or "value": field for end, field in fields.items()}
        )


def _quantities(lines: Iterable[Line[T]]) -> Iterator[Quantity[T]]:
    for line in lines:
        yield from line.quantities


def _unrounded(value: Measured) -> Fields:
    """Four fields by the ending of their names; None stands for an empty one."""
    if isinstance(value, Missing):
        return {"": None, "_low": None, "_high": None, "_missing": value.missing}
    return {"": value.value, "_low": value.low, "_high": value.high, "_missing": None}


def _csv(lines: Iterable[Fields]) -> str:
    rows = list(lines)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")
