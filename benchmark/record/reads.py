"""What a record says of both members at the reads beside the headline's."""

from typing import Literal

from pydantic import Field

from .missing import Missing
from .number import Measured
from .protocol import BesideRead, Part


class MembersAndShift(Part):
    """Depth and specialisation of the edges' scores by one weighting: of either member, and MDM − ARM."""

    arm: dict[str, Measured]
    mdm: dict[str, Measured]
    shift: dict[str, Measured]


class AtRead(Part):
    """Both members at a read beside the headline's.

    `examples`: of the discovery half; `masked`: mean share of the answer's tokens that the MDM sees masked.
    `gap`: by how much a member's metric is higher on the clean prompts, by `arm` and `mdm`. `structure`: how
    alike mean scores are, as in a comparison, and `headline`: those of the MDM here and at the headline's
    read. `squared`, `mass`: depth and specialisation of all edges by either weighting. `direction`: shares of
    the MDM's score by the position of its source.
    """

    examples: int = Field(ge=1)
    masked: Measured
    gap: dict[str, Measured]
    structure: dict[str, Measured]
    squared: MembersAndShift
    mass: MembersAndShift
    direction: dict[str, Measured]


class Stages(Part):
    """Both members at the reads beside the headline's, and where in an answer the metric is.

    `reads`: in the protocol's order, what was found or why there is nothing. `metric`: of a member's metric
    over a whole trajectory, the shares of the `plan` token, of `copied` tokens and of all `other` ones.
    """

    reads: dict[BesideRead, AtRead | Missing] = Field(default={})
    metric: dict[Literal["arm", "mdm"], dict[str, Measured]] = Field(default={})
