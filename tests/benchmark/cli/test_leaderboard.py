"""`mechshift leaderboard`: order, data, and records that no board takes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.types import Missing, Number, Record

Command = Callable[..., Any]
MakeRecord = Callable[..., Record]


@pytest.fixture
def board(tmp_path: Path, make_record: MakeRecord) -> Path:
    """Three whole records of v1, one of which has no shift."""
    shifts = {"low": Number(value=0.1), "high": Number(value=0.4), "none": Missing(missing="too few")}
    for name, shift in shifts.items():
        write_model(make_record(name, shift=shift), tmp_path / "board" / f"{name}.json")
    return tmp_path / "board"


def pairs(command: Command, *arguments: object) -> list[str]:
    done = command("leaderboard", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return [row["pair"] for row in json.loads(done.out)]


def test_json_has_the_rows_in_their_order(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--json")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert [(row["pair"], row["task_dependent_shift"]) for row in rows] == [
        ("high", 0.4),
        ("low", 0.1),
        ("none", None),
    ]
    assert rows[2]["task_dependent_shift_missing"] == "too few"
    assert [row["unofficial"] for row in rows] == [None] * 3


def test_rows_are_sorted_by_the_named_column(command: Command, board: Path) -> None:
    assert pairs(command, board, "--sort", "pair") == ["high", "low", "none"]
    assert pairs(command, board, "--sort", "task_dependent_shift") == ["high", "low", "none"]
    done = command("leaderboard", board, "--sort", "overlap")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("mechshift: unknown column 'overlap'\ndid you mean overlap_local")


def test_json_and_a_format_contradict_each_other(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--json", "--format", "latex")
    assert (done.code, done.out) == (2, "")
    assert "--json and --format latex both set the output format" in done.err


def test_unofficial_rows_stand_among_the_others_and_are_marked(
    command: Command, board: Path, make_record: MakeRecord
) -> None:
    write_model(make_record("look", protocol=QUICK), board / "look.json")
    reduced = make_record("part", shift=Number(value=0.2), reductions=("task ioi was not asked for",))
    write_model(reduced, board / "part.json")
    assert command("leaderboard", board).code == 2
    assert pairs(command, board, "--unofficial") == ["high", "look", "part", "low", "none"]
    rows = json.loads(command("leaderboard", board, "--unofficial", "--json").out)
    reasons = {row["pair"]: row["unofficial"] for row in rows}
    assert [reasons[name] for name in ("high", "low", "none")] == [None] * 3
    assert "has protocol quick, which no board takes" in reasons["look"]
    assert "task ioi was not asked for" in reasons["part"]
    text = command("leaderboard", board, "--unofficial").out
    assert text.partition("\n\n")[0].count("unofficial") == 2
    assert "which no board takes" in " ".join(text.split())
    assert pairs(command, board, "--unofficial", "--protocol", "quick") == ["look"]


def test_the_papers_table_has_no_rows_to_sort(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--protocol", "paper", "--sort", "pair")
    assert (done.code, done.out) == (2, "")
    assert "--sort (in Python sort=) orders rows of pairs" in done.err


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_table_is_as_wide_as_the_terminal(
    columns: int, command: Command, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (["leaderboard", board], ["show", board / "low.json"], ["show", "board"]):
        assert max(map(len, command(*arguments).out.splitlines())) <= columns
    monkeypatch.delenv("COLUMNS")
    assert 80 < max(map(len, command("leaderboard", board).out.splitlines())) <= 120
