"""How long the missing cells take, on one process and on several."""

import pytest

from mechshift.benchmark.forecast.planned import Planned, PlannedCell
from mechshift.benchmark.forecast.report import _time

SECONDS = {"a": (1.0, 4.0), "b": (4.0,), "c": (1.0, 2.0), "d": (3.0,)}
"""Of the cells of four tasks: 5, 4, 3 and 3 in all."""


def planned(seconds: dict[str, tuple[float | None, ...]], there: str = "") -> Planned:
    """Each cell of a task needs the one before it."""
    return Planned(
        tuple(
            PlannedCell(
                task,
                f"cell {number}",
                (f"cell {number - 1}",) if number else (),
                None,
                task in there,
                each,
            )
            for task, cells in seconds.items()
            for number, each in enumerate(cells)
        ),
        "earlier",
    )


@pytest.mark.parametrize(("processes", "expected"), [(1, 15.0), (2, 8.0), (3, 6.0), (4, 5.0), (9, 5.0)])
def test_processes_share_tasks_whose_cells_need_each_other(processes: int, expected: float) -> None:
    """By hand: 5 + 3 | 4 + 3 of two processes, 5 | 4 | 3 + 3 of three; of four nobody has a second task."""
    assert planned(dict(SECONDS)).wall(processes) == expected
    assert planned(dict(SECONDS)).left == 15.0


def of_one_task(*cells: tuple[str, tuple[str, ...], float]) -> Planned:
    return Planned(tuple(PlannedCell("t", name, needs, None, False, s) for name, needs, s in cells))


@pytest.mark.parametrize(("processes", "expected"), [(1, 16.0), (2, 9.0), (3, 8.0), (9, 8.0)])
def test_processes_share_the_cells_of_one_task(processes: int, expected: float) -> None:
    """By hand, of two: pool 0–1, arm 1–4, comparison 4–8 | mdm 1–3, cards 3–5, other 5–9.

    Of three none waits for a process: pool, arm and comparison are the longest way, 1 + 3 + 4.
    """
    found = of_one_task(
        ("pool", (), 1.0),
        ("arm", ("pool",), 3.0),
        ("mdm", ("pool",), 2.0),
        ("cards", ("pool",), 2.0),
        ("comparison", ("arm", "mdm"), 4.0),
        ("other", ("arm",), 4.0),
    )
    assert found.left == 16.0
    assert found.wall(processes) == expected


def test_what_needs_cells_of_other_tasks_waits_for_them() -> None:
    """By hand: a is 1 + 2, b 4 before what needs it; of two processes 4 + 2, of which one waits for 3 s."""
    found = Planned(
        (
            PlannedCell("a", "scores", (), None, False, 1.0),
            PlannedCell("a", "transfer", ("scores", "b/scores"), None, False, 2.0),
            PlannedCell("b", "scores", (), None, False, 4.0),
        )
    )
    assert (found.wall(1), found.wall(2)) == (7.0, 6.0)


def test_the_longest_first_is_not_always_the_best_division() -> None:
    """Graham's worst case (1969) for three: 11 where 9 can be had, 4/3 − 1/(3 · 3) of it."""
    sums = (5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 3.0)
    assert planned({str(number): (one,) for number, one in enumerate(sums)}).wall(3) == 11.0


def test_the_report_says_the_time_of_the_last_process() -> None:
    assert "about 15 s" in _time(planned(dict(SECONDS)), 1)
    assert "about 8 s" in _time(planned(dict(SECONDS)), 2)


def test_what_is_there_takes_no_time() -> None:
    assert planned(dict(SECONDS), there="ab").wall(2) == 3.0
    assert planned(dict(SECONDS), there="abcd").wall(2) == 0.0


def test_one_cell_whose_time_is_unknown_leaves_all_unknown() -> None:
    assert planned({**SECONDS, "e": (1.0, None)}).wall(2) is None
