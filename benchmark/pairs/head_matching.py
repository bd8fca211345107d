"""Which head of one model is which of another: heads can change places within a layer and change nothing.

A circuit names heads by their index. In a model whose heads changed places it names others, and does not do
its work there although the model computes the same. So heads are matched by their weights before it is said
that a circuit does not carry over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .backbones import Shape
from .member import Member

SAME = 0.5
"""Mean cosine of the weights from which heads that are matched across places are taken for the same ones.

Heads of models that have nothing in common have cosines near 0, also those that are matched best: at random
with a spread of one over the root of the number of weights, of which even a small head has thousands.
"""


@dataclass(frozen=True, eq=False)
class HeadMatching:
    """Of every head of the first model, the head of the second that is the same one.

    `heads`: [layers, heads]; `kv_heads`: [layers, key/value heads]; entry h is the second model's index of
    the first model's h. Where nothing changed places both count up from 0.
    """

    heads: NDArray[np.int64]
    kv_heads: NDArray[np.int64]

    @property
    def moved(self) -> int:
        """How many heads have another index in the second model."""
        return int((self.heads != np.arange(self.heads.shape[1])).sum())


class HeadMaps(NamedTuple):
    """The maps of a layer's heads, of each head one block of rows [heads * head_dim, width]."""

    query: Tensor
    key: Tensor
    value: Tensor
    output: Tensor


def maps_of(member: Member, copied: bool = False) -> list[HeadMaps]:
    """The maps of every layer: the member's own, or as copies, which stay where its weights are put away."""
    found = [
        HeadMaps(layer.query.weight, layer.key.weight, layer.value.weight, layer.output_weight.T)
        for layer in member.backbone.layers
    ]
    return [HeadMaps(*(each.detach().clone() for each in maps)) for maps in found] if copied else found


def match_heads(first: Sequence[HeadMaps], second: Sequence[HeadMaps], shape: Shape) -> HeadMatching:
    """Match the heads of two models of one shape, layer by layer, by the cosines of their weights.

    Heads that share keys and values stay together. The matching with the largest sum of cosines is taken, of
    queries and outputs of each head and of keys and values of each key/value head; in layers where the
    cosines are not `SAME` in the mean every head keeps its index, as unrelated heads have no counterpart.
    """
    found = [_match(*layers, shape) for layers in zip(first, second, strict=True)]
    heads, kv_heads = (np.stack(each) for each in zip(*found, strict=True))
    return HeadMatching(heads, kv_heads)


def _match(first: HeadMaps, second: HeadMaps, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    repeats = shape.heads // shape.kv_heads
    own = [
        _cosines(*maps, shape.heads) for maps in ((first.query, second.query), (first.output, second.output))
    ]
    each = np.mean(own, axis=0).reshape(shape.kv_heads, repeats, shape.kv_heads, repeats)
    of_both = ((first.key, second.key), (first.value, second.value))
    shared = np.mean([_cosines(*maps, shape.kv_heads) for maps in of_both], axis=0)
    # Within every pair of groups the best order of its heads; then the best order of the groups.
    orders = np.zeros((shape.kv_heads, shape.kv_heads, repeats), dtype=np.int64)
    likeness = np.zeros_like(shared)
    for one, other in np.ndindex(*shared.shape):
        block = each[one, :, other]
        rows, columns = linear_sum_assignment(block, maximize=True)
        orders[one, other] = columns
        likeness[one, other] = block[rows, columns].mean() + shared[one, other]
    groups = linear_sum_assignment(likeness, maximize=True)[1]
    # Two means were added up: of heads, and of keys and values.
    if likeness[np.arange(len(groups)), groups].mean() / 2 < SAME:
        return np.arange(shape.heads), np.arange(shape.kv_heads)
    heads = [repeats * other + orders[one, other] for one, other in enumerate(groups)]
    return np.concatenate(heads).astype(np.int64), groups.astype(np.int64)


def _cosines(first: Tensor, second: Tensor, heads: int) -> NDArray[np.float64]:
    """Cosines between the rows of each head in either map [heads * head_dim, width]: [first's, second's]."""
    with torch.no_grad():
        one, other = (
            torch.nn.functional.normalize(each.float().reshape(heads, -1), dim=1)
            for each in (first, second.to(first.device))
        )
        return (one @ other.T).double().cpu().numpy()
