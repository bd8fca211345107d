"""Files are whole or not there, and what was there before stays."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mechshift import files
from mechshift.errors import OutputError
from mechshift.files import NOT_REGULAR, open_regular, read_text, replacing, write_text


@pytest.fixture
def _full_disk(full_after: Callable[[int], AbstractContextManager[None]]) -> Iterator[None]:
    with full_after(100):
        yield


def test_a_file_is_replaced_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "file.txt"
    write_text(path, "first")
    write_text(path, "zwölf Äpfel\n")
    assert path.read_bytes() == "zwölf Äpfel\n".encode()
    assert os.listdir(path.parent) == ["file.txt"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("ne")
        assert path.read_text() == "old"
        assert partial.parent == path.parent
        partial.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_in_between_leaves_the_old_file_alone(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as partial:
            partial.write_text("half of the n")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_have_the_users_permissions(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_text(tmp_path / "file.txt", "text")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file.txt").stat().st_mode) == 0o666 & ~umask


@pytest.mark.usefixtures("_full_disk")
def test_a_full_disk_is_an_output_error_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(OutputError, match=r"file\.txt cannot be written: File too large") as found:
        write_text(path, "new" * 100_000)
    assert "make room" in found.value.remedy
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


@pytest.mark.usefixtures("_full_disk")
def test_a_full_disk_when_tensors_are_written(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    with pytest.raises(OutputError, match=r"file\.safetensors cannot be written"), replacing(path) as partial:
        save_file({"scores": np.zeros(10_000)}, partial)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["tempfile.mkstemp", "os.replace"])
def test_a_folder_that_may_not_be_written_to(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = tmp_path / "file.txt"
    path.write_text("old")
    module, name = call.split(".")
    monkeypatch.setattr(getattr(files, module), name, refused)
    with pytest.raises(OutputError, match="cannot be written: Permission denied") as found:
        write_text(path, "new")
    assert found.value.exit_code == 3
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    for path in (tmp_path / "out" / "record.json", tmp_path / "out" / "cells" / "record.json"):
        with pytest.raises(OutputError, match=r"record\.json cannot be written"):
            write_text(path, "text")
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(OutputError, match=r"record\.json cannot be written"):
        write_text(tmp_path / "record.json", "text")
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes("zwölf Äpfel\r\n".encode())
    (tmp_path / "link.txt").symlink_to("file.txt")
    assert read_text(tmp_path / "link.txt") == "zwölf Äpfel\r\n"
    with open_regular(tmp_path / "file.txt") as file:
        assert file.read(2) == b"zw"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, number, reason in (
        (tmp_path / "pipe", errno.EINVAL, NOT_REGULAR),
        (Path("/dev/zero"), errno.EINVAL, NOT_REGULAR),
        (tmp_path, errno.EISDIR, "it is a folder"),
    ):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match=reason) as caught:
            read_text(path)
        assert (caught.value.errno, caught.value.strerror) == (number, reason)
        assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "bytes")


def test_a_name_is_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    """Whatever the temporary file beside it is called, and in letters of several bytes."""
    for name in ("n" * 255, "ü" * 127, "漢" * 85):
        write_text(tmp_path / name, "whole")
        assert (tmp_path / name).read_text(encoding="utf-8") == "whole"
    assert len(list(tmp_path.iterdir())) == 3
