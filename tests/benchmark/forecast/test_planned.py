"""How long the missing cells take, on one process and on several."""

import pytest

from mechshift.benchmark.forecast.planned import Planned, PlannedCell
from mechshift.benchmark.forecast.report import _time

SECONDS = {"a": (1.0, 4.0), "b": (4.0,), "c": (1.0, 2.0), "d": (3.0,)}
"""Of the cells of four tasks: 5, 4, 3 and 3 in all."""


def planned(seconds: dict[str, tuple[float | None, ...]], there: str = "") -> Planned:
    return Planned(
        tuple(
            PlannedCell(task, f"cell {number}", (), None, task in there, each)
            for task, cells in seconds.items()
            for number, each in enumerate(cells)
        ),
        "earlier",
    )


@pytest.mark.parametrize(("processes", "expected"), [(1, 15.0), (2, 8.0), (3, 6.0), (4, 5.0), (9, 5.0)])
def test_processes_share_whole_tasks(processes: int, expected: float) -> None:
    """By hand: 5 + 3 | 4 + 3 of two processes, 5 | 4 | 3 + 3 of three; of four nobody has a second task."""
    assert planned(dict(SECONDS)).wall(processes) == expected
    assert planned(dict(SECONDS)).left == 15.0


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
