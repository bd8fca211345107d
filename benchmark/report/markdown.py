"""What documents in Markdown are made of: paragraphs, tables with their notes below, lists and names."""

import re
import textwrap
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from ...errors import listed
from ..tables.cells import Notes, get_markup, plain

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


def name(words: str) -> str:
    """A name from a record in code font, or as escaped text where code font could not hold it."""
    shown = plain(words)
    return f"`{shown}`" if _PLAIN_NAME.fullmatch(shown) else MARKUP.text(shown)


def names(words: Iterable[str]) -> str:
    """Several such names: `a`, `b` and `c`."""
    return listed([name(each) for each in words])


def code(lines: Sequence[str]) -> str:
    """Lines as a block of code, which nothing in them ends."""
    shown = [plain(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}text", *shown, fence))


_PLAIN_NAME = re.compile(r"[\w.,:;@/+−–()-]+")
