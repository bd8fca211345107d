"""Small random models of the six native classes, and members of a pair made from them."""

from typing import Any

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Ministral3Config,
    Ministral3ForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member, Role

CLASSES: dict[str, Any] = {
    "gpt2": (GPT2LMHeadModel, GPT2Config),
    "llama": (LlamaForCausalLM, LlamaConfig),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config),
    "qwen3_moe": (Qwen3MoeForCausalLM, Qwen3MoeConfig),
    "ministral3": (Ministral3ForCausalLM, Ministral3Config),
}
KINDS = tuple(CLASSES)
ROTARY = {"rms_norm_eps": 1e-6, "rope_theta": 500_000.0}
"""The base is no class's own, so that one that is forgotten shows."""
STRETCHED = {
    "rope_type": "yarn",
    "rope_theta": 500_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 4,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "llama_4_scaling_beta": 0.1,
}
"""Ministral 3's, trained on so few positions that those of a short text have queries of another size."""


def settings(
    kind: str,
    *,
    vocabulary: int = 40,
    width: int = 16,
    mlp_width: int = 24,
    layers: int = 2,
    heads: int = 4,
    kv_heads: int | None = None,
    head_dim: int | None = None,
    positions: int = 128,
    experts: int = 4,
    chosen: int = 2,
    expert_width: int = 12,
    tied: bool = False,
    **named: Any,
) -> dict[str, Any]:
    """What config.json says of a class of these sizes; `named` are further settings by the class's own names.

    Where they are not given, `kv_heads` are as many as `heads` in Llama and half as many in the others, and
    `head_dim` is width/heads but in Qwen3 twice that, as in small published ones. GPT-2 knows neither.
    """
    special = {
        "vocab_size": vocabulary,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": tied,
    }
    if kind == "gpt2":
        sizes = {"n_embd": width, "n_inner": mlp_width, "n_layer": layers, "n_head": heads}
        return {**special, **sizes, "n_positions": positions, "layer_norm_epsilon": 1e-5, **named}
    found = {
        **special,
        "hidden_size": width,
        "intermediate_size": mlp_width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads or (heads if kind == "llama" else heads // 2),
        "max_position_embeddings": positions,
        **ROTARY,
    }
    if kind == "ministral3":
        found |= {"head_dim": width // heads, "rope_parameters": STRETCHED}
        del found["rope_theta"]
    if head_dim or kind.startswith("qwen3"):
        found["head_dim"] = head_dim or 2 * width // heads
    if kind == "qwen3_moe":
        routed = {
            "num_experts": experts,
            "num_experts_per_tok": chosen,
            "moe_intermediate_size": expert_width,
        }
        found |= {**routed, "decoder_sparse_step": 1, "norm_topk_prob": True, "mlp_only_layers": []}
    return {**found, **named}


def random_model(
    kind: str, *, seed: int = 0, spread: float | None = 0.4, frozen: bool = False, **sizes: Any
) -> PreTrainedModel:
    """A model of a class, of the sizes that `settings` takes, with weights from a seed.

    Weights and biases have a standard deviation of `spread`, and gains stand about 1: all of them far from
    where a class starts, so that a forgotten one shows. None leaves the weights as the class starts them.
    Where it is frozen no parameter has a gradient, as in a loaded member. Torch's own generator stays as it
    was.
    """
    native, config = CLASSES[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        found = config(**settings(kind, **sizes))
        if kind == "qwen3_moe":
            # The only implementation with a gradient on every device.
            found._experts_implementation = "eager"
        model: PreTrainedModel = native(found)
        if spread is not None:
            _scatter(model, spread)
    return model.eval().requires_grad_(not frozen)


def _scatter(model: PreTrainedModel, spread: float) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = spread * torch.randn_like(parameter)
            is_gain = parameter.ndim == 1 and name.endswith("weight")
            parameter.copy_(1 + noise if is_gain else noise)


def random_member(
    kind: str = "llama",
    attention: str = "causal",
    *,
    role: Role | None = None,
    shift: bool = True,
    mask_id: int | None = None,
    dtype: torch.dtype = torch.float32,
    **sizes: Any,
) -> Member:
    """A random model as a member: an ARM where it attends causally, unless a role is given.

    The mask token is the last of the vocabulary unless another is given.
    """
    model = random_model(kind, **sizes).to(dtype)  # type: ignore[arg-type]
    role = role or ("arm" if attention == "causal" else "mdm")
    mask_id = model.config.vocab_size - 1 if mask_id is None else mask_id
    return Member(role, read_backbone(model), Attention.parse(attention), shift, mask_id)
