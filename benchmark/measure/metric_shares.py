"""Where in an answer a member's metric is: at the plan token, at copied tokens, or at others."""

from collections.abc import Callable, Sequence

import numpy as np

from ...metrics import Estimate, Undefined, Value, bootstrap_scores
from ...metrics.inputs import Floats
from ..asking.states import batches, in_batch_order
from ..asking.tokens import PARTS, TokenQuestion
from ..circuits.intervention import whole_model
from ..pairs.member import Member
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import Statistics

ONE_GROUP = "all examples with this read are of one group, so that nothing can be resampled"


def metric_shares(
    member: Member,
    asked: Sequence[TokenQuestion],
    templates: Sequence[str],
    rows: int,
    statistics: Statistics,
    advance: Callable[[int], None],
) -> dict[str, Measured]:
    """Shares of the mean metric of a trajectory, clean less corrupted, by what a token asks for.

    They add up to 1; one is negative where the foil gains. Missing where the questions are of one group, and
    where the metric of the whole trajectory is not clearly above 0 (`Estimate.clear`). `templates`: of all
    groups of the questions; `rows` bounds a batch and moves no number beyond rounding; `advance` is told how
    many tokens are done.
    """
    by_question = {id(each.question): each for each in asked}
    groups, group = np.unique([each.question.group for each in asked], return_inverse=True)
    if len(groups) < 2:
        return dict.fromkeys(PARTS, Missing(missing=ONE_GROUP))
    number = {found: place for place, found in enumerate(groups.tolist())}
    sums = np.zeros((len(groups), len(PARTS)))
    questions = [each.question for each in asked]
    ordered = iter(in_batch_order(questions))
    for batch in batches(member, questions, rows):
        clean, corrupted = whole_model(member, batch)
        for gap in (clean - corrupted).tolist():
            one = by_question[id(next(ordered))]
            sums[number[one.question.group], PARTS.index(one.part)] += one.weight * gap
        advance(batch.examples)
    counts = np.zeros(len(groups))
    # An example has several questions, and their weights add up to 1.
    np.add.at(counts, group, [each.weight for each in asked])
    clusters = [templates[each] for each in groups.tolist()]
    found = bootstrap_scores(_shares, [sums], np.rint(counts), clusters, *statistics.drawn)
    total = found.pop(_TOTAL)
    if isinstance(total, Estimate) and total.value > 0 and not total.clear:
        unclear = f"the metric is {total.value:.4g} [{total.low:.4g}, {total.high:.4g}]"
        return dict.fromkeys(PARTS, Missing(missing=f"{unclear}, which is not clear of 0"))
    return {name: measured(value) for name, value in found.items()}


_TOTAL = "total"


def _shares(gaps: Floats) -> dict[str, Value]:
    total = float(gaps.sum())
    if total <= 0:
        nothing = Undefined("the metric is no higher on the clean prompts")
        return {**dict.fromkeys(PARTS, nothing), _TOTAL: total}
    return {**{part: float(gap) / total for part, gap in zip(PARTS, gaps, strict=True)}, _TOTAL: total}
