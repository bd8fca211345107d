"""Which positions a member attends to, as the 4-D float mask that every native class takes."""

import re
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...errors import UsageError


@dataclass(frozen=True)
class Attention:
    """Causal, full (bidirectional), or block-causal attention with blocks of `block` tokens."""

    kind: Literal["causal", "full", "block"]
    block: int = 1

    @classmethod
    def parse(cls, text: str) -> "Attention":
        """Read `causal`, `full` or `block:32`. Raises UsageError for anything else."""
        if text in ("causal", "full"):
            return cls(text)  # type: ignore[arg-type]
        match = re.fullmatch(r"block:([1-9]\d*)", text)
        if match is None:
            raise UsageError(
                f"attention {text!r} is not known", "use causal, full, or block:SIZE such as block:32"
            )
        return cls("block", int(match[1]))

    def __str__(self) -> str:
        return f"block:{self.block}" if self.kind == "block" else self.kind

    def allowed(self, tokens: int) -> Tensor:
        """Boolean [tokens, tokens]: whether the row's position sees the column's."""
        position = torch.arange(tokens)
        if self.kind == "full":
            return torch.ones(tokens, tokens, dtype=torch.bool)
        block = self.block if self.kind == "block" else 1
        return position[:, None] // block >= position[None, :] // block

    def mask(self, tokens: int, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Additive [1, 1, tokens, tokens]: 0 where a position is seen, the dtype's minimum elsewhere.

        A boolean 4-D mask is misread by eager attention, and a 2-D one stays causal, both without an error.
        """
        hidden = torch.zeros(tokens, tokens, dtype=dtype)
        hidden[~self.allowed(tokens)] = torch.finfo(dtype).min
        return hidden[None, None].to(device)
