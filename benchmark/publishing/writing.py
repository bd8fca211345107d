"""Writing the files of an export: all of them or none."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from ...errors import UsageError
from ...files import open_regular, refused, replacing


def write_together(folder: Path, files: Mapping[str, bytes], overwrite: bool = False) -> tuple[Path, ...]:
    """Write files, given by their paths below a folder, and return their paths in order.

    A file that is already there with the same content is left alone, and so are all others in the folder.
    Raises UsageError, before anything is written, where one is there with another content and `overwrite` is
    not set, and OutputError where the file system refuses: a full disk before any file is replaced.
    """
    wanted = {folder / name: content for name, content in files.items()}
    # Path.exists would raise for a name that is too long.
    there = {path: _content(path) for path in wanted if os.path.exists(path)}
    different = [path for path, content in there.items() if content != wanted[path]]
    if different and not overwrite:
        raise UsageError(
            f"{different[0]} already exists and differs from what would be written",
            "choose another folder with --out, or replace it with --overwrite",
        )
    with ExitStack() as stack:
        # All are written out before the first is moved into its place: a full disk shows while writing.
        for path, content in wanted.items():
            if there.get(path) != content:
                stack.enter_context(replacing(path)).write_bytes(content)
    return tuple(wanted)


def _content(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise refused(path, error) from error
