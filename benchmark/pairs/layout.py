"""Which files a checkpoint is made of, in a directory and on the hub alike."""

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ...errors import PairError
from ...files import NOT_REGULAR, read_text

CONFIG = "config.json"
ADAPTER = "adapter_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)
"""All that the tokenizers of the supported families are read from."""

READ = {".json", ".jinja", ".model", ".txt", ".md", ".safetensors"}
"""Kinds of file that transformers, tokenizers or we may open."""

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def read_json(path: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file of checkpoint `name`. Raises PairError when it is missing or damaged."""
    try:
        content = json.loads(read_text(path))
    except FileNotFoundError:
        raise no_model(path.parent, name) if path.name == CONFIG else lacking(name, path.name) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PairError(f"{path} cannot be read: {reason}", "copy or download the file again") from None
    if not isinstance(content, dict):
        raise PairError(f"{path} is not a JSON object", "copy or download the file again")
    return content


def no_model(directory: Path, name: str) -> PairError:
    """The error for a directory without config.json: what it is instead, and what to do."""
    if (directory / ADAPTER).is_file():
        return only_adapter(name)
    inside = sorted(each.parent.name for each in directory.glob(f"*/{CONFIG}"))
    if inside:
        return PairError(
            f"{name} holds checkpoints ({_some(inside)}) and is none itself",
            f"name one of them: {Path(name) / inside[-1]}",
        )
    return PairError(
        f"{name} holds no model: {CONFIG} is missing",
        f"name the directory that holds {CONFIG} and {WEIGHTS}",
    )


def only_adapter(name: str) -> PairError:
    """The error for what is an adapter (LoRA) alone."""
    return PairError(
        f"{name} is an adapter ({ADAPTER}, as LoRA makes one) and no whole model",
        "merge it into its base model and name what that gives: "
        "model.merge_and_unload().save_pretrained(directory)",
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def check_regular(directory: Path) -> None:
    """Raises PairError where a file that may be read is none: to open a pipe would wait for ever."""
    try:
        paths = sorted(directory.iterdir())
    except OSError as error:
        raise PairError(f"{directory} cannot be read: {error.strerror}", "see to its permissions") from None
    for path in paths:
        if path.suffix in READ and path.exists() and not (path.is_file() or path.is_dir()):
            raise PairError(f"{path} cannot be read: {NOT_REGULAR}", "copy or download the checkpoint again")


def weight_names(directory: Path, name: str) -> tuple[str, ...]:
    """The names of the weights' files, whether they are there or not: one, or the shards of an index.

    A single file goes before an index, as `transformers` has it. Raises PairError for an index that names
    anything else than safetensors files beside it.
    """
    index = directory / INDEX
    # The file has to be the one that `transformers` will load, as the digest in the record is of this one.
    if (directory / WEIGHTS).is_file() or not index.is_file():
        return (WEIGHTS,)
    shards = read_json(index, name).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(map(_is_shard, shards.values())):
        raise PairError(f"{index} names no weights", "copy or download the file again")
    return tuple(sorted(set(shards.values())))


def _is_shard(shard: object) -> bool:
    """Whether an index names a data file beside it, and not a pickle or a place elsewhere on the machine."""
    # A path in a name could lead out of the checkpoint's folder.
    return isinstance(shard, str) and Path(shard).name == shard and shard.endswith(".safetensors")


def pickles(files: Iterable[str]) -> list[str]:
    """Those of the names that are pickles, in order."""
    return sorted(file for file in files if any(fnmatch(file, pattern) for pattern in PICKLES))


def without_weights(name: str, files: Iterable[str]) -> PairError:
    """The error for checkpoint `name`, which of all weights has at most pickles among its files."""
    found = pickles(files)
    if not found:
        return lacking(name, WEIGHTS)
    return PairError(
        f"{name} has its weights as a pickle ({found[0]}), which can run code when it is opened",
        "convert it where you trust it: model.save_pretrained(directory, safe_serialization=True)",
    )


def lacking(name: str, file: str) -> PairError:
    """The error for checkpoint `name` without one of its files."""
    return PairError(f"{name} has no {file}", "copy or download the whole checkpoint again")
