"""What single components of a member do on the evaluation examples."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..asking.states import Question, batches, in_batch_order
from ..circuits.effects import component_drops, direct_effects
from ..circuits.graph import Graph
from ..pairs.member import Member
from .effect_sums import EffectSums


def measure_effects(
    member: Member,
    questions: Sequence[Question],
    templates: Sequence[str],
    removed: int,
    rows: int,
    advance: Callable[[int], None],
) -> EffectSums:
    """Direct effects of all sources on the questions, and what is lost without each component on some.

    `templates`: that of each group of the questions; `removed`: of how many questions of each group, the
    first ones, components are patched out one by one. `rows` bounds a batch; `advance` is told how many
    questions are done. Raises NotComputable where a number is not finite.
    """
    groups = len(templates)
    direct = direct_effects(member, batches(member, questions, rows), groups)
    some = first_of_each(questions, removed)
    advance(len(questions) - len(some))
    drops = np.zeros((groups, Graph.of(member.backbone.shape).sources - 1))
    metric = np.zeros((2, groups))
    for batch in batches(member, some, rows):
        group = batch.groups.cpu().numpy()
        alone = component_drops(member, [batch])
        np.add.at(drops, group, alone.lost.T)
        for sums, values in zip(metric, (alone.clean, alone.corrupted), strict=True):
            np.add.at(sums, group, values)
        advance(batch.examples)
    ordered = in_batch_order(questions)
    return EffectSums(
        Graph.of(member.backbone.shape),
        direct.clean.astype(np.float32),
        direct.changed.astype(np.float32),
        drops.astype(np.float32),
        metric[0],
        metric[1],
        _integers(np.bincount([asked.group for asked in some], minlength=groups)),
        tuple(templates),
        _integers([asked.group for asked in ordered]),
        _integers([asked.index for asked in ordered]),
    )


def first_of_each(questions: Sequence[Question], number: int) -> list[Question]:
    """The first questions of each group, `number` of them or all."""
    seen: Counter[int] = Counter()
    found = []
    for asked in questions:
        if seen[asked.group] < number:
            found.append(asked)
        seen[asked.group] += 1
    return found


def _integers(values: Sequence[int] | NDArray[np.integer]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)
