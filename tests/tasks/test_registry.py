from collections.abc import Callable

import pytest

from mechshift.errors import UsageError
from mechshift.tasks import get_suite, get_task, list_suites, list_tasks

PAPER = ["ioi", "greater-than", "countdown", "infilling"]


def test_the_tasks_of_the_paper_are_there() -> None:
    assert [task.card.name for task in list_tasks()] == PAPER
    assert [get_task(name).card.name for name in PAPER] == PAPER


def test_suites() -> None:
    assert list_suites() == {
        "local": ("ioi", "greater-than"),
        "planning": ("countdown", "infilling"),
        "paper": tuple(PAPER),
        "all": tuple(PAPER),
    }
    assert [task.card.name for task in get_suite("planning")] == ["countdown", "infilling"]


def test_the_list_of_suites_is_a_copy() -> None:
    list_suites().clear()
    assert list_suites()


@pytest.mark.parametrize(
    ("look_up", "name", "problem", "remedy"),
    [
        (get_task, "greaterthan", "unknown task 'greaterthan'", "did you mean greater-than?"),
        (get_task, "zzz", "unknown task 'zzz'", "known: ioi, greater-than, countdown, infilling"),
        (get_suite, "planing", "unknown suite 'planing'", "did you mean planning?"),
        (get_task("countdown").level, "smal", "level 'smal' of task 'countdown' does not exist", "small"),
    ],
)
def test_an_unknown_name_offers_those_that_exist(
    look_up: Callable[[str], object], name: str, problem: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as error:
        look_up(name)
    assert error.value.problem == problem
    assert remedy in error.value.remedy


def test_an_unknown_level_is_an_error_of_the_stream() -> None:
    with pytest.raises(UsageError):
        next(get_task("ioi").examples(0, level="abd"))
