"""Only regular files of a folder are found; what else is there is told and never opened."""

import os
import socket
from pathlib import Path

import pytest

from mechshift.benchmark.submission import tree
from mechshift.benchmark.submission.tree import MOST_FOLDERS, read_tree


def test_files_by_path_with_their_sizes(tmp_path: Path) -> None:
    (tmp_path / "cells" / "ioi").mkdir(parents=True)
    (tmp_path / "record.json").write_text("{}")
    (tmp_path / "cells" / "ioi" / "pool.json").write_text("abc")
    found = read_tree(tmp_path)
    assert found.files == {"cells/ioi/pool.json": 3, "record.json": 2}
    assert (found.findings, found.complete) == ((), True)


def test_what_is_no_regular_file_is_told_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("{}")
    place = tmp_path / "place"
    place.mkdir()
    (place / "file").symlink_to(outside / "secret.json")
    (place / "folder").symlink_to(outside)
    (place / "nowhere").symlink_to("nowhere")
    (place / "circle").symlink_to(place)
    os.mkfifo(place / "pipe")
    monkeypatch.chdir(place)  # the path of a socket can only be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        found = read_tree(place)
    assert found.files == {}
    assert sorted((each.place, each.problem) for each in found.findings) == [
        ("circle", "it is a symbolic link"),
        ("file", "it is a symbolic link"),
        ("folder", "it is a symbolic link"),
        ("nowhere", "it is a symbolic link"),
        ("pipe", "it is a FIFO"),
        ("socket", "it is a socket"),
    ]


def test_a_device_is_told() -> None:
    found = read_tree(Path("/dev"))
    assert "it is a device" in {each.problem for each in found.findings}
    assert "null" not in found.files


def test_deep_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "a/b/c/d/e").mkdir(parents=True)
    (tmp_path / "a/b/c/d/e/file").write_text("")
    (tmp_path / "a/b/c/file").write_text("")
    found = read_tree(tmp_path)
    assert list(found.files) == ["a/b/c/file"]
    assert [(each.place, each.problem) for each in found.findings] == [
        ("a/b/c/d", "it is deeper than the 3 folders of a submission")
    ]


@pytest.mark.parametrize(("name", "limit"), [("MOST_FILES", 4), ("MOST_BYTES", 14)])
def test_it_ends_where_there_is_more_than_a_submission_has(
    name: str, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        (tmp_path / str(number)).write_text("abc")
    monkeypatch.setattr(tree, name, limit)
    found = read_tree(tmp_path)
    assert not found.complete
    assert len(found.files) == 5
    assert "a submission has at most" in found.findings[-1].problem


def test_empty_folders_are_counted_too(tmp_path: Path) -> None:
    for number in range(MOST_FOLDERS + 5):
        (tmp_path / f"{number}").mkdir()
    found = read_tree(tmp_path)
    assert not found.complete
    (finding,) = found.findings
    assert finding.problem == "a submission has at most 200 folders, and here are more"
