"""The tasks and suites by name."""

from ..errors import unknown
from .example import Task
from .local import agreement, arithmetic, greater_than, induction, ioi
from .planning import article, countdown, infilling, star_path, sudoku

_TASKS = {
    task.card.name: task
    for task in (
        ioi.TASK,
        greater_than.TASK,
        induction.TASK,
        agreement.TASK,
        arithmetic.TASK,
        countdown.TASK,
        infilling.TASK,
        sudoku.TASK,
        star_path.TASK,
        article.TASK,
    )
}

_SUITES = {
    "local": tuple(name for name, task in _TASKS.items() if task.card.suite == "local"),
    "planning": tuple(name for name, task in _TASKS.items() if task.card.suite == "planning"),
    # The tasks of arXiv 2601.14758, and no others when tasks are added.
    "paper": ("ioi", "greater-than", "countdown", "infilling"),
    "all": tuple(_TASKS),
}


def list_tasks() -> tuple[Task, ...]:
    """All tasks, local ones first."""
    return tuple(_TASKS.values())


def get_task(name: str) -> Task:
    """The task of that name. Raises UsageError, with near names, for an unknown one."""
    if name not in _TASKS:
        raise unknown("task", name, _TASKS)
    return _TASKS[name]


def list_suites() -> dict[str, tuple[str, ...]]:
    """Names of the tasks in each suite."""
    return dict(_SUITES)


def get_suite(name: str) -> tuple[Task, ...]:
    """The tasks of a suite. Raises UsageError, with near names, for an unknown one."""
    if name not in _SUITES:
        raise unknown("suite", name, _SUITES)
    return tuple(_TASKS[task] for task in _SUITES[name])
