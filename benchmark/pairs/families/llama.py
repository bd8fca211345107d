"""Llama, Ministral 3, Qwen2, Qwen3 and Qwen3-MoE: one module tree, biases and norms per head where they are.

Most published MDMs are of it: Dream, DiffuCoder, Fast-dLLM, DiffuLLaMA, A2D, SDAR, WeDLM, RND1, I-DLM,
Stable-DiffCoder, Efficient-DLM, Nemotron-Labs-Diffusion. Ministral 3 multiplies queries by a number that
grows with their position (Llama 4's temperature); it does so within the native class, as YaRN's frequencies
are, so that reading the class is the same.
"""

from collections.abc import Iterable
from typing import Any, cast

from torch import nn
from transformers import (
    LlamaForCausalLM,
    Ministral3ForCausalLM,
    Qwen2ForCausalLM,
    Qwen3ForCausalLM,
    Qwen3MoeForCausalLM,
)

from ..backbones import Backbone, Layer, MlpShape, Norm, Projection, Shape
from .family import Family, Variant


def _read(model: Any) -> Backbone:
    config, base = model.config, model.model
    # Only some of the classes have the size of a head as a setting of its own.
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads

    def norm(module: nn.Module) -> Norm:
        return Norm(module, config.rms_norm_eps, centred=False)

    def whole(module: nn.Linear) -> Projection:
        return Projection(module, 0, module.out_features, transposed=False)

    layers = tuple(
        Layer(
            block=block,
            attention_norm=norm(block.input_layernorm),
            query=whole(block.self_attn.q_proj),
            key=whole(block.self_attn.k_proj),
            value=whole(block.self_attn.v_proj),
            output=block.self_attn.o_proj,
            output_transposed=False,
            mlp_norm=norm(block.post_attention_layernorm),
            mlp=block.mlp,
            mlp_shape=_mlp_shape(block.mlp, config),
            activation=_gated(block.mlp).act_fn,
            # Experts share one parameter and no module, so that there is nothing to hook.
            mlp_output=getattr(block.mlp, "down_proj", None),
            gated=_gated(block.mlp),
            head_norms=tuple(norm(each) for each in _head_norms(block.self_attn)),
            scaled_queries=isinstance(model, Ministral3ForCausalLM),
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


def _gated(mlp: Any) -> Any:
    # The router reads what the experts read, but is no factor of their gates.
    return getattr(mlp, "experts", mlp)


def _head_norms(attention: Any) -> tuple[nn.Module, ...]:
    return (attention.q_norm, attention.k_norm) if hasattr(attention, "q_norm") else ()


def _mlp_shape(mlp: Any, config: Any) -> MlpShape:
    # A class with experts has layers without them too (decoder_sparse_step, mlp_only_layers).
    if not hasattr(mlp, "experts"):
        return MlpShape(mlp.up_proj.out_features)
    gate_and_up = next(mlp.experts.parameters())  # of all experts together, [experts, 2 * inner, width]
    return MlpShape(gate_and_up.shape[1] // 2, gate_and_up.shape[0], config.num_experts_per_tok)


def _held(model: Any) -> dict[str, float]:
    rotary = {
        name: float(value)
        for name, value in model.config.rope_parameters.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return {"rms_norm_eps": float(model.model.norm.variance_epsilon), **rotary}


def _set_key_value(model: Any, layer: int, key: nn.Linear, value: nn.Linear) -> None:
    attention = model.model.layers[layer].self_attn
    attention.k_proj, attention.v_proj = key, value
    attention.num_key_value_groups = 1  # what the pass repeats keys and values by


LLAMA = Family(
    classes={
        "llama": LlamaForCausalLM,
        "ministral3": Ministral3ForCausalLM,
        "qwen2": Qwen2ForCausalLM,
        "qwen3": Qwen3ForCausalLM,
        "qwen3_moe": Qwen3MoeForCausalLM,
    },
    read=_read,
    held=_held,
    counts=(
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "hidden_size",
        "vocab_size",
        "intermediate_size",
        "moe_intermediate_size",
        "num_experts",
        "num_experts_per_tok",
        "max_position_embeddings",
    ),
    variants={
        "Dream": Variant("qwen2"),
        "Fast_dLLM_Qwen": Variant("qwen2"),
        "a2d-llama": Variant("llama"),
        "a2d-qwen2": Variant("qwen2"),
        "a2d-qwen3": Variant("qwen3"),
        # Ministral 3 is published with an encoder of images, which no text passes.
        "mistral3": Variant(
            "ministral3", mdm=False, text="text_config", beside=("vision_tower.", "multi_modal_projector.")
        ),
        "nemotron_labs_diffusion": Variant("ministral3"),
        "rnd1": Variant("qwen3_moe", dropped=frozenset({"rope_scaling", "moe_backend"})),
        "sdar": Variant("qwen3"),
        "sdar_moe": Variant("qwen3_moe"),
        "wedlm": Variant("qwen3", dropped=frozenset({"qk_norm"})),
    },
    key_map=(
        # Efficient-DLM and Nemotron-Labs-Diffusion
        (r"^encoder\.", "model."),
        (r"^diffusion_head\.", "lm_head."),
        # Ministral 3 beside its encoder of images
        (r"^language_model\.", ""),
    ),
    rotary={"ministral3": ("llama_4_scaling_beta", "original_max_position_embeddings")},
    set_key_value=_set_key_value,
)
