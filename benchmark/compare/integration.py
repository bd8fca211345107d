"""How many integration points a member's scores were computed from, as it stands in a record."""

from ..measure.evidence import ScoreSums
from ..record.comparison import IntegrationRecord


def integration(scores: ScoreSums) -> IntegrationRecord:
    """The number of points, and what the search for it found where there was one."""
    points, found = scores.attribution.integration.steps, scores.convergence
    if found is None:
        return IntegrationRecord(points=points)
    return IntegrationRecord(
        points=points, residuals=found.residuals, changes=found.changes, converged=found.converged
    )
