"""Heads that change places, and heads that are taken out, in the weights of any native class."""

from collections.abc import Sequence

import torch

from mechshift.benchmark.pairs.backbones import Backbone


@torch.no_grad()
def move_heads(backbone: Backbone, layer: int, groups: Sequence[int], within: Sequence[int]) -> None:
    """Give a layer's key/value heads another order, and the heads that share each of them too.

    The model computes the same. `groups`: which key/value head comes to each place; `within`: which of its
    heads comes to each place beside it.
    """
    shape, one = backbone.shape, backbone.layers[layer]
    heads = [len(within) * group + head for group in groups for head in within]
    for projection, order in ((one.query, heads), (one.key, groups), (one.value, groups)):
        for tensor in (projection.weight, projection.bias):
            if tensor is not None:
                rows = tensor.reshape(len(order), shape.head_dim, *tensor.shape[1:])
                tensor.copy_(rows[list(order)].reshape(tensor.shape))
    columns = one.output_weight
    blocks = columns.reshape(shape.width, shape.heads, shape.head_dim)
    columns.copy_(blocks[:, heads].reshape(columns.shape))


@torch.no_grad()
def remove_head(backbone: Backbone, layer: int, head: int) -> None:
    """Let a head write nothing."""
    size = backbone.shape.head_dim
    backbone.layers[layer].output_weight[:, head * size : (head + 1) * size] = 0
