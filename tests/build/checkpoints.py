"""Small random checkpoints on disk, in the layout that is published."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from build.models import random_model, settings
from build.tokenizers import WORDS, write_words

SIZES: dict[str, Any] = {
    "vocabulary": len(WORDS),
    "width": 32,
    "mlp_width": 48,
    "kv_heads": 2,
    "expert_width": 24,
}
"""Of a checkpoint; GPT-2's head is tied to its embedding."""


def sizes_of(kind: str, **changes: Any) -> dict[str, Any]:
    """The sizes of a class's checkpoint, changed."""
    return {**SIZES, "tied": kind == "gpt2", **changes}


def as_published(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Experts one by one, gates and up-projections apart, not stacked as in the native class."""
    stored = {}
    for name, value in state.items():
        layer, _, stacked = name.partition(".experts.")
        if not stacked:
            stored[name] = value
            continue
        parts = ("gate_proj", "up_proj") if stacked == "gate_up_proj" else (stacked,)
        for expert, weights in enumerate(value):
            for part, each in zip(parts, weights.chunk(len(parts)), strict=True):
                stored[f"{layer}.experts.{expert}.{part}.weight"] = each.contiguous()
    return stored


def write_checkpoint(
    directory: Path, kind: str = "llama", *, seed: int = 0, mask: str | None = "[MASK]", **changes: Any
) -> Path:
    """Writes config.json, weights and tokenizer of a random model into a new directory, which is returned.

    `mask` is what the tokenizer calls its mask token; `changes` are sizes, or settings
    by the class's own names.
    """
    directory.mkdir()
    sizes = sizes_of(kind, **changes)
    config = {"model_type": kind, **settings(kind, **sizes), "torch_dtype": "float32"}
    (directory / "config.json").write_text(json.dumps(config))
    model = random_model(kind, seed=seed, spread=0.25, **sizes)
    state = as_published({key: value.clone() for key, value in model.state_dict().items()})
    if config["tie_word_embeddings"]:
        del state["lm_head.weight"]
    save_file(state, directory / "model.safetensors", {"format": "pt"})
    write_words(directory, **({} if mask is None else {"mask_token": mask}))
    return directory


def split_weights(directory: Path) -> list[str]:
    """Splits the weights of a checkpoint as those of large ones are, and returns the names of the shards."""
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


def in_single_precision(source: Path, target: Path) -> Path:
    """A copy of a checkpoint whose weights are kept in float32, in which a CPU is several times as quick."""
    shutil.copytree(source, target)
    weights = target / "model.safetensors"
    state = {name: value.float() for name, value in load_file(weights).items()}
    save_file(state, weights, {"format": "pt"})
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | {"dtype": "float32"}))
    return target
