"""The numbers themselves: headlines beside the controls, circuits by tasks, and all behind a row by task."""

from collections.abc import Callable, Iterator, Sequence

from ..plots.headlines import Headline, headlines
from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantities import sections_of
from ..record.quantity import SHARE, Section
from ..record.record import Record
from ..record.row import COLUMNS, in_board_order
from ..record.statements import RowDoubts
from ..record.task_record import TaskRecord, TaskResult
from ..tables.at_reads import reads_bodies
from ..tables.cells import Notes
from ..tables.crossed import HostName, crossed_tasks, crossed_values
from ..tables.layout import WIDTH
from ..tables.table import line_cell
from .markdown import MARKUP, name, paragraph, table, text


def rows_table(records: Sequence[Record]) -> str:
    """A line per quantity of a pair's row, a column per record."""
    quantities = [
        quantity
        for column in in_board_order(COLUMNS)
        for held in column.quantities.values()
        for quantity in held
    ]
    notes, doubts = Notes(MARKUP), [RowDoubts(record) for record in records]
    rows = []
    for quantity in quantities:
        cells = [
            notes.cell(quantity.of(record.summary), quantity.rounding) + notes.marks(doubt.of(quantity))
            for record, doubt in zip(records, doubts, strict=True)
        ]
        rows.append([text(quantity.label), *cells])
    return table(["", *map(_called, records)], rows, notes)


def headline_tables(record: Record, controls: Sequence[Record]) -> Iterator[str]:
    """A table per headline: a line per task, the pair's values and those of its controls."""
    for section in sections_of(record.protocol):
        for headline in headlines(section):
            yield _headline_table(headline, record, controls)


def _headline_table(headline: Headline, record: Record, controls: Sequence[Record]) -> str:
    notes = Notes(MARKUP)
    columns = [(quantity, record) for quantity in headline.quantities]
    columns += [
        (quantity, control)
        for control in controls
        for quantity in headline.quantities
        # The ARM of a control is the pair's.
        if quantity.member != "ARM"
    ]
    rows = [
        [
            name(task.task),
            *(notes.cell(_value(quantity.of, of, task.task), quantity.rounding) for quantity, of in columns),
        ]
        for task in record.results
    ]
    heads = [text(headline.definition.title)]
    for quantity, of in columns:
        whose = "" if of.pair.control or quantity.member is None else f", {quantity.member}"
        heads.append(_called(of) + whose)
    return table(heads, rows, notes)


def _value(of: Callable[[TaskResult], Measured], record: Record, asked: str) -> Measured:
    found = next((task for task in record.results if task.task == asked), None)
    return Missing(missing=f"{record.pair.name} was not asked it") if found is None else of(found)


def transfer_tables(record: Record) -> list[str]:
    """A matrix for either host: a line per task, a column per circuit; none where no circuits were run."""
    tasks = crossed_tasks(record)
    if not tasks:
        return [paragraph("The protocol runs no circuits in the other member.")]
    hosts: tuple[tuple[HostName, str, str], ...] = (
        ("arm", "ARM", record.pair.second),
        ("mdm", record.pair.second, "ARM"),
    )
    found = [
        paragraph(
            """Faithfulness of circuits of equal size in a host: 1 for what the whole host does, 0 for what it
            does without any edge. *Own*: the host's own circuit of the task; it stands on the diagonal too.
            τ\\* = (other member − mean of other tasks)/(own − that mean)."""
        )
    ]
    for host, called, other in hosts:
        found += [f"In the {called}, where the other member is the {other}:", _transfer_table(tasks, host)]
    return found


def _transfer_table(tasks: Sequence[TaskRecord], host: HostName) -> str:
    asked, notes = [task.task for task in tasks], Notes(MARKUP)
    rows = [
        [name(task.task), *(notes.cell(value, SHARE) for value in crossed_values(task, host, asked))]
        for task in tasks
    ]
    return table(["asked", "τ\\*", "other member", *(f"of {name(task)}" for task in asked)], rows, notes)


def reads_tables(record: Record) -> list[str]:
    """Both members at the reads beside the headline's, and where in an answer the metric is."""
    notes = Notes(MARKUP)
    bodies = reads_bodies(record, notes, WIDTH)
    if not bodies:
        return [paragraph("The protocol reads nothing beside the headline's token.")]
    return [*bodies, notes.below().strip()] if notes.below() else bodies


def section_tables(record: Record) -> Iterator[str]:
    """For every section of a task's quantities a heading and a table: lines are quantities, columns tasks."""
    for section in sections_of(record.protocol):
        if not section.apart:
            yield f"#### {section.heading}"
            yield _section_table(section, record.results)


def _section_table(section: Section, tasks: Sequence[TaskResult]) -> str:
    notes = Notes(MARKUP)
    rows = [[text(line.label), *(line_cell(line, task, notes) for task in tasks)] for line in section.lines]
    return table(["", *(name(task.task) for task in tasks)], rows, notes)


def _called(record: Record) -> str:
    return name(record.pair.name) + (" (control)" if record.pair.control else "")
