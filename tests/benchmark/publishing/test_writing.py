"""The files of an export are written all together, and nothing of others is lost."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mechshift.benchmark.publishing.writing import write_together
from mechshift.errors import OutputError, UsageError

FILES = {"a/one.txt": b"one", "two.txt": b"two"}


def test_files_are_written_below_the_folder_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("kept")
    assert write_together(tmp_path, FILES) == (tmp_path / "a" / "one.txt", tmp_path / "two.txt")
    assert (tmp_path / "a" / "one.txt").read_bytes() == b"one"
    assert (tmp_path / "other.txt").read_text() == "kept"


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    first, _ = write_together(tmp_path, FILES)
    before = first.stat().st_ino
    write_together(tmp_path, FILES)
    assert first.stat().st_ino == before


def test_a_file_that_differs_is_kept_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"two\.txt already exists and differs"):
        write_together(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["two.txt"]
    assert (tmp_path / "two.txt").read_text() == "mine"


def test_a_file_that_differs_is_replaced_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("mine")
    write_together(tmp_path, FILES, overwrite=True)
    assert (tmp_path / "two.txt").read_bytes() == b"two"


def test_a_full_disk_leaves_no_file(
    tmp_path: Path, full_after: Callable[[int], AbstractContextManager[None]]
) -> None:
    large = {"small.txt": b"one", "large.txt": b"x" * 5000}
    with full_after(1000), pytest.raises(OutputError, match=r"large\.txt cannot be written"):
        write_together(tmp_path, large)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_a_files_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "two.txt").mkdir()
    with pytest.raises(OutputError, match=r"two\.txt cannot be written: it is a folder"):
        write_together(tmp_path, FILES)
