"""What an attestation needs is asked for first, and a board has both its files or neither."""

import subprocess
from pathlib import Path

import pytest

from build.boards import a_submitted_record, write_submission
from build.records import an_environment
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.submission.attestation import AttestedCell, digests_of, found_status
from mechshift.benchmark.submission.attesting import prepare_attestation, write_attestation
from mechshift.errors import NotComputable, UsageError


@pytest.fixture(scope="module")
def record() -> Record:
    return a_submitted_record("tiny")


@pytest.fixture
def submission(tmp_path: Path, record: Record) -> Path:
    return write_submission(tmp_path / "board", record)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def cells(record: Record) -> list[AttestedCell]:
    cell = record.tasks[0].cells["scores-arm"]
    about = {"deviation": 0.0, "tolerance": 1e-3, "circuits": 0.0}
    return [AttestedCell(task=record.tasks[0].task, name="scores-arm", **cell.model_dump(), **about)]


def listed(board: Path) -> list[str]:
    folder = board / "attestations"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_is_written_counts(submission: Path, record: Record, key: Path) -> None:
    board = submission.parent
    (board / "allowed_signers").write_text(f"a@b.org {key.with_suffix('.pub').read_text()}")
    # A second time too, over what the first has written.
    for by in ("Grace", "Ada"):
        asked = prepare_attestation(submission, board, by, key)
        path = write_attestation(asked, record, cells(record), an_environment())
        assert listed(board) == [path.name, f"{path.name}.sig"]
        assert found_status(submission.name, digests_of(submission), record, board).status == "re-run"
    # Without a key no signature of another attestation stays.
    write_attestation(
        prepare_attestation(submission, board, "Ada", None), record, cells(record), an_environment()
    )
    assert listed(board) == [path.name]


def test_where_signing_fails_nothing_is_written(submission: Path, record: Record, tmp_path: Path) -> None:
    (tmp_path / "no-key").write_text("nothing")
    asked = prepare_attestation(submission, submission.parent, "Grace", tmp_path / "no-key")
    with pytest.raises(NotComputable, match="does not sign"):
        write_attestation(asked, record, cells(record), an_environment())
    assert listed(submission.parent) == []


@pytest.mark.parametrize("name", ["manifest.json", "record.json", "card.toml"])
def test_what_changed_meanwhile_is_not_attested(submission: Path, record: Record, name: str) -> None:
    asked = prepare_attestation(submission, submission.parent, "Grace", None)
    with (submission / name).open("a") as file:
        file.write(" ")
    with pytest.raises(NotComputable, match="has changed since it was checked"):
        write_attestation(asked, record, cells(record), an_environment())
    assert listed(submission.parent) == []


@pytest.mark.parametrize("by", ["", " ", "a\nb", "a\rb", "a\x1b[1mb", "a" * 201])
def test_who_attests_has_a_name(submission: Path, by: str) -> None:
    with pytest.raises(UsageError, match="is no name of who attests"):
        prepare_attestation(submission, submission.parent, by, None)


def test_board_key_and_submission_are_there(submission: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no board"):
        prepare_attestation(submission, tmp_path / "nowhere", "Grace", None)
    with pytest.raises(UsageError, match="there is no key"):
        prepare_attestation(submission, submission.parent, "Grace", tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is no folder"):
        prepare_attestation(tmp_path / "packed.zip", submission.parent, "Grace", None)
    (submission.parent / "attestations").write_text("")
    with pytest.raises(UsageError, match="is no board"):
        prepare_attestation(submission, submission.parent, "Grace", None)
    (submission / "card.toml").unlink()
    (submission.parent / "attestations").unlink()
    with pytest.raises(NotComputable, match=r"has no card\.toml"):
        prepare_attestation(submission, submission.parent, "Grace", None)
