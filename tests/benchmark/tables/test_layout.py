"""Tables in parts: as few as can be, none wider than the terminal, and none left with a lonely column."""

import random
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest

from mechshift.benchmark.tables.cells import Notes, get_markup
from mechshift.benchmark.tables.layout import stacked

HEAD = 4
"""Characters of the first column, which every part has."""


def parts_of(widths: Sequence[int], width: int, style: str = "text") -> list[int]:
    """How many columns of these widths each part of a table has."""
    drawn: list[int] = []

    def draw(part: Sequence[int], notes: Notes) -> str:
        shown = "".join("x" * widths[column] for column in part)
        return f"{'-' * HEAD}{shown}\n{len(part)}"

    notes = Notes(get_markup("github" if style == "github" else "text"))
    for part in stacked(len(widths), draw, notes, width).split("\n\n"):
        drawn.append(int(part.splitlines()[1]))
    assert sum(drawn) == len(widths)
    return drawn


@pytest.mark.parametrize(
    ("widths", "parts"),
    [
        ([10] * 4, [4]),
        ([10] * 5, [3, 2]),
        ([10] * 9, [3, 3, 3]),
        ([10] * 10, [4, 3, 3]),
        ([30, 10, 10], [1, 2]),
        ([10, 10, 10, 10, 30], [3, 2]),
        ([10, 99, 10, 10], [1, 1, 2]),
    ],
)
def test_a_table_of_44_characters_worked_out_by_hand(widths: list[int], parts: list[int]) -> None:
    """Forty beside the first column."""
    assert parts_of(widths, HEAD + 40) == parts


def cuts(columns: int, number: int) -> Iterator[list[range]]:
    """All ways to cut columns into a number of parts."""
    for places in combinations(range(1, columns), number - 1):
        yield [range(*ends) for ends in zip((0, *places), (*places, columns), strict=True)]


def test_of_all_cuts_into_as_few_parts_it_is_the_most_even() -> None:
    """Of 200 random tables every cut is tried: the fewest parts, then the least sum of squared widths."""
    rng = random.Random(0)
    for _ in range(200):
        widths = [rng.randint(3, 25) for _ in range(rng.randint(1, 9))]

        def wide(cut: list[range], widths: list[int] = widths) -> list[int]:
            return [HEAD + sum(widths[column] for column in part) for part in cut]

        fitting = next(
            found
            for number in range(1, len(widths) + 1)
            if (found := [cut for cut in cuts(len(widths), number) if max(wide(cut)) <= HEAD + 30])
        )
        ours = parts_of(widths, HEAD + 30)
        ends = [sum(ours[:place]) for place in range(len(ours) + 1)]
        cut = [range(*ends[place : place + 2]) for place in range(len(ours))]
        assert len(cut) == len(fitting[0])
        assert np.square(wide(cut)).sum() == min(np.square(wide(other)).sum() for other in fitting)


def test_what_is_no_terminal_has_all_columns_side_by_side() -> None:
    assert parts_of([10] * 50, 20, "github") == [50]
