"""Discovery and evaluation halves of a pool, and the groups that score sums are kept for."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..record.protocol import Halving
from .pool import Solved

T = TypeVar("T")


@dataclass(frozen=True)
class Grouping:
    """Both halves of a pool, the group of each discovery example, and each group's template.

    `evaluation_group`, `evaluation_templates`: the same of the evaluation half, which has groups of its own.
    """

    discovery: tuple[Solved, ...]
    evaluation: tuple[Solved, ...]
    group: tuple[int, ...]
    templates: tuple[str, ...]
    evaluation_group: tuple[int, ...]
    evaluation_templates: tuple[str, ...]


def group_examples(pool: Sequence[Solved], halving: Halving) -> Grouping:
    """Halve a pool template by template, alternately, and deal each half to groups.

    Halves differ by one example at the most, in all and within each template. Where they are not `disjoint`
    every example is used for both. About `halving.groups` groups of either half, every one within one
    template, so that the bootstrap can draw whole templates; two a template at the least, so that both halves
    of the ceiling hold every template in every task, and overlaps of tasks can be set side by side.
    """
    # Sorted by template, every second example gives each template to both halves, within one example.
    ordered = sorted(pool, key=lambda one: one.template)
    discovery, evaluation = (ordered[::2], ordered[1::2]) if halving.disjoint else (ordered, ordered)
    return Grouping(
        tuple(discovery), tuple(evaluation), *_dealt(discovery, halving), *_dealt(evaluation, halving)
    )


def spaced(each: Sequence[T], most: int) -> list[T]:
    """At most so many of them, at equal distances."""
    places = np.linspace(0, len(each) - 1, min(most, len(each))).round().astype(int)
    return [each[place] for place in places]


def evenly(groups: Sequence[int], most: int) -> list[int]:
    """Places of at most `most` examples, given the group of each: as many from every group as it has them.

    What is left over when every group has given as many is taken from groups at equal distances. These are
    numbered by template, so that with fewer examples than groups most templates are among them.
    """
    turns: dict[int, list[tuple[int, int]]] = defaultdict(list)
    seen: Counter[int] = Counter()
    for place, group in enumerate(groups):
        turns[seen[group]].append((group, place))
        seen[group] += 1
    taken: list[int] = []
    for _, turn in sorted(turns.items()):
        taken += [place for _, place in spaced(sorted(turn), most - len(taken))]
    return sorted(taken)


def swept_examples(grouping: Grouping, most: int | None) -> tuple[Solved, ...]:
    """The evaluation examples that circuits are run on: at most `most` (None: all), evenly of the groups."""
    if most is None:
        return grouping.evaluation
    return tuple(grouping.evaluation[place] for place in evenly(grouping.evaluation_group, most))


def _dealt(half: Sequence[Solved], halving: Halving) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The group of each example of a half that is sorted by template, and each group's template."""
    templates = {one.template for one in half}
    per_template = max(2, halving.groups // max(1, len(templates)))
    labels = [(one.template, place % per_template) for place, one in enumerate(half)]
    order = {label: number for number, label in enumerate(sorted(set(labels)))}
    return tuple(order[label] for label in labels), tuple(template for template, _ in order)
