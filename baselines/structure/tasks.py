"""The tasks as a square, local and planning by words and symbols, and the means that are taken over them."""

from collections.abc import Mapping

from ...benchmark.record.protocol import Part
from ...benchmark.record.task_record import TaskRecord

SUITES = ("local", "planning")
SURFACES = ("words", "symbols")


class TaskKind(Part):
    """What a task asks for, a local pattern or planning, and what its questions are made of."""

    suite: str
    surface: str


Kinds = Mapping[str, TaskKind]
"""The kind of each task by name."""

Weights = Mapping[str, float]
"""What a task's value counts for in a mean or a difference of means."""


def kind_of(task: TaskRecord) -> TaskKind:
    """The kind of a task, at the level that it was asked at."""
    return TaskKind(suite=task.suite, surface=task.surface)


def groups_of(kinds: Kinds) -> dict[str, Weights]:
    """Means over tasks, and differences of them, by name; those that the tasks do not fill are left out.

    `all`, each suite and each surface; `local − planning` within each surface, and the mean of both, which no
    difference between the surfaces can make.
    """
    found = {"all": _mean(kinds, list(kinds))}
    found |= {suite: _mean(kinds, _those(kinds, suite=suite)) for suite in SUITES}
    found |= {surface: _mean(kinds, _those(kinds, surface=surface)) for surface in SURFACES}
    within = {surface: _apart(kinds, surface) for surface in SURFACES}
    found |= {f"local − planning, {surface}": weights for surface, weights in within.items()}
    if all(within.values()):
        both = {task: share / 2 for weights in within.values() for task, share in weights.items()}
        found["local − planning"] = both
    return {name: weights for name, weights in found.items() if weights}


def _those(kinds: Kinds, suite: str = "", surface: str = "") -> list[str]:
    return [
        name for name, kind in kinds.items() if suite in ("", kind.suite) and surface in ("", kind.surface)
    ]


def _mean(kinds: Kinds, tasks: list[str]) -> Weights:
    return {task: 1 / len(tasks) for task in tasks}


def _apart(kinds: Kinds, surface: str) -> Weights:
    """Local less planning within a surface; empty where it lacks one of them."""
    local, planning = (_mean(kinds, _those(kinds, suite, surface)) for suite in SUITES)
    if not local or not planning:
        return {}
    return {**local, **{task: -share for task, share in planning.items()}}
