"""A checkpoint's configuration and the sizes of its files, without its weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from ...errors import PairError
from ..pairs.checkpoint import INDEX, WANTED, Checkpoint, find_checkpoint
from ..pairs.checkpoint import WEIGHTS as WEIGHTS_FILE
from ..pairs.spec import MemberSpec

WEIGHTS = ".safetensors"


@dataclass(frozen=True)
class File:
    """A file of a checkpoint, its size in bytes, and whether it is on this machine already."""

    name: str
    size: int
    here: bool


@dataclass(frozen=True)
class Published:
    """What is known of a checkpoint: its config.json, where its small files lie, and all its files."""

    name: str
    directory: Path
    config: Mapping[str, Any]
    files: tuple[File, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint as one without weights, for what reads configuration and tokenizer."""
        return Checkpoint(self.name, self.directory, None, self.config, ())

    @property
    def weights(self) -> int:
        """Bytes of the weights' files."""
        return sum(
            file.size for file in self.files if file.name.startswith("model") and _is_weights(file.name)
        )

    @property
    def to_fetch(self) -> int:
        """Bytes that a run would download."""
        return sum(file.size for file in self.files if not file.here)


def published(spec: MemberSpec) -> Published:
    """What can be known of a checkpoint without its weights.

    Of a hub id the configuration and the tokenizer are fetched, of the other files only the sizes. Raises
    PairError as `find_checkpoint`.
    """
    return _on_disk(spec) if _is_local(spec.checkpoint) else _on_hub(spec)


def _on_disk(spec: MemberSpec) -> Published:
    """Sizes of files that are not opened: to map one takes as much memory as it is large."""
    directory = Path(spec.checkpoint).expanduser()
    names = _weights(directory)
    if not all((directory / name).is_file() for name in ("config.json", *names)):
        find_checkpoint(spec)  # which says what is missing, and what to do
    listed = tuple(
        File(name, (directory / name).stat().st_size, here=True) for name in ("config.json", *names)
    )
    return Published(spec.checkpoint, directory, _config(directory, spec.checkpoint), listed)


def _weights(directory: Path) -> tuple[str, ...]:
    try:
        index = json.loads((directory / INDEX).read_text(encoding="utf-8"))["weight_map"]
        return tuple(sorted({str(name) for name in index.values()}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return (WEIGHTS_FILE,)


def _is_local(name: str) -> bool:
    path = Path(name).expanduser()
    return path.exists() or path.is_absolute() or name.startswith((".", "~"))


def _on_hub(spec: MemberSpec) -> Published:
    name, small = spec.checkpoint, [pattern for pattern in WANTED if not pattern.endswith(WEIGHTS)]
    try:
        about = HfApi().model_info(name, revision=spec.revision, files_metadata=True)
        directory = Path(
            snapshot_download(name, revision=about.sha, allow_patterns=small, ignore_patterns=["*/*"])
        )
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise PairError(
            f"the sizes of {name}'s files cannot be asked for: {' '.join(str(error).split())}",
            "check the spelling and the network, or name a directory that holds the checkpoint",
        ) from None
    wanted = [one for one in about.siblings or () if "/" not in one.rfilename and _is_wanted(one.rfilename)]
    files = tuple(
        File(
            one.rfilename,
            one.size or 0,
            isinstance(try_to_load_from_cache(name, one.rfilename, revision=about.sha), str),
        )
        for one in wanted
    )
    return Published(name, directory, _config(directory, name), files)


def _config(directory: Path, name: str) -> Mapping[str, Any]:
    try:
        content = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PairError(f"config.json of {name} cannot be read: {error}", "name another checkpoint") from None
    if not isinstance(content, dict):
        raise PairError(f"config.json of {name} is not a JSON object", "name another checkpoint")
    return content


def _is_weights(name: str) -> bool:
    return name.endswith(WEIGHTS)


def _is_wanted(name: str) -> bool:
    return any(Path(name).match(pattern) for pattern in WANTED)
