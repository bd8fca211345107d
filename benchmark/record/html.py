"""Small HTML tables for notebooks; every text is escaped, as names and reasons come from strangers' files."""

from collections.abc import Sequence
from html import escape

HtmlCell = str | tuple[str, str]
"""A text, or a text and what is said of it when the pointer rests on it."""


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[HtmlCell]]) -> str:
    """A table with a caption; the first cell of a row is its heading."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = [
        f"<tr><th>{_content(row[0])}</th>{''.join(f'<td>{_content(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    ]
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _content(cell: HtmlCell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    text, title = cell
    return f'<span title="{escape(title)}">{escape(text)}</span>'
