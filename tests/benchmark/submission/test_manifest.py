"""The list of a submission's files: what is missing, more, or other than listed."""

import hashlib
import os
from pathlib import Path

import pytest

from mechshift.benchmark.submission.manifest import compare_with_folder, describe_files, list_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub" / "cells" / "ioi").mkdir(parents=True)
    for name in ("record.json", "cells/ioi/pool.json", "card.toml", "manifest.json"):
        (tmp_path / "sub" / name).write_text(f"this is {name}")
    return tmp_path / "sub"


def test_files_are_described(folder: Path) -> None:
    found = describe_files(folder)
    # The card goes on being written, and the manifest cannot list itself.
    assert list(found) == ["cells/ioi/pool.json", "record.json"]
    assert found["record.json"].bytes == len("this is record.json")
    assert found["record.json"].sha256 == hashlib.sha256(b"this is record.json").hexdigest()
    assert compare_with_folder(found, folder, list_files(folder)) == ()


def test_every_difference_is_named(folder: Path) -> None:
    listed = describe_files(folder)
    (folder / "record.json").write_text("this is rec0rd.json")
    (folder / "cells" / "ioi" / "pool.json").unlink()
    (folder / "more").write_text("")
    (folder / "card.toml").write_text("filled in")
    assert [path for path, _ in compare_with_folder(listed, folder, list_files(folder))] == [
        "cells/ioi/pool.json",
        "more",
        "record.json",
    ]
    (folder / "record.json").write_text("short")
    assert ("record.json", "it has 5 bytes, the manifest says 19") in compare_with_folder(
        listed, folder, list_files(folder)
    )


def test_links_and_pipes_are_not_followed(folder: Path, tmp_path: Path) -> None:
    listed = describe_files(folder)
    (tmp_path / "elsewhere").write_text("this is record.json")
    (folder / "record.json").unlink()
    (folder / "record.json").symlink_to(tmp_path / "elsewhere")
    (folder / "linked").symlink_to(tmp_path)
    pool = folder / "cells" / "ioi" / "pool.json"
    pool.unlink()
    os.mkfifo(pool)
    assert compare_with_folder(listed, folder, list_files(folder)) == (
        ("cells/ioi/pool.json", "it is no regular file"),
        ("linked", "it is not in the manifest"),
        ("record.json", "it is no regular file"),
    )
