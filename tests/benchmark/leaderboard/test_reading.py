"""The guide to the numbers explains every column, line and CSV name that a table can show."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from mechshift.benchmark.leaderboard.quantities import SECTIONS, Line
from mechshift.benchmark.leaderboard.row import COLUMNS

GUIDE = " ".join((Path(__file__).parents[3] / "docs" / "reading.md").read_text(encoding="utf-8").split())
LINES = [line for section in SECTIONS for line in section.lines]
CELLS = [line for column in COLUMNS for line in column.lines.values()]


def names(lines: Iterable[Line]) -> set[str]:
    return {quantity.name for line in lines for quantity in line.quantities}


@pytest.mark.parametrize("label", [line.label for line in LINES])
def test_every_line_has_its_paragraph(label: str) -> None:
    assert f"**{label}**" in GUIDE


@pytest.mark.parametrize("heading", [column.heading for column in COLUMNS])
def test_every_column_has_its_paragraph(heading: str) -> None:
    words = heading.replace("\n", " ").removesuffix(" ARM → MDM")
    assert f"**{words}**" in GUIDE


@pytest.mark.parametrize("name", sorted(names(LINES) | names(CELLS)))
def test_every_csv_name_is_explained(name: str) -> None:
    assert f"`{name}`" in GUIDE
