"""Circuit by mask rate: both members at the reads beside the headline's, and where the metric is."""

from collections.abc import Callable, Sequence
from typing import Literal

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantities.reads import TITLES, found_at
from ..record.quantity import COUNT, FINE, PERCENT, SHARE, SHIFT, Rounding, entry
from ..record.reads import AtRead
from ..record.record import Record
from ..record.task_record import TaskRecord
from .cells import Notes, plain
from .layout import Row, stacked, tabular

_Column = tuple[str, Callable[[AtRead], Measured], Rounding]

COLUMNS: tuple[_Column, ...] = (
    ("prompts", lambda at: Number(value=at.examples), COUNT),
    ("masked", lambda at: at.masked, PERCENT),
    ("ρ of\nedges", lambda at: entry(at.structure, "edges"), SHARE),
    ("ρ, standard-\nised", lambda at: entry(at.structure, "standardised"), SHARE),
    ("ρ of\ncomponents", lambda at: entry(at.structure, "components"), SHARE),
    ("MDM's ρ with\nthe headline", lambda at: entry(at.structure, "headline"), SHARE),
    ("early share,\nARM, squared", lambda at: entry(at.squared.arm, "early_share"), SHARE),
    ("early share,\nMDM, squared", lambda at: entry(at.squared.mdm, "early_share"), SHARE),
    ("early shift,\nsquared", lambda at: entry(at.squared.shift, "early_share"), SHIFT),
    ("early shift,\nabsolute", lambda at: entry(at.mass.shift, "early_share"), SHIFT),
    ("specialisation\nshift, squared", lambda at: entry(at.squared.shift, "specialisation"), SHIFT),
    ("specialisation\nshift, absolute", lambda at: entry(at.mass.shift, "specialisation"), SHIFT),
    ("right-context\nshare, MDM", lambda at: entry(at.direction, "right_context_squared"), FINE),
    ("metric, ARM,\nclean − corr.", lambda at: entry(at.gap, "arm"), SHARE),
    ("metric, MDM,\nclean − corr.", lambda at: entry(at.gap, "mdm"), SHARE),
)
"""Heading, value and rounding."""

_MEMBERS: tuple[Literal["arm", "mdm"], ...] = ("arm", "mdm")
PARTS = (("plan token", "plan"), ("copied tokens", "copied"), ("other tokens", "other"))


def reads_bodies(record: Record, notes: Notes, width: int) -> list[str]:
    """The tables of the reads beside the headline's and of the metric's shares; none without such reads.

    Their notes are added to `notes`.
    """
    if not record.protocol.reading.beside:
        return []
    return [_by_read(record, notes, width), _by_part(record, notes, width)]


def _by_read(record: Record, notes: Notes, width: int) -> str:
    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = [COLUMNS[index] for index in part]
        rows = [row for task in record.tasks for row in _rows(task, record, shown, notes)]
        return tabular(["Circuit by mask rate", "read", *(head for head, _, _ in shown)], rows, notes.markup)

    return stacked(len(COLUMNS), draw, notes, width)


def _rows(task: TaskRecord, record: Record, shown: Sequence[_Column], notes: Notes) -> list[Row]:
    markup, rows = notes.markup, []
    for index, read in enumerate(record.protocol.reading.beside):
        found = found_at(task, read)
        values = [
            notes.cell(found if isinstance(found, Missing) else of(found), rounding)
            for _, of, rounding in shown
        ]
        rows.append([markup.text("" if index else plain(task.task)), markup.text(TITLES[read]), *values])
    return rows


def _by_part(record: Record, notes: Notes, width: int) -> str:
    """Shares of the metric over a whole trajectory, of both members."""
    columns = [(member, label, part) for member in _MEMBERS for label, part in PARTS]

    def draw(chosen: Sequence[int], notes: Notes) -> str:
        shown = [columns[index] for index in chosen]
        rows = []
        for task in record.tasks:
            found = task.stages.metric
            values = [notes.cell(entry(found.get(member, {}), part), SHARE) for member, _, part in shown]
            rows.append([notes.markup.text(plain(task.task)), *values])
        heads = [f"{member.upper()},\n{label}" for member, label, _ in shown]
        return tabular(["Share of the metric", *heads], rows, notes.markup)

    return stacked(len(columns), draw, notes, width)
