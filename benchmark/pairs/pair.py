"""A loaded pair: both members, the tokenizer that serves them, and where they come from."""

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from .member import Member
from .movement import Movement
from .spec import PairSpec


@dataclass(frozen=True)
class Provenance:
    """Which weights a member has: the hub commit (None for a directory), a digest, and their dtype.

    `digest` is the SHA-256 of config.json and the safetensors files.
    """

    checkpoint: str
    revision: str | None
    digest: str
    native: str
    dtype: str


@dataclass(frozen=True)
class Pair:
    """An ARM and an MDM, and the ARM's tokenizer, which serves both.

    `ordinary_mask` tells that ordinary text can contain the mask token, so that prompts have to be checked
    for it; `movement` how far the MDM's weights are from the ARM's. `tokenizer_digest` is the SHA-256 of
    the tokenizer. `named_masks`: ids that the MDM's tokenizer or config.json call a mask.
    """

    spec: PairSpec
    arm: Member
    mdm: Member
    tokenizer: PreTrainedTokenizerBase
    tokenizer_digest: str
    ordinary_mask: bool
    arm_provenance: Provenance
    mdm_provenance: Provenance
    movement: tuple[Movement, ...]
    named_masks: tuple[int, ...] = ()

    @property
    def same_weights(self) -> bool:
        """Whether no weight has moved, and the MDM has no rows of its own."""
        rows = {member.backbone.shape.vocabulary for member in self.members}
        return len(rows) == 1 and not any(moved.change for moved in self.movement)

    @property
    def members(self) -> tuple[Member, Member]:
        """The ARM and the MDM."""
        return self.arm, self.mdm
