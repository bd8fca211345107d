"""`mechshift leaderboard`: order, data, and records that no board takes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.boards import Truth, a_submitted_record, write_submission
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.record import Record

Command = Callable[..., Any]
MakeRecord = Callable[..., Record]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Three submissions, one of which has no shift."""
    folder = tmp_path / "board"
    for name, truth in (("low", Truth(0.7, 0.6)), ("high", Truth(0.7, 0.3)), ("none", Truth())):
        write_submission(folder, a_submitted_record(name, truth, missing=["sudoku"] * (name == "none")))
    return folder


def pairs(command: Command, *arguments: object) -> list[str]:
    done = command("leaderboard", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return [row["pair"] for row in json.loads(done.out)]


def test_json_has_the_rows_in_their_order(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--json")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert [(row["pair"], row["rank"]) for row in rows] == [("high", 1), ("low", 2), ("none", None)]
    assert rows[2]["task_dependent_shift"] is None
    assert rows[2]["task_dependent_shift_missing"] == "the ceiling does not exceed the floor"
    assert [row["unofficial"] for row in rows] == [None] * 3
    assert [row["status"] for row in rows] == ["self-reported"] * 3


def test_rows_are_sorted_by_the_named_column(command: Command, board: Path) -> None:
    assert pairs(command, board, "--sort", "pair") == ["high", "low", "none"]
    assert pairs(command, board, "--sort", "task_dependent_shift") == ["high", "low", "none"]
    assert pairs(command, board, "--ascending") == ["low", "high", "none"]
    done = command("leaderboard", board, "--sort", "overlap")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "mechshift: unknown column 'overlap'\ndid you mean overlap_shift or overlap_local"
    )


def test_columns_are_chosen(command: Command, board: Path) -> None:
    rows = json.loads(command("leaderboard", board, "--columns", "rank, date", "--json").out)
    assert rows[0] == {"pair": "high", "rank": 1, "date": "2026-11-29"}
    done = command("leaderboard", board, "--columns", "date,overlaps")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("mechshift: unknown column 'overlaps'\ndid you mean overlap")


def test_json_and_a_format_contradict_each_other(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--json", "--format", "latex")
    assert (done.code, done.out) == (2, "")
    assert "--json and --format latex both set the output format" in done.err


def test_unofficial_rows_stand_among_the_others_and_are_marked(
    command: Command, board: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # so that no word is broken
    write_model(make_record("look", Number(value=9.0), protocol=QUICK), board / "look.json")
    reduced = make_record("part", shift=Number(value=0.2), reductions=("task ioi was not asked for",))
    write_model(reduced, board / "part.json")
    assert command("leaderboard", board).code == 2
    assert pairs(command, board, "--unofficial") == ["look", "high", "part", "low", "none"]
    rows = json.loads(command("leaderboard", board, "--unofficial", "--json").out)
    reasons = {row["pair"]: row["unofficial"] for row in rows}
    assert [reasons[name] for name in ("high", "low", "none")] == [None] * 3
    assert "has protocol quick, which no board takes" in reasons["look"]
    assert "task ioi was not asked for" in reasons["part"]
    text = command("leaderboard", board, "--unofficial").out
    assert text.partition("Not shown")[0].count("unofficial") == 2
    assert "which no board takes" in " ".join(text.split())
    assert pairs(command, board, "--unofficial", "--protocol", "quick") == ["look"]


def test_the_papers_table_has_no_rows_to_sort(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--protocol", "paper", "--sort", "pair")
    assert (done.code, done.out) == (2, "")
    assert "--sort (in Python sort=) is for rows of pairs" in done.err


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_table_is_as_wide_as_the_terminal(
    columns: int, command: Command, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (["leaderboard", board], ["show", board / "2026-11-29-low-v2" / "record.json"]):
        assert max(map(len, command(*arguments).out.splitlines())) <= columns
    monkeypatch.delenv("COLUMNS")
    assert 80 < max(map(len, command("leaderboard", board).out.splitlines())) <= 120
