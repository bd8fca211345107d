"""Lines beside a pair: what the same weights give under another mask or with noise, without any training.

A line is shown beside the controls and is none of them: nothing is attributed by it.
"""

from collections.abc import Iterator, Mapping

from ...errors import UsageError
from .provenance import LineName
from .record import Record

LINES: Mapping[LineName, str] = {
    "arm-bidirectional": "the ARM's own weights asked as an MDM, every position seeing all others",
    "mdm-causal": "the MDM's own weights under the causal mask, no position seeing a later one",
    "noise": "the ARM with normal noise on every matrix, asked as an ARM",
}
"""What the second member is."""


def check_line(record: Record, line: Record) -> None:
    """Raises UsageError, with all that speaks against it, for a record that is no line beside the pair."""
    if faults := list(_faults(record, line)):
        raise UsageError(
            f"{line.pair.name} is no line beside {record.pair.name}: {'; '.join(faults)}",
            "name a record that `mechshift run --line NAME` wrote for this pair, under the same protocol",
        )


def _faults(record: Record, line: Record) -> Iterator[str]:
    found = line.pair.line
    if record.pair.line is not None or record.pair.control:
        yield f"{record.pair.name} is a {record.pair.second} itself"
    if found is None:
        yield "it is a control" if line.pair.control else "it is a pair with an MDM"
    if record.pair.arm.digest != line.pair.arm.digest:
        yield "its ARM has other weights"
    # The ARM under another mask has nothing of the MDM.
    made_of = None if found is None else found.noise.moved_to if found.noise else line.pair.mdm.digest
    if found is not None and found.name != "arm-bidirectional" and made_of != record.pair.mdm.digest:
        yield "it was made with another MDM"
    if record.protocol != line.protocol:
        yield "its protocol is another one"
