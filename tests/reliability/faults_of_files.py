"""Faults of disks, folders and files."""

import ctypes
import errno
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reliability.fault import Faults, mount, with_own_mounts
from reliability.under_fault import (
    SAME,
    Before,
    Ended,
    Ground,
    Harm,
    Seen,
    acting,
    content_of,
    files_of,
    record_of,
)

FILES = Faults("Disks, folders and files")
LATE = ("comparison", "causality", "function")
"""Cells that need no model, and so are made again in a moment."""


def _limited(size: int) -> Before:
    # Only in the process that is to be hindered.
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@FILES.fault("No file can grow", "`RLIMIT_FSIZE` of 700 bytes, with the cells that need no model missing")
def no_file_can_grow(ground: Ground) -> Seen:
    out = ground.begun(*LATE)
    return ground.seen(out, ground.run(out, before=_limited(700)))


@FILES.fault("Disk full", "a `tmpfs` that has room for the first cells, later made larger")
def disk_full(ground: Ground) -> Seen:
    return _in_tmpfs(ground, "size=192k", "size=64m")


@FILES.fault("No room for another file", "a `tmpfs` with 20 inodes, later with more")
def no_inodes(ground: Ground) -> Seen:
    return _in_tmpfs(ground, "nr_inodes=20", "nr_inodes=10000")


def _in_tmpfs(ground: Ground, small: str, large: str) -> Seen:
    out = ground.new()

    def task() -> Seen:
        out.mkdir()
        mount("-t", "tmpfs", "-o", f"mode=0777,{small}", "tmpfs", out)
        ended = ground.run(out)
        mount("-o", f"remount,{large}", out)
        return _refused(ground, out, ended)

    return with_own_mounts(task)


def _refused(ground: Ground, out: Path, ended: Ended) -> Seen:
    """What is seen of a run that had to end with an error of writing."""
    if ended.code != 3 or list(out.rglob("*.claim-*")):
        raise Harm(f"{ended}, {[path.name for path in out.rglob('*.claim-*')]}")
    return ground.seen(out, ended)


def _as_anybody() -> None:
    """Give up root's right to read and write whatever a mode says (Linux); the files stay root's."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Version 3 of the call; effective, permitted and inheritable rights, 32 of them and then the others.
    header, rights = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, rights):
        raise OSError(ctypes.get_errno(), "capget")
    for index in (0, 1):
        rights[index] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    if libc.capset(header, rights):
        raise OSError(ctypes.get_errno(), "capset")


@FILES.fault(
    "Quota exceeded",
    "`EDQUOT` where the content of a cell is moved into place: made up, as few file systems have quotas",
    quick=True,
)
def quota(ground: Ground) -> Seen:
    out = ground.begun(*LATE)

    def refuse() -> None:
        move = os.replace

        def replace(source: Any, target: Any) -> None:
            if Path(target).suffix == ".json":
                raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
            move(source, target)

        os.replace = replace

    return _refused(ground, out, ground.run(out, before=refuse))


@FILES.fault("Read-only file system", "a folder mounted read-only upon itself, later writable again")
def read_only(ground: Ground) -> Seen:
    out = ground.begun(*LATE)

    def task() -> Seen:
        mount("--bind", out, out)
        mount("-o", "remount,ro,bind", out)
        ended = ground.run(out)
        mount("-o", "remount,rw,bind", out)
        return _refused(ground, out, ended)

    return with_own_mounts(task)


@FILES.fault("Read-only from the middle of a run on", "the same, done in the middle of `scores-mdm`")
def read_only_later(ground: Ground) -> Seen:
    out = ground.begun("scores-mdm", *LATE)

    def make_read_only() -> None:
        mount("--bind", out, out)
        mount("-o", "remount,ro,bind", out)

    def task() -> Seen:
        ended = ground.run(out, before=acting("scores-mdm", make_read_only))
        mount("-o", "remount,rw,bind", out)
        # A claim that cannot be removed is void, as its process has ended.
        if ended.code != 3:
            raise Harm(str(ended))
        return ground.seen(out, ended)

    return with_own_mounts(task)


@FILES.fault("Folder without permission to write", "mode 555, without root's right to ignore it", quick=True)
def no_permission(ground: Ground) -> Seen:
    out = ground.begun(*LATE)
    folders = [path for path in (out, *out.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    ended = ground.run(out, before=_as_anybody)
    for folder in folders:
        folder.chmod(0o755)
    return _refused(ground, out, ended)


@FILES.fault("Folder removed under the run", "`--out` deleted in the middle of `sweep-mdm`")
def folder_removed(ground: Ground) -> Seen:
    out = ground.new()
    ended = ground.run(out, before=acting("sweep-mdm", lambda: shutil.rmtree(out)))
    return ground.seen(out, ended)


@FILES.fault(
    "Folder replaced by a file", "`--out` deleted in the middle of `sweep-mdm`, and a file of its name made"
)
def folder_replaced(ground: Ground) -> Seen:
    out = ground.begun("sweep-mdm", *LATE)

    def replace() -> None:
        shutil.rmtree(out)
        out.write_bytes(b"")

    ended = ground.run(out, before=acting("sweep-mdm", replace))
    out.unlink()
    return _refused(ground, out, ended)


def _damaged(ground: Ground, damage: Callable[[Path, Path], object], *names: str) -> Seen:
    """A whole run some of whose cells are damaged: content and seal are given."""
    out = ground.begun()
    for name in names:
        content, seal = sorted(files_of(out, name), key=lambda path: path.suffix == ".seal")
        damage(content, seal)
    ended = ground.run(out)
    return ground.seen(out, ended)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@FILES.fault("One bit of a cell flipped", "in the middle of the content of `comparison`", quick=True)
def bit_flipped(ground: Ground) -> Seen:
    return _damaged(ground, lambda content, seal: _flip(content), "comparison")


@FILES.fault("One bit of every cell flipped", "in the middle of each content, all in one folder")
def bits_flipped(ground: Ground) -> Seen:
    seen = _damaged(ground, lambda content, seal: _flip(content), *ground.cells)
    if seen.happened.count("is made again: its content is not what was written") != len(ground.cells):
        raise Harm(f"a damaged cell was not noticed: {seen.happened}")
    return Seen(f"{SAME}; of each cell: is made again: its content is not what was written")


@FILES.fault("Cells cut off", "contents of half their length, and of none")
def cut_off(ground: Ground) -> Seen:
    def cut(content: Path, seal: Path) -> None:
        whole = content.read_bytes()
        content.write_bytes(whole[: len(whole) // 2] if content.name.startswith("comparison") else b"")

    return _damaged(ground, cut, "comparison", "function")


@FILES.fault("Seal changed", "the seconds in the seal of `comparison`")
def seal_changed(ground: Ground) -> Seen:
    def change(content: Path, seal: Path) -> None:
        seal.write_text(seal.read_text().replace('"seconds": ', '"seconds": 1'))

    return _damaged(ground, change, "comparison")


@FILES.fault("Seal without content, content without seal", "one of the two files deleted")
def halves(ground: Ground) -> Seen:
    def lose(content: Path, seal: Path) -> None:
        (content if content.name.startswith("comparison") else seal).unlink()

    return _damaged(ground, lose, "comparison", "function")


@FILES.fault("Foreign cell", "content and seal of `effects-mdm` under the name of `effects-arm`", quick=True)
def foreign(ground: Ground) -> Seen:
    out = ground.begun()
    theirs = files_of(out, "effects-mdm")
    for own, other in zip(files_of(out, "effects-arm"), theirs, strict=True):
        shutil.copyfile(other, own)
    return ground.seen(out, ground.run(out))


@FILES.fault(
    "Foreign content under an own seal", "content alone of `effects-mdm` under the name of `effects-arm`"
)
def foreign_content(ground: Ground) -> Seen:
    out = ground.begun()
    shutil.copyfile(content_of(out, "effects-mdm"), content_of(out, "effects-arm"))
    return ground.seen(out, ground.run(out))


@FILES.fault(
    "Not a file under a cell's name", "a pipe, and a link to itself, in the place of contents", quick=True
)
def no_file(ground: Ground) -> Seen:
    def put(content: Path, seal: Path) -> None:
        content.unlink()
        if content.name.startswith("comparison"):
            os.mkfifo(content)
        else:
            content.symlink_to(content)

    return _damaged(ground, put, "comparison", "function")


@FILES.fault("Folder under a cell's name", "in the place of the content of `comparison`")
def folder_for_file(ground: Ground) -> Seen:
    out = ground.begun()
    content = content_of(out, "comparison")
    content.unlink()
    content.mkdir()
    ended = ground.run(out)
    if content.is_dir():
        content.rmdir()
    return ground.seen(out, ended)


@FILES.fault("Record cut off", "half of the record; afterwards: without that file", quick=True)
def record_cut(ground: Ground) -> Seen:
    out = ground.begun()
    record = out / record_of(ground.whole).name
    whole = record_of(ground.whole).read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    ended = ground.run(out)
    if record.read_bytes() != whole[: len(whole) // 2]:
        raise Harm("a file that may be another version's record was replaced")
    record.unlink()
    return ground.seen(out, ended)
