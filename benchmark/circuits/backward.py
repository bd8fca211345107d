"""The backward pass of a native model under rules, while its forward pass stays what it is.

Each rule puts another tensor in the place of a module's output or input: its value is the model's own, its
derivative the rule's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import AttentionInterface, PreTrainedModel

from ...errors import NotComputable
from ..pairs.backbones import Backbone, Norm
from .capture import hooks
from .rules import CHAIN, Rules


@contextmanager
def under(rules: Rules, backbone: Backbone) -> Iterator[None]:
    """Within, what is run of the model has the derivatives that the rules say; afterwards it is as it was.

    Hooks that are to see what follows a norm have to be installed within: a norm's output is replaced, and
    no gradient reaches the one before. Raises NotComputable where a rule does not fit the model.
    """
    with hooks() as handles, _attention(rules.attention, backbone.model):
        if rules.fixed_norms:
            _fix_norms(backbone, handles)
        if rules.linear_activations:
            _straighten_activations(backbone, handles)
        if rules.factor != 1:
            for gated in (layer.gated for layer in backbone.layers if layer.gated is not None):
                handles.append(gated.register_forward_pre_hook(partial(_scale_factors, rules.factor)))
        yield


def _replaced(value: Tensor, by: Tensor) -> Tensor:
    """A tensor that is the one and has the derivative of the other."""
    # The difference is exactly 0, so that no forward pass is rounded otherwise.
    return value.detach() + (by - by.detach())


def _scaled(value: Tensor, by: float) -> Tensor:
    """The value, whose gradient is multiplied on its way back."""
    return value if by == 1 else _replaced(value, by * value)


def _fix_norms(backbone: Backbone, handles: list[RemovableHandle]) -> None:
    norms = [backbone.final_norm]
    for layer in backbone.layers:
        norms += [layer.attention_norm, layer.mlp_norm, *layer.head_norms]
    for norm in norms:
        handles.append(norm.module.register_forward_hook(partial(_fix_norm, norm)))


def _fix_norm(norm: Norm, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    # What the norm of another device reads is still where it comes from.
    stream = inputs[0].to(output.device).float()
    if norm.centred:
        stream = stream - stream.mean(dim=-1, keepdim=True)
    scale = (stream.detach().square().mean(dim=-1, keepdim=True) + norm.epsilon).rsqrt()
    return _replaced(output, (stream * scale * norm.weight.float()).to(output.dtype))


def _straighten_activations(backbone: Backbone, handles: list[RemovableHandle]) -> None:
    for activation in dict.fromkeys(layer.activation for layer in backbone.layers):
        slope = _slope_at_zero(activation, backbone)
        handles.append(activation.register_forward_hook(partial(_straighten, slope)))


def _slope_at_zero(activation: nn.Module, backbone: Backbone) -> Tensor:
    """What act(x)/x tends to where x is 0. Raises NotComputable where it tends to nothing."""
    with torch.enable_grad():
        zero = torch.zeros(1, dtype=backbone.dtype, device=backbone.device, requires_grad=True)
        value = activation(zero)
        (slope,) = torch.autograd.grad(value.sum(), zero)
    if value.item() != 0:
        raise NotComputable(
            f"the activation {type(activation).__name__} as x·[act(x)/x]: it is {value.item():g} at 0",
            "leave linear_activations out of the rules: the bracket has no bound there",
        )
    found: Tensor = slope
    return found


def _straighten(slope_at_zero: Tensor, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    taken = inputs[0].detach()
    slope = torch.where(taken == 0, slope_at_zero.to(taken.device), output.detach() / taken)
    return _replaced(output, slope * inputs[0])


def _scale_factors(by: float, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    # Both factors are linear up to the gate and read this alone, so that each gets its share here.
    return (_scaled(inputs[0], by), *inputs[1:])


@contextmanager
def _attention(rules: Rules, model: PreTrainedModel) -> Iterator[None]:
    """The model with attention under these rules."""
    if rules == CHAIN:
        yield
        return
    config: Any = model.config
    own, ours = config._attn_implementation, f"mechshift {rules}"
    # Known to transformers from then on, by a name of its own, and used by no model that is not told to.
    AttentionInterface.register(ours, partial(_attend, rules))
    try:
        config._attn_implementation = ours
        yield
    finally:
        config._attn_implementation = own


def _attend(
    rules: Rules,
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers asks for it: what heads mixed, [rows, tokens, heads, head_dim].

    `query` [rows, heads, tokens, head_dim], `key` and `value` [rows, key/value heads, all tokens, head_dim],
    `attention_mask` additive [rows, 1, tokens, all tokens].
    """
    shared = query.shape[1] // key.shape[1]
    query, key, value = (
        _scaled(each, by) for each, by in ((query, rules.query), (key, rules.key), (value, rules.value))
    )
    key, value = (each.repeat_interleave(shared, dim=1) for each in (key, value))
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        scores = scores + attention_mask
    pattern = _pattern(scores, rules.temperature).to(value.dtype)
    return (pattern @ value).transpose(1, 2).contiguous(), None


def _pattern(scores: Tensor, temperature: float) -> Tensor:
    pattern = scores.softmax(dim=-1, dtype=torch.float32)
    if temperature == 1:
        return pattern
    # Multiplied by the temperature again: the derivative is taken with respect to scores / temperature.
    return _replaced(pattern, temperature * (scores / temperature).softmax(dim=-1, dtype=torch.float32))
