"""What is lost without top early nodes, beside middle, late and random ones, as a record has it."""

from typing import Annotated, Literal

from pydantic import Field

from .missing import Missing
from .number import Measured
from .protocol import Part

NodeKind = Literal["heads", "mlps", "neurons"]
NODE_KINDS: tuple[NodeKind, ...] = ("heads", "mlps", "neurons")


class Loss(Part):
    """What is lost where the outputs of nodes of a kind are zero: 0 for nothing, 1 for all of it.

    `early`, `middle`, `late`: without the top nodes of that third of the layers; `random`: the mean over sets
    of as many nodes of all layers. The others are differences: how much more is lost without the early ones.
    """

    early: Measured
    middle: Measured
    late: Measured
    random: Measured
    early_less_middle: Measured
    early_less_late: Measured
    early_less_random: Measured


class KindLoss(Part):
    """Losses without nodes of a kind, `nodes` of them at once, beside so many random sets.

    `faithfulness`: 1 − f, what is lost of the gap between the whole model and the empty circuit; `accuracy`:
    by how much the share of examples falls on which the answer is the likeliest token where it is read.
    """

    nodes: int
    random_sets: int
    faithfulness: Loss
    accuracy: Loss


MeasuredLoss = Annotated[KindLoss | Missing, Field(union_mode="left_to_right")]


class MemberCausality(Part):
    """Losses of a member by kind of node, on so many examples; `accuracy`: of the whole member on them."""

    examples: int
    accuracy: Measured
    heads: KindLoss
    mlps: KindLoss
    neurons: MeasuredLoss


class Causality(Part):
    """Causality of depth in both members.

    `shift`: by kind, MDM − ARM of the faithfulness that is lost without early nodes less without random ones.
    """

    arm: MemberCausality
    mdm: MemberCausality
    shift: dict[NodeKind, Measured]
