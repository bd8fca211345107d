"""Where the parts of a native `transformers` class are: one view for all classes.

The rest of the package sees a `Backbone` and never a class name; `families` reads one from a model.
"""

from dataclasses import dataclass
from inspect import signature

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Projection:
    """A linear map into heads: a module, and the columns of its output that belong to this map."""

    module: nn.Module
    start: int
    stop: int
    transposed: bool

    @property
    def weight(self) -> Tensor:
        """[outputs, width], whichever way the module stores it."""
        # GPT-2's Conv1D stores weights as [inputs, outputs], nn.Linear the other way round.
        stored = _tensor(self.module, "weight")
        return (stored.T if self.transposed else stored)[self.start : self.stop]

    @property
    def bias(self) -> Tensor | None:
        """[outputs], or None where the module has none."""
        bias = getattr(self.module, "bias", None)
        return None if bias is None else bias[self.start : self.stop]


@dataclass(frozen=True)
class Norm:
    """A LayerNorm (`centred`) or an RMSNorm."""

    module: nn.Module
    epsilon: float
    centred: bool

    @property
    def weight(self) -> Tensor:
        """The gain, [width]."""
        return _tensor(self.module, "weight")

    @property
    def bias(self) -> Tensor | None:
        """The shift, [width], or None."""
        return getattr(self.module, "bias", None)


@dataclass(frozen=True)
class MlpShape:
    """The width `inner` of an MLP, or of each of its `experts` (0: it has none), `chosen` of them a token."""

    inner: int
    experts: int = 0
    chosen: int = 0


@dataclass(frozen=True)
class Layer:
    """One sequential block: norm, attention, norm, MLP, each branch added to the residual stream.

    `block`: the native module of it all, which takes the residual stream and gives it.
    A layer's experts and their router are one MLP. `mlp_output`: the map through which the neurons of the MLP
    write; its inputs are what they put out. None where experts have one each, fused into a single parameter.
    `activation`: the function between the maps of the MLP, or of its experts. `gated`: of an MLP with a gate
    the module whose input both factors read, and nothing else: the MLP itself, or its experts without their
    router. `head_norms`: those that queries and keys pass head by head; none in most classes.
    `scaled_queries`: whether queries are multiplied by a number that grows with their position.
    """

    block: nn.Module
    attention_norm: Norm
    query: Projection
    key: Projection
    value: Projection
    output: nn.Module
    output_transposed: bool
    mlp_norm: Norm
    mlp: nn.Module
    mlp_shape: MlpShape
    activation: nn.Module
    mlp_output: nn.Module | None = None
    gated: nn.Module | None = None
    head_norms: tuple[Norm, ...] = ()
    scaled_queries: bool = False

    @property
    def normed_heads(self) -> bool:
        """Whether queries and keys pass a norm per head."""
        return bool(self.head_norms)

    @property
    def mlp_output_weight(self) -> Tensor | None:
        """[width, neurons]: column n is what neuron n writes per unit of activation; None with experts."""
        if self.mlp_output is None:
            return None
        stored = _tensor(self.mlp_output, "weight")
        # A class stores all of its maps the same way round.
        return stored.T if self.output_transposed else stored

    @property
    def output_weight(self) -> Tensor:
        """[width, heads * head_dim]: column block h writes head h's result to the residual stream."""
        stored = _tensor(self.output, "weight")
        return stored.T if self.output_transposed else stored


@dataclass(frozen=True)
class Shape:
    """Dimensions that both members of a pair must share."""

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    width: int
    vocabulary: int


@dataclass(frozen=True)
class Backbone:
    """A native model and where its parts are. `base` returns the final norm's output."""

    model: PreTrainedModel
    base: nn.Module
    embedding: nn.Embedding
    position_embedding: nn.Embedding | None
    layers: tuple[Layer, ...]
    final_norm: Norm
    head: nn.Linear
    shape: Shape

    @property
    def device(self) -> torch.device:
        """Where the embedding lives."""
        return self.embedding.weight.device

    @property
    def neurons(self) -> int | None:
        """How many neurons each layer's MLP has; None where a layer has experts, or not all have as many."""
        widths = {layer.mlp_shape.inner if layer.mlp_output is not None else None for layer in self.layers}
        return widths.pop() if len(widths) == 1 else None

    @property
    def cache_argument(self) -> str:
        """What the base model calls cached keys and values: `cache` from transformers 5.24 on."""
        return "cache" if "cache" in signature(self.base.forward).parameters else "past_key_values"

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the residual stream."""
        return self.embedding.weight.dtype


def _tensor(module: nn.Module, name: str) -> Tensor:
    value = getattr(module, name)
    assert isinstance(value, Tensor)
    return value
