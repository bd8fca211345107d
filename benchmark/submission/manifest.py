"""The manifest of a submission: what its files are, and what the reduction of its cells has changed."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..run.store import digest_of, shortened
from .layout import CARD, MANIFEST

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Declared(BaseModel):
    """A part of a manifest: a number is a number, and no field is there that is not declared."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class FileEntry(Declared):
    """A file's SHA-256 and its size in bytes."""

    sha256: Digest
    bytes: Annotated[int, Field(ge=0)]


class Change(Declared):
    """A number of the record at `path`, as the original record and this one have it.

    `share_of_half_width`: |reduced − original| over half the width of the original's interval; None where
    it has none.
    """

    path: str
    original: float
    reduced: float
    share_of_half_width: float | None


class Changes(Declared):
    """What the reduction of the cells has changed in the record.

    `largest`: the largest change of a number, whatever its unit; `largest_of_interval`: the largest one
    beside the half width of the number's own interval, of its value or of either end. None: nothing changed.
    `unmatched`: places where one record has a number and the other has none, or another text; the first
    twenty of `unmatched_count`.
    """

    numbers: Annotated[int, Field(ge=0)]
    changed: Annotated[int, Field(ge=0)]
    largest: Change | None
    largest_of_interval: Change | None
    unmatched_count: Annotated[int, Field(ge=0)]
    unmatched: Annotated[tuple[str, ...], Field(max_length=20)]


class Manifest(Declared):
    """What a submission holds.

    `form`: "exact" where the cells are those of the run byte for byte, "reduced" where score sums are kept
    at the precision `step`, in standard deviations of an edge's groups. `original_record`: SHA-256 of the
    record of the run. `files`: by path within the submission, with `/`; every file but the manifest itself
    and the card, which a person goes on writing.
    """

    schema_version: Literal[1] = 1
    mechshift: str
    form: Literal["exact", "reduced"]
    step: Annotated[float, Field(gt=0)] | None
    original_record: Digest
    changes: Changes
    files: dict[str, FileEntry]

    @property
    def bytes(self) -> int:
        """Size of all files together, without manifest and card."""
        return sum(entry.bytes for entry in self.files.values())


UNLISTED = frozenset({MANIFEST, CARD})
"""Files that a manifest does not list."""


def list_files(folder: Path) -> Iterator[str]:
    """Every file of a folder that a manifest lists, by its path within, in order; links are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        # A link to a folder is listed as a file is, so that it cannot be passed over.
        linked = [name for name in folders if Path(place, name).is_symlink()]
        found += [Path(place, name).relative_to(folder).as_posix() for name in (*names, *linked)]
    return (name for name in sorted(found) if name not in UNLISTED)


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Digest and size of every file of a folder that a manifest lists. Raises OSError for no regular file."""
    return {
        name: FileEntry(sha256=digest_of(folder / name), bytes=(folder / name).stat().st_size)
        for name in list_files(folder)
    }


def compare_with_folder(
    files: Mapping[str, FileEntry], folder: Path, there: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Where a folder is not what a manifest lists: path and problem, in order; empty where it is.

    `there`: the files that are in it, by path within. Reads only files of the listed size, so that a large
    one in its place costs nothing.
    """
    found = set(there) - UNLISTED
    problems = []
    for name in sorted(found | set(files)):
        if name not in files:
            problems.append((name, "it is not in the manifest"))
        elif name not in found:
            problems.append((name, "it is missing"))
        elif problem := _difference(folder / name, files[name]):
            problems.append((name, problem))
    return tuple(problems)


def _difference(path: Path, entry: FileEntry) -> str | None:
    if path.is_symlink() or not path.is_file():
        return "it is no regular file"
    size = path.stat().st_size
    if size != entry.bytes:
        return f"it has {size:,} bytes, the manifest says {entry.bytes:,}"
    digest = digest_of(path)
    if digest != entry.sha256:
        found, listed = shortened(digest, entry.sha256)
        return f"its SHA-256 is {found}, the manifest says {listed}"
    return None
