"""Which checkpoints a record is of, what was declared about them, and what it was made with."""

from typing import Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from .protocol import Part

LineName = Literal["arm-bidirectional", "mdm-causal", "noise"]
"""What can be shown beside a pair and its controls although no training made it; `record.lines` says more."""


class MemberProvenance(Part):
    """Which weights a member has, and what was declared about it."""

    checkpoint: str
    revision: str | None
    digest: str
    native: str
    dtype: str
    attention: str
    shift: bool


class NoiseProvenance(Part):
    """Normal noise on every matrix: its norm as a share of that by which post-training moved the matrix.

    `moved_to`: the digest of the MDM's weights that it was moved to; `seed`: of the noise.
    """

    share: float = Field(gt=0)
    seed: int = Field(ge=0)
    checkpoint: str
    revision: str | None
    moved_to: str


class LineProvenance(Part):
    """How the second member of a line was made; its weights have the digest that stands at the member."""

    name: LineName
    noise: NoiseProvenance | None = None


class PairProvenance(Part):
    """The two members, the mask token, the tokenizer, and how far the weights moved by kind of module.

    `control`: the second member is the ARM trained on, and no MDM. `confounds`: what else than the objective
    changed between the two, as far as it was declared, and what loading the pair left in doubt. `line`: this
    is no pair, but a line beside one; left out of the file where it is None.
    """

    name: str
    control: bool
    confounds: tuple[str, ...] = ()
    arm: MemberProvenance
    mdm: MemberProvenance
    mask_id: int
    ordinary_mask: bool
    tokenizer: str
    layers: int
    heads: int
    kv_heads: int
    edges: int
    movement: dict[str, float]
    line: LineProvenance | None = None

    @property
    def autoregressive(self) -> bool:
        """Whether the second member was asked as an ARM is."""
        return self.control or (self.line is not None and self.line.noise is not None)

    @property
    def second(self) -> Literal["MDM", "control", "line"]:
        """What the second member is called beside the ARM."""
        return "line" if self.line is not None else "control" if self.control else "MDM"

    @model_serializer(mode="wrap")
    def _without_an_empty_line(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        # Records of pairs stay what they were before there were lines, to the last byte.
        found: dict[str, object] = write(self)
        if self.line is None:
            found.pop("line", None)
        return found


class Environment(Part):
    """Where and with what a record was made."""

    mechshift: str
    python: str
    torch: str
    transformers: str
    numpy: str
    platform: str
    processor: str
    device: str
    threads: int
