"""What a pair is asked: prompts, answers, foils and checkers. Text only; no model and no torch."""

from .example import Example, InPlace, Split, Task, TaskCard
from .registry import get_suite, get_task, list_suites, list_tasks

__all__ = [
    "Example",
    "InPlace",
    "Split",
    "Task",
    "TaskCard",
    "get_suite",
    "get_task",
    "list_suites",
    "list_tasks",
]
