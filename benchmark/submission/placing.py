"""Submissions put into their place, as a folder or a zip: whole or not at all, and never over another's."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from ...errors import OutputError
from ...files import refused, replacing
from .archive import BROKEN
from .card import LARGEST_CARD
from .layout import CARD, MANIFEST
from .manifest import Manifest

LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes of the largest manifest that is read."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell: the same submission has the same bytes whenever it is packed."""


@contextmanager
def temporary_folder(goal: Path) -> Iterator[Path]:
    """An empty folder beside a goal, on the same file system, taken away at the end.

    Raises OutputError where the file system refuses.
    """
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(dir=goal.parent, prefix=".submission-", suffix=".partial"))
        # Not the outer one itself, which is made for its owner only.
        folder = outer / goal.stem
        folder.mkdir()
    except OSError as error:
        raise refused(goal, error) from error
    try:
        yield folder
    except OSError as error:
        raise refused(goal, error) from error
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def is_there(place: Path) -> bool:
    """Whether anything has that name, broken links too."""
    return os.path.lexists(place)


def find_card(place: Path) -> str | None:
    """The text of the card of a submission, a folder or a zip; None where there is none, or no text."""
    content = _read_part(place, CARD, LARGEST_CARD)
    try:
        return None if content is None else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def check_same_run(place: Path, original_record: str) -> None:
    """Raises OutputError where what is there is not a submission of the same record, by its digest."""
    if not is_there(place):
        return
    content = _read_part(place, MANIFEST, LARGEST_MANIFEST)
    try:
        manifest = Manifest.model_validate_json(content or b"")
    except ValidationError as error:
        raise OutputError(
            f"{place} is there and is no submission of this version", "choose another folder with --out"
        ) from error
    if manifest.original_record != original_record:
        raise OutputError(
            f"{place} is the submission of another record",
            "give another --date, or choose another folder with --out",
        )


def put_folder(made: Path, goal: Path) -> None:
    """Move a finished `temporary_folder` into its place, where a submission of the same record may lie."""
    if not is_there(goal):
        made.rename(goal)
        return
    # Two folders cannot change places in one step: should the second fail, the old one goes back.
    old = made.parent / "old"
    goal.rename(old)
    try:
        made.rename(goal)
    except OSError:
        old.rename(goal)
        raise


def put_zip(made: Path, goal: Path) -> None:
    """Pack a finished folder as a zip of one folder, named as the zip is: the same files, the same bytes."""
    files = sorted(path for path in made.rglob("*") if path.is_file())
    with (
        replacing(goal) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for path in files:
            entry = zipfile.ZipInfo(f"{goal.stem}/{path.relative_to(made).as_posix()}", _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())


def _read_part(place: Path, name: str, most: int) -> bytes | None:
    """A file at the top of a submission; None where it is not there, is larger, or cannot be read."""
    try:
        if place.is_dir():
            file = place / name
            return file.read_bytes() if file.is_file() and file.stat().st_size <= most else None
        with zipfile.ZipFile(place) as archive, archive.open(f"{place.stem}/{name}") as part:
            content = part.read(most + 1)
            return content if len(content) <= most else None
    # What a damaged archive raises depends on where it is damaged and how it was packed.
    except (*BROKEN, KeyError):
        return None
