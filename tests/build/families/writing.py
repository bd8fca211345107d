"""Trained weights as a family publishes them: its config.json, parameter names, shards and tokenizer."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from build.checkpoints import as_published
from build.models import CLASSES, settings

from .lessons import HEAD, SPARE, Lesson, Weights, embedding_of, trained
from .published import Family
from .words import make_tokenizer, size, with_token

DIFFUGPT = (("transformer.wte.", "embed_tokens."), ("transformer.", "denoise_model."))
ENCODER = (("model.", "encoder."), ("lm_head.", "diffusion_head."))
BESIDE = {
    "vision_tower.patch_conv.weight": (4, 3, 2, 2),
    "vision_tower.ln_pre.weight": (4,),
    "multi_modal_projector.linear_1.weight": (48, 4),
}
"""Parameters of an encoder of images and of what is between it and the text model."""
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
    """The base model, in its native layout, or as the text model beside an encoder of images."""
    native = {"model_type": family.kind, "architectures": [NATIVE[family.kind]]}
    weights = _rows(trained(family.arm), family, with_mask=False)
    if family.kind == "gpt2" or family.beside_images:
        del weights[HEAD]
    config = _config(family.arm, native, rows=_rows_of(weights), tied=family.tied or family.beside_images)
    if family.beside_images:
        weights = {f"language_model.{name}": value for name, value in weights.items()}
        weights |= {name: torch.ones(shape) for name, shape in BESIDE.items()}
        config = {
            "model_type": "mistral3",
            "architectures": ["Mistral3ForConditionalGeneration"],
            "text_config": config,
            "vision_config": {"model_type": "pixtral", "hidden_size": 4},
            "image_token_index": 10,
        }
    _write(directory, family, config, weights)
    content = make_tokenizer(family.manner)
    if family.reserved:
        content = _with_mask(content, family)
    _write_tokenizer(directory, content)


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
    written = _config(family.mdm, config, rows=_rows_of(weights), tied=family.tied)
    _write(directory, family, written, _published(weights, family))
    if family.remote is not None:
        (directory / f"modeling_{family.remote}.py").write_text(REMOTE)
    content = make_tokenizer(family.manner)
    if family.ordinary or family.unnamed:
        return _write_tokenizer(directory, content)
    content = _with_mask(content, family)
    named = {"mask_token": family.mask} if "tokenizer" in family.named else {}
    return _write_tokenizer(directory, content, **named)


def _with_mask(content: str, family: Family) -> str:
    for token in (*family.behind, family.mask):
        content = with_token(content, token)
    return content


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
    for native, published in DIFFUGPT if family.kind == "gpt2" else ENCODER if family.encoder else ():
        weights = {re.sub(rf"^{native}", published, name): value for name, value in weights.items()}
    return weights


def _rows_of(weights: Weights) -> int:
    return len(next(value for name, value in weights.items() if "wte" in name or "embed_tokens" in name))


def _config(lesson: Lesson, described: dict[str, Any], rows: int, tied: bool) -> dict[str, Any]:
    return {**settings(lesson.kind, vocabulary=rows, tied=tied, **lesson.sizes), **described}


def _write(directory: Path, family: Family, config: dict[str, Any], weights: Weights) -> None:
    directory.mkdir(parents=True)
    if family.tied and family.kind != "gpt2":
        weights.pop(HEAD)
    content = {"torch_dtype": family.stored, "transformers_version": "4.46.2", **config}
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
