"""A board is validated as a whole: folders, archives, attestations, and whether they can stand together."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mechshift
from build.submissions import SMALL, write_submission
from mechshift.benchmark.board.validation import is_board, validate_board
from mechshift.benchmark.record import protocol

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_submission(tmp_path_factory.mktemp("made"))


@pytest.fixture
def board(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    shutil.copytree(made, tmp_path / "board" / made.name)
    return tmp_path / "board"


def told(board: Path) -> list[tuple[str, str]]:
    return [(each.check, each.place) for each in validate_board(board)]


def test_a_board_is_told_from_a_submission(board: Path, made: Path, tmp_path: Path) -> None:
    assert is_board(board)
    assert not any(map(is_board, (board / made.name, tmp_path / "nowhere", board / made.name / "cells")))


def test_a_board_of_valid_submissions(board: Path) -> None:
    assert mechshift.validate(board) == ()


def test_faults_are_told_with_the_submission(board: Path, made: Path) -> None:
    (board / made.name / "draws.safetensors").unlink()
    assert ("files", f"{made.name}/draws.safetensors") in told(board)


def test_archives_are_looked_into(board: Path, made: Path) -> None:
    folder = board / made.name
    (folder / "card.toml").unlink()
    shutil.make_archive(str(folder), "zip", board, folder.name)
    shutil.rmtree(folder)
    assert told(board) == [("files", f"{made.name}.zip/card.toml")]
    (board / "2020-01-01-none-v2.zip").write_text("nothing")
    assert ("archive", "2020-01-01-none-v2.zip") in told(board)


def test_an_archive_is_called_as_the_folder_in_it(board: Path, made: Path) -> None:
    shutil.make_archive(str(board / "2026-11-30-small-v2"), "zip", board, made.name)
    shutil.rmtree(board / made.name)
    assert told(board) == [("archive", "2026-11-30-small-v2.zip")]


def test_attestations_that_do_not_count(board: Path, made: Path) -> None:
    folder = board / "attestations"
    folder.mkdir()
    for name in (made.name, "2020-01-01-none-v2"):
        (folder / f"{name}.json").write_text("{}")
    assert told(board) == [
        ("attestation", f"attestations/{made.name}.json"),
        ("attestation", "attestations/2020-01-01-none-v2.json"),
    ]


def test_a_pair_twice(board: Path, made: Path) -> None:
    again = board / "2026-11-30-small-v2"
    shutil.copytree(board / made.name, again)
    card = again / "card.toml"
    card.write_text(card.read_text().replace("2026-11-29", "2026-11-30"))
    (found,) = validate_board(board)
    assert (found.check, "records of the same pair" in found.problem) == ("board", True)


def test_a_board_is_not_run_again(board: Path, command: Command) -> None:
    done = command("validate", board, "--rerun", 2)
    assert (done.code, "--rerun is of one submission" in done.err) == (2, True)
