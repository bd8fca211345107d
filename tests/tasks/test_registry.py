import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.errors import UsageError
from mechshift.tasks import get_suite, get_task, list_suites, list_tasks

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
ROWS = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.M)
"""Each task of the page's table, and its suite."""

LOCAL, PLANNING = (tuple(name for name, suite in ROWS if suite == of) for of in ("local", "planning"))


def test_the_tasks_are_those_of_the_page_local_ones_first() -> None:
    assert len(LOCAL + PLANNING) == len(ROWS) >= 8
    assert tuple(task.card.name for task in list_tasks()) == LOCAL + PLANNING
    assert tuple(get_task(name).card.name for name in LOCAL + PLANNING) == LOCAL + PLANNING


def test_suites() -> None:
    assert list_suites() == {
        "local": LOCAL,
        "planning": PLANNING,
        "paper": ("ioi", "greater-than", "countdown", "infilling"),
        "all": LOCAL + PLANNING,
    }


@pytest.mark.parametrize("suite", ["local", "planning"])
def test_a_suite_is_what_its_tasks_cards_say(suite: str) -> None:
    assert [task for task in list_tasks() if task.card.suite == suite] == list(get_suite(suite))


def test_the_list_of_suites_is_a_copy() -> None:
    list_suites().clear()
    assert list_suites()


@pytest.mark.parametrize(
    ("look_up", "name", "problem", "remedy"),
    [
        (get_task, "greaterthan", "unknown task 'greaterthan'", "did you mean greater-than"),
        (get_task, "zzz", "unknown task 'zzz'", f"known: {', '.join(LOCAL + PLANNING)}"),
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
