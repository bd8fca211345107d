"""Building the board and the kept records from runs says which pairs have none."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from build.records import a_pair, a_record
from mechshift.baselines.family import __main__ as command
from mechshift.baselines.family import build
from mechshift.baselines.structure.kept import kept_record
from mechshift.baselines.structure.roster import PAIRS
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.record import Record
from mechshift.errors import UsageError


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Records of the pairs that are on the board."""
    for pair in build.ON_BOARD:
        write_model(a_record(pair=a_pair(pair)), build.record_of(tmp_path / "runs", pair))
    return tmp_path / "runs"


def test_a_folder_without_the_runs_of_the_board_is_refused(tmp_path: Path, runs: Path) -> None:
    with pytest.raises(UsageError, match="no run of tiny and tiny-continued"):
        list(build.build_submissions(tmp_path / "nothing", tmp_path / "board"))
    build.record_of(runs, "tiny-continued").unlink()
    with pytest.raises(UsageError, match="no run of tiny-continued"):
        list(build.build_submissions(runs, tmp_path / "board"))


def test_pairs_without_a_run_are_named(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "submit", lambda run, board, request: SimpleNamespace(path=run))
    reference = tmp_path / "reference"
    given = ["family", "--runs", str(runs), "--board", str(tmp_path), "--reference", str(reference)]
    monkeypatch.setattr(sys, "argv", given)
    command.main()
    told = capsys.readouterr()
    records = [reference / "tiny" / "record.json", reference / "tiny-continued" / "record.json.gz"]
    assert told.out.splitlines() == [str(runs / pair) for pair in build.ON_BOARD] + list(map(str, records))
    assert told.err.startswith("mechshift: left out, as they have no run: ")
    assert set(told.err.strip().partition("run: ")[2].split(", ")) == {*PAIRS} - {*build.ON_BOARD}


def test_a_kept_record_is_the_runs_and_the_same_bytes_whenever_it_is_written(
    tmp_path: Path, runs: Path
) -> None:
    first, second = (list(build.build_records(runs, tmp_path / name)) for name in ("one", "two"))
    for pair, one, other in zip(build.ON_BOARD, first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert kept_record(tmp_path / "one" / pair) == one
        assert read_model(one, Record) == a_record(pair=a_pair(pair))
    assert kept_record(tmp_path / "one" / "tiny-scratch") is None
