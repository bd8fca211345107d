"""From where in the text a member's edges read: what only a model that sees both sides of a place can do."""

import numpy as np

from ...metrics import Undefined, Value, bootstrap_scores, place_shares
from ...metrics.inputs import Floats
from ..circuits.scores import PLACES
from ..measure.evidence import ScoreSums
from ..record.protocol import Statistics
from ..record.types import Measured, Missing, Number, measured

NAMES = ("right_context", "before", "behind")


def direction(scores: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    """Shares of a member's absolute score by the position of its source.

    `before`: of positions before the first token in which the prompts differ; `behind`: of positions right of
    the last one that is read; `right_context`: of both. All are 0 in a causal model, by construction.
    """
    attribution, mask = scores.attribution, scores.graph.mask
    outside = attribution.outside
    if outside is None:
        return dict.fromkeys(NAMES, Missing(missing="the places of sources were not told apart"))
    if outside.sums is None:
        return dict.fromkeys(NAMES, Number(value=0.0, low=0.0, high=0.0))
    before, behind = (sums[:, mask].astype(np.float64) for sums in outside.sums)
    between = attribution.score_sums[:, mask] - before - behind
    found = bootstrap_scores(
        _shares,
        (before, between, behind),
        attribution.counts,
        scores.templates,
        statistics.resamples,
        statistics.resampling_seed,
    )
    return {name: measured(found[name]) for name in NAMES}


def _shares(*by_place: Floats) -> dict[str, Value]:
    assert len(by_place) == len(PLACES), "one array a place"
    shares = place_shares(np.stack(by_place))
    if isinstance(shares, Undefined):
        return dict.fromkeys(NAMES, shares)
    before, _, behind = map(float, shares)
    return {"right_context": before + behind, "before": before, "behind": behind}
