"""Small random checkpoints in the published layout, and members made from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.backbones import read_backbone
from mechshift.benchmark.pairs.member import Member, Role

WORDS = ("<unk>", "<pad>", "[MASK]", *(f"w{index}" for index in range(37)))

GPT2 = {
    "model_type": "gpt2",
    "vocab_size": 40,
    "n_positions": 48,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "layer_norm_epsilon": 1e-5,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "tie_word_embeddings": True,
}
LLAMA = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-6,
    "rope_theta": 500000.0,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "tie_word_embeddings": False,
}
CLASSES: dict[str, Any] = {
    "gpt2": (GPT2LMHeadModel, GPT2Config, GPT2),
    "llama": (LlamaForCausalLM, LlamaConfig, LLAMA),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, LLAMA),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {**LLAMA, "head_dim": 16}),
    "qwen3_moe": (
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        {
            **LLAMA,
            "head_dim": 16,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 24,
            "decoder_sparse_step": 1,
            "norm_topk_prob": True,
            "mlp_only_layers": [],
        },
    ),
}

Write = Callable[..., Path]
Make = Callable[..., Member]


def random_model(kind: str, seed: int = 0, **changes: Any) -> PreTrainedModel:
    native, config, values = CLASSES[kind]
    arguments = {key: value for key, value in {**values, **changes}.items() if key != "model_type"}
    torch.manual_seed(seed)
    model: PreTrainedModel = native(config(**arguments))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.25 * torch.randn_like(parameter)
            parameter.copy_(1 + noise if "norm" in name or ".ln_" in name else noise)
    model.eval().requires_grad_(False)
    return model


def as_published(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Experts one by one, gates and up-projections apart, not stacked as in the native class."""
    stored = {}
    for name, value in state.items():
        layer, _, kind = name.partition(".experts.")
        if not kind:
            stored[name] = value
            continue
        for expert, weights in enumerate(value):
            parts = weights.chunk(2) if kind == "gate_up_proj" else (weights,)
            kinds = ("gate_proj", "up_proj") if kind == "gate_up_proj" else (kind,)
            for each, part in zip(kinds, parts, strict=True):
                stored[f"{layer}.experts.{expert}.{each}.weight"] = part.contiguous()
    return stored


def write_tokenizer(directory: Path, words: tuple[str, ...] = WORDS, **special: str) -> None:
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    content = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", **special}
    (directory / "tokenizer_config.json").write_text(json.dumps(content))


@pytest.fixture
def make() -> Make:
    """A member of a given kind, attention and role."""

    def member(
        kind: str = "llama", attention: str = "causal", role: Role = "arm", shift: bool = True, **changes: Any
    ) -> Member:
        backbone = read_backbone(random_model(kind, **changes))
        return Member(role, backbone, Attention.parse(attention), shift, mask_id=2)

    return member


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a checkpoint of random weights as published ones are, and returns its directory."""

    def checkpoint(
        name: str, kind: str = "llama", seed: int = 0, mask: str | None = "[MASK]", **changes: Any
    ) -> Path:
        directory = tmp_path / name
        directory.mkdir()
        config = {"model_type": kind, **CLASSES[kind][2], **changes, "torch_dtype": "float32"}
        (directory / "config.json").write_text(json.dumps(config))
        model = random_model(kind, seed, **changes)
        state = as_published({key: value.clone() for key, value in model.state_dict().items()})
        if config["tie_word_embeddings"]:
            del state["lm_head.weight"]
        save_file(state, directory / "model.safetensors", {"format": "pt"})
        write_tokenizer(directory, **({} if mask is None else {"mask_token": mask}))
        return directory

    return checkpoint


@pytest.fixture
def shard() -> Callable[[Path], list[str]]:
    """Splits the weights of a checkpoint as those of large ones are, and returns the names of the shards."""

    def split(directory: Path) -> list[str]:
        state = load_file(directory / "model.safetensors")
        (directory / "model.safetensors").unlink()
        names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        keys = sorted(state)
        halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        for name, half in zip(names, halves, strict=True):
            save_file({key: state[key] for key in half}, directory / name, {"format": "pt"})
        weight_map = {key: name for name, half in zip(names, halves, strict=True) for key in half}
        (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        return names

    return split
