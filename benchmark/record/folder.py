"""The records that lie in a folder."""

from collections.abc import Mapping
from pathlib import Path

from ...errors import NotComputable, UsageError
from .files import read_model
from .record import Record


def read_folder(folder: Path) -> Mapping[Path, Record]:
    """The records of a folder and of the folders in it, by path, in the order of their names.

    JSON files that are no records are left out. Raises UsageError where there is no record, and says what is
    there instead.
    """
    found = {}
    for path in sorted(path for pattern in _RECORDS for path in folder.glob(pattern)):
        try:
            found[path] = read_model(path, Record)
        except NotComputable:
            continue  # a recipe, a checkpoint's config.json, a record of another version
    if not found:
        raise UsageError(f"{folder} holds no record of this version: {_content(folder)}", _ADVICE)
    return found


_RECORDS = ("*.json", "*.json.gz", "*/*.json", "*/*.json.gz")
_ADVICE = "name a record that mechshift run wrote, or a folder of records"
_NAMED = 5
"""Entries of a folder that a message names."""


def _content(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"there are {', '.join(names[:_NAMED])}{more}" if names else "it is empty"
