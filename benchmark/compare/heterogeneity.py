"""Whether a member answers all groups of prompts by one circuit, as a record has it."""

from ...metrics import Undefined, cancellation_ratio, score_clusters
from ..measure.score_sums import ScoreSums
from ..record.number import Measured, measured
from ..record.protocol import Statistics

_OF_CLUSTERS = ("clusters", "silhouette", "silhouette_null", "p")


def heterogeneity(scores: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    """The division of the groups by their scores of all edges, and how far the groups cancel each other.

    `clusters`: how many the division has; `silhouette`: how far they lie apart; `silhouette_null`: what 95 %
    of groups of one circuit stay below; `p`: share of these that reach as far; `cancellation`: |Σ|/Σ|·|.
    """
    sums, counts, mask = scores.attribution.score_sums, scores.attribution.counts, scores.graph.mask
    found = score_clusters(sums, counts, seed=statistics.resampling_seed, mask=mask)
    if isinstance(found, Undefined):
        values = dict.fromkeys(_OF_CLUSTERS, measured(found))
    else:
        of_clusters = float(found.clusters), found.silhouette, found.null, found.p
        values = dict(zip(_OF_CLUSTERS, map(measured, of_clusters), strict=True))
    return {**values, "cancellation": measured(cancellation_ratio(sums, counts, mask))}
