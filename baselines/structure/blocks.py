"""What a matrix of ρ between tasks says of the two suites, and of words and symbols."""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from statistics import fmean
from typing import Literal

from ...metrics import Estimate, Undefined
from .estimates import Found, combined, kept, mean_span
from .family import Blocks
from .tasks import Kinds, TaskKind

Factor = Literal["suite", "surface"]
Labels = Mapping[str, str]
TaskPair = tuple[str, str]


def blocks_between(units: Mapping[str, Mapping[TaskPair, Found]], kinds: Kinds, factor: Factor) -> Blocks:
    """Mean ρ between tasks of one kind less that between tasks of different kinds, mean over members.

    `units`: ρ by pair of tasks, of each member; tasks that a member was not compared on are left out.
    """
    pairs = [pair for pair in combinations(kinds, 2) if all(pair in of for of in units.values())]
    labels = _labels(kinds, factor)
    same, other = (_weights(pairs, labels, alike) for alike in (True, False))
    if not same or not other:
        return _nothing(f"all tasks are of one {factor}")
    difference = {**same, **{pair: -share for pair, share in other.items()}}
    spans = {
        name: mean_span({member: combined(of, weights) for member, of in units.items()})
        for name, weights in (("same", same), ("other", other), ("difference", difference))
    }
    p, dealt = _permuted(units, pairs, kinds, factor)
    return Blocks(**spans, p=kept(p), dealt=dealt)


def _labels(kinds: Kinds, factor: Factor) -> dict[str, str]:
    return {task: _label(kind, factor) for task, kind in kinds.items()}


def _label(kind: TaskKind, factor: Factor) -> str:
    return kind.suite if factor == "suite" else kind.surface


def _weights(pairs: list[TaskPair], labels: Labels, alike: bool) -> dict[TaskPair, float]:
    chosen = [pair for pair in pairs if (labels[pair[0]] == labels[pair[1]]) == alike]
    return {pair: 1 / len(chosen) for pair in chosen}


def _nothing(reason: str) -> Blocks:
    empty = mean_span({"": Undefined(reason)})
    return Blocks(same=empty, other=empty, difference=empty, p=empty.prompts, dealt=0)


def _permuted(
    units: Mapping[str, Mapping[TaskPair, Found]], pairs: list[TaskPair], kinds: Kinds, factor: Factor
) -> tuple[float | Undefined, int]:
    """The p-value, one-sided and exact, and of how many ways to deal the labels out it is."""
    means = {}
    for pair in pairs:
        of = [member[pair] for member in units.values()]
        values = [each.value for each in of if isinstance(each, Estimate)]
        if len(values) < len(of):
            return Undefined(f"ρ between {' and '.join(pair)} is undefined"), 0
        means[pair] = fmean(values)
    labels = _labels(kinds, factor)
    found = [_apart(means, dealt) for dealt in _dealings(kinds, factor)]
    if len(found) < 2:
        return Undefined("there is one way to deal the kinds out"), len(found)
    observed = _apart(means, labels)
    # A rounding's worth below it, so that the dealing that was observed counts for itself.
    return fmean(each >= observed - 1e-12 for each in found), len(found)


def _apart(means: Mapping[TaskPair, float], labels: Labels) -> float:
    alike = {pair: labels[pair[0]] == labels[pair[1]] for pair in means}
    same, other = ([means[pair] for pair in means if alike[pair] == wanted] for wanted in (True, False))
    return fmean(same) - fmean(other) if same and other else -math.inf


def _dealings(kinds: Kinds, factor: Factor) -> Iterator[dict[str, str]]:
    """All ways to deal out one factor's labels that leave how many there are within the other as it is."""
    across: Factor = "surface" if factor == "suite" else "suite"
    labels, within = _labels(kinds, factor), _labels(kinds, across)
    strata = [
        [task for task in kinds if within[task] == stratum] for stratum in dict.fromkeys(within.values())
    ]
    first = min(labels.values())
    second = max(labels.values())
    chosen = (combinations(tasks, sum(labels[task] == first for task in tasks)) for tasks in strata)
    for ways in product(*chosen):
        with_first = {task for way in ways for task in way}
        yield {task: first if task in with_first else second for task in kinds}
