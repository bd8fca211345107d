"""What quantities are called on a page: as in the tables, each by itself."""

from collections.abc import Iterator

from ..record.quantities import SECTIONS
from ..record.row import BOTH, COLUMNS


def quantity_labels() -> dict[str, str]:
    """A label by the name of each quantity of a task and of a pair's row."""
    return dict([*_of_tasks(), *_of_row()])


def _of_tasks() -> Iterator[tuple[str, str]]:
    for section in SECTIONS:
        for line in section.lines:
            several = len(line.quantities) > 1
            for quantity in line.quantities:
                # Those that share a line of a table are told apart by the names that they have in CSV.
                yield quantity.name, f"{line.label}: {quantity.name}" if several else line.label


def _of_row() -> Iterator[tuple[str, str]]:
    for column in COLUMNS:
        for place, quantities in column.quantities.items():
            for label, quantity in zip(column.labels, quantities, strict=True):
                yield quantity.name, label if place == BOTH else f"{label}, {place}"
