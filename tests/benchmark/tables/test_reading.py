"""The guide to the numbers explains every column, line and CSV name that a table can show."""

from pathlib import Path

from mechshift.benchmark.record.quantities import SECTIONS
from mechshift.benchmark.record.row import COLUMNS

GUIDE = " ".join((Path(__file__).parents[3] / "docs" / "reading.md").read_text(encoding="utf-8").split())
LINES = [line for section in SECTIONS for line in section.lines]
OF_TASKS = {quantity.name for line in LINES for quantity in line.quantities}
OF_PAIRS = {quantity.name for column in COLUMNS for held in column.quantities.values() for quantity in held}


def test_every_line_has_its_paragraph() -> None:
    assert [line.label for line in LINES if f"**{line.label}**" not in GUIDE] == []


def test_every_column_has_its_paragraph() -> None:
    headings = [column.heading.replace("\n", " ") for column in COLUMNS]
    assert [heading for heading in headings if f"**{heading}**" not in GUIDE] == []


def test_every_csv_name_is_explained() -> None:
    assert [name for name in sorted(OF_TASKS | OF_PAIRS) if f"`{name}`" not in GUIDE] == []
