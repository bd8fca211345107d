"""What a board shows: rows and ranks, controls beside their pairs, marks, what is retired; by format."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.boards import Truth, a_submitted_record, write_submission
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.board.table import BoardView, board_rows, board_table
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.submission.attestation import attestation_path
from mechshift.errors import UsageError

SHARED = {"arm": {"digest": "one ARM"}}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pairs, a control of two of them and one of none, a retired submission; and a bad attestation."""
    folder = tmp_path_factory.mktemp("board")
    records = [
        a_submitted_record("best", Truth(planning=0.2), confounds=("more data", "*odd* | name"), **SHARED),
        a_submitted_record("second", Truth(planning=0.5), **SHARED),
        a_submitted_record("third", Truth(planning=0.5)),
        a_submitted_record("lacking", missing=["sudoku"]),
        a_submitted_record("control", Truth(planning=0.69), control=True, **SHARED),
        a_submitted_record("alone", Truth(planning=0.68), control=True),
        a_submitted_record("old").model_copy(update={"protocol": V2.changed(version=0)}),
    ]
    for record in records:
        write_submission(folder, record)
    path = attestation_path(folder, "2026-11-29-third-v2")
    path.parent.mkdir()
    path.write_text("{}")
    return folder


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_are_in_order_with_their_controls(board: Path) -> None:
    found = make_board(board)
    assert [(row.record.pair.name, row.rank) for row in found.rows[:3]] == [
        ("best", 1),
        *((name, 2) for name in sorted(("second", "third"), key=lambda name: -shift(found, name))),
    ]
    assert [row.record.pair.name for row in found.rows[3:]] == ["alone", "lacking"]
    controls = {row.record.pair.name: [each.name for each in row.controls] for row in found.rows}
    ours = ["2026-11-29-control-v2"]
    assert controls == {"best": ours, "second": ours, "third": [], "lacking": [], "alone": []}
    assert [each.name for each in found.retired] == ["2026-11-29-old-v2"]
    assert found.adjusted is not None
    assert found.adjusted.shape == (3, 3)
    assert found.adjusted[0, 1] <= 0.05 < found.adjusted[1, 2]
    assert repr(found) == "Board(5 rows by task_dependent_shift, 1 retired)"


def shift(board: Any, name: str) -> float:
    return next(
        row.record.summary.similarity.shift.value for row in board.rows if row.record.pair.name == name
    )


def test_smallest_first_turns_order_and_ranks_and_leaves_what_is_missing_last(board: Path) -> None:
    found = make_board(board, ascending=True)
    names = [row.record.pair.name for row in found.rows]
    assert (names[0], names[3], names[4]) == ("alone", "best", "lacking")
    assert {row.record.pair.name: row.rank for row in found.rows if isinstance(row.rank, int)} == {
        "second": 1,
        "third": 1,
        "best": 3,
    }


def test_a_text_has_an_order_and_no_ranks(board: Path) -> None:
    found = make_board(board, sort="submission")
    assert [row.record.pair.name for row in found.rows] == ["alone", "best", "lacking", "second", "third"]
    assert found.adjusted is None
    assert found.fields()[0]["unranked"] == "the board is not sorted by a number"
    assert {row["rank"] for row in found.fields()} == {None}


def test_fields_are_flat_and_have_a_control_once(board: Path) -> None:
    rows = {row["pair"]: row for row in make_board(board).fields()}
    assert list(rows)[:2] == ["best", "control"]
    assert len(rows) == 7
    assert rows["best"]["controls"] == "2026-11-29-control-v2"
    assert rows["best"]["confounds"] == "more data; *odd* | name"
    assert (rows["control"]["control"], rows["control"]["unranked"]) == ("yes", "it is a control")
    assert rows["third"]["attestation_refused"].startswith("its attestation does not count: ")
    assert (rows["lacking"]["rank"], rows["lacking"]["overlap_planning"]) == (None, None)
    assert rows["lacking"]["overlap_planning_missing"] == "the ceiling does not exceed the floor"
    assert rows["lacking"]["unranked"] == "the ceiling does not exceed the floor"


def test_a_retired_row_has_no_numbers(board: Path) -> None:
    old = make_board(board).fields()[-1]
    assert (old["pair"], old["protocol"], old["protocol_version"]) == ("old", "v2", 0)
    assert (old["submission"], old["date"]) == ("2026-11-29-old-v2", "2026-11-29")
    assert old["retired"] == "protocol v2 is now @3"
    assert old["rank"] is old["overlap_local"] is old["overlap_local_low"] is old["status"] is None
    assert old["overlap_local_missing"] == "retired: protocol v2 is now @3"
    assert [row["pair"] for row in make_board(board, retired=False).fields()].count("old") == 0


def test_a_frame_has_the_fields(board: Path) -> None:
    found = make_board(board)
    frame = found.to_frame()
    assert list(frame["pair"]) == [row["pair"] for row in found.fields()]
    assert frame["rank"].dtype == "Int64"
    assert frame["overlap_planning"].dtype == float
    assert frame["rank"].isna().sum() == 4
    assert frame.loc[0, "overlap_planning_low"] < frame.loc[0, "overlap_planning"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_text_fits_and_says_what_it_leaves_out(board: Path, width: int) -> None:
    text = board_table(board, BoardView(), "text", width)
    assert max(map(len, text.splitlines())) <= width
    assert "rank" in text
    shown, _, left = text.partition("Not shown, as there is no room: ")
    assert ("similarity ρ" in shown) == (width >= 120)
    assert "accuracy_mdm_planning" in left or width > 1000


def test_text_tells_all_that_casts_doubt(board: Path) -> None:
    text = " ".join(board_table(board, BoardView(), "text").split())
    assert "2 confounds: more data; *odd* | name" in text
    assert "its attestation does not count" in text
    assert "2026-11-29-old-v2: retired, protocol v2@0: protocol v2 is now @3" in text
    assert text.count("└ control") == 2
    assert "alone (control)" in text
    assert "the ceiling does not exceed the floor" in text
    assert "No number was computed again" in text


def test_what_is_the_same_of_all_rows_is_said_once(tmp_path: Path) -> None:
    write_submission(tmp_path, a_submitted_record("tiny"))
    first = board_table(tmp_path, BoardView(), "text").splitlines()[0]
    assert first == "Protocol v2@3, 1 row by task_dependent_shift, largest first; all self-reported."


@pytest.mark.parametrize("layout", ["github", "latex"])
def test_one_line_a_pair_to_paste(board: Path, layout: Any) -> None:
    text = board_table(board, BoardView(), layout)
    for name in ("best", "second", "third", "lacking", "alone"):
        (line,) = (line for line in text.splitlines() if f" {name}" in line and ("|" in line or "&" in line))
        assert ("control: control" in line) == (name in ("best", "second"))
    if layout == "github":
        assert r"\*odd\* \| name" in text


@pytest.mark.parametrize("layout", ["text", "github", "latex", "csv"])
def test_columns_are_those_that_were_chosen(board: Path, layout: Any) -> None:
    view = BoardView(columns=("overlap_planning", "date", "submission"), sort="overlap_planning")
    text = board_table(board, view, layout, width=90)
    assert "2026-11-29" in text
    if layout == "csv":
        ends = ("", "_low", "_high", "_missing")
        names = ["pair", *(f"overlap_planning{end}" for end in ends), "date", "submission"]
        assert list(parsed(text)[0]) == names
        assert parsed(text)[0]["pair"] == "alone"
    else:
        assert "shift" not in text.replace("by overlap_planning", "").partition("Rank")[0].replace("mech", "")


@pytest.mark.parametrize("layout", ["text", "github", "latex"])
def test_the_pair_alone_is_a_table_too(board: Path, layout: Any) -> None:
    text = board_table(board, BoardView(columns=("pair",)), layout)
    for name in ("best", "second", "third", "lacking", "alone", "control"):
        assert name in text.partition("Rank")[0]


def test_chosen_columns_have_the_texts_of_controls(board: Path) -> None:
    view = BoardView(columns=("arm_digest", "control", "authors", "unranked", "rank"))
    lines = board_table(board, view, "text", 200).splitlines()
    (line, _) = (re.split(" {2,}", line) for line in lines if "└ control" in line)
    assert any("└ marks a control of the same ARM." in line for line in lines)
    assert line[1:5] == ["one ARM", "yes", "Ada Lovelace", "it is a control"]
    assert "one ARM; control one ARM" in board_table(board, view, "github")


@pytest.mark.parametrize("layout", ["github", "latex"])
def test_signs_of_a_terminal_stay_there(board: Path, layout: Any) -> None:
    text = board_table(board, BoardView(), layout)
    assert "└" not in text
    control = "“control”" if layout == "github" else r"\textquotedblleft{}control\textquotedblright{}"
    assert f"After {control}: values of a control of the same ARM." in text
    assert text.isascii() or layout == "github"


def test_an_unknown_column_is_offered_near_names(board: Path) -> None:
    for view in (BoardView(columns=("overlap_planing",)), BoardView(sort="overlap_planing")):
        with pytest.raises(UsageError, match="did you mean overlap_planning"):
            board_rows(board, view)
    with pytest.raises(UsageError, match="unknown column 'rank'"):
        make_board(board, sort="rank")


def test_the_papers_table_takes_no_columns(board: Path) -> None:
    for view in (BoardView(columns=("date",)), BoardView(sort="date"), BoardView(ascending=True)):
        with pytest.raises(UsageError, match="has a table by task"):
            board_table(board, replace(view, protocol="paper"), "text")


def test_unofficial_rows_are_marked_and_have_no_rank(tmp_path: Path) -> None:
    write_submission(tmp_path, a_submitted_record("ours"))
    write_model(a_submitted_record("plain", Truth(planning=0.2)), tmp_path / "plain.json")
    text = board_table(tmp_path, BoardView(unofficial=True), "text")
    assert [row["rank"] for row in board_rows(tmp_path, BoardView(unofficial=True))] == [None, 1]
    assert "unofficial¹" in text
    assert "is a record and no submission" in " ".join(text.split())


def test_a_name_obeys_nobody(tmp_path: Path) -> None:
    name = "\x1b[31m=red\n" + "x" * 300 + "\u202e"
    write_submission(tmp_path, a_submitted_record(name), stem="red")
    for layout in ("text", "github", "latex", "csv"):
        text = board_table(tmp_path, BoardView(), layout, 100)
        assert "\x1b" not in text or layout == "csv"
        if layout == "text":
            assert "\u202e" not in text
            assert max(map(len, text.splitlines())) <= 100


def test_a_board_of_retired_rows_alone(tmp_path: Path) -> None:
    old = a_submitted_record("old").model_copy(update={"protocol": V2.changed(version=0)})
    write_submission(tmp_path, old)
    text = board_table(tmp_path, BoardView(), "text")
    assert text.splitlines()[2] == "2026-11-29-old-v2: retired, protocol v2@0: protocol v2 is now @3"
    assert len(make_board(tmp_path).to_frame()) == 1
