"""A zip archive is unpacked whole where nothing in it can do harm, and not at all where anything can."""

import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.benchmark.submission import archive
from mechshift.benchmark.submission.archive import opened
from mechshift.errors import NotComputable, UsageError

Pack = Callable[[zipfile.ZipFile], None]


def packed(folder: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "given.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def refusals(path: Path) -> set[str]:
    """What an archive is refused for; nothing of it is unpacked."""
    with opened(path) as (folder, findings):
        assert folder is None
    assert {each.check for each in findings} == {"archive"}
    return {each.problem for each in findings}


def test_an_archive_of_files_is_unpacked_and_taken_away_again(tmp_path: Path) -> None:
    path = packed(tmp_path, ("record.json", b"{}"), ("cells/ioi/a.json", b"abc" * 50))
    with opened(path) as (folder, findings):
        assert findings == ()
        assert folder is not None
        assert (folder / "record.json").read_bytes() == b"{}"
        assert (folder / "cells" / "ioi" / "a.json").read_bytes() == b"abc" * 50
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_of_a_folder_gives_that_folder(tmp_path: Path) -> None:
    path = packed(tmp_path, ("tiny/", b""), ("tiny/record.json", b"{}"), ("tiny/cells/ioi/a.json", b""))
    with opened(path) as (folder, findings):
        assert findings == ()
        assert folder is not None
        assert folder.name == "tiny"
        assert (folder / "record.json").read_bytes() == b"{}"


def test_a_folder_is_given_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path) as (folder, findings):
        assert (folder, findings) == (tmp_path, ())


def test_nothing_at_the_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"), opened(tmp_path / "nowhere.zip"):
        pass


NAMES = {
    "/etc/passwd": "its name is an absolute path",
    "C:/a": "its name is an absolute path",
    "../a": "its name leads to another folder",
    "a/../../b": "its name leads to another folder",
    "./a": "its name leads to another folder",
    "a//b": "its name leads to another folder",
    "..\\a": "its name has a backslash or a colon",
    "a:b": "its name has a backslash or a colon",
    "a\x1b[2J": "its name has characters that are not printable",
    "a\nb": "its name has characters that are not printable",
    "a\u202eb": "its name has characters that are not printable",
    "record.json.": "a part of its name ends in a dot or a space",
    "cells /a": "a part of its name ends in a dot or a space",
    "a/b/c/d/e/f": "it is deeper than the 3 folders of a submission",
    "x" * 300: "a part of its name has more than 255 bytes",
    "inner.zip": "it is an archive in the archive",
    "inner.tar.gz": "it is an archive in the archive",
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_can_do_harm(name: str, tmp_path: Path) -> None:
    assert NAMES[name] in refusals(packed(tmp_path, ("record.json", b""), (name, b"")))
    assert {entry.name for entry in tmp_path.iterdir()} == {"given.zip"}


def test_a_name_of_many_folders_is_refused_at_once(tmp_path: Path) -> None:
    deep = [(f"{number}{'/a' * 32_000}", b"") for number in range(3)]
    path = packed(tmp_path, *deep)
    start = time.process_time()
    assert refusals(path) == {"it is deeper than the 3 folders of a submission"}
    assert time.process_time() - start < 2


def test_a_name_with_a_nul_is_not_read_to_there(tmp_path: Path) -> None:
    path = packed(tmp_path, ("record.jsonXevil", b""))
    path.write_bytes(path.read_bytes().replace(b"record.jsonXevil", b"record.json\0evil"))
    assert "its name has characters that are not printable" in refusals(path)


def test_a_member_without_a_name(tmp_path: Path) -> None:
    """As zipfile finds one whose name begins with a NUL."""
    path = packed(tmp_path, ("Xevil", b"1"))
    path.write_bytes(path.read_bytes().replace(b"Xevil", b"\0evil"))
    assert refusals(path) == {"its name has characters that are not printable"}


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("a", "A"), "its name differs only in case from another"),
        (("\u00e9", "e\u0301"), "its name differs only in case from another"),
        (("a", "a/b"), "one of its folders is a file"),
        (("A/b", "a"), "one of its folders is a file"),
    ],
)
def test_names_that_collide(names: tuple[str, str], reason: str, tmp_path: Path) -> None:
    assert refusals(packed(tmp_path, *((name, b"") for name in names))) == {reason}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(tmp_path: Path) -> None:
    assert refusals(packed(tmp_path, ("a", b"1"), ("a", b"2"))) == {"its name is there twice"}


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFLNK, "it is a symbolic link"),
        (stat.S_IFIFO, "it is a device, a FIFO or a socket"),
        (stat.S_IFCHR, "it is a device, a FIFO or a socket"),
        (stat.S_IFSOCK, "it is a device, a FIFO or a socket"),
    ],
)
def test_a_member_that_is_no_file(mode: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as file:
        entry = zipfile.ZipInfo("record.json")
        entry.external_attr = (mode | 0o644) << 16
        file.writestr(entry, "/etc/passwd")
    assert refusals(path) == {reason}


def changed(path: Path, signature: bytes, offset: int, value: bytes) -> Path:
    """Write other bytes into the first structure of that signature."""
    content = bytearray(path.read_bytes())
    place = content.index(signature) + offset
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def test_encrypted_members(tmp_path: Path) -> None:
    path = changed(packed(tmp_path, ("a", b"1")), CENTRAL, 8, b"\x01\0")
    assert refusals(path) == {"it is encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(method: int, tmp_path: Path) -> None:
    (reason,) = refusals(packed(tmp_path, ("a", b"1" * 100), method=method))
    assert reason == f"it is packed by method {method}, not stored or deflated"


def test_a_run_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"\0" * 2**24))
    (reason,) = refusals(path)
    assert reason.endswith("bytes are said to unpack to 16,777,216")


def test_more_bytes_than_a_submission_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 99)
    (reason,) = refusals(packed(tmp_path, ("a", bytes(50)), ("b", bytes(50))))
    assert "its members have" in reason


def test_a_size_that_is_a_lie(tmp_path: Path) -> None:
    """The directory says that little is unpacked, and much is."""
    path = packed(tmp_path, ("a", b"\0" * 2**24))
    (reason,) = refusals(changed(path, CENTRAL, 24, struct.pack("<L", 10)))
    assert reason.startswith("it cannot be unpacked")
    (reason,) = refusals(changed(path, CENTRAL, 16, struct.pack("<L", zlib.crc32(bytes(10)))))
    assert reason.startswith("it cannot be unpacked")


def test_a_size_larger_than_the_content(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"abc"))
    (reason,) = refusals(changed(path, CENTRAL, 24, struct.pack("<L", 100)))
    assert reason.startswith("it cannot be unpacked")


def test_content_that_was_changed(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"abcdef"), method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"abcdeg"))
    (reason,) = refusals(path)
    assert "Bad CRC" in reason


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    """As in a bomb of overlapping members: each header is within the content of the one before."""
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a", b"1" * 200)
        file.writestr("b", b"1" * 200)
        file.filelist[1].header_offset = file.filelist[0].header_offset
    assert "its bytes overlap with those that follow" in refusals(path)


def test_another_name_in_the_directory_than_at_the_member(tmp_path: Path) -> None:
    (reason,) = refusals(changed(packed(tmp_path, ("abc", b"1")), LOCAL, 30, b"xyz"))
    assert reason.startswith("it cannot be unpacked")


def test_too_many_members(tmp_path: Path) -> None:
    path = packed(tmp_path, *((str(number), b"") for number in range(2001)))
    with pytest.raises(NotComputable, match="more members than the 2,000"), opened(path):
        pass
    # Also where the number is a lie and the directory is small.
    content = bytearray(path.read_bytes())
    content[-14:-10] = struct.pack("<2H", 1, 1)
    path.write_bytes(content)
    assert refusals(path) == {"it has 2,001 members, a submission at most 2,000"}


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0",
        lambda content: b"",
        lambda content: b"PK\x05\x06",
        lambda content: b"{}" * 100,
        lambda content: content[:-2] + b"\x05\0hello",
    ],
    ids=["cut", "half", "more", "empty", "only the end", "JSON", "a comment"],
)
def test_what_is_no_whole_archive(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"1" * 100))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(NotComputable, match="neither a folder nor a whole zip archive"), opened(path):
        pass


def test_a_directory_of_any_size_is_not_read(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"1"))
    content = bytearray(path.read_bytes())
    content[-10:-6] = struct.pack("<L", 2**31)
    path.write_bytes(content)
    with pytest.raises(NotComputable, match="more members"), opened(path):
        pass


def test_a_directory_that_lies_elsewhere(tmp_path: Path) -> None:
    path = packed(tmp_path, ("a", b"1"))
    content = bytearray(path.read_bytes())
    content[-6:-2] = struct.pack("<L", 2**31)
    path.write_bytes(content)
    (reason,) = refusals(path)
    assert reason.startswith("it cannot be unpacked")


def test_large_archives_have_another_directory(tmp_path: Path) -> None:
    """Of zip64 zipfile reads a directory that the end at hand does not tell of."""
    path = packed(tmp_path, ("a", b"1"))
    content = path.read_bytes()
    path.write_bytes(content[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + content[-22:])
    with pytest.raises(NotComputable, match="more members"), opened(path):
        pass


def test_every_fault_is_told(tmp_path: Path) -> None:
    found = refusals(packed(tmp_path, ("../a", b""), ("b.zip", b""), ("c\x07", b"")))
    assert len(found) == 3
