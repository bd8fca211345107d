"""Which record is the control of a pair."""

from collections.abc import Iterator, Sequence

from ...errors import UsageError
from .lines import LINES
from .record import Record


def check_control(record: Record, control: Record) -> None:
    """Raises UsageError, with all that speaks against it, for a record that is no control of the pair."""
    if faults := list(_faults(record, control)):
        raise UsageError(
            f"{control.pair.name} is no control of {record.pair.name}: {'; '.join(faults)}",
            "name a record of the same ARM trained further with its own objective, under the same protocol",
        )


def check_controls(record: Record, controls: Sequence[Record]) -> None:
    """Raises UsageError where `check_control` does, and where two controls are one training."""
    seen: dict[str, str] = {}
    for control in controls:
        check_control(record, control)
        digest = control.pair.mdm.digest
        if digest in seen:
            raise UsageError(
                f"{seen[digest]} and {control.pair.name} are one control: they have the same weights",
                "give each control once",
            )
        seen[digest] = control.pair.name


def by_name(controls: Sequence[Record]) -> dict[str, Record]:
    """Controls by the names of their pairs; a second one of a name is told apart by its number."""
    found: dict[str, Record] = {}
    for control in controls:
        name, number = control.pair.name, 1
        while name in found:
            number += 1
            name = f"{control.pair.name} ({number})"
        found[name] = control
    return found


def _faults(record: Record, control: Record) -> Iterator[str]:
    if record.pair.control or record.pair.line is not None:
        yield f"{record.pair.name} is a {record.pair.second} itself"
    if (line := control.pair.line) is not None:
        yield f"it is a line and no further training ({LINES[line.name]}), and attributes nothing"
    elif not control.pair.control:
        yield "it is a pair with an MDM"
    if record.pair.arm.digest != control.pair.arm.digest:
        yield "its ARM has other weights"
    if record.protocol != control.protocol:
        yield "its protocol is another one"
