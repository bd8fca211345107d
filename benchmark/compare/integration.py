"""How many integration points a member's scores were computed from, and what they leave out."""

from ..measure.score_sums import ScoreSums
from ..record.comparison import IntegrationRecord
from ..record.missing import Missing
from ..record.number import Measured, Number

_UNEQUAL = {
    True: "clean and corrupted score the same",
    False: "by rules of the backward pass, scores need not add up to the difference of the two runs",
}


def completeness(scores: ScoreSums) -> Measured:
    """What the finite number of points leaves out, relative."""
    found = scores.attribution
    if found.integration is None:
        return Missing(missing="what single edges do when patched need not add up to what all do")
    residual = found.completeness_residual
    return Missing(missing=_UNEQUAL[found.adds_up]) if residual is None else Number(value=residual)


def integration(scores: ScoreSums) -> IntegrationRecord:
    """The number of points, and what the search for it found where there was one."""
    taken, found = scores.attribution.integration, scores.convergence
    points = None if taken is None else taken.steps
    if found is None:
        return IntegrationRecord(points=points)
    return IntegrationRecord(
        points=points, residuals=found.residuals, changes=found.changes, converged=found.converged
    )
