"""What docs/reading.md says of every quantity, from its declaration; `python docs/shown.py` writes it."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mechshift.benchmark.record.quantities import SECTIONS
from mechshift.benchmark.record.quantity import Definition, Section
from mechshift.benchmark.record.row import COLUMNS
from mechshift.benchmark.tables.layout import wrapped

WIDTH = 120
BLOCK = re.compile(r"(<!-- quantities: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
ROW = "a pair's row"

Named = tuple[str, tuple[str, ...], Definition]
"""A label, the names of its values in CSV, and what they are."""


def with_definitions(page: str) -> str:
    """The page with what stands between its marks written anew."""
    return BLOCK.sub(lambda found: f"{found[1]}{_block(found[2])}\n{found[3]}", page)


def _block(heading: str) -> str:
    named = _row() if heading == ROW else _section(next(one for one in SECTIONS if one.heading == heading))
    grouped = groupby(named, key=lambda one: id(one[2]))
    return "\n\n".join(wrapped(_paragraph(list(same)), WIDTH) for _, same in grouped)


def _row() -> Iterator[Named]:
    for column in COLUMNS:
        # Of every suite the same quantities, so that those at one index are one thing.
        for held in zip(*column.quantities.values(), strict=True):
            yield held[0].definition.title, tuple(each.name for each in held), held[0].definition


def _section(section: Section) -> Iterator[Named]:
    for line in section.lines:
        yield line.label, tuple(each.name for each in line.quantities), line.quantities[0].definition


def _paragraph(named: Sequence[Named]) -> str:
    definition = named[0][2]
    by_label: dict[str, list[str]] = {}
    for label, names, _ in named:
        by_label.setdefault(label, []).extend(f"`{name}`" for name in names)
    called = " and ".join(f"**{label}** ({', '.join(names)})" for label, names in by_label.items())
    about = [f"{definition.range}"]
    if definition.unit:
        about.append(f"in {definition.unit}")
    if definition.larger:
        about.append(f"larger: {definition.larger}")
    trap = f" Trap: {definition.trap}" if definition.trap else ""
    return f"{called}. *{'; '.join(about)}.* {definition.text}{trap}"
