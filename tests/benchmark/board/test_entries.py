"""What a board finds of a submission: files, status, age; and what it does not take at its word."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from build.boards import a_submitted_record, write_manifest, write_submission
from build.records import an_environment
from mechshift.benchmark.board.board import read_board
from mechshift.benchmark.board.entries import Entry, Retired, read_submission
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.board.table import BoardView, board_table
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.pages.write import write_board
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.submission.attestation import (
    AttestedCell,
    attestation_path,
    make_attestation,
    sign,
)
from mechshift.errors import MechshiftError, NotComputable, UsageError

MADE = date(2026, 11, 29)
OVERLAP = next(each for each in pair_quantities() if each.name == "overlap_local")


@pytest.fixture(scope="module")
def record() -> Record:
    return a_submitted_record("tiny")


@pytest.fixture
def submission(tmp_path: Path, record: Record) -> Path:
    return write_submission(tmp_path / "board", record)


def read(submission: Path) -> Entry:
    found = read_submission(submission, submission.parent, OVERLAP)
    assert isinstance(found, Entry)
    return found


def test_an_entry_is_what_was_submitted(submission: Path, record: Record) -> None:
    entry = read(submission)
    assert (entry.name, entry.made, entry.status) == ("2026-11-29-tiny-v2", MADE, "self-reported")
    assert entry.record == record
    assert entry.draws is not None
    number = record.tasks[0].comparison.compared.edge.normalised
    assert isinstance(number, Number)
    assert number.draws is not None
    assert entry.draws["ioi/compared.edge.normalised"] == pytest.approx(number.draws, abs=1e-4)
    local = ("ioi", "induction", "agreement", "greater-than", "arithmetic")
    assert set(entry.draws) == {f"{task}/compared.edge.normalised" for task in local}


def test_an_archive_is_the_folder_that_was_packed(submission: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    shutil.make_archive(str(packed / submission.name), "zip", submission.parent, submission.name)
    (entry,) = read_board(packed).entries
    assert (entry.name, entry.record) == (submission.name, read(submission).record)


def test_a_status_is_found_and_not_claimed(submission: Path, record: Record, tmp_path: Path) -> None:
    assert read(submission).status == "self-reported"
    task = record.tasks[0]
    scores = task.cells["scores-arm"].model_dump() | {"deviation": 0.0, "tolerance": 1e-3, "circuits": 0.0}
    cells = [AttestedCell(task=task.task, name="scores-arm", **scores)]
    when = datetime(2026, 11, 30, tzinfo=UTC)
    attestation = make_attestation(submission, record, cells, "A", when, an_environment())
    path = attestation_path(submission.parent, submission.name)
    write_model(attestation, path)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    sign(path, tmp_path / "key")
    assert read(submission).status == "self-reported"
    (submission.parent / "allowed_signers").write_text(f"a@b.org {(tmp_path / 'key.pub').read_text()}")
    entry = read(submission)
    assert (entry.status, entry.extent) == ("re-run", "1 of 170 cells")
    row = make_board(submission.parent).fields(["status", "attested_cells", "model_cells"])
    assert row == [{"pair": "tiny", "status": "re-run", "attested_cells": 1, "model_cells": 170}]
    assert "1 of 170 cells" in board_table(submission.parent, BoardView(), "text", 200)
    assert "re-run, 1 of 170 cells" in board_page(make_board(submission.parent))
    write_manifest_anew(submission, "0.1.1")
    entry = read(submission)
    assert (entry.status, entry.refused) == (
        "self-reported",
        "its attestation does not count: the submission has changed since",
    )


def write_manifest_anew(submission: Path, version: str = "0.1.0") -> None:
    (submission / "manifest.json").unlink()
    write_manifest(submission)
    path = submission / "manifest.json"
    path.write_text(path.read_text().replace("0.1.0", version))


def append(name: str) -> Callable[[Path], None]:
    def change(submission: Path) -> None:
        with (submission / name).open("a") as file:
            file.write(" ")

    return change


def same_size(submission: Path) -> None:
    path = submission / "record.json"
    path.write_text(path.read_text().replace('"solved":570', '"solved":571'))


def extra(submission: Path) -> None:
    (submission / "extra.txt").write_text("")


def without(name: str) -> Callable[[Path], None]:
    return lambda submission: (submission / name).unlink()


def linked(submission: Path) -> None:
    (submission / "cells").symlink_to("/")


def piped(submission: Path) -> None:
    os.mkfifo(submission / "pipe")


def forged(submission: Path) -> None:
    """A summary better than its tasks, with everything else made to fit."""
    path = submission / "record.json"
    content = json.loads(path.read_text())
    content["summary"]["similarity"]["shift"] |= {"value": 0.9, "low": 0.8, "high": 1.0}
    path.write_text(json.dumps(content))
    write_manifest_anew(submission)


def claimed(submission: Path) -> None:
    path = submission / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "re-run"}))
    write_manifest_anew(submission)


def another_cell(submission: Path) -> None:
    content = json.loads((submission / "record.json").read_text())
    key = content["tasks"][0]["cells"]["scores-arm"]["key"]
    folder = submission / "cells" / "ioi"
    folder.mkdir(parents=True)
    (folder / f"scores-arm.{key}.safetensors").write_text("other scores")
    write_manifest_anew(submission)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (append("record.json"), "record.json is not what its manifest says"),
        (same_size, "record.json is not what its manifest says"),
        (append("draws.safetensors"), "draws.safetensors is not what its manifest says"),
        (extra, "extra.txt is not in its manifest"),
        (without("record.json"), "record.json is not in its folder"),
        (without("draws.safetensors"), "draws.safetensors is not in its folder"),
        (without("manifest.json"), "has no manifest"),
        (linked, "cells: it is a symbolic link"),
        (piped, "pipe: it is a FIFO"),
        (forged, "task_dependent_shift does not follow from the record's tasks"),
        (another_cell, "is not the cell that its record was made of"),
    ],
)
def test_what_contradicts_itself_is_refused(
    submission: Path, change: Callable[[Path], None], says: str
) -> None:
    change(submission)
    with pytest.raises(MechshiftError) as raised:
        read(submission)
    assert says in raised.value.problem
    assert submission.name in raised.value.problem
    assert "mechshift validate" in raised.value.remedy


@pytest.mark.parametrize("name", ["tiny-v2", "2026-02-30-tiny-v2"])
def test_a_submission_has_its_name(submission: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not named as a submission is"):
        read(submission.rename(submission.with_name(name)))


def test_no_status_can_be_claimed(submission: Path) -> None:
    claimed(submission)
    with pytest.raises(NotComputable, match="status: Extra inputs are not permitted"):
        read(submission)


def test_broken_draws_are_refused(submission: Path) -> None:
    (submission / "draws.safetensors").write_text("nothing")
    write_manifest_anew(submission)
    with pytest.raises(NotComputable, match=r"draws\.safetensors cannot be read"):
        read(submission)


def test_an_older_protocol_is_retired(tmp_path: Path, record: Record) -> None:
    tasks = tuple(
        task.model_copy(update={"version": task.version - (task.name == "ioi")}) for task in V2.tasks
    )
    old = record.model_copy(update={"protocol": V2.changed(version=0, tasks=tasks)})
    folder = write_submission(tmp_path, old, stem="old")
    write_submission(tmp_path, record)
    contents = read_board(tmp_path)
    assert [entry.name for entry in contents.entries] == ["2026-11-29-tiny-v2"]
    reason = "protocol v2 is now @3; ioi@1 is now @2"
    assert contents.retired == (Retired(folder.name, MADE, reason, "tiny", "v2@0"),)


def test_an_older_schema_is_retired(submission: Path) -> None:
    path = submission / "record.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"schema_version": 5}))
    write_manifest_anew(submission)
    found = read_submission(submission, submission.parent)
    assert isinstance(found, Retired)
    assert found.reason.startswith("its record has schema 5, and this version reads ")


def test_a_newer_schema_is_no_record(submission: Path) -> None:
    path = submission / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    write_manifest_anew(submission)
    with pytest.raises(
        NotComputable,
        match="a record of schema 99 under protocol v2@3, and this version of mechshift reads schema 7",
    ):
        read(submission)


def test_a_plain_record_is_no_submission(tmp_path: Path, record: Record) -> None:
    write_model(record, tmp_path / "tiny-v2.json")
    with pytest.raises(UsageError, match="is a record and no submission") as raised:
        read_board(tmp_path)
    assert "mechshift submit" in raised.value.remedy
    (entry,) = read_board(tmp_path, unofficial=True).entries
    assert (entry.status, entry.made, entry.name) == (None, None, "tiny-v2")
    assert "is a record and no submission" in str(entry.unofficial)


def test_unofficially_all_are_taken_with_the_reason(tmp_path: Path, record: Record) -> None:
    write_submission(tmp_path, record)
    write_submission(tmp_path, record, stem="twice")
    quick = a_submitted_record("quick").model_copy(update={"protocol": QUICK})
    write_model(quick, tmp_path / "quick.json")
    first, second, third = read_board(tmp_path, unofficial=True).entries
    assert first.unofficial is None
    assert "are records of the same pair, tiny" in str(second.unofficial)
    assert "has protocol quick, which no board takes" in str(third.unofficial)


def test_a_board_shows_the_card(submission: Path) -> None:
    path = submission / "card.toml"
    text = path.read_text().replace("none known", "trained on <b>alert(1)")
    path.write_text(text.replace("Ada Lovelace", "=Ada \\u001b[31m"))
    board = submission.parent
    names = ["authors", "contact", "declared_confounds", "card_problem"]
    (row,) = make_board(board).fields(names)
    assert row == {
        "pair": "tiny",
        "authors": "=Ada \x1b[31m",
        "contact": "ada@example.org",
        "declared_confounds": "trained on <b>alert(1)",
        "card_problem": None,
    }
    assert "'=Ada" in board_table(board, BoardView(columns=("authors",)), "csv")
    assert "\x1b" not in board_table(board, BoardView(columns=("authors",)), "text")
    assert "1 confound: card: trained on <b>alert(1)" in board_table(board, BoardView(), "text", 200)
    written = write_board(make_board(board), submission.parent.parent / "pages")
    for page in written:
        assert "card: trained on &lt;b&gt;alert(1)" in page.read_text()


def test_a_card_that_is_none_is_a_note(submission: Path) -> None:
    (submission / "card.toml").write_text("authors = 1")
    assert "its card is not valid: authors" in board_table(submission.parent, BoardView(), "text", 200)
    assert "its card is not valid: authors" in board_page(make_board(submission.parent))
