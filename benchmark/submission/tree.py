"""The files of a stranger's folder: found without following a link, and only where they are regular files."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..findings.finding import Finding, at_most

MOST_FILES = 2_000
"""Files of a submission: a task has fifteen, and a protocol eight tasks."""

MOST_BYTES = 2 * 2**30
"""Bytes of all files of a submission, the exact cells of a large pair included."""

MOST_FOLDERS = 200
"""Folders of a submission, which has one for each task and one above them."""

DEEPEST = 3
"""Folders that a file of a submission can lie in: `cells/TASK/`."""

_KEEP = "keep only the regular files that `mechshift submit` wrote"


@dataclass(frozen=True)
class Tree:
    """The regular files of a folder by path below it (with `/`), with sizes; and what else is there.

    `complete`: whether all of the folder was looked through, and not more than a submission has.
    """

    files: Mapping[str, int]
    findings: tuple[Finding, ...]
    complete: bool


def read_tree(folder: Path) -> Tree:
    """All files of a folder and its folders, in the order of their names.

    Links are found and not followed; FIFOs, sockets and devices are never opened. Reads no file. Stops with a
    finding where there are more files or bytes than a submission has.
    """
    files: dict[str, int] = {}
    findings: list[Finding] = []
    total, folders, complete = 0, 0, True
    for place, found in _walk(folder, ""):
        if found is None:
            folders += 1
            if folders > MOST_FOLDERS:
                problem = f"a submission has at most {MOST_FOLDERS} folders, and here are more"
                findings.append(Finding("files", place, problem, _KEEP))
                complete = False
                break
            continue
        if isinstance(found, str):
            findings.append(Finding("files", place, found, _KEEP))
            if len(findings) > MOST_FILES:
                complete = False
                break
            continue
        files[place] = found
        total += found
        if len(files) > MOST_FILES or total > MOST_BYTES:
            limit = f"{MOST_FILES:,} files, {MOST_BYTES >> 20:,} MiB"
            findings.append(
                Finding("files", place, f"a submission has at most {limit}, and here are more", _KEEP)
            )
            complete = False
            break
    return Tree(dict(sorted(files.items())), at_most(findings), complete)


def _walk(folder: Path, below: str) -> Iterator[tuple[str, int | str | None]]:
    """Each entry's path: with its size for a regular file, None for a folder, else with what is wrong."""
    try:
        with os.scandir(folder) as found:
            # Not sorted before they are counted: a folder can have any number of entries.
            for entry in found:
                place = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False) and not entry.is_symlink():
                    if place.count("/") + 1 > DEEPEST:
                        yield place, f"it is deeper than the {DEEPEST} folders of a submission"
                    else:
                        yield place, None
                        yield from _walk(Path(entry.path), f"{place}/")
                    continue
                status = entry.stat(follow_symlinks=False)
                yield place, status.st_size if stat.S_ISREG(status.st_mode) else f"it is {_kind(status)}"
    except OSError as error:
        yield below or ".", f"it cannot be read: {error.strerror or type(error).__name__}"


def _kind(status: os.stat_result) -> str:
    for is_one, name in _KINDS:
        if is_one(status.st_mode):
            return name
    return "no regular file"


_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
