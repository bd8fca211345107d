"""Where the parts of a native `transformers` class are: one reader per module tree, one view for all.

The rest of the package sees a `Backbone` and never a class name. GPT-2 has fused projections,
position embeddings and LayerNorm; Llama, Qwen2 and Qwen3 share one tree, with biases and q/k norms
where the class has them. A layer's experts and their router are one MLP.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import signature
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import (
    GPT2LMHeadModel,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2ForCausalLM,
    Qwen3ForCausalLM,
    Qwen3MoeForCausalLM,
)

from ...errors import PairError

SUPPORTED: dict[str, type[PreTrainedModel]] = {
    "gpt2": GPT2LMHeadModel,
    "llama": LlamaForCausalLM,
    "qwen2": Qwen2ForCausalLM,
    "qwen3": Qwen3ForCausalLM,
    "qwen3_moe": Qwen3MoeForCausalLM,
}
"""Native class by the `model_type` of its configuration."""


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
class Layer:
    """One sequential block: norm, attention, norm, MLP, each branch added to the residual stream."""

    attention_norm: Norm
    query: Projection
    key: Projection
    value: Projection
    output: nn.Module
    output_transposed: bool
    mlp_norm: Norm
    mlp: nn.Module

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
    def cache_argument(self) -> str:
        """What the base model calls cached keys and values: `cache` from transformers 5.24 on."""
        return "cache" if "cache" in signature(self.base.forward).parameters else "past_key_values"

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the residual stream."""
        return self.embedding.weight.dtype


def read_backbone(model: PreTrainedModel) -> Backbone:
    """The backbone of a native model. Raises PairError for a class that no reader knows."""
    if isinstance(model, GPT2LMHeadModel):
        return _read_gpt2(model)
    if isinstance(model, LlamaForCausalLM | Qwen2ForCausalLM | Qwen3ForCausalLM | Qwen3MoeForCausalLM):
        return _read_llama(model)
    raise PairError(
        f"no backbone reader for {type(model).__name__}",
        f"supported: {', '.join(kind.__name__ for kind in SUPPORTED.values())}",
    )


def _read_gpt2(model: GPT2LMHeadModel) -> Backbone:
    config, base = model.config, model.transformer
    width, heads = config.n_embd, config.n_head

    def norm(module: nn.Module) -> Norm:
        return Norm(module, config.layer_norm_epsilon, centred=True)

    layers = tuple(
        Layer(
            attention_norm=norm(block.ln_1),
            query=Projection(block.attn.c_attn, 0, width, transposed=True),
            key=Projection(block.attn.c_attn, width, 2 * width, transposed=True),
            value=Projection(block.attn.c_attn, 2 * width, 3 * width, transposed=True),
            output=block.attn.c_proj,
            output_transposed=True,
            mlp_norm=norm(block.ln_2),
            mlp=block.mlp,
        )
        for block in cast(Iterable[Any], base.h)
    )
    shape = Shape(len(layers), heads, heads, width // heads, width, base.wte.num_embeddings)
    return Backbone(model, base, base.wte, base.wpe, layers, norm(base.ln_f), model.lm_head, shape)


def _read_llama(model: PreTrainedModel) -> Backbone:
    config, base = model.config, model.model
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    def norm(module: nn.Module) -> Norm:
        return Norm(module, config.rms_norm_eps, centred=False)

    def whole(module: nn.Linear) -> Projection:
        return Projection(module, 0, module.out_features, transposed=False)

    layers = tuple(
        Layer(
            attention_norm=norm(block.input_layernorm),
            query=whole(block.self_attn.q_proj),
            key=whole(block.self_attn.k_proj),
            value=whole(block.self_attn.v_proj),
            output=block.self_attn.o_proj,
            output_transposed=False,
            mlp_norm=norm(block.post_attention_layernorm),
            mlp=block.mlp,
        )
        for block in cast(Iterable[Any], base.layers)
    )
    shape = Shape(
        len(layers),
        config.num_attention_heads,
        config.num_key_value_heads,
        head_dim,
        config.hidden_size,
        base.embed_tokens.num_embeddings,
    )
    return Backbone(model, base, base.embed_tokens, None, layers, norm(base.norm), model.lm_head, shape)


def _tensor(module: nn.Module, name: str) -> Tensor:
    value = getattr(module, name)
    assert isinstance(value, Tensor)
    return value
