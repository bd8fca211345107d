"""Which positions a member attends to, as the 4-D float mask that every native class takes."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# torch takes a second to import, and a declaration is read where nothing is run: `ls pairs`, `pair show`.


@dataclass(frozen=True)
class Attention:
    """Causal, full (bidirectional), block-causal with blocks of `block` tokens, or observed first.

    Observed first (WeDLM) is causal over another order: all visible tokens, then all masked ones, both with
    the positions that they have in the text. Nothing else than what is seen depends on the order, so that
    here tokens stay where they are and the mask says it.
    """

    kind: Literal["causal", "full", "block", "observed-first"]
    block: int = 1

    @classmethod
    def parse(cls, text: str) -> "Attention":
        """Read `causal`, `full`, `block:32` or `observed-first`. Raises UsageError for anything else."""
        if text in ("causal", "full", "observed-first"):
            return cls(text)  # type: ignore[arg-type]
        match = re.fullmatch(r"block:([1-9]\d{0,6})", text)
        if match is None:
            raise UsageError(
                f"attention {text!r} is not known",
                "use causal, full, observed-first, or block:SIZE such as block:32 (seven digits at most)",
            )
        return cls("block", int(match[1]))

    def __str__(self) -> str:
        return f"block:{self.block}" if self.kind == "block" else self.kind

    def allowed(self, masked: "Tensor") -> "Tensor":
        """Boolean [rows, tokens, tokens]: whether the second axis' position sees the third's.

        `masked`: boolean [rows, tokens], which tokens are the mask token; only observed first depends on it.
        """
        import torch

        rows, tokens = masked.shape
        position = torch.arange(tokens, device=masked.device)
        if self.kind == "full":
            return torch.ones(rows, tokens, tokens, dtype=torch.bool, device=masked.device)
        if self.kind == "observed-first":
            # Moves every masked token behind all visible ones and keeps the order within both.
            order = position + tokens * masked
        else:
            order = (position // (self.block if self.kind == "block" else 1)).expand(rows, tokens)
        return order[:, :, None] >= order[:, None, :]

    def mask(self, masked: "Tensor", dtype: "torch.dtype") -> "Tensor":
        """Additive [rows, 1, tokens, tokens]: 0 where a position is seen, the dtype's minimum elsewhere.

        A boolean 4-D mask is misread by eager attention, and a 2-D one stays causal, both without an error.
        """
        import torch

        # Only observed-first depends on the row; for the others one row is built and expanded without a
        # copy.
        allowed = self.allowed(masked if self.kind == "observed-first" else masked[:1])
        hidden = torch.zeros(allowed.shape, dtype=dtype, device=masked.device)
        return hidden.masked_fill(~allowed, torch.finfo(dtype).min)[:, None].expand(len(masked), -1, -1, -1)
