"""What a record leaves in doubt about its own numbers, in sentences."""

from .comparison import IntegrationRecord
from .record import Record


def integration_doubts(record: Record) -> list[str]:
    """On which tasks the scores of which member had not converged with the most points that are tried."""
    second = record.pair.second
    found = []
    for task in record.tasks:
        for name, member in (("ARM", task.comparison.arm), (second, task.comparison.mdm)):
            if member.integration.converged is False:
                found.append(
                    f"{task.task}: the edge scores of the {name} had not converged with "
                    f"{member.integration.points} integration points ({_left(member.integration)})"
                )
    return found


def _left(search: IntegrationRecord) -> str:
    """What the search saw last: either may be what was not small enough."""
    residual = search.residuals[-1] if search.residuals else None
    said = "is not defined" if residual is None else f"is {100 * residual:.1f} %"
    changed = f"{100 * search.changes[-1]:.1f} % of the top edges changed at last; " if search.changes else ""
    return f"{changed}the completeness residual {said}"
