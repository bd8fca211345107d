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
    """Which positions see which: causal, full, observed first, or of two kinds of blocks of `block` tokens.

    Full is bidirectional. Blocks (block-causal) are counted from the first token of the text: a position sees
    its own block and those before it. In a causal context (Nemotron-Labs-Diffusion) only blocks that hold a
    masked token do so, that is the one that is being filled and those that are still to come; text in which
    nothing is masked is causal, block by block as it is finished.

    Observed first (WeDLM) is causal over another order: all visible tokens, then all masked ones, both with
    the positions that they have in the text. Nothing else than what is seen depends on the order, so that
    here tokens stay where they are and the mask says it.
    """

    kind: Literal["causal", "full", "block", "context-causal", "observed-first"]
    block: int = 1

    @classmethod
    def parse(cls, text: str) -> "Attention":
        """Read `causal`, `full`, `observed-first`, or `block:32` and `context-causal:32` of any size.

        Raises UsageError for anything else.
        """
        if text in ("causal", "full", "observed-first"):
            return cls(text)  # type: ignore[arg-type]
        match = re.fullmatch(r"(block|context-causal):([1-9]\d{0,6})", text)
        if match is None:
            raise UsageError(
                f"attention {text!r} is not known",
                "use causal, full, observed-first, or block:SIZE or context-causal:SIZE such as block:32 "
                "(seven digits at most)",
            )
        return cls(match[1], int(match[2]))  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.kind}:{self.block}" if self.in_blocks else self.kind

    @property
    def in_blocks(self) -> bool:
        """Whether text is filled block by block: no block sees those behind it."""
        return self.kind in ("block", "context-causal")

    @property
    def by_what_is_masked(self) -> bool:
        """Whether what is seen depends on which tokens are masked."""
        return self.kind in ("context-causal", "observed-first")

    def block_of(self, positions: "Tensor") -> "Tensor":
        """The number of the block that each position is in; without blocks all are in the first one."""
        return positions // self.block if self.in_blocks else positions * 0

    def allowed(self, masked: "Tensor") -> "Tensor":
        """Boolean [rows, tokens, tokens]: whether the second axis' position sees the third's.

        `masked`: boolean [rows, tokens], which tokens are the mask token; a causal context and observed first
        depend on it.
        """
        import torch

        rows, tokens = masked.shape
        position = torch.arange(tokens, device=masked.device)
        if self.kind == "full":
            return torch.ones(rows, tokens, tokens, dtype=torch.bool, device=masked.device)
        order = position.expand(rows, tokens)
        if self.kind == "observed-first":
            # Moves every masked token behind all visible ones and keeps the order within both.
            order = position + tokens * masked
        elif self.in_blocks:
            block = self.block_of(position)
            # Every token of a block counts as its last one, so that none of them comes before another.
            last = (block + 1) * self.block - 1
            whole = masked.new_ones(rows, tokens) if self.kind == "block" else _unfinished(masked, block)
            order = torch.where(whole, last, order)
        return order[:, :, None] >= order[:, None, :]

    def mask(self, masked: "Tensor", dtype: "torch.dtype") -> "Tensor":
        """Additive [rows, 1, tokens, tokens]: 0 where a position is seen, the dtype's minimum elsewhere.

        A boolean 4-D mask is misread by eager attention, and a 2-D one stays causal, both without an error.
        """
        import torch

        # Where no row differs from another one is built and expanded without a copy.
        allowed = self.allowed(masked if self.by_what_is_masked else masked[:1])
        hidden = torch.zeros(allowed.shape, dtype=dtype, device=masked.device)
        return hidden.masked_fill(~allowed, torch.finfo(dtype).min)[:, None].expand(len(masked), -1, -1, -1)


def _unfinished(masked: "Tensor", block: "Tensor") -> "Tensor":
    """Boolean [rows, tokens]: whether a token's block, by its number [tokens], holds a masked token."""
    together = block[:, None] == block
    return (masked[:, None] & together).any(dim=-1)
