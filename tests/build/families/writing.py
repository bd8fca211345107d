"""Trained weights as a family publishes them: its config.json, parameter names, shards and tokenizer."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from build.checkpoints import as_published
from build.models import CLASSES, settings

from .lessons import HEAD, SIZES, SPARE, Weights, embedding_of, trained
from .published import Family
from .words import make_tokenizer, size, with_token

DIFFUGPT = (("transformer.wte.", "embed_tokens."), ("transformer.", "denoise_model."))
NATIVE = {kind: native.__name__ for kind, (native, _) in CLASSES.items()}
RAN = "ran"
REMOTE = f"import pathlib\n(pathlib.Path(__file__).parent / {RAN!r}).touch()\n"
"""Remote code that leaves a trace when it runs."""


def mask_id_of(family: Family) -> int:
    """The mask token's id in the family's small checkpoint."""
    content = make_tokenizer(family.manner)
    if family.ordinary:
        return int(Tokenizer.from_str(content).token_to_id(family.mask))
    return size(content) + len(family.behind)


def write_arm(family: Family, directory: Path) -> None:
    """The base model, in its native layout."""
    config = {"model_type": family.kind, "architectures": [NATIVE[family.kind]]}
    weights = _rows(trained(family.arm), family, with_mask=False)
    if family.kind == "gpt2":
        del weights[HEAD]
    _write(directory, family, config, weights)
    _write_tokenizer(directory, make_tokenizer(family.manner))


def write_mdm(family: Family, directory: Path) -> None:
    """The masked diffusion model, in the family's layout."""
    config: dict[str, Any] = {
        "model_type": family.model_type,
        "architectures": [family.architecture],
        **family.config,
    }
    if family.remote is not None:
        name = f"modeling_{family.remote}"
        config["auto_map"] = {"AutoConfig": f"{name}.Config", "AutoModel": f"{name}.{family.architecture}"}
    if "config" in family.named:
        config["mask_token_id"] = mask_id_of(family)
    weights = _rows(trained(family.mdm), family, with_mask=True)
    _write(directory, family, config, _published(weights, family))
    if family.remote is not None:
        (directory / f"modeling_{family.remote}.py").write_text(REMOTE)
    content = make_tokenizer(family.manner)
    if family.ordinary or family.unnamed:
        return _write_tokenizer(directory, content)
    for token in (*family.behind, family.mask):
        content = with_token(content, token)
    named = {"mask_token": family.mask} if "tokenizer" in family.named else {}
    return _write_tokenizer(directory, content, **named)


def _rows(trained: Weights, family: Family, with_mask: bool) -> Weights:
    """The embedding and the head with the mask token's row where the family has it, and as many rows."""
    base = size(make_tokenizer(family.manner))
    place = mask_id_of(family)
    order = list(range(base + SPARE))
    order[base], order[place] = order[place], order[base]
    if family.ordinary or family.unnamed:
        order = order[: base + (family.unnamed and with_mask)]
    weights = dict(trained)
    for name in (embedding_of(family.kind), HEAD):
        weights[name] = trained[name][order].clone()
    return weights


def _published(weights: Weights, family: Family) -> Weights:
    if family.kind == "gpt2":
        for native, published in DIFFUGPT:
            weights = {name.replace(native, published): value for name, value in weights.items()}
    return weights


def _write(directory: Path, family: Family, config: dict[str, Any], weights: Weights) -> None:
    directory.mkdir(parents=True)
    if family.tied and family.kind != "gpt2":
        del weights[HEAD]
    embedding = next(value for name, value in weights.items() if "wte" in name or "embed_tokens" in name)
    content = {
        **settings(family.kind, vocabulary=len(embedding), tied=family.tied, **SIZES[family.kind]),
        "torch_dtype": family.stored,
        "transformers_version": "4.46.2",
        **config,
    }
    (directory / "config.json").write_text(json.dumps(content, indent=2))
    dtype = getattr(torch, family.stored)
    stored = {name: value.to(dtype).clone() for name, value in as_published(weights).items()}
    _save(directory, stored, shards=3 if family.sharded else 1)


def _save(directory: Path, weights: Weights, shards: int) -> None:
    if shards == 1:
        save_file(weights, directory / "model.safetensors", {"format": "pt"})
        return
    files = [f"model-{number + 1:05}-of-{shards:05}.safetensors" for number in range(shards)]
    place = {name: files[number % shards] for number, name in enumerate(weights)}
    for file in files:
        part = {name: value for name, value in weights.items() if place[name] == file}
        save_file(part, directory / file, {"format": "pt"})
    total = sum(value.numel() * value.element_size() for value in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": place}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))


def _write_tokenizer(directory: Path, content: str, **special: str) -> None:
    (directory / "tokenizer.json").write_text(content, encoding="utf-8")
    described = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    (directory / "tokenizer_config.json").write_text(json.dumps({**described, **special}))
