"""The effect of every MLP neuron, from the passes of an attribution.

A neuron is an input of its MLP's output map. Its effect is Σ_t Δz_t · ḡ_t over the positions of a row: what
it puts out on the clean prompt less what on the corrupted one, times the mean gradient of the metric.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...errors import NotComputable
from ..pairs.backbones import Backbone
from .capture import hooks


def output_maps(backbone: Backbone) -> list[nn.Module]:
    """The map through which the neurons of each layer's MLP write.

    Raises NotComputable where a layer's MLP is made of experts, or the layers differ in how many they have.
    """
    maps = [layer.mlp_output for layer in backbone.layers if layer.mlp_output is not None]
    if backbone.neurons is None:
        kind = type(backbone.model).__name__
        raise NotComputable(
            f"effects of neurons in {kind}: its layers have experts, or MLPs of different widths",
            "leave neurons out: a token passes a few experts alone, whose maps are fused into one parameter",
        )
    return maps


@contextmanager
def activations(maps: Sequence[nn.Module]) -> Iterator[list[Tensor]]:
    """A list to which the passes within add what the neurons put out, float32 [rows, tokens, neurons].

    Pass by pass, and in each by layer.
    """
    seen: list[Tensor] = []
    with hooks() as handles:
        for module in maps:
            handles.append(module.register_forward_pre_hook(partial(_keep, seen)))
        yield seen


def _keep(seen: list[Tensor], _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    seen.append(inputs[0].detach().float())


@contextmanager
def neurons_taken_off(maps: Sequence[nn.Module], activations: Sequence[Tensor]) -> Iterator[None]:
    """What the neurons put out in the one pass within is taken off `activations`, by layer, in place."""

    def take(layer: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        activations[layer].sub_(inputs[0].detach())

    with hooks() as handles:
        for layer, module in enumerate(maps):
            handles.append(module.register_forward_pre_hook(partial(take, layer)))
        yield


class NeuronEffects:
    """Effects of the neurons summed over the steps of an integration.

    `maps`: by layer, the maps that they write through; `difference`: by layer, what they put out, clean −
    corrupted, [rows, tokens, neurons].
    """

    def __init__(self, maps: Sequence[nn.Module], difference: Sequence[Tensor]) -> None:
        self._maps = maps
        self._difference = difference
        self.sums = [each.new_zeros(each.shape[0], each.shape[2]) for each in difference]
        """By layer, float32 [rows, neurons]."""

    def attach(self, handles: list[RemovableHandle]) -> None:
        """Install the hooks; each following forward and backward pass adds its steps."""
        for layer, module in enumerate(self._maps):
            handles.append(module.register_forward_pre_hook(partial(self._see, layer)))

    def _see(self, layer: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        inputs[0].register_hook(partial(self._add, layer))

    def _add(self, layer: int, gradient: Tensor) -> None:
        difference = self._difference[layer]
        # Steps first: only their sum is multiplied, and nothing of a pass is kept.
        summed = gradient.reshape(-1, *difference.shape).sum(dim=0, dtype=torch.float32)
        self.sums[layer] += (summed * difference).sum(dim=1)
