"""Which files a checkpoint is made of, in a directory and on the hub alike."""

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ...errors import PairError

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

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def read_json(path: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file of checkpoint `name`. Raises PairError when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PairError(
            f"{name} holds no model: {path.name} is missing",
            "name the directory that holds config.json and model.safetensors",
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise PairError(f"{path} cannot be read: {error}", "copy or download the file again") from None
    if not isinstance(content, dict):
        raise PairError(f"{path} is not a JSON object", "copy or download the file again")
    return content


def weight_names(directory: Path, name: str) -> tuple[str, ...]:
    """The names of the weights' files, whether they are there or not: one, or the shards of an index.

    A single file goes before an index, as `transformers` has it. Raises PairError for an index that names
    anything else than safetensors files beside it.
    """
    index = directory / INDEX
    if (directory / WEIGHTS).is_file() or not index.is_file():
        return (WEIGHTS,)
    shards = read_json(index, name).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(map(_is_shard, shards.values())):
        raise PairError(f"{index} names no weights", "copy or download the file again")
    return tuple(sorted(set(shards.values())))


def _is_shard(shard: object) -> bool:
    """Whether an index names a data file beside it, and not a pickle or a place elsewhere on the machine."""
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
