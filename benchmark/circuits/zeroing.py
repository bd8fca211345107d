"""Running a member with the outputs of some of its nodes set to zero at every token, and all else as it is.

Zero, other than the corrupted run, takes a model off all that it has ever computed. So what is lost says
little by itself, and is compared with what is lost without as many other nodes of the same kind.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..pairs.backbones import Backbone
from ..pairs.member import Member
from .batch import Batch
from .capture import hooks, still
from .graph import Edges
from .intervention import each_logits, stacked_reads, stacked_rows
from .later import begun_at, kept_streams
from .neurons import output_maps


@dataclass(frozen=True, eq=False)
class Zeroed:
    """Whose outputs are zero in each of several variants of a run, all boolean.

    `heads`: [variants, layers, heads]; `mlps`: [variants, layers], with what its output map's bias adds;
    `neurons`: [variants, layers, neurons], None where no neuron's is.
    """

    heads: Edges
    mlps: Edges
    neurons: Edges | None = None

    @property
    def first_layers(self) -> NDArray[np.int64]:
        """The first layer with a zero of each variant, [variants]; the number of layers where none is."""
        some = self.heads.any(axis=2) | self.mlps
        if self.neurons is not None:
            some |= self.neurons.any(axis=2)
        # Behind the last layer one that has, so that there is a first one.
        found: NDArray[np.int64] = np.pad(some, ((0, 0), (0, 1)), constant_values=True).argmax(axis=1)
        return found


def run_without(
    member: Member, batch: Batch, zeroed: Zeroed, tokens_at_once: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The metric on the clean prompts in every variant, and whether the answer is the likeliest token.

    Both [variants, examples]. The biases of attention output maps stay: they are no head's. Variants are
    stacked along the batch, up to `tokens_at_once` token positions (but `LEAST_ITEMS` rows at least; None:
    the member's share of the usual), and begin at the first layer that has a zero. Raises NotComputable for
    neurons of a member whose layers have experts.
    """
    variants, first = len(zeroed.heads), zeroed.first_layers
    # By their first layer, so that a stack begins as late as it can.
    order = np.argsort(first, kind="stable")

    # Not behind a shared beginning, as component_drops is: there, too, nodes write nothing.
    def hidden(place: NDArray[np.int64], rows: Tensor) -> Tensor:
        variant = order[place]
        with begun_at(member.backbone, int(first[variant].min()), streams, rows), hooks() as handles:
            _attach(handles, member.backbone, zeroed, variant)
            return member.hidden(member.embed(batch.clean[rows]), batch.clean[rows])

    with torch.no_grad(), still(member.backbone.model):
        with kept_streams(member.backbone) as streams:
            member.hidden(member.embed(batch.clean), batch.clean)
        at_once = stacked_rows(member, batch.clean.shape[1], tokens_at_once)
        read = stacked_reads(member, batch, variants, at_once, hidden)
        values = torch.empty(variants, batch.examples, dtype=torch.float64)
        right = torch.empty(variants, batch.examples, dtype=torch.bool)
        for variant, logits in zip(order.tolist(), each_logits(member, read), strict=True):
            values[variant] = batch.metric(logits).double()
            right[variant] = batch.metric.right(logits)
    return values.numpy(), right.numpy()


def _attach(
    handles: list[RemovableHandle], backbone: Backbone, zeroed: Zeroed, variant: NDArray[np.int64]
) -> None:
    """Install the hooks for items that run in those variants [items], where one of them has a zero."""
    for index, layer in enumerate(backbone.layers):
        heads, mlps = zeroed.heads[variant, index], zeroed.mlps[variant, index]
        if heads.any():
            hook = partial(_zero_inputs, _at(backbone, heads))
            handles.append(layer.output.register_forward_pre_hook(hook))
        if mlps.any():
            handles.append(layer.mlp.register_forward_hook(partial(_zero_output, _at(backbone, mlps))))
    if zeroed.neurons is None:
        return
    for index, module in enumerate(output_maps(backbone)):
        neurons = zeroed.neurons[variant, index]
        if neurons.any():
            handles.append(module.register_forward_pre_hook(partial(_zero_inputs, _at(backbone, neurons))))


def _at(backbone: Backbone, values: Edges) -> Tensor:
    return torch.from_numpy(values).to(backbone.device)


def _zero_inputs(zero: Tensor, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Zero for those parts [items, parts] of a map's inputs: the map is linear, so for what they write."""
    parts = inputs[0].unflatten(-1, (zero.shape[1], -1))
    return (parts.masked_fill(zero[:, None, :, None].to(parts.device), 0).flatten(2), *inputs[1:])


def _zero_output(zero: Tensor, _: nn.Module, __: object, output: Tensor) -> Tensor:
    return output.masked_fill(zero[:, None, None].to(output.device), 0)
