"""Every level of every task is what its version says: its examples and its checker's verdicts."""

from types import ModuleType

import pytest

from mechshift.tasks import get_task, list_tasks

LEVELS = [(task.card.name, level) for task in list_tasks() for level in task.card.levels]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_a_level_is_that_of_its_version(name: str, level: str, golden: ModuleType) -> None:
    problem = golden.problem(get_task(name), level, golden.recorded())
    if problem is not None:
        pytest.fail(problem, pytrace=False)


def test_the_file_has_the_tasks_and_levels_that_there_are(golden: ModuleType) -> None:
    found = [(name, level) for name, entry in golden.recorded().items() for level in entry["levels"]]
    assert found == LEVELS
