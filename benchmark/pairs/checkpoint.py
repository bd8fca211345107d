"""A checkpoint on disk: which files it is made of, what its config.json says, and its digest."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...errors import PairError
from ...files import open_regular
from .hub import fetch, fetch_description
from .layout import (
    ADAPTER,
    CONFIG,
    WEIGHTS,
    check_regular,
    lacking,
    only_adapter,
    read_json,
    weight_names,
    without_weights,
)
from .spec import MemberSpec, expanded, is_path


@dataclass(frozen=True)
class Checkpoint:
    """A directory that holds a model, and how it was asked for.

    `revision` is the hub commit, None for a local directory. `weights` is empty as long as the checkpoint is
    only described.
    """

    name: str
    directory: Path
    revision: str | None
    config: Mapping[str, Any]
    weights: tuple[Path, ...]

    def digest(self) -> str:
        """Hexadecimal SHA-256 of config.json and of the weights' files, in the order of their names."""
        # config.json counts as well: its rotary base or norm epsilon changes what the same weights compute.
        total = hashlib.sha256()
        for path in (self.directory / CONFIG, *self.weights):
            with open_regular(path) as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()


def local_directory(spec: MemberSpec) -> Path | None:
    """The local directory that a specification names, None where it names a hub id.

    Raises PairError for a path that is no directory, and for a directory with a revision.
    """
    if spec.place == "hub":
        return None
    local = expanded(spec.checkpoint)
    if not local.is_dir():
        if spec.place == "either" and not is_path(spec.checkpoint):
            return None
        if local.exists():
            raise PairError(
                f"{spec.checkpoint} is a file, and a checkpoint is a directory",
                f"name a directory with {CONFIG} and {WEIGHTS}, perhaps that which it is in: {local.parent}",
            )
        raise PairError(
            f"{spec.checkpoint} is not a directory",
            "name a directory with config.json and model.safetensors, or a hub id such as Qwen/Qwen3-0.6B",
        )
    if spec.revision is not None:
        raise PairError(
            f"{spec.checkpoint} is a local directory, and revision {spec.revision!r} is asked of it",
            "only a hub model has revisions: leave it out, or name a hub id",
        )
    return local


def find_description(spec: MemberSpec, offline: bool = False) -> Checkpoint:
    """The checkpoint that a specification names, without its weights: config.json and the tokenizer.

    It is a local directory, else a hub id, whose few small files are fetched if need be; `offline` takes
    them from the cache alone. Raises PairError when there is no such model or config.json is damaged, for a
    hub model also when it has no weights but pickles.
    """
    directory = local_directory(spec)
    revision = None
    if directory is None:
        directory = fetch_description(spec, offline)
        revision = directory.name
    check_regular(directory)
    config = read_json(directory / CONFIG, spec.checkpoint)
    return Checkpoint(spec.checkpoint, directory, revision, config, ())


def with_weights(described: Checkpoint, offline: bool = False) -> Checkpoint:
    """The same checkpoint with its weights, of a hub model those of the same commit, fetched if need be.

    Raises PairError when they are missing, pickled or damaged, or have an adapter beside them, which
    transformers would load or not by what is installed.
    """
    if described.revision is not None:
        # Exactly the commit that was described: a branch may have moved since.
        fetch(MemberSpec(described.name, revision=described.revision), offline)
    directory = described.directory
    weights = tuple(directory / name for name in weight_names(directory, described.name))
    if (directory / ADAPTER).exists():
        if not any(map(os.path.exists, weights)):
            raise only_adapter(described.name)
        raise PairError(
            f"{described.name} has an adapter beside its weights ({ADAPTER})",
            "merge it into the weights (model.merge_and_unload()), or take it out of the directory",
        )
    for file in weights:
        _check_weights(file, described.name)
    return replace(described, weights=weights)


def find_checkpoint(spec: MemberSpec, offline: bool = False) -> Checkpoint:
    """The checkpoint that a specification names, whole.

    Raises PairError when there is no such model, or its files are missing, pickled or damaged.
    """
    return with_weights(find_description(spec, offline), offline)


def _check_weights(file: Path, name: str) -> None:
    # An index can name a file that no file system takes, of which Path.is_file would raise.
    if not os.path.isfile(file):
        beside = [path.name for path in file.parent.iterdir()]
        raise without_weights(name, beside) if file.name == WEIGHTS else lacking(name, file.name)
    try:
        # For torch a file is mapped privately, which systems refuse for one larger than their memory.
        with safe_open(file, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise PairError(
            f"{file} is no whole safetensors file: {error}", "copy or download the file again"
        ) from None
