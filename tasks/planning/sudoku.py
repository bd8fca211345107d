"""Sudoku of four by four: the whole grid is the answer, and the givens admit one only."""

import re
from collections.abc import Iterator
from functools import cache

from .. import shots
from ..example import Draw, Example, Split, Task, TaskCard, split_of
from ..wording import Marked, filled, joined, marked

SIDE, BOX = 4, 2
CELLS = range(SIDE * SIDE)
DIGITS = "1234"
BLANK = "0"

TEMPLATES = {
    "named": (
        "Sudoku:\n{grid}\nSolution:\n",
        "Solve the sudoku:\n{grid}\nAnswer:\n",
        "Sudoku puzzle:\n{grid}\nSolved:\n",
        "Fill the grid:\n{grid}\nFilled:\n",
        "Complete this grid:\n{grid}\nResult:\n",
    ),
    "bare": (
        "{grid}\nSolution:\n",
        "{grid}\nAnswer:\n",
        "{grid}\nSolved:\n",
        "{grid}\nFilled:\n",
        "{grid}\nResult:\n",
    ),
}

QUESTION = "Input:\n{grid}\nOutput:\n"
"""What is asked behind a header, at the levels with shots."""

INSTRUCTIONS = {
    "named": (
        "Fill every 0 with a digit from 1 to 4, so that no row, column or box of 2x2 has a digit twice.",
        "Solve these sudoku puzzles of 4x4. A 0 is an empty cell.",
        "Complete each grid: 1, 2, 3 and 4 stand once in every row, every column and every box of 2x2.",
        "Each input is a sudoku of 4x4 with 0 for blanks. The output is the solved grid.",
        "Replace the zeros, so that each row, column and quarter of the grid has all digits from 1 to 4.",
    ),
    "bare": ("",) * 5,
}


@cache
def units() -> tuple[tuple[int, ...], ...]:
    """The cells of every row, column and box, by index in reading order."""
    rows = [tuple(cell for cell in CELLS if cell // SIDE == n) for n in range(SIDE)]
    columns = [tuple(cell for cell in CELLS if cell % SIDE == n) for n in range(SIDE)]
    boxes = [tuple(cell for cell in CELLS if _box(cell) == n) for n in range(SIDE)]
    return (*rows, *columns, *boxes)


@cache
def _beside_the_first() -> frozenset[int]:
    """The cells in the first one's row, column and box, and itself."""
    return frozenset(cell for unit in units() if 0 in unit for cell in unit)


def _box(cell: int) -> int:
    return cell // SIDE // BOX * BOX + cell % SIDE // BOX


@cache
def grids() -> tuple[str, ...]:
    """All 288 filled grids, sixteen digits in reading order, sorted."""
    peers = [{other for unit in units() if cell in unit for other in unit if other < cell} for cell in CELLS]

    def extended(start: str) -> Iterator[str]:
        if len(start) == len(CELLS):
            yield start
            return
        for digit in DIGITS:
            if all(start[peer] != digit for peer in peers[len(start)]):
                yield from extended(start + digit)

    return tuple(extended(""))


@cache
def _differences(grid: str) -> dict[str, int]:
    """Every other grid, with the cells at which it differs as a number: bit n is set for cell n."""
    return {
        other: sum(1 << cell for cell in CELLS if grid[cell] != other[cell])
        for other in grids()
        if other != grid
    }


@cache
def _near(grid: str, most: int) -> dict[str, int]:
    """The same of the grids that differ at so many cells at most."""
    return {other: cells for other, cells in _differences(grid).items() if cells.bit_count() <= most}


@cache
def _apart_at_first(split: Split, most: int) -> tuple[tuple[str, str], ...]:
    """Two grids of a split, in either order, that differ at the first cell and at so many cells at most."""
    of_split = [grid for grid in grids() if split_of(grid) == split]
    return tuple(
        (grid, other)
        for grid in of_split
        for other, cells in _near(grid, most).items()
        if cells & 1 and split_of(other) == split
    )


def draw(given: Draw) -> Example | None:
    """One puzzle with a single solution, whose first cell is blank.

    Corrupted: one given is another digit and the blanks are the same, and again there is a single solution.
    The foil is that solution, which differs at the given, at the first cell and at some other blanks.
    """
    rng = given.rng
    number = rng.randint(given.integer("fewest"), given.integer("most"))
    # The answer begins with a blank, so that its first digit, the plan token, needs the search; were it a
    # given, the digits before the first blank would have to be shown. And any two solutions come in either
    # order equally often, so that no digit is more often an answer than a foil.
    solution, other = rng.choice(_apart_at_first(given.split, number + 1))
    differing = [cell for cell in CELLS if solution[cell] != other[cell]]
    # The two prompts differ in one given, so that nothing but this digit decides between the solutions.
    changed = rng.choice(differing[1:])
    blanks = [cell for cell in differing if cell != changed]
    alike = [cell for cell in CELLS if cell not in differing]
    blanks += rng.sample(alike, number - len(blanks))
    shown = sum(1 << cell for cell in CELLS if cell not in blanks)
    if not (_single(solution, shown) and _single(other, shown)):
        return None
    index = rng.randrange(len(TEMPLATES[given.variant]))

    def prompt(grid: str) -> Marked:
        template = QUESTION if "shots" in given.level else TEMPLATES[given.variant][index]
        return filled(template, grid=_puzzle(grid, blanks, other if grid == solution else solution))

    clean = prompt(solution)
    return Example(
        clean=clean.text,
        corrupted=prompt(other).text,
        answer=_rows(solution),
        foil=_rows(other),
        variant=given.variant,
        template=f"{given.variant}-{index}",
        # By the solutions, whatever the blanks: of 288 grids a model could know every one by heart.
        contents=(solution, other),
        copied=tuple(cell + cell // SIDE for cell in CELLS if cell not in blanks),
        roles=clean.roles,
        factors=(("first digit", solution[0]), ("blanks", str(len(blanks)))),
    )


def _puzzle(grid: str, blanks: list[int], other: str) -> Marked:
    """The rows of a grid with its blanks, every cell with its role; `other`: what it is to be told from."""

    def cell(at: int) -> Marked:
        if at in blanks:
            return marked(BLANK, "blank" if at else "first blank")
        if grid[at] != other[at]:
            return marked(grid[at], "changed given")
        return marked(grid[at], "given beside the first blank" if at in _beside_the_first() else "given")

    rows = [joined("", map(cell, CELLS[start : start + SIDE])) for start in range(0, len(CELLS), SIDE)]
    return joined("\n", rows)


def _single(grid: str, shown: int) -> bool:
    """Whether every other grid differs from this one at a cell that is shown."""
    blank = len(CELLS) - shown.bit_count()
    return all(cells & shown for cells in _near(grid, blank).values())


def _rows(grid: str) -> str:
    return "\n".join(grid[start : start + SIDE] for start in range(0, len(CELLS), SIDE))


def check(example: Example, output: str) -> bool:
    """Whether the output, spaces and line ends aside, begins with sixteen digits that solve the puzzle.

    Every row, column and box has the digits 1 to 4, and every given is kept. A seventeenth digit is wrong.
    """
    found = "".join(output.split())
    grid, rest = found[: len(CELLS)], found[len(CELLS) :]
    puzzle = "".join(re.findall(f"[{BLANK}{DIGITS}]{{{SIDE}}}", shots.question_of(example.clean)))
    return (
        len(grid) == len(CELLS)
        and not rest[:1].isdigit()
        and all({grid[cell] for cell in unit} == set(DIGITS) for unit in units())
        and all(asked in (BLANK, digit) for asked, digit in zip(puzzle, grid, strict=True))
    )


TASK = Task(
    card=TaskCard(
        name="sudoku",
        suite="planning",
        surface="symbols",
        measures="constraint satisfaction: cells that row, column and box determine together",
        source="4×4 sudoku as asked of Dream, arXiv 2508.15487; puzzles with one solution",
        licence="Apache-2.0 (generated)",
        counterfactual="one given becomes another digit, so that the single solution differs",
        metric="logit difference",
        answer="the whole grid in rows; read at the cells where the two solutions differ",
        plan="the digit of the first cell, which is blank",
        copied="the digits of the givens",
        checker="every row, column and box holds 1 to 4, and the givens are kept",
        variants={
            "named": "asked in words before the grid, with shots before all of them",
            "bare": "the grid first, with shots no words before them",
        },
        levels={
            "easy": {"fewest": 4, "most": 8},
            "eight": {"fewest": 8, "most": 8},
            "hard": {"fewest": 8, "most": 11},
            "dream": {"fewest": 4, "most": 8, "shots": 8},
        },
        default_level="easy",
        steps="tokens",
        version=2,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
