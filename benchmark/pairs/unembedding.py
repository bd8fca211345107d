"""Logits in float32 of weights in half precision.

A map in bfloat16 adds up in float32 and then rounds every logit to 8 bits: between two logits of 20 nothing
below 1/8 is left of their difference, which is the metric, and several tokens share the largest.
"""

from typing import Any

import torch
from torch import Tensor, nn

AT_ONCE = 2**24
"""Numbers of the weight that are held in float32 at a time, unless one row has more."""


def unembed(head: nn.Linear, hidden: Tensor) -> Tensor:
    """Logits [..., vocabulary] of final-norm outputs [..., width], in float32 or better."""
    if head.weight.dtype.itemsize >= torch.float32.itemsize:
        wide: Tensor = head(hidden)
        return wide
    logits: Tensor = _Product.apply(hidden.float(), head.weight)  # type: ignore[no-untyped-call]
    return logits if head.bias is None else logits + head.bias.float()


class _Product(torch.autograd.Function):
    """hidden · weightᵀ, of which autograd keeps the weight as it is and no copy of it in float32.

    The weight gets no gradient: no parameter needs one.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return torch.cat([hidden @ rows.float().T for rows in _pieces(weight)], dim=-1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        pieces = _pieces(weight)
        parts = gradients[0].split([len(rows) for rows in pieces], dim=-1)
        found = parts[0] @ pieces[0].float()
        for part, rows in zip(parts[1:], pieces[1:], strict=True):
            found += part @ rows.float()
        return found, None


def _pieces(weight: Tensor) -> tuple[Tensor, ...]:
    pieces: tuple[Tensor, ...] = weight.split(max(1, AT_ONCE // weight.shape[1]))
    return pieces
