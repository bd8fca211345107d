"""The guide to the numbers explains every column, line and CSV name that a table can show."""

from pathlib import Path

import pytest

from mechshift.benchmark.tables.quantities import SECTIONS
from mechshift.benchmark.tables.row import COLUMNS

GUIDE = " ".join((Path(__file__).parents[3] / "docs" / "reading.md").read_text(encoding="utf-8").split())
LINES = [line for section in SECTIONS for line in section.lines]
OF_TASKS = {quantity.name for line in LINES for quantity in line.quantities}
OF_PAIRS = {quantity.name for column in COLUMNS for held in column.quantities.values() for quantity in held}


@pytest.mark.parametrize("label", [line.label for line in LINES])
def test_every_line_has_its_paragraph(label: str) -> None:
    assert f"**{label}**" in GUIDE


@pytest.mark.parametrize("heading", [column.heading for column in COLUMNS])
def test_every_column_has_its_paragraph(heading: str) -> None:
    words = heading.replace("\n", " ")
    assert f"**{words}**" in GUIDE


@pytest.mark.parametrize("name", sorted(OF_TASKS | OF_PAIRS))
def test_every_csv_name_is_explained(name: str) -> None:
    assert f"`{name}`" in GUIDE
