"""What the page is made of: paragraphs, tables with their notes below, and lists."""

import textwrap
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from ...benchmark.tables.cells import Notes, get_markup, plain

WIDTH = 120
MARKUP = get_markup("github")


def text(words: str) -> str:
    """A text from a record, in which nothing is taken for Markdown."""
    return MARKUP.text(plain(words))


def paragraph(words: str) -> str:
    """The words on lines of the page's width."""
    return textwrap.fill(" ".join(words.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def bullets(items: Iterable[str]) -> str:
    """A list, an item each."""
    return "\n".join(textwrap.indent(paragraph(item), "  ").replace("  ", "* ", 1) for item in items)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], notes: Notes | None = None) -> str:
    """A table of cells that are Markdown already, and below it the notes that its dashes refer to."""
    below = notes.below() if notes else ""
    return tabulate(list(rows), headers=heads, tablefmt="github", disable_numparse=True) + below
