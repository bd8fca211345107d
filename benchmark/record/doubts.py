"""What a record leaves in doubt about its own numbers, in sentences."""

from .types import Number, Record


def integration_doubts(record: Record) -> list[str]:
    """On which tasks the scores of which member had not converged with the most points that are tried."""
    second = "control" if record.pair.control else "MDM"
    found = []
    for task in record.tasks:
        for name, member in (("ARM", task.comparison.arm), (second, task.comparison.mdm)):
            if member.integration.converged is False:
                found.append(
                    f"{task.task}: the edge scores of the {name} had not converged with "
                    f"{member.integration.points} integration points ({_left(member.completeness)})"
                )
    return found


def _left(completeness: object) -> str:
    if not isinstance(completeness, Number):
        return "completeness residual not defined"
    return f"completeness residual {100 * completeness.value:.1f} %"
