"""A checkpoint's configuration and the sizes of its files, without its weights."""

from dataclasses import dataclass, replace

from ..pairs.checkpoint import Checkpoint, find_checkpoint, find_description, local_directory
from ..pairs.hub import listing
from ..pairs.layout import weight_names
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
    """What is known of a checkpoint: config.json and tokenizer, no weights, and the sizes of all its files."""

    checkpoint: Checkpoint
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        """As the checkpoint was asked for."""
        return self.checkpoint.name

    @property
    def weights(self) -> int:
        """Bytes of the weights' files."""
        return sum(file.size for file in self.files if file.name.endswith(WEIGHTS))

    @property
    def to_fetch(self) -> int:
        """Bytes that a run would download."""
        return sum(file.size for file in self.files if not file.here)


def published(spec: MemberSpec, offline: bool = False) -> Published:
    """What can be known of a checkpoint without its weights.

    Of a hub id the configuration and the tokenizer are fetched, of the weights only the sizes; `offline` all
    is taken from the cache. Raises PairError as `find_checkpoint`.
    """
    if local_directory(spec) is not None:
        return _on_disk(spec)
    remote = listing(spec, offline)
    described = find_description(replace(spec, revision=remote.commit), offline)
    return Published(described, tuple(File(one.name, one.size_bytes, one.cached) for one in remote.files))


def _on_disk(spec: MemberSpec) -> Published:
    """Sizes of files that are not opened: to map one takes as much memory as it is large."""
    described = find_description(spec)
    names = ("config.json", *weight_names(described.directory, spec.checkpoint))
    paths = [described.directory / name for name in names]
    if not all(path.is_file() for path in paths):
        find_checkpoint(spec)  # which says what is missing, and what to do
    return Published(described, tuple(File(path.name, path.stat().st_size, here=True) for path in paths))
