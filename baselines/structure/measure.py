"""From the score cells of all runs to the data file."""

from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...metrics import (
    Estimate,
    Undefined,
    inverse_spread,
    systematic_change_estimate,
)
from .blocks import blocks_between
from .estimates import (
    ByTask,
    Found,
    across_span,
    difference_span,
    kept,
    mean_span,
    over_tasks,
    pairs_span,
)
from .family import FamilyStructure, MemberCosine, OverTasks, TaskCosine, TaskStructure
from .roster import BASE, RECIPES
from .scores import ARM, BETWEEN, MemberScores, Runs, Scored
from .tasks import groups_of

Cosines = Mapping[tuple[str, str], Found]
"""ρ by the names of the two that it is between."""


def measure_family(runs: Runs, neurons: bool = False) -> FamilyStructure:
    """Everything that the data file holds, from the runs' cells; no model runs."""
    base = runs.records[BASE]
    statistics = base.protocol.statistics
    resamples, seed = statistics.resamples, statistics.resampling_seed
    weights = {
        task: _Drawn(scored, resamples, seed + BETWEEN * place)
        for place, (task, scored) in enumerate(runs.tasks.items())
    }
    members = {task: member_cosines(runs.tasks[task], weights[task]) for task in runs.tasks}
    tasks = {member: task_cosines(runs, member, weights) for member in (ARM, *runs.records)}
    return FamilyStructure(
        what="neurons" if neurons else "edges",
        protocol=f"{base.protocol.name}@{base.protocol.version}",
        arm=base.pair.arm.digest,
        resamples=resamples,
        pairs=tuple(runs.records),
        kinds=dict(runs.kinds),
        same_prompts={task: len(scored.groupings) == 1 for task, scored in runs.tasks.items()},
        between_members=_by_members(members),
        between_tasks={member: _by_tasks(runs, member, found, weights) for member, found in tasks.items()},
        blocks=_blocks(runs, tasks),
        **over_seeds(runs, members),
    )


class _Drawn:
    """The weights of a task's resamples, drawn once for each grouping of its prompts."""

    def __init__(self, scored: Scored, resamples: int, seed: int) -> None:
        self._of = scored
        self._drawing = resamples, seed
        self._weights: dict[tuple[frozenset[int], ...], NDArray[np.float64]] = {}

    def __call__(self, scores: MemberScores) -> NDArray[np.float64]:
        if scores.examples not in self._weights:
            self._weights[scores.examples] = self._of.weights(scores, *self._drawing)
        return self._weights[scores.examples]


def member_cosines(scored: Scored, weights: _Drawn) -> dict[tuple[str, str], Found]:
    """ρ on a task between every two second members, and between each and the ARM on the same prompts."""
    found = {
        (ARM, pair): _cosine(scored.arm[pair], second, weights) for pair, second in scored.second.items()
    }
    for first, second in combinations(scored.second, 2):
        found[first, second] = _cosine(scored.second[first], scored.second[second], weights)
    return found


def _cosine(one: MemberScores, other: MemberScores, weights: _Drawn) -> Found:
    return one.cosine(other, (weights(one), weights(other)))


def task_cosines(runs: Runs, member: str, weights: Mapping[str, _Drawn]) -> dict[tuple[str, str], Found]:
    """ρ of a member between every two tasks that its run compared."""
    found: dict[tuple[str, str], Found] = {}
    scores = _by_task(runs, member)
    for first, second in combinations(scores, 2):
        one, other = scores[first], scores[second]
        drawn = weights[first](one), weights[second](other)
        found[first, second] = one.cosine(other, drawn, same_task=False)
    return found


def _by_task(runs: Runs, member: str) -> dict[str, MemberScores]:
    members = {task: scored.members() for task, scored in runs.tasks.items()}
    return {task: of[member] for task, of in members.items() if member in of}


def _by_members(members: Mapping[str, Cosines]) -> tuple[MemberCosine, ...]:
    named = dict.fromkeys(pair for found in members.values() for pair in found)
    return tuple(
        MemberCosine(
            first=first,
            second=second,
            tasks={task: kept(_value(found, (first, second))) for task, found in members.items()},
        )
        for first, second in named
    )


def _value(found: Cosines, of: tuple[str, str]) -> Found:
    absent = Undefined(f"no comparison in {' or '.join(name for name in of if name != ARM)}")
    return found.get(of, found.get(of[::-1], absent))


def _by_tasks(
    runs: Runs, member: str, found: Cosines, weights: Mapping[str, _Drawn]
) -> tuple[TaskCosine, ...]:
    scores = _by_task(runs, member)
    return tuple(
        TaskCosine(
            first=first,
            second=second,
            cosine=kept(rho),
            standardised=kept(
                standardised(
                    *((scores[task], weights[task](scores[task])) for task in (first, second)),
                )
            ),
        )
        for (first, second), rho in found.items()
    )


_Weighted = tuple[MemberScores, NDArray[np.float64]]


def standardised(first: _Weighted, second: _Weighted) -> float | Undefined:
    """ρ in units of each edge's spread within templates, where the scores are clear of the prompts' noise.

    Without an interval: with units held fixed it would be too short by half.
    """
    (one, drawn_one), (other, drawn_other) = first, second
    labels = one.counts, other.counts, one.templates, other.templates
    scale = inverse_spread(one.sums, other.sums, *labels)
    found = one.cosine(other, (drawn_one, drawn_other), scale, same_task=False)
    return found if isinstance(found, Undefined) else found.value


def over_seeds(runs: Runs, members: Mapping[str, Cosines]) -> dict[str, OverTasks | dict[str, OverTasks]]:
    """ρ with the ARM by recipe and less the control's, and how much of the change is systematic."""
    groups = groups_of(runs.kinds)
    there = {
        recipe: found
        for recipe, pairs in RECIPES.items()
        if (found := [p for p in pairs if p in runs.records])
    }
    kept_of = {pair: {task: _value(of, (ARM, pair)) for task, of in members.items()} for pair in runs.records}
    both = {(recipe, pair): kept_of[pair] for recipe in ("mdm", "control") for pair in there[recipe]}
    systematic = {
        recipe: over_tasks(_changes(members, combinations(there[recipe], 2)), groups, pairs_span)
        for recipe in ("mdm", "control")
        if len(there[recipe]) > 1
    }
    crossed = [(mdm, control) for mdm in there["mdm"] for control in there["control"]]
    systematic["mdm × control"] = over_tasks(_changes(members, crossed), groups, across_span)
    return {
        "retained": {
            recipe: over_tasks({pair: kept_of[pair] for pair in pairs}, groups, mean_span)
            for recipe, pairs in there.items()
        },
        "attributable": over_tasks(both, groups, difference_span),
        "systematic": systematic,
    }


def _changes(
    members: Mapping[str, Cosines], pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], ByTask]:
    """The systematic part of the change of every two second members, by task."""
    return {pair: {task: _change(of, *pair) for task, of in members.items()} for pair in pairs}


def _change(found: Cosines, first: str, second: str) -> Found:
    between, one, other = (_value(found, of) for of in ((first, second), (ARM, first), (ARM, second)))
    for each in (between, one, other):
        if isinstance(each, Undefined):
            return each
    assert isinstance(between, Estimate)
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    return systematic_change_estimate(between, one, other)


def _blocks(runs: Runs, tasks: Mapping[str, Cosines]) -> tuple[TaskStructure, ...]:
    """By recipe what the matrices of ρ between tasks say of suites and surfaces, mean over seeds."""
    recipes: list[tuple[str, tuple[str, ...]]] = [(ARM, (ARM,)), *RECIPES.items()]
    found = []
    for recipe, pairs in recipes:
        units = {pair: tasks[pair] for pair in pairs if pair in tasks}
        if units:
            suite, surface = (blocks_between(units, runs.kinds, factor) for factor in ("suite", "surface"))
            found.append(TaskStructure(recipe=recipe, suite=suite, surface=surface))
    return tuple(found)
