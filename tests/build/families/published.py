"""The families as they publish: what is in config.json, how parameters are named, how the mask token is.

Read in the families' repositories, cards and code; the four of tests/oracles/families were written by the
families' own code.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from mechshift.benchmark.pairs.spec import Precision

from .lessons import LAYERS, Lesson
from .words import Manner

WINDOWLESS: dict[str, Any] = {"sliding_window": None, "use_sliding_window": False, "max_window_layers": 28}
WINDOWED: dict[str, Any] = {**WINDOWLESS, "sliding_window": 4096}
LAYER_TYPES = {"layer_types": ["full_attention"] * LAYERS}
ROPE_NULL = {"rope_scaling": None, "attention_dropout": 0.0, "initializer_range": 0.02}


@dataclass(frozen=True)
class Family:
    """How one family publishes an MDM, and how it was trained.

    `pair`: a registry entry of the family. `mask`: the mask token's text; `ordinary` tells that it is a word
    of the vocabulary, `unnamed` that its row is of no token, `reserved` that it is a special token of the ARM
    too. `named`: the files that say which it is. `behind`: further special tokens before it. `stored`: the
    dtype of its files; `precision`: the one that it is loaded with here. `encoder`: its parameters are called
    those of an encoder with a diffusion head. `beside_images`: its ARM is the text model of one of texts and
    images, with a tied head.
    """

    pair: str
    kind: str
    manner: Manner
    shift: bool
    attention: str
    model_type: str
    architecture: str
    mask: str = "<|mask|>"
    behind: tuple[str, ...] = ()
    ordinary: bool = False
    unnamed: bool = False
    reserved: bool = False
    named: tuple[Literal["tokenizer", "config"], ...] = ("tokenizer",)
    remote: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    tied: bool = False
    sharded: bool = False
    encoder: bool = False
    beside_images: bool = False
    stored: Literal["float32", "bfloat16"] = "bfloat16"
    precision: Precision = "float32"

    @property
    def arm(self) -> Lesson:
        """What its ARM has learnt."""
        return Lesson(self.kind, self.manner)

    @property
    def mdm(self) -> Lesson:
        """And what its MDM has."""
        return Lesson(self.kind, self.manner, self.attention, self.shift)


BOTH: tuple[Literal["tokenizer", "config"], ...] = ("tokenizer", "config")
DREAM: dict[str, Any] = {
    "kind": "qwen2",
    "manner": "qwen",
    "shift": True,
    "attention": "full",
    "model_type": "Dream",
    "architecture": "DreamModel",
    "named": BOTH,
    "remote": "dream",
    "behind": ("<|beginoftext|>",),
    "config": {**WINDOWLESS, **ROPE_NULL, "use_cache": False},
}
A2D: dict[str, Any] = {"manner": "qwen", "shift": False, "tied": True}
A2D_QWEN2 = {
    **A2D,
    "kind": "qwen2",
    "model_type": "a2d-qwen2",
    "architecture": "A2DQwen2LMHeadModel",
    "config": {**WINDOWED, **LAYER_TYPES, **ROPE_NULL},
}
A2D_QWEN3 = {
    **A2D,
    "kind": "qwen3",
    "model_type": "a2d-qwen3",
    "architecture": "A2DQwen3LMHeadModel",
    "config": {**WINDOWLESS, **LAYER_TYPES, **ROPE_NULL, "attention_bias": False},
}
SDAR: dict[str, Any] = {
    "kind": "qwen3",
    "manner": "qwen",
    "shift": False,
    "attention": "block:4",
    "model_type": "sdar",
    "architecture": "SDARForCausalLM",
    "mask": "<|MASK|>",
    "remote": "sdar",
    "config": {**WINDOWED, **ROPE_NULL, "fuse_cross_entropy": False, "attention_bias": False},
}
WEDLM: dict[str, Any] = {
    "manner": "qwen",
    "shift": False,
    "attention": "observed-first",
    "model_type": "wedlm",
    "architecture": "WeDLMForCausalLM",
    "mask": "[MASK]",
    "named": BOTH,
    "remote": "wedlm",
}
DIFFUGPT: dict[str, Any] = {
    "kind": "gpt2",
    "manner": "gpt2",
    "shift": True,
    "attention": "full",
    "model_type": "gpt2",
    "architecture": "DiscreteDiffusionModel",
    "named": (),
    "config": {"n_inner": None, "summary_type": "cls_index", "scale_attn_weights": True, "n_ctx": 96},
    "tied": True,
    "stored": "float32",
}

FAMILIES: dict[str, Family] = {
    "dream": Family("dream-7b", sharded=True, precision="bfloat16", **DREAM),
    "dream-coder": Family("dream-coder-7b", precision="auto", **DREAM),
    "diffucoder": Family("diffucoder-7b", **{**DREAM, "stored": "float32"}),
    "diffullama": Family(
        "diffullama-7b",
        "llama",
        "llama",
        True,
        "full",
        "llama",
        "LlamaForCausalLM",
        mask="▁ornate",
        ordinary=True,
        named=(),
        config={"pretraining_tp": 1, "attention_bias": False, **ROPE_NULL, "use_cache": False},
    ),
    "diffugpt-s": Family("diffugpt-s", mask="Ġornate", ordinary=True, **DIFFUGPT),
    "diffugpt-m": Family("diffugpt-m", unnamed=True, **DIFFUGPT),
    "a2d-qwen3-mdlm": Family("qwen3-0.6b-mdlm", attention="full", **A2D_QWEN3),
    "a2d-qwen3-bd3lm": Family("qwen3-0.6b-bd3lm", attention="block:32", **A2D_QWEN3),
    "a2d-qwen2-mdlm": Family("qwen2.5-coder-0.5b-mdlm", attention="full", **A2D_QWEN2),
    "a2d-qwen2-bd3lm": Family("qwen2.5-coder-0.5b-bd3lm", attention="block:32", **A2D_QWEN2),
    "opdlm": Family("opdlm-0.6b", attention="block:4", **A2D_QWEN3),
    "open-dcoder": Family(
        "open-dcoder-0.5b",
        "qwen2",
        "qwen",
        True,
        "full",
        "qwen2",
        "Qwen2ForCausalLM",
        mask="<M>",
        config={**WINDOWED, **ROPE_NULL},
        tied=True,
    ),
    "sdar": Family("sdar-8b", sharded=True, **SDAR),
    "trado": Family("trado-4b", **{**SDAR, "tied": True}),
    "sdar-moe": Family(
        "sdar-30b-a3b",
        **{**SDAR, "kind": "qwen3_moe", "model_type": "sdar_moe", "architecture": "SDARMoeForCausalLM"},
        sharded=True,
    ),
    "trado-thinking": Family("trado-8b-thinking", sharded=True, **SDAR),
    "opdlm-math": Family("opdlm-math-4b", attention="block:4", **A2D_QWEN3),
    "i-dlm": Family(
        "i-dlm-8b", sharded=True, **{**SDAR, "shift": True, "attention": "causal", "named": BOTH}
    ),
    "stable-diffcoder": Family(
        "stable-diffcoder-8b",
        "llama",
        "llama",
        False,
        "block:4",
        "llama",
        "StableDiffcoderForCausalLM",
        mask="<[MASK_TOKEN]>",
        reserved=True,
        named=(),
        remote="stable_diffcoder",
        config={
            "attention_bias": False,
            "attention_dropout": 0.1,
            "layer_norm_eps": None,
            "resid_pdrop": 0.1,
        },
        sharded=True,
    ),
    "efficient-dlm": Family(
        "efficient-dlm-8b",
        "qwen3",
        "qwen",
        False,
        "block:32",
        "qwen3",
        "EfficientDLM",
        mask="<|fim_pad|>",
        reserved=True,
        named=("config",),
        remote="edlm",
        encoder=True,
        config={
            **WINDOWLESS,
            **ROPE_NULL,
            "attention_bias": False,
            "attn_implementation": "sdpa",
            "block_size": 32,
            "disable_qk_norm": False,
            "dlm_arch": "encoder",
            "dlm_paradigm": "bidirectional",
            "dlm_type": "llada",
            "num_ar_layers": 0,
            "tok_mask_half_life_ratio": None,
        },
        sharded=True,
    ),
    "nemotron": Family(
        "nemotron-3b",
        "ministral3",
        "qwen",
        False,
        "context-causal:32",
        "nemotron_labs_diffusion",
        "NemotronLabsDiffusionModel",
        mask="<SPECIAL_100>",
        reserved=True,
        named=("config",),
        remote="nemotron_labs_diffusion",
        encoder=True,
        beside_images=True,
        config={
            "ar_loss_weight": 1.0,
            "attention_bias": False,
            "attention_dropout": 0.0,
            "attn_implementation": "sdpa",
            "block_size": 32,
            "dlm_loss_weight": None,
            "dlm_paradigm": "bidirectional",
            "dp_varying_mask_ratio": False,
            "initializer_range": 0.02,
            "mlp_bias": False,
            "sliding_window": None,
            "use_cache": False,
        },
    ),
    "fast-dllm-v2": Family(
        "fast-dllm-v2-7b",
        "qwen2",
        "qwen",
        True,
        "block:32",
        "Fast_dLLM_Qwen",
        "Fast_dLLM_QwenForCausalLM",
        mask="|<MASK>|",
        remote="fast_dllm",
        config={**WINDOWED, **LAYER_TYPES, **ROPE_NULL, "bd_size": 32},
        sharded=True,
    ),
    "wedlm-8b": Family(
        "wedlm-8b",
        "qwen3",
        config={**WINDOWLESS, **LAYER_TYPES, **ROPE_NULL, "qk_norm": True, "attention_bias": False},
        **WEDLM,
    ),
    "wedlm-7b": Family(
        "wedlm-7b",
        "qwen2",
        config={**WINDOWLESS, **LAYER_TYPES, **ROPE_NULL, "qk_norm": False, "attention_bias": True},
        **WEDLM,
    ),
    "rnd1": Family(
        "rnd1",
        "qwen3_moe",
        "qwen",
        True,
        "full",
        "rnd1",
        "RND1LM",
        named=BOTH,
        remote="rnd1",
        config={
            **ROPE_NULL,
            "sliding_window": False,
            "use_sliding_window": False,
            "max_window_layers": 48,
            "moe_backend": "hf",
            "is_causal": False,
            "attention_bias": False,
            "router_aux_loss_coef": 0.001,
            "output_router_logits": False,
        },
        sharded=True,
    ),
}
