"""A checkpoint's configuration and the sizes of its files, without its weights."""

from dataclasses import dataclass, replace

from ..pairs.checkpoint import Checkpoint, find_checkpoint, find_description, local_directory
from ..pairs.hub import listing
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
    """What is known of a checkpoint: its config.json and tokenizer (no weights are read), and all its files."""

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
        found = find_checkpoint(spec)
        files = [found.directory / "config.json", *found.weights]
        listed = tuple(File(path.name, path.stat().st_size, here=True) for path in files)
        return Published(found, listed)
    remote = listing(spec, offline)
    described = find_description(replace(spec, revision=remote.commit), offline)
    return Published(described, tuple(File(one.name, one.size_bytes, one.cached) for one in remote.files))
