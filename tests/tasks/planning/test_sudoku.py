import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, permutations, product

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of
from mechshift.tasks.planning import sudoku

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

ROWS = ["".join(row) for row in permutations("1234")]
BLANKS = {"easy": (4, 8), "eight": (8, 8), "hard": (8, 11), "dream": (4, 8)}


@cache
def squares() -> list[str]:
    """Every grid of four rows with the four digits, less those with a digit twice in a column."""
    grids = map("".join, product(ROWS, repeat=4))
    return [grid for grid in grids if all(len(set(grid[n::4])) == 4 for n in range(4))]


@cache
def all_grids() -> list[str]:
    """The squares less those with a digit twice in a box."""
    return [
        grid
        for grid in squares()
        if all(len({*grid[n : n + 2], *grid[n + 4 : n + 6]}) == 4 for n in (0, 2, 8, 10))
    ]


@cache
def grids_with(cell: int, digit: str) -> frozenset[str]:
    return frozenset(grid for grid in all_grids() if grid[cell] == digit)


def puzzle_of(prompt: str) -> str:
    """The sixteen cells, which stand in the last four lines that are digits."""
    return "".join([line for line in prompt.split("\n") if line.isdecimal()][-4:])


@cache
def solutions(puzzle: str) -> frozenset[str]:
    """All filled grids with the puzzle's givens."""
    return frozenset.intersection(
        *(grids_with(cell, digit) for cell, digit in enumerate(puzzle) if digit != "0")
    )


def in_rows(grid: str) -> str:
    return "\n".join((grid[:4], grid[4:8], grid[8:12], grid[12:]))


def is_right(prompt: str, output: str) -> bool:
    found = re.sub(r"\s", "", output)
    grid, seventeenth = found[:16], found[16:17]
    goes_on = seventeenth != "" and unicodedata.digit(seventeenth, None) is not None
    return grid in solutions(puzzle_of(prompt)) and not goes_on


def test_the_grids_are_those_that_keep_the_rules() -> None:
    assert len(all_grids()) == 288
    assert list(sudoku.grids()) == sorted(all_grids())


def test_a_known_instance() -> None:
    """By hand: the first row's 3 cannot stand in the box that has one, and then every cell follows."""
    puzzle, solved = "1000\n0030\n0400\n0002", "1324\n4231\n2413\n3142"
    assert solutions(puzzle.replace("\n", "")) == {solved.replace("\n", "")}
    example = Example(f"Sudoku:\n{puzzle}\nSolution:\n", "", solved, "", "named", "named-0", ())
    check = get_task("sudoku").check
    right = (solved, f"\n{solved}\n", "1 3 2 4 4 2 3 1 2 4 1 3 3 1 4 2", f"{solved}\nwhich is all.")
    assert all(check(example, text) for text in right)
    wrong = (
        solved[:-1],
        f"{solved}1",
        f"{solved}\n\n1",
        f"Solution:\n{solved}",
        solved.replace("4", "0"),
        "",
    )
    assert not any(check(example, text) for text in wrong)


def test_every_solution_of_a_puzzle_with_several_is_right() -> None:
    puzzle = "1000000004000000"
    example = Example(in_rows(puzzle), "", "", "", "bare", "bare-0", ())
    accepted = {grid for grid in all_grids() if get_task("sudoku").check(example, in_rows(grid))}
    assert accepted == solutions(puzzle)
    assert len(accepted) > 1


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("sudoku"):
        for prompt, solution in ((example.clean, example.answer), (example.corrupted, example.foil)):
            assert [in_rows(grid) for grid in solutions(puzzle_of(prompt))] == [solution]


def test_one_given_differs(held_out: Draw) -> None:
    for example in held_out("sudoku"):
        changed = [(a, b) for a, b in zip(example.clean, example.corrupted, strict=True) if a != b]
        assert len(changed) == 1
        assert set(changed[0]) <= set("1234")


def test_answer_and_foil_differ_at_that_given_and_at_blanks_only(held_out: Draw) -> None:
    for example in held_out("sudoku"):
        clean, corrupted = puzzle_of(example.clean), puzzle_of(example.corrupted)
        answer, foil = example.answer.replace("\n", ""), example.foil.replace("\n", "")
        cells = {cell for cell in range(16) if answer[cell] != foil[cell]}
        given = {cell for cell in range(16) if clean[cell] != corrupted[cell]}
        blanks = {cell for cell in range(16) if clean[cell] == corrupted[cell] == "0"}
        assert given <= cells
        assert cells - given
        assert cells - given <= blanks


def test_mostly_the_given_and_three_blanks_differ(held_out: Draw) -> None:
    examples = held_out("sudoku")
    four = sum(sum(a != b for a, b in zip(e.answer, e.foil, strict=True)) == 4 for e in examples)
    assert abs(four / len(examples) - 0.86) < 0.02


@pytest.mark.parametrize(("level", "share"), [("easy", 0.6), ("hard", 0.33)])
def test_the_share_of_first_cells_that_follow_at_once(level: str, share: float, held_out: Draw) -> None:
    """Those whose row, column and box state the three other digits."""
    examples = held_out("sudoku", level, 1000)
    follow = [
        seen_from(0, puzzle_of(example.clean)) >= set("1234") - {example.answer[0]} for example in examples
    ]
    assert abs(sum(follow) / len(follow) - share) < 0.05


def seen_from(cell: int, puzzle: str) -> set[str]:
    """The digits in the row, the column and the box of a blank cell."""
    row, column = divmod(cell, 4)
    corner = row // 2 * 8 + column // 2 * 2
    box = puzzle[corner : corner + 2] + puzzle[corner + 4 : corner + 6]
    return set(puzzle[row * 4 : row * 4 + 4] + puzzle[column::4] + box)


@pytest.mark.parametrize("level", BLANKS)
def test_a_puzzle_has_as_many_blanks_as_the_level_says(level: str, held_out: Draw) -> None:
    fewest, most = BLANKS[level]
    examples = held_out("sudoku", level, 1000)
    for example in examples:
        assert puzzle_of(example.clean).count("0") == puzzle_of(example.corrupted).count("0")
    assert {puzzle_of(e.clean).count("0") for e in examples} == set(range(fewest, most + 1))


@pytest.mark.parametrize("level", ["eight", "hard", "dream"])
def test_at_every_level_a_puzzle_has_one_solution(level: str, held_out: Draw) -> None:
    for example in held_out("sudoku", level, 1000):
        for prompt, solution in ((example.clean, example.answer), (example.corrupted, example.foil)):
            assert [in_rows(grid) for grid in solutions(puzzle_of(prompt))] == [solution]


def test_the_levels_are_these() -> None:
    levels = get_task("sudoku").card.levels
    assert {name: (level["fewest"], level["most"]) for name, level in levels.items()} == BLANKS


def test_the_grid_stands_where_the_variant_says(held_out: Draw) -> None:
    for example in held_out("sudoku", number=2000):
        lines = example.clean.split("\n")
        start = {"named": 1, "bare": 0}[example.variant]
        assert [at for at, line in enumerate(lines) if line.isdecimal()] == list(range(start, start + 4))
        assert len(lines) == start + 6
        assert lines[-1] == ""


def test_contents_are_the_two_solutions(held_out: Draw) -> None:
    for example in held_out("sudoku", number=2000):
        assert example.contents == tuple(text.replace("\n", "") for text in (example.answer, example.foil))


def test_with_nothing_given_every_grid_is_right_and_no_other_square() -> None:
    """Half of the 576 Latin squares have a digit twice in a box."""
    check, nothing = get_task("sudoku").check, Example(in_rows("0" * 16), "", "", "", "bare", "bare-0", ())
    assert len(squares()) == 576
    assert [square for square in squares() if check(nothing, square)] == all_grids()


def test_of_all_grids_the_solution_alone_is_right(held_out: Draw) -> None:
    check = get_task("sudoku").check
    for example in held_out("sudoku", number=100):
        assert [in_rows(grid) for grid in all_grids() if check(example, grid)] == [example.answer]


@pytest.mark.parametrize("level", BLANKS)
def test_the_first_cell_is_a_blank_at_which_answer_and_foil_differ(level: str, held_out: Draw) -> None:
    for example in held_out("sudoku", level, 1000):
        assert puzzle_of(example.clean)[0] == puzzle_of(example.corrupted)[0] == "0"
        assert example.answer[0] != example.foil[0]


def test_no_first_digit_is_more_often_the_answers_than_the_foils(held_out: Draw) -> None:
    """Within four standard errors, for any two digits."""
    firsts = Counter((example.answer[0], example.foil[0]) for example in held_out("sudoku"))
    for one, other in combinations("1234", 2):
        there, back = firsts[one, other], firsts[other, one]
        assert there + back > 100
        assert abs(there - back) < 4 * (there + back) ** 0.5


@pytest.mark.parametrize("level", ["easy", "dream"])
def test_the_givens_are_copied(level: str, held_out: Draw) -> None:
    for example in held_out("sudoku", level, 500):
        puzzle, rows = in_rows(puzzle_of(example.clean)), example.answer
        assert list(example.copied) == [at for at, given in enumerate(puzzle) if given in "1234"]
        assert all(puzzle[at] == rows[at] for at in example.copied)


@pytest.mark.parametrize("level", ["easy", "dream"])
def test_roles_are_the_cells(level: str, held_out: Draw) -> None:
    for example in held_out("sudoku", level, 500):
        puzzle, other = puzzle_of(example.clean), puzzle_of(example.corrupted)
        assert "".join(example.clean[role.start : role.end] for role in example.roles) == puzzle
        for cell, (role, given, instead) in enumerate(zip(example.roles, puzzle, other, strict=True)):
            beside = cell < 4 or cell % 4 == 0 or cell == 5
            expected = (
                ("blank" if cell else "first blank")
                if given == "0"
                else "changed given"
                if given != instead
                else "given beside the first blank"
                if beside
                else "given"
            )
            assert role.name == expected


def nasty(example: Example, rng: random.Random) -> str:
    """Grids that keep the rules or the givens and not both, and the solution written in other ways."""
    puzzle, solution = puzzle_of(example.clean), example.answer.replace("\n", "")
    rows, at = [solution[n : n + 4] for n in (0, 4, 8, 12)], rng.randrange(16)
    relabelled = solution.translate(str.maketrans("1234", rng.choice(ROWS)))
    guessed = "".join(rng.choice("1234") if digit == "0" else digit for digit in puzzle)
    near = max(rng.sample(all_grids(), 40), key=lambda grid: sum(map(str.__eq__, grid, puzzle)))
    grid = rng.choice(
        [
            *[solution] * 6,
            rng.choice(all_grids()),
            near,
            rng.choice(squares_with_givens(puzzle)),
            relabelled,
            guessed,
            puzzle,
            example.foil.replace("\n", ""),
            solution[:at] + rng.choice("0123456789") + solution[at + 1 :],
            "".join(rng.sample(rows, 4)),
            "".join("".join(column) for column in zip(*rows, strict=True)),
            solution[::-1],
            "".join(map(filled_row, rows, (puzzle[n : n + 4] for n in (0, 4, 8, 12)), [rng] * 4)),
        ]
    )
    return rng.choice(
        [in_rows(grid)] * 4 + [grid, " ".join(grid), "\n".join(grid), f"{in_rows(grid)}\n\n", f"{grid} ."]
    )


@cache
def squares_with_givens(puzzle: str) -> list[str]:
    return [square for square in squares() if keeps(square, puzzle)]


def keeps(grid: str, puzzle: str) -> bool:
    return all(given in ("0", digit) for digit, given in zip(grid, puzzle, strict=True))


def filled_row(row: str, givens: str, rng: random.Random) -> str:
    """The row with its blank cells exchanged among themselves: each digit once, the columns likely wrong."""
    missing = [digit for digit, given in zip(row, givens, strict=True) if given == "0"]
    rng.shuffle(missing)
    return "".join(given if given != "0" else missing.pop() for given in givens)


@pytest.mark.parametrize("level", ["easy", "dream"])
def test_mutated_answers(level: str, mutants: Mutants) -> None:
    check, verdicts = get_task("sudoku").check, Counter[bool]()
    for example, text in mutants("sudoku", nasty, level):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 1000
    assert verdicts[False] > 5000


def test_a_shots_solution_is_no_answer_to_the_question(held_out: Draw) -> None:
    check = get_task("sudoku").check
    for example in held_out("sudoku", "dream", 500):
        shots = re.findall(r"Output:\n([1-4\n]{19})", example.clean)
        assert len(shots) == 8
        assert [in_rows(grid) for grid in all_grids() if check(example, in_rows(grid))] == [example.answer]
        assert not any(check(example, shot) for shot in shots)


def test_shots_are_solved(held_out: Draw) -> None:
    for example in held_out("sudoku", "dream", 500):
        for puzzle, solution in re.findall(r"Input:\n([0-4\n]{19})\nOutput:\n([1-4\n]{19})", example.clean):
            assert [in_rows(grid) for grid in solutions(puzzle.replace("\n", ""))] == [solution]


def test_shots_are_of_the_training_split_and_ten_headers_have_them(held_out: Draw) -> None:
    examples = held_out("sudoku", "dream", 500)
    solved = {grid for e in examples for grid in re.findall(r"Output:\n([1-4\n]{19})", e.clean)}
    assert {split_of(grid.replace("\n", "")) for grid in solved} == {"training"}
    assert len({example.clean.rpartition("\n\n")[0] for example in examples}) == 10


def test_only_the_named_variant_has_an_instruction(held_out: Draw) -> None:
    for example in held_out("sudoku", "dream", 500):
        assert len(example.clean.split("\n\n")) == 9 + (example.variant == "named")
