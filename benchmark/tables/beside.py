"""Measured overlaps with reported ones below them, task by task: one quantity, on different prompts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantity import COUNT, FINE, Rounding
from ..record.record import Record
from ..record.task_record import FailedTask, TaskResult
from .cells import Format, Notes, get_markup, plain
from .layout import WIDTH, Fields, Row, csv_lines, stacked, tabular, unrounded, wrapped
from .reported import Reported, list_reported
from .table import SELF_REPORTED, protocol_name

REPORTED_LEGEND = """\
Reported: a source's own number, not measured here, and on other prompts. Other pair: no record above is of
it. A reported number comes without an interval, and so no test of equality is made."""

HEADS = ("task", "pair", "protocol, status", "edges", "J of edges,\nall prompts", "chance")
CHANCE = Rounding(decimals=4, interval=False)


@dataclass(frozen=True)
class _Row:
    """A raw Jaccard index of one pair's circuits, from a record or from a source."""

    task: str
    pair: str
    arm: str
    mdm: str
    status: str
    origin: str
    control: bool
    edges: Measured
    jaccard: Measured
    floor: Measured
    location: str | None = None
    not_stated: str | None = None
    other_pair: bool = False


def beside(record: Record) -> tuple[Reported, ...]:
    """What is reported of the record's pair; where nothing is, what is reported of other pairs."""
    return tuple(entry for entry in list_reported() if entry.is_of(record.pair)) or list_reported()


def overlap_table(
    records: Sequence[Record],
    reported: Sequence[Reported],
    format: Format,  # noqa: A002
    width: int = WIDTH,
) -> str:
    """Raw Jaccard indices of edges by task: the records' by name of the pair, below them the reported ones.

    Text, GitHub and LaTeX: values with their intervals, rounded; what is missing or not stated is a dash with
    a note, and a legend stands below. CSV: one line per row, unrounded.

    Raises UsageError for an unknown format.
    """
    if format == "csv":
        return csv_lines(overlap_fields(records, reported))
    notes = Notes(markup := get_markup(format))
    body = overlap_body(records, reported, notes, width)
    legend = wrapped(REPORTED_LEGEND, width) if markup.terminal else " ".join(REPORTED_LEGEND.split())
    return f"{body}{notes.below(width)}\n\n{markup.text(legend)}"


def overlap_fields(records: Sequence[Record], reported: Sequence[Reported]) -> list[Fields]:
    """What `overlap_table` has as CSV, as fields by name."""
    return [_fields(row) for row in _rows(records, reported)]


def overlap_body(
    records: Sequence[Record],
    reported: Sequence[Reported],
    notes: Notes,
    width: int = WIDTH,
) -> str:
    """`overlap_table` for people without its legend, its notes added to `notes` and not printed."""
    rows = tuple(_rows(records, reported))

    def draw(part: Sequence[int], notes: Notes) -> str:
        # Task and pair stand in every part, as they say what a line is about.
        shown = [0, 1, *(index + 2 for index in part)]
        lines = [[line[index] for index in shown] for line in _lines(rows, notes)]
        return tabular([HEADS[index] for index in shown], lines, notes.markup)

    return stacked(len(HEADS) - 2, draw, notes, width)


def _lines(rows: Sequence[_Row], notes: Notes) -> list[Row]:
    markup, above = notes.markup, ""
    lines = []
    for row in rows:
        texts = (
            "" if row.task == above else row.task,
            f"other pair: {row.pair}" if row.other_pair else row.pair,
            ", ".join([row.origin, row.status, *["control"] * row.control]),
        )
        numbers = ((row.edges, COUNT), (row.jaccard, FINE), (row.floor, CHANCE))
        lines.append(
            [*(markup.text(plain(text)) for text in texts), *(notes.cell(*each) for each in numbers)]
        )
        above = row.task
    return lines


def _rows(records: Sequence[Record], reported: Sequence[Reported]) -> Iterator[_Row]:
    # By name: these values come from different prompts and are not to be ranked.
    ranked = sorted(records, key=lambda record: record.pair.name)
    for name in dict.fromkeys(task.task for record in records for task in record.results):
        for record in ranked:
            yield from (_measured_row(record, task) for task in record.results if task.task == name)
        yield from (_reported_row(entry, name, records) for entry in reported if name in entry.values)


def _measured_row(record: Record, task: TaskResult) -> _Row:
    edges: Measured
    jaccard: Measured
    floor: Measured
    if isinstance(task, FailedTask):
        edges = jaccard = floor = Missing(missing=task.missing)
    else:
        compared = task.comparison.compared
        edges, floor = Number(value=compared.edges), Number(value=compared.edge.floor)
        jaccard = compared.edge.jaccard
    return _Row(
        task=task.task,
        pair=record.pair.name,
        arm=record.pair.arm.checkpoint,
        mdm=record.pair.mdm.checkpoint,
        status=SELF_REPORTED,
        origin=protocol_name(record),
        control=record.pair.control,
        edges=edges,
        jaccard=jaccard,
        floor=floor,
    )


def _reported_row(entry: Reported, task: str, records: Sequence[Record]) -> _Row:
    source, not_stated = entry.source, ", ".join(entry.not_stated)
    unstated = f"not stated by {source} (table or figure: {source.location}): {not_stated}"
    return _Row(
        task=task,
        pair=entry.pair,
        arm=entry.arm.hub,
        mdm=entry.mdm.hub,
        status="reported",
        origin=str(source),
        control=False,
        edges=Number(value=entry.edges),
        jaccard=Number(value=entry.values[task]),
        floor=Missing(missing=unstated),
        location=source.location,
        not_stated=not_stated,
        other_pair=not any(entry.is_of(record.pair) for record in records),
    )


def _fields(row: _Row) -> Fields:
    jaccard = {f"jaccard{end}": field for end, field in unrounded(row.jaccard).items()}
    return {
        "task": row.task,
        "pair": row.pair,
        "status": row.status,
        "origin": row.origin,
        "arm": row.arm,
        "mdm": row.mdm,
        "control": "yes" if row.control else "no",
        "other_pair": "yes" if row.other_pair else "no",
        "edges": unrounded(row.edges)[""],
        **jaccard,
        "floor": unrounded(row.floor)[""],
        "location": row.location,
        "not_stated": row.not_stated,
    }
