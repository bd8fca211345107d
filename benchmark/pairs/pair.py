"""A loaded pair: both members, the tokenizer that serves them, and where they come from."""

from dataclasses import dataclass, replace

import torch
from transformers import PreTrainedTokenizerBase

from ..record.html import html_table
from .device_map import DeviceMap
from .limits import USUAL, Limits
from .member import Member
from .movement import Movement
from .spec import PairSpec
from .turns import Turns


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
    the tokenizer. `named_masks`: ids that the MDM's tokenizer or config.json call a mask. `noted`: in which
    tokens a control differs, and what loading left in doubt or was told to accept, a line each. `moved_to`:
    of the ARM with noise the MDM that says how much of it. `limits`: how the members are held in memory, and
    `turns` where that is one at a time; `device_map`: what they are spread over several devices by, None for
    one device.
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
    noted: tuple[str, ...] = ()
    moved_to: Provenance | None = None
    limits: Limits = USUAL
    turns: Turns | None = None
    device_map: DeviceMap | None = None

    def bring(self, member: Member) -> None:
        """Have the member's weights in memory; where they are one member's at a time, the other's go.

        What runs a member of a pair asks for it first. Raises PairError where its files have changed.
        """
        if self.turns is not None:
            self.turns.bring(member)

    def holding(self, share: float) -> "Pair":
        """The same pair, whose members hold at once that share of what they do here beside their weights."""
        limits = replace(self.limits, share=share * self.limits.share)
        arm, mdm = (replace(member, share=limits.share) for member in self.members)
        return replace(self, arm=arm, mdm=mdm, limits=limits)

    @property
    def device(self) -> torch.device:
        """Where the members are when they are in memory, or at least their embeddings."""
        return self.arm.device if self.turns is None else self.turns.device

    @property
    def place(self) -> str | DeviceMap:
        """What another process would be asked for, to have the members where they are here."""
        return str(self.device) if self.device_map is None else self.device_map

    @property
    def confounds(self) -> tuple[str, ...]:
        """What is declared to have changed besides the objective, then what loading noted."""
        return (*self.spec.confounds, *self.noted)

    @property
    def same_weights(self) -> bool:
        """Whether no weight has moved, and the MDM has no rows of its own."""
        rows = {member.backbone.shape.vocabulary for member in self.members}
        return len(rows) == 1 and not any(moved.change for moved in self.movement)

    @property
    def members(self) -> tuple[Member, Member]:
        """The ARM and the MDM."""
        return self.arm, self.mdm

    def __repr__(self) -> str:
        # The members hold whole models, which dataclasses would print.
        shape = self.arm.backbone.shape
        return (
            f"Pair({self.spec.name!r}, {shape.layers} layers, {shape.heads} heads, "
            f"ARM {self.spec.arm.checkpoint!r}, {self.mdm.called} {self.spec.mdm.checkpoint!r} "
            f"({self.mdm.attention} attention, {'shift' if self.mdm.shift else 'no shift'}), "
            f"on {self._where})"
        )

    @property
    def _where(self) -> str:
        return str(self.device) if self.device_map is None else f"devices as by {self.device_map}"

    def _repr_html_(self) -> str:
        provenance = (self.arm_provenance, self.mdm_provenance)
        rows = [
            [
                member.called,
                each.checkpoint,
                each.revision or "",
                each.native,
                each.dtype,
                f"{member.attention}, {'shift' if member.shift else 'no shift'}",
                each.digest[:12],
            ]
            for member, each in zip(self.members, provenance, strict=True)
        ]
        heads = ("", "checkpoint", "revision", "class", "dtype", "attention, shift", "digest")
        return html_table(f"{self.spec.name}, on {self._where}", heads, rows)
