"""Rows as text: a table for people, or CSV in which no text is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from ..record.types import Measured, Missing
from .cells import Markup

Row = list[str]
Fields = dict[str, str | float | None]


def tabular(heads: Sequence[str], rows: Sequence[Row], markup: Markup) -> str:
    """A table of cells that are already escaped, under headings that are not, of one or several lines."""
    escaped = [markup.line_break.join(map(markup.text, head.split("\n"))) for head in heads]
    return tabulate(rows, headers=escaped, tablefmt=markup.tabular, disable_numparse=True)


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
