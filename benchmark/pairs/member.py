"""One member of a pair, ready to be asked: a backbone with its attention, shift and mask token."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .attention import Attention
from .backbones import Backbone

Role = Literal["arm", "mdm", "control"]
"""What a member is in its pair; a control is an ARM that stands where the MDM would."""


@dataclass(frozen=True)
class Member:
    """A loaded model and what was declared about it.

    `shift` tells that the logits for token i are read at i−1 (always so for an ARM). `mask_id` is the
    pair's mask token, excluded from every argmax and softmax of both members.
    """

    role: Role
    backbone: Backbone
    attention: Attention
    shift: bool
    mask_id: int

    @property
    def autoregressive(self) -> bool:
        """Whether it is asked token by token from left to right, and never given a mask token."""
        return self.role != "mdm"

    @property
    def device(self) -> torch.device:
        """Where its inputs have to be."""
        return self.backbone.device

    def readout(self, target: int) -> int:
        """The position at which the logits for the token at position `target` are read."""
        return target - 1 if self.shift else target

    def embed(self, tokens: Tensor) -> Tensor:
        """Token embeddings [rows, tokens, width] (no position embeddings) of ids [rows, tokens]."""
        embeddings: Tensor = self.backbone.embedding(tokens)
        return embeddings

    def hidden(self, embeddings: Tensor) -> Tensor:
        """The final norm's output [rows, tokens, width] for token embeddings of that shape.

        Runs the unmodified native model under the member's attention.
        """
        mask = self.attention.mask(embeddings.shape[1], embeddings.dtype, embeddings.device)
        output = self.backbone.base(
            inputs_embeds=embeddings,
            attention_mask=mask.expand(embeddings.shape[0], -1, -1, -1),
            use_cache=False,
        )
        final: Tensor = output.last_hidden_state
        return final

    def logits(self, hidden: Tensor) -> Tensor:
        """Float32 logits [..., vocabulary] of final-norm outputs [..., width], the mask token's at −inf.

        Call it on the rows that are read only: at a vocabulary of 150,000 all positions would not fit.
        """
        logits: Tensor = self.backbone.head(hidden).float()
        if self.mask_id < logits.shape[-1]:
            excluded = torch.zeros_like(logits, dtype=torch.bool)
            excluded[..., self.mask_id] = True
            logits = logits.masked_fill(excluded, -torch.inf)
        return logits
