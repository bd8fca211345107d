"""From where in the text a member's edges read: what only a model that sees both sides of a place can do."""

from ...metrics import Estimate, Undefined, paired_statistic, squared_place_shares
from ...metrics.places import mass_place_shares
from ..measure.score_sums import ScoreSums
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.protocol import Statistics

NAMES = ("right_context", "before", "behind", "right_context_squared")


def direction(scores: ScoreSums, statistics: Statistics, threads: int = 1) -> dict[str, Measured]:
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
    before, behind = (sums[:, mask] for sums in outside.sums)
    between = attribution.score_sums[:, mask]
    # In place: of a large model each of these arrays is hundreds of megabytes.
    between -= before
    between -= behind
    given = (before, between, behind), attribution.counts, scores.templates, None
    of_mass = mass_place_shares(*given, *statistics.drawn, threads=threads)
    of_squares = squared_place_shares(*given, *statistics.drawn)
    return {
        "right_context": measured(_outside(of_mass)),
        "before": measured(of_mass[0]),
        "behind": measured(of_mass[2]),
        "right_context_squared": measured(_outside(of_squares)),
    }


def _outside(by_place: tuple[Estimate | Undefined, ...]) -> Estimate | Undefined:
    """The shares of both places outside, added up."""
    before, _, behind = by_place
    if isinstance(before, Undefined):
        return before
    if isinstance(behind, Undefined):
        return behind
    return paired_statistic(lambda *of: sum(of), [before, behind])
