"""Logits of weights in bfloat16, against their products in float64."""

import pytest
import torch
from torch import nn

from mechshift.benchmark.pairs import unembedding
from mechshift.benchmark.pairs.unembedding import unembed


def head_of(dtype: torch.dtype, bias: bool = False) -> nn.Linear:
    """Logits of about 30, as those of trained models."""
    head = nn.Linear(64, 200, bias=bias)
    head.weight.data.normal_(generator=torch.Generator().manual_seed(0)).mul_(4)
    return head.to(dtype).requires_grad_(False)


def hidden_of(dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(5, 64, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("at_once", [1, 64 * 7, 2**24])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_added_up_and_kept_in_float32(
    dtype: torch.dtype, at_once: int, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unembedding, "AT_ONCE", at_once)
    head, hidden = head_of(dtype, bias), hidden_of(dtype)
    exact = hidden.double() @ head.weight.double().T + (head.bias.double() if bias else 0)
    found = unembed(head, hidden)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=1e-4)
    # What the map itself gives is that, rounded to a few digits.
    assert (head(hidden).double() - exact).abs().max() > 20 * (found.double() - exact).abs().max()


def test_its_gradient_is_that_of_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unembedding, "AT_ONCE", 64 * 7)
    head, hidden = head_of(torch.bfloat16), hidden_of(torch.bfloat16).requires_grad_()
    weights = torch.randn(5, 200, generator=torch.Generator().manual_seed(2))
    (unembed(head, hidden) * weights).sum().backward()
    exact = weights.double() @ head.weight.double()
    assert hidden.grad is not None
    # Rounded once, to the precision of what it is the gradient of.
    torch.testing.assert_close(hidden.grad, exact.to(torch.bfloat16), rtol=2**-7, atol=0)


def test_single_precision_is_the_map_s_own() -> None:
    head, hidden = head_of(torch.float32), hidden_of(torch.float32)
    assert torch.equal(unembed(head, hidden), head(hidden))
