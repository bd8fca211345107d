"""The same model with one key/value head per query head, as tools built on TransformerLens see it."""

import copy
import dataclasses

import torch
from torch import nn

from .backbones import Projection
from .families import family_of, read_backbone
from .member import Member


def ungroup(member: Member) -> Member:
    """A member that computes exactly the same, with every key/value head repeated for the heads it serves.

    The model given stays as it is, and shares all other weights with the new one. A member without grouped
    heads is returned itself. A shared key/value input's edge score is the sum of its copies' scores.
    """
    shape = member.backbone.shape
    repeats = shape.heads // shape.kv_heads
    if repeats == 1:
        return member
    model = member.backbone.model
    # Copied is the tree alone: what stands in the memo already is taken as it is, parameters and buffers.
    shared: dict[int, object] = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    ungrouped = copy.deepcopy(model, shared)
    ungrouped.config.num_key_value_heads = shape.heads
    set_key_value = family_of(ungrouped).set_key_value
    assert set_key_value is not None  # a family with grouped heads says how they are put in
    for index, layer in enumerate(member.backbone.layers):
        key, value = (_repeated(each, shape.kv_heads, repeats) for each in (layer.key, layer.value))
        set_key_value(ungrouped, index, key, value)
    return dataclasses.replace(member, backbone=read_backbone(ungrouped))


def _repeated(projection: Projection, heads: int, repeats: int) -> nn.Linear:
    weight = projection.weight.unflatten(0, (heads, -1)).repeat_interleave(repeats, dim=0).flatten(0, 1)
    # Its own parameters are replaced below, so they need no memory.
    with torch.device("meta"):
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=projection.bias is not None)
    linear.weight = nn.Parameter(weight, requires_grad=projection.weight.requires_grad)
    if projection.bias is not None:
        bias = projection.bias.unflatten(0, (heads, -1)).repeat_interleave(repeats, dim=0).flatten(0, 1)
        linear.bias = nn.Parameter(bias, requires_grad=projection.bias.requires_grad)
    return linear
