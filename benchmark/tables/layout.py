"""Rows as text: tables as wide as the terminal for people, or CSV in which no text is a formula."""

import csv
import io
import textwrap
from collections.abc import Callable, Iterable, Sequence

from tabulate import tabulate

from ..record.types import Measured, Missing
from .cells import Markup, Notes

WIDTH = 120
"""Columns of a page of text unless told otherwise: what a file or a pipe gets."""

Row = list[str]
Fields = dict[str, str | float | None]


def tabular(heads: Sequence[str], rows: Sequence[Row], markup: Markup) -> str:
    """A table of cells that are already escaped, under headings that are not, of one or several lines."""
    escaped = [markup.line_break.join(map(markup.text, head.split("\n"))) for head in heads]
    return tabulate(rows, headers=escaped, tablefmt=markup.tabular, disable_numparse=True)


DrawPart = Callable[[Sequence[int], Notes], str]
"""The table of some of its columns, counted from 0, its reasons added to the notes."""


def stacked(columns: int, draw: DrawPart, notes: Notes, width: int) -> str:
    """A table in parts of at most `width`, one below the other: as many columns side by side as fit.

    A column that is too wide by itself has a part of its own. GitHub and LaTeX are no terminal, and have all
    columns side by side.
    """
    if not notes.markup.terminal:
        return draw(range(columns), notes)
    parts: list[list[int]] = []
    for column in range(columns):
        # Tried with notes of their own, as the real ones are numbered in the order in which they are read.
        if parts and _widest(draw([*parts[-1], column], Notes(notes.markup))) <= width:
            parts[-1].append(column)
        else:
            parts.append([column])
    return "\n\n".join(draw(part, notes) for part in parts)


def _widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def wrapped(text: str, width: int, begins: str = "") -> str:
    """A paragraph in lines of that width, the first behind `begins` and the others as far in.

    Words that are longer stay whole.
    """
    return textwrap.fill(
        " ".join(text.split()),
        width=max(width, 2 * len(begins)),
        initial_indent=begins,
        subsequent_indent=" " * len(begins),
        break_long_words=False,
        break_on_hyphens=False,
    )


def unrounded(value: Measured) -> Fields:
    """Four fields by the ending of their names; None stands for an empty one."""
    if isinstance(value, Missing):
        return {"": None, "_low": None, "_high": None, "_missing": value.missing}
    return {"": value.value, "_low": value.low, "_high": value.high, "_missing": None}


def csv_lines(lines: Iterable[Fields]) -> str:
    """CSV under the names of the first line's fields, which all lines have; empty for none."""
    rows = list(lines)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(field) for name, field in fields.items()} for fields in rows)
    return text.getvalue().removesuffix("\n")


def _inert(field: str | float | None) -> str | float | None:
    """A field that no spreadsheet takes for a formula: names and reasons come from strangers' files."""
    return f"'{field}" if isinstance(field, str) and field.lstrip().startswith(tuple("=+-@")) else field
