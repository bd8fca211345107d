"""A submission as one zip archive, unpacked where nothing in it can do harm.

An archive is looked through before anything is unpacked, and unpacked whole or not at all.
"""

import lzma
import re
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...errors import NotComputable, UsageError
from ...files import open_regular
from ..findings.finding import Finding, at_most
from .tree import DEEPEST, MOST_BYTES, MOST_FILES

RATIO = 200
"""Bytes that a member has for each of its bytes in the archive: text has 10, a run of zeros 1,000."""

SMALL = 2**20
"""Bytes of a member whose ratio does not matter."""

MOST_DIRECTORY = MOST_FILES * 300
"""Bytes of an archive's directory, which is read as a whole: 46 a member, its name, and what else it has."""

_END = struct.Struct("<4s4H2LH")
_LOCATOR = 20
_LOCAL = 30
_CHUNK = 2**20

_REMEDY = "make the archive anew with `mechshift submit --zip`"


@contextmanager
def opened(path: Path) -> Iterator[tuple[Path | None, tuple[Finding, ...]]]:
    """The folder of a submission, and what is wrong with the archive that it came in.

    A folder is given as it is; an archive is unpacked to a temporary folder, or not at all (None) where
    anything is wrong with it. Raises UsageError where there is nothing at the path, and NotComputable for
    what is neither a folder nor an archive.
    """
    if path.is_dir():
        yield path, ()
        return
    if not path.exists():
        raise UsageError(f"there is no {path}", "name a submission: a folder, or the zip archive of one")
    _check_end(path)
    with tempfile.TemporaryDirectory(prefix="mechshift-") as folder:
        findings = _unpack(path, Path(folder))
        yield (None if findings else _top(Path(folder))), findings


def _top(folder: Path) -> Path:
    """The folder that was packed: archives hold either its files or the folder itself."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _check_end(path: Path) -> None:
    """Raises NotComputable for a file that does not end as a zip archive, or whose directory is too large.

    Before zipfile has it, which reads a directory of any size into memory.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _END.size - _LOCATOR))
            end = file.read()
    except OSError as error:
        raise NotComputable(f"{path} cannot be read: {error.strerror}", _REMEDY) from error
    # At the very end, as it is where there is no comment: two readers then take the same directory.
    signature, *_, entries, directory, _, comment = _END.unpack(end[-_END.size :].rjust(_END.size, b"\0"))
    if signature != b"PK\x05\x06" or comment:
        raise NotComputable(f"{path} is neither a folder nor a whole zip archive", _REMEDY)
    if end.startswith(b"PK\x06\x07") or entries > MOST_FILES or directory > MOST_DIRECTORY:
        raise NotComputable(f"{path} has more members than the {MOST_FILES:,} of a submission", _REMEDY)


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
"""What zipfile raises for archives that are not as they should be."""


def _unpack(path: Path, folder: Path) -> tuple[Finding, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            problems = [*_problems(members, archive.start_dir)]
            if not problems:
                problems = [*_extract(archive, members, folder)]
    except BROKEN as error:
        problems = [("", f"it cannot be unpacked: {error}")]
    findings = (
        Finding("archive", f"{path.name}: {name}" if name else path.name, problem, _REMEDY)
        for name, problem in problems
    )
    return at_most(findings)


_Problem = tuple[str, str]
"""A member's name, empty for the archive, and what is wrong with it."""


def _problems(members: Sequence[zipfile.ZipInfo], end: int) -> Iterator[_Problem]:
    """What is wrong with an archive by what its directory says."""
    if len(members) > MOST_FILES:
        yield "", f"it has {len(members):,} members, a submission at most {MOST_FILES:,}"
        return
    unusual: set[str] = set()
    for member in members:
        # As it stands there: zipfile ends a name at its first NUL.
        of_name = [*_of_name(member.orig_filename)]
        if of_name:
            unusual.add(member.orig_filename)
        for problem in (*of_name, *_of_member(member)):
            yield member.orig_filename, problem
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        yield "", f"its members have {total >> 20:,} MiB, a submission at most {MOST_BYTES >> 20:,}"
    # Of names that are refused as they are, nothing more is said: one of them can have 30,000 folders.
    names = (member.orig_filename for member in members)
    yield from _collisions([name for name in names if name not in unusual])
    ordered = sorted(members, key=lambda member: member.header_offset)
    ends = [*(member.header_offset for member in ordered[1:]), end]
    for member, following in zip(ordered, ends, strict=True):
        needed = _LOCAL + len(member.orig_filename.encode()) + member.compress_size
        if member.header_offset + needed > following:
            yield member.orig_filename, "its bytes overlap with those that follow"


def _of_name(name: str) -> Iterator[str]:
    """What is wrong with a name; on any system, as it may be unpacked on another."""
    parts = name.removesuffix("/").split("/")
    if not name.isprintable():
        yield "its name has characters that are not printable"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        yield "its name is an absolute path"
    if "\\" in name or ":" in name:
        yield "its name has a backslash or a colon"
    if any(part in ("", ".", "..") for part in parts):
        yield "its name leads to another folder"
    # Windows takes these away, so that two names become one.
    if any(part.endswith((".", " ")) and part not in (".", "..") for part in parts):
        yield "a part of its name ends in a dot or a space"
    # The folder itself may be in the archive, above those of its files.
    if len(parts) > DEEPEST + 2:
        yield f"it is deeper than the {DEEPEST} folders of a submission"
    if any(len(part.encode("utf-8", "replace")) > 255 for part in parts):
        yield "a part of its name has more than 255 bytes"
    if re.search(r"\.(zip|jar|tar|t?gz|bz2|xz|zst|7z|rar)$", name, re.IGNORECASE):
        yield "it is an archive in the archive"


def _of_member(member: zipfile.ZipInfo) -> Iterator[str]:
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        yield "it is a symbolic link"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield "it is a device, a FIFO or a socket"
    if member.flag_bits & (0x1 | 0x40 | 0x2000):
        yield "it is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield f"it is packed by method {member.compress_type}, not stored or deflated"
    if member.file_size > max(SMALL, RATIO * member.compress_size):
        yield f"{member.compress_size:,} bytes are said to unpack to {member.file_size:,}"
    # ZipInfo.is_dir would raise for a member without a name.
    if member.orig_filename.endswith("/") and member.file_size:
        yield "it is a folder with content"


def _collisions(names: Sequence[str]) -> Iterator[_Problem]:
    """Names that are one on some system, and files that would have to be folders too."""
    seen: dict[str, str] = {}
    for name in names:
        alike = unicodedata.normalize("NFC", name.removesuffix("/")).casefold()
        if alike in seen:
            told = (
                "its name is there twice"
                if seen[alike] == name
                else "its name differs only in case from another"
            )
            yield name, told
        seen[alike] = name
    files = {alike for alike, name in seen.items() if not name.endswith("/")}
    for alike, name in seen.items():
        parts = alike.split("/")
        if any("/".join(parts[:length]) in files for length in range(1, len(parts))):
            yield name, "one of its folders is a file"


def _extract(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path
) -> Iterator[_Problem]:
    for member in members:
        target = folder.joinpath(*member.filename.split("/"))
        try:
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(archive, member, target)
        except BROKEN as error:
            yield member.filename, f"it cannot be unpacked: {error}"


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    left = member.file_size
    # zipfile would end there however much is packed, and other programs unpack all of it.
    member.file_size += 1
    with archive.open(member) as packed, target.open("xb") as file:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError("it has more bytes than it says")
            file.write(chunk)
    if left:
        raise EOFError(f"{left:,} of the bytes that it says are missing")
