"""What stands in for a module computes the same, and the module is its own again afterwards."""

from collections.abc import Callable

import torch

from build.written_out import gelu_new
from mechshift.benchmark.circuits.capture import still
from mechshift.benchmark.pairs.member import Member


def slopes(function: Callable[[torch.Tensor], torch.Tensor], at: torch.Tensor) -> torch.Tensor:
    leaf = at.detach().clone().requires_grad_()
    (found,) = torch.autograd.grad(function(leaf).sum(), leaf)
    return found


def test_gpt2s_gelu_is_one_operation_of_the_same_values_and_slopes(
    random_member: Callable[..., Member],
) -> None:
    member, at = random_member("gpt2"), torch.linspace(-8, 8, 4001, dtype=torch.float64)
    activation = member.backbone.layers[0].activation
    native = activation(at.requires_grad_()).grad_fn
    with still(member.backbone.model):
        found = activation(at)
        assert found.grad_fn.next_functions[0][0].variable is at
        torch.testing.assert_close(found, gelu_new(at), rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(slopes(activation, at), slopes(gelu_new, at), rtol=1e-10, atol=1e-14)
    assert type(activation(at).grad_fn) is type(native) is not type(found.grad_fn)
