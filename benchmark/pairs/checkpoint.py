"""A checkpoint on disk: which files it is made of, what its config.json says, and its digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from safetensors import SafetensorError, safe_open

from ...errors import PairError
from .spec import MemberSpec

WANTED = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
"""Data files only: weights, configuration and tokenizer; neither pickles nor code."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True)
class Checkpoint:
    """A directory that holds a model, and how it was asked for."""

    name: str
    directory: Path
    revision: str | None
    config: Mapping[str, Any]
    weights: tuple[Path, ...]

    def digest(self) -> str:
        """Hexadecimal SHA-256 of config.json and of the weights' files, in the order of their names."""
        total = hashlib.sha256()
        for path in (self.directory / "config.json", *self.weights):
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()


def find_checkpoint(spec: MemberSpec) -> Checkpoint:
    """The checkpoint that a specification names: a local directory, else a hub id, fetched if need be.

    Raises PairError when there is no such model, or its files are missing, pickled or damaged.
    """
    local = Path(spec.checkpoint).expanduser()
    if local.is_dir():
        directory, revision = local, None
    elif local.exists() or local.is_absolute() or spec.checkpoint.startswith((".", "~")):
        raise PairError(
            f"{spec.checkpoint} is not a directory",
            "name a directory with config.json and model.safetensors, or a hub id such as Qwen/Qwen3-0.6B",
        )
    else:
        directory = _fetch(spec.checkpoint, spec.revision)
        revision = directory.name
    config = _read_json(directory / "config.json", spec.checkpoint)
    return Checkpoint(spec.checkpoint, directory, revision, config, _weights(directory, spec.checkpoint))


def _fetch(name: str, revision: str | None) -> Path:
    where = f"{name!r} at revision {revision!r}" if revision else repr(name)
    try:
        return Path(
            snapshot_download(name, revision=revision, allow_patterns=list(WANTED), ignore_patterns=["*/*"])
        )
    except HFValidationError as error:
        problem, remedy = f"{where} is neither a directory nor a hub id", str(error)
    except GatedRepoError:
        problem, remedy = f"{where} is gated", "accept its licence on the hub and log in with `hf auth login`"
    except RevisionNotFoundError:
        problem, remedy = f"the hub has no {where}", "name a commit, tag or branch of that repository"
    except RepositoryNotFoundError:
        problem = f"there is no directory and no hub model {where}"
        remedy = "check the spelling; for a private model log in with `hf auth login`"
    except LocalEntryNotFoundError:
        problem = f"there is no directory {where}, and the hub model of that name could not be reached"
        remedy = (
            "check the path or the network; without one, download the model before and name its directory"
        )
    except OSError as error:
        problem, remedy = f"{where} could not be downloaded: {error}", "check the network and the disk space"
    raise PairError(problem, remedy)


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PairError(
            f"{name} holds no model: {path.name} is missing",
            "name the directory that holds config.json and model.safetensors",
        ) from None
    except (OSError, ValueError) as error:
        raise PairError(f"{path} cannot be read: {error}", "copy or download the file again") from None
    if not isinstance(content, dict):
        raise PairError(f"{path} is not a JSON object", "copy or download the file again")
    return content


def _weights(directory: Path, name: str) -> tuple[Path, ...]:
    if (directory / INDEX).is_file():
        index = _read_json(directory / INDEX, name).get("weight_map")
        if not isinstance(index, dict) or not all(_is_name(shard) for shard in index.values()):
            raise PairError(f"{directory / INDEX} names no weights", "copy or download the file again")
        files = tuple(directory / shard for shard in sorted(set(index.values())))
    else:
        files = (directory / WEIGHTS,)
    for file in files:
        if not file.is_file():
            raise _missing(file, name)
        try:
            with safe_open(file, framework="pt"):
                pass
        except (SafetensorError, OSError) as error:
            raise PairError(
                f"{file} is no whole safetensors file: {error}", "copy or download the file again"
            ) from None
    return files


def _is_name(shard: object) -> bool:
    """Whether an index names a file beside it, and not a place elsewhere on the machine."""
    return isinstance(shard, str) and Path(shard).name == shard


def _missing(file: Path, name: str) -> PairError:
    pickles = sorted(path.name for pattern in PICKLES for path in file.parent.glob(pattern))
    if pickles and file.name == WEIGHTS:
        return PairError(
            f"{name} has its weights as a pickle ({pickles[0]}), which can run code when it is opened",
            "convert it where you trust it: model.save_pretrained(directory, safe_serialization=True)",
        )
    return PairError(f"{name} has no {file.name}", "copy or download the whole checkpoint again")
