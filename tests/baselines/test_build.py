"""Building the board from runs says which pairs have none."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mechshift.baselines.family import __main__ as command
from mechshift.baselines.family import build
from mechshift.baselines.structure.roster import PAIRS
from mechshift.errors import UsageError


def test_a_folder_without_any_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run of a reference pair"):
        list(build.build_submissions(tmp_path, tmp_path / "board"))


def test_pairs_without_a_run_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    (runs / PAIRS[1]).mkdir(parents=True)
    monkeypatch.setattr(build, "submit", lambda run, board, request: SimpleNamespace(path=run))
    monkeypatch.setattr(command, "build_pages", lambda board, pages: [])
    given = ["family", "--runs", str(runs), "--board", str(tmp_path), "--pages", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", given)
    command.main()
    told = capsys.readouterr()
    assert told.out == f"{runs / PAIRS[1]}\n"
    assert told.err.startswith("mechshift: left out, as they have no run: ")
    assert set(told.err.strip().partition("run: ")[2].split(", ")) == {*PAIRS} - {PAIRS[1]}
