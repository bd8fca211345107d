"""An attestation counts for the files that it is of, and only with a signature that the board asks for."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from build.records import a_record, an_environment
from mechshift.benchmark.record.files import as_bytes
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.submission.attestation import (
    Attestation,
    AttestedCell,
    Standing,
    attestation_path,
    check_signature,
    digests_of,
    found_status,
    make_attestation,
    sign,
)
from mechshift.errors import NotComputable, UsageError

NAME = "2026-11-29-tiny-v2"
CELLS = 10 * (3 + 2 * 7)
"""Of ten tasks pool, prompts and other reads, and five cells of either member."""
RE_RUN = Standing("re-run", None, 2, CELLS)
WHEN = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Board:
    """A board with one submission, whose files are as small as can be."""

    folder: Path
    record: Record

    @property
    def submission(self) -> Path:
        return self.folder / NAME

    def attest(self, **changes: Any) -> Path:
        path = attestation_path(self.folder, NAME)
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.attestation(**changes))
        return path

    def attestation(self, **changes: Any) -> str:
        made = make_attestation(
            self.submission,
            self.record,
            cells(self.record),
            "A. Maintainer",
            WHEN,
            an_environment(),
        )
        return json.dumps(json.loads(made.model_dump_json()) | changes)

    def status(self) -> Standing:
        return found_status(NAME, digests_of(self.submission), self.record, self.folder)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    record = a_record()
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "record.json").write_bytes(as_bytes(record))
    (folder / "manifest.json").write_text("{}")
    (folder / "card.toml").write_text("contact = 'ada@example.org'")
    return Board(tmp_path, record)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two throw-away keys without a passphrase."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("maintainer", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder / "maintainer", folder / "stranger"


def cells(record: Record, *names: str) -> tuple[AttestedCell, ...]:
    task = record.tasks[0]
    return tuple(
        AttestedCell(
            task=task.task,
            name=name,
            key=task.cells[name].key,
            digest=task.cells[name].digest,
            deviation=2e-6,
            tolerance=1e-4,
            circuits=None if name in ("pool", "comparison") else 0.01,
        )
        for name in names or ("scores-arm", "scores-mdm")
    )


def allow(board: Board, key: Path, options: str = "") -> None:
    public = key.with_suffix(".pub").read_text()
    (board.folder / "allowed_signers").write_text(f"maintainer@example.com {options} {public}")


def test_an_attestation_holds_the_digests_of_the_files(board: Board) -> None:
    made = Attestation.model_validate_json(board.attestation())
    assert made.submission == NAME
    assert made.manifest == sha256(b"{}")
    assert made.record == sha256(as_bytes(board.record))
    assert made.card == sha256(b"contact = 'ada@example.org'")
    assert (made.by, made.when, made.cells[0].deviation) == ("A. Maintainer", WHEN, 2e-6)


def test_without_an_attestation_a_submission_is_self_reported(board: Board) -> None:
    assert board.status() == Standing("self-reported", cells=CELLS)


def test_a_valid_one_makes_it_re_run(board: Board, keys: tuple[Path, Path]) -> None:
    allow(board, keys[0])
    sign(board.attest(), keys[0])
    assert board.status() == RE_RUN


def test_cells_that_are_named_twice_count_once(board: Board, keys: tuple[Path, Path]) -> None:
    allow(board, keys[0])
    sign(board.attest(cells=[cell.model_dump() for cell in cells(board.record) * 3]), keys[0])
    assert board.status() == RE_RUN


def test_a_board_without_keys_trusts_nobody(board: Board, keys: tuple[Path, Path]) -> None:
    sign(board.attest(), keys[0])
    found = board.status()
    assert (found.status, found.attested) == ("self-reported", 0)
    assert found.refused == "its attestation does not count: the board has no allowed_signers"


def test_an_attestation_inside_a_submission_says_nothing(board: Board) -> None:
    folder = board.submission / "attestations"
    folder.mkdir()
    (folder / f"{NAME}.json").write_text(board.attestation())
    assert board.status().refused is None
    assert board.status().status == "self-reported"


@pytest.mark.parametrize("file", ["manifest.json", "record.json", "card.toml"])
def test_it_is_of_these_very_files(board: Board, file: str) -> None:
    board.attest()
    with (board.submission / file).open("a") as changed:
        changed.write(" ")
    assert board.status().status == "self-reported"
    assert "has changed since" in str(board.status().refused)


def other_digest(board: Board) -> list[dict[str, Any]]:
    first, second = (cell.model_dump() for cell in cells(board.record))
    return [first, second | {"digest": "0" * 64}]


def far_apart(board: Board) -> list[dict[str, Any]]:
    first, second = (cell.model_dump() for cell in cells(board.record))
    return [first, second | {"deviation": 0.1}]


def generous(board: Board) -> list[dict[str, Any]]:
    first, second = (cell.model_dump() for cell in cells(board.record))
    return [first, second | {"tolerance": 0.2}]


def reordered(board: Board) -> list[dict[str, Any]]:
    first, second = (cell.model_dump() for cell in cells(board.record))
    return [first, second | {"circuits": 0.1}]


def untold(board: Board) -> list[dict[str, Any]]:
    first, second = (cell.model_dump() for cell in cells(board.record))
    return [first, second | {"circuits": None}]


def of_no_model(board: Board) -> list[dict[str, Any]]:
    return [cell.model_dump() for cell in cells(board.record, "scores-arm", "comparison")]


def of_the_pool(board: Board) -> list[dict[str, Any]]:
    return [cell.model_dump() for cell in cells(board.record, "pool")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"submission": "2026-11-29-other-v2"}, "it is of 2026-11-29-other-v2"),
        ({"cells": []}, "cells: "),
        ({"cells": other_digest}, "ioi/scores-mdm is not a cell of the record that models ran for"),
        ({"cells": far_apart}, "is above the tolerance"),
        ({"cells": generous}, "ioi/scores-mdm tolerates 0.2, and hardware explains 0.001"),
        ({"cells": reordered}, "the circuits of ioi/scores-mdm deviate by 0.1, at most 0.02"),
        ({"cells": untold}, "ioi/scores-mdm does not say how far its circuits deviate"),
        ({"cells": of_no_model}, "ioi/comparison is not a cell of the record that models ran for"),
        ({"cells": of_the_pool}, "only pools and prompts were run again"),
        ({"when": "2026-11-30T12:00:00"}, "when: "),
        ({"extra": 1}, "extra: "),
        ({"manifest": "0"}, "manifest: "),
    ],
)
def test_one_that_is_not_as_it_should_be_does_not_count(
    board: Board, changes: dict[str, Any], reason: str
) -> None:
    board.attest(**{name: of(board) if callable(of) else of for name, of in changes.items()})
    found = board.status()
    assert found.status == "self-reported"
    assert reason in str(found.refused)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "\udcff", '{"when": NaN}'])
def test_no_content_is_a_traceback(board: Board, content: str) -> None:
    board.attest().write_bytes(content.encode("utf-8", "surrogateescape"))
    assert board.status().refused is not None


def test_a_pipe_is_not_waited_for(board: Board) -> None:
    path = board.attest()
    path.unlink()
    os.mkfifo(path)
    assert board.status().refused is not None


def test_only_cells_of_the_record_are_attested(board: Board) -> None:
    stray = cells(board.record)[0].model_copy(update={"name": "elsewhere"})
    for run, problem in (((), "no cell was run again"), ((stray,), "ioi/elsewhere is not a cell")):
        with pytest.raises(NotComputable, match=problem):
            make_attestation(board.submission, board.record, run, "A", WHEN, an_environment())


def test_a_signature_is_asked_for_where_keys_are_listed(board: Board, keys: tuple[Path, Path]) -> None:
    path = board.attest()
    allow(board, keys[0])
    assert "it is not signed" in str(board.status().refused)
    assert sign(path, keys[0]) == path.with_name(f"{NAME}.json.sig")
    assert board.status() == RE_RUN


def test_a_strangers_signature_does_not_count(board: Board, keys: tuple[Path, Path]) -> None:
    allow(board, keys[0])
    sign(board.attest(), keys[1])
    assert "no key of allowed_signers has signed it" in str(board.status().refused)


def test_a_signature_is_of_these_bytes(board: Board, keys: tuple[Path, Path]) -> None:
    path = board.attest()
    allow(board, keys[0])
    sign(path, keys[0])
    board.attest(by="Somebody Else")
    assert "no key of allowed_signers has signed it" in str(board.status().refused)


def test_signing_again_replaces_the_signature(board: Board, keys: tuple[Path, Path]) -> None:
    path = board.attest()
    allow(board, keys[0])
    sign(path, keys[1])
    sign(path, keys[0])
    assert board.status() == RE_RUN


def test_a_signature_for_something_else_does_not_count(board: Board, keys: tuple[Path, Path]) -> None:
    path = board.attest()
    allow(board, keys[0])
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", keys[0], "-n", "git", path], check=True, capture_output=True
    )
    assert "no key of allowed_signers" in str(board.status().refused)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ('namespaces="mechshift"', "re-run"),
        ('namespaces="git"', "self-reported"),
        ('valid-before="20200101"', "self-reported"),
    ],
)
def test_a_key_counts_for_what_it_is_listed_for(
    board: Board, keys: tuple[Path, Path], options: str, status: str
) -> None:
    allow(board, keys[0], options)
    sign(board.attest(), keys[0])
    assert board.status().status == status


def test_any_of_several_keys_will_do(board: Board, keys: tuple[Path, Path]) -> None:
    lines = [
        f"{name},{name}@example.com {key.with_suffix('.pub').read_text()}"
        for name, key in zip("ab", keys, strict=True)
    ]
    (board.folder / "allowed_signers").write_text("".join(lines))
    path = board.attest()
    for key in keys:
        sign(path, key)
        assert board.status() == RE_RUN


@pytest.mark.parametrize("content", ["", "\x00\xff", "not a list of keys\n"])
def test_a_list_without_keys_trusts_nobody(board: Board, keys: tuple[Path, Path], content: str) -> None:
    (board.folder / "allowed_signers").write_text(content)
    sign(board.attest(), keys[0])
    assert board.status().status == "self-reported"


def test_a_list_that_is_no_file_trusts_nobody(board: Board, keys: tuple[Path, Path]) -> None:
    (board.folder / "allowed_signers").symlink_to("nowhere")
    sign(board.attest(), keys[0])
    assert "cannot be checked" in str(board.status().refused)


def test_without_ssh_keygen_no_signature_counts(
    board: Board, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = board.attest()
    allow(board, keys[0])
    sign(path, keys[0])
    monkeypatch.setenv("PATH", str(board.submission))
    assert check_signature(path, board.folder / "allowed_signers") == (
        "its signature cannot be checked: ssh-keygen is not installed"
    )
    with pytest.raises(NotComputable, match="ssh-keygen is not installed"):
        sign(path, keys[0])


def test_signing_needs_a_key(board: Board, tmp_path: Path) -> None:
    path = board.attest()
    with pytest.raises(UsageError, match="there is no key"):
        sign(path, tmp_path / "nowhere")
    (tmp_path / "no-key").write_text("nothing")
    with pytest.raises(NotComputable, match="does not sign"):
        sign(path, tmp_path / "no-key")
