"""From where in the text a member's edges read: what only a model that sees both sides of a place can do."""

import numpy as np

from ...metrics import (
    Estimate,
    Undefined,
    Value,
    bootstrap_scores,
    paired_statistic,
    place_shares,
    squared_place_shares,
)
from ...metrics.inputs import Floats
from ..circuits.scores import PLACES
from ..measure.evidence import ScoreSums
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.protocol import Statistics

NAMES = ("right_context", "before", "behind", "right_context_squared")

_BY_MASS = NAMES[:3]


def direction(scores: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    """Shares of a member's absolute score by the position of its source, and one of its squared score.

    `before`: of positions before the first token in which the prompts differ; `behind`: of positions right of
    the last one that is read; `right_context`: of both; `right_context_squared`: of both, by squared score
    without the noise of the prompts. All are 0 in a causal model, by construction.
    """
    attribution, mask = scores.attribution, scores.graph.mask
    outside = attribution.outside
    if outside is None:
        return dict.fromkeys(NAMES, Missing(missing="the places of sources were not told apart"))
    if outside.sums is None:
        return dict.fromkeys(NAMES, Number(value=0.0, low=0.0, high=0.0))
    before, behind = (sums[:, mask].astype(np.float64) for sums in outside.sums)
    between = attribution.score_sums[:, mask] - before - behind
    sums = before, between, behind
    found = bootstrap_scores(_shares, sums, attribution.counts, scores.templates, *statistics.drawn)
    of_squares = squared_place_shares(sums, attribution.counts, scores.templates, None, *statistics.drawn)
    return {
        **{name: measured(value) for name, value in found.items()},
        "right_context_squared": measured(_outside(of_squares)),
    }


def _shares(*by_place: Floats) -> dict[str, Value]:
    assert len(by_place) == len(PLACES), "one array a place"
    shares = place_shares(np.stack(by_place))
    if isinstance(shares, Undefined):
        return dict.fromkeys(_BY_MASS, shares)
    before, _, behind = map(float, shares)
    return {"right_context": before + behind, "before": before, "behind": behind}


def _outside(by_place: tuple[Estimate | Undefined, ...]) -> Estimate | Undefined:
    """The shares of both places outside, added up."""
    before, _, behind = by_place
    if isinstance(before, Undefined):
        return before
    if isinstance(behind, Undefined):
        return behind
    return paired_statistic(lambda *of: sum(of), [before, behind])
