"""What circuits do in the other member: transfer beside its floors, as a record has it."""

from typing import Annotated

from pydantic import Field

from .missing import Missing
from .number import Measured
from .protocol import Part


class TransferAt(Part):
    """Circuits of one size in a host: faithfulness of each, and τ*.

    `own`: the host's; `other`: the other member's; `cross`: the mean over the host's circuits of other tasks.
    `margin`: own − cross. `transfer`: τ* = (other − cross)/(own − cross), 1 where the other member's circuit
    does as well as the host's own, 0 where no better than another task's.
    """

    edges: int
    own: Measured
    other: Measured
    cross: Measured
    margin: Measured
    transfer: Measured


class ShuffledFloor(Part):
    """Circuits of the other member's scores shuffled within cells, on some of the examples.

    `mean` and `most`: over the circuits, of their faithfulness; `other`: that of the other member's circuit
    on the same examples; `p`: share of the circuits that do at least as well, that one counted among them.
    """

    circuits: int
    examples: int
    mean: Measured
    most: Measured
    other: Measured
    p: Measured


class InHost(Part):
    """Circuits run in one member.

    `compared`, `half`: at the compared size and at half of it; `matched`: at the compared size with the other
    member's heads matched to the host's, missing where they have the same indices; `own_alone`,
    `other_alone`: faithfulness of the edges that only one of the two circuits has; `tasks`: of the host's
    circuit of each other task, at the compared size; `examples`: on which all this was measured.
    """

    examples: int
    compared: TransferAt
    half: TransferAt
    matched: Annotated[TransferAt | Missing, Field(union_mode="left_to_right")]
    own_alone: Measured
    other_alone: Measured
    shuffled: ShuffledFloor
    tasks: dict[str, Measured]

    @property
    def counted(self) -> TransferAt:
        """Transfer at the compared size as it counts: with heads matched where they changed places."""
        return self.compared if isinstance(self.matched, Missing) else self.matched


class Function(Part):
    """What either member's circuit does in the other: `arm` is the ARM as host of the MDM's circuit."""

    arm: InHost
    mdm: InHost
