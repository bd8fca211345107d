"""Rows as text: tables as wide as the terminal for people, or CSV in which no text is a formula."""

import csv
import io
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from tabulate import tabulate

from ..record.missing import Missing
from ..record.number import Measured
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
    """A table in parts of at most `width`, one below the other: as few as can be, of about the same width.

    A column that is too wide by itself has a part of its own. GitHub and LaTeX are no terminal, and have all
    columns side by side.
    """
    if not notes.markup.terminal:
        return draw(range(columns), notes)

    @cache
    def width_of(part: range) -> int:
        # Drawn with notes of their own, as the real ones are numbered in the order in which they are read.
        return max(map(len, draw(part, Notes(notes.markup)).splitlines()))

    return "\n\n".join(draw(part, notes) for part in _balanced(columns, width_of, width))


def _balanced(columns: int, width_of: Callable[[range], int], width: int) -> tuple[range, ...]:
    """Columns cut into as few parts of at most `width` as can be, and of these cuts the most even.

    Filled one after the other, the parts would leave to the last what the others had no room for. Even is
    where the squares of the widths have the smallest sum, then those of the numbers of columns.
    """

    @cache
    def best(start: int) -> tuple[tuple[int, int, int], tuple[range, ...]]:
        """The cost of the columns from there on, and their parts."""
        if start == columns:
            return (0, 0, 0), ()
        found = []
        for end in range(start + 1, columns + 1):
            part = range(start, end)
            wide = width_of(part)
            if wide > width and len(part) > 1:
                break
            (parts, widths, lengths), others = best(end)
            found.append(((parts + 1, widths + wide**2, lengths + len(part) ** 2), (part, *others)))
        # Of equal cuts the one whose first part is the longest, as a reader expects it.
        return min(reversed(found), key=lambda one: one[0])

    return best(0)[1]


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
