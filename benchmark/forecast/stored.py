"""A checkpoint's configuration and the sizes of its files, without its weights."""

from dataclasses import dataclass, replace

from ..pairs.checkpoint import Checkpoint, find_checkpoint, find_description, local_directory
from ..pairs.hub import RemoteFile, remote_checkpoint
from ..pairs.layout import weight_names
from ..pairs.spec import MemberSpec


@dataclass(frozen=True)
class Stored:
    """A checkpoint without its weights, the bytes of their files, and the files that a run would download."""

    checkpoint: Checkpoint
    weights: int
    missing: tuple[RemoteFile, ...] = ()

    @property
    def name(self) -> str:
        """As the checkpoint was asked for."""
        return self.checkpoint.name

    @property
    def to_fetch(self) -> int:
        """Bytes that a run would download."""
        return sum(file.size_bytes for file in self.missing)


def find_stored(spec: MemberSpec, offline: bool = False) -> Stored:
    """What can be known of a checkpoint without its weights.

    Of a hub id the configuration and the tokenizer are fetched, of the weights only the sizes; `offline` all
    is taken from the cache. Raises PairError as `find_checkpoint`.
    """
    if local_directory(spec) is not None:
        return _on_disk(spec)
    remote = remote_checkpoint(spec, offline)
    described = find_description(replace(spec, revision=remote.commit), offline)
    weights = sum(file.size_bytes for file in remote.files if file.name.endswith(".safetensors"))
    return Stored(described, weights, tuple(file for file in remote.files if not file.cached))


def _on_disk(spec: MemberSpec) -> Stored:
    """Files are not opened: to map one takes as much memory as it is large."""
    described = find_description(spec)
    paths = [described.directory / name for name in weight_names(described.directory, spec.checkpoint)]
    if not all(path.is_file() for path in paths):
        find_checkpoint(spec)  # which says what is missing, and what to do
    return Stored(described, sum(path.stat().st_size for path in paths))
