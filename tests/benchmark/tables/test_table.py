"""Tables of records, against tables written by hand."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mechshift.benchmark.record.types import FailedTask, Missing, Number, Record, TaskRecord
from mechshift.benchmark.tables.cells import Format, Notes, get_markup
from mechshift.benchmark.tables.table import (
    SORT,
    Ranked,
    ranked,
    record_table,
    row_body,
    row_fields,
    row_table,
    task_body,
)
from mechshift.errors import UsageError

MakeRecord = Callable[..., Record]
ROWS = """\
pair    protocol    status         overlap Ĵ          overlap Ĵ          task-dependent shift
                                   local              planning
------  ----------  -------------  -----------------  -----------------  ----------------------
tiny    v1@3        self-reported  0.75 [0.70, 0.80]  0.50 [0.45, 0.55]  +0.25 [+0.20, +0.30]
none    v1@3        self-reported  0.75 [0.70, 0.80]  0.50 [0.45, 0.55]  –¹

pair    one size, edges    shift at one size     early shift           early shift
                                                 local                 planning
------  -----------------  --------------------  --------------------  --------------------
tiny    1,000              +0.10 [+0.04, +0.16]  -0.00 [-0.01, +0.01]  +0.12 [+0.10, +0.14]
none    1,000              +0.10 [+0.04, +0.16]  -0.00 [-0.01, +0.01]  +0.12 [+0.10, +0.14]

pair    specialisation shift    specialisation shift    faithfulness, ARM    faithfulness, MDM
        local                   planning
------  ----------------------  ----------------------  -------------------  -------------------
tiny    +0.05 [+0.04, +0.06]    -0.05 [-0.06, -0.04]    0.67 [0.64, 0.70]    0.65 [0.60, 0.70]
none    +0.05 [+0.04, +0.06]    -0.05 [-0.06, -0.04]    0.67 [0.64, 0.70]    0.65 [0.60, 0.70]

pair    accuracy, ARM      accuracy, MDM      accuracy, ARM      accuracy, MDM
        local              local              planning           planning
------  -----------------  -----------------  -----------------  -----------------
tiny    0.98 [0.97, 0.99]  0.97 [0.95, 0.99]  0.95 [0.93, 0.97]  0.90 [0.87, 0.93]
none    0.98 [0.97, 0.99]  0.97 [0.95, 0.99]  0.95 [0.93, 0.97]  0.90 [0.87, 0.93]

¹ no task of this suite"""

TEXT = Notes(get_markup("text"))
TASKS = """\
                                ioi                   countdown
                                local                 planning
                                abc                   small
------------------------------  --------------------  -----------------
BEHAVIOUR
accuracy, ARM                   0.95 [0.93, 0.96]     0.01 [0.00, 0.02]
accuracy, MDM                   0.75 [0.71, 0.78]     0.75 [0.71, 0.78]
accuracy of the MDM in place    –¹                    –¹
pool / discovery / evaluation   500 / 252 / 248       1 / 252 / 248
templates                       15                    15
unfit / solved in another form  7 / 2                 7 / 2
ARM metric, clean / corrupted   3.00 / -1.50          –²
MDM metric, clean / corrupted   2.00 / -1.50          –²
OVERLAP OF THE CIRCUITS
compared size, edges / share    100 / 10.0 %          –²
Ĵ of edges                      0.75 [0.70, 0.80]     –²
J of edges, half the prompts    0.50 [0.45, 0.55]     –²
floor / ceilings of ARM, MDM    0.03 / 0.80 / 0.70    –²
J of edges, all prompts         0.55 [0.50, 0.60]     –²
Ĵ of components                 –³                    –²
FAITHFULNESS
area on a log axis, ARM         0.62 [0.58, 0.66]     –²
area on a log axis, MDM         0.62 [0.58, 0.66]     –²
CPR, ARM                        0.98 [0.95, 1.01]     –²
CPR, MDM                        0.98 [0.95, 1.01]     –²
CMD, ARM                        0.050 [0.030, 0.070]  –²
CMD, MDM                        0.050 [0.030, 0.070]  –²
smallest faithful share, ARM    10.0 %                –²
smallest faithful share, MDM    10.0 %                –²
completeness residual, ARM      0.41 %                –²
completeness residual, MDM      0.41 %                –²
DEPTH
early share, ARM                0.50 [0.49, 0.51]     –²
early share, MDM                0.62 [0.61, 0.63]     –²
early shift                     +0.12 [+0.10, +0.14]  –²
early shift in number of edges  -0.06 [-0.08, -0.04]  –²
SPECIALISATION
specialisation, ARM             0.40 [0.38, 0.42]     –²
specialisation, MDM             0.40 [0.38, 0.42]     –²
specialisation shift            -0.00 [-0.00, +0.00]  –²
random circuit, ARM             0.10                  –²
random circuit, MDM             0.10                  –²
output sharpness, ARM           0.015 [0.014, 0.016]  –²
output sharpness, MDM           0.015 [0.014, 0.016]  –²

¹ the task has no form that is filled in place
² ARM solves 3 of 500
³ the ceiling does not exceed the floor"""


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def board(records: Sequence[Record], layout: Format, width: int = 120, sort: str = SORT) -> str:
    """The table of the records, ranked and all official."""
    return row_table(ranked([Ranked(record) for record in records], sort), layout, width)


def test_rows_as_written_by_hand(make_record: MakeRecord) -> None:
    missing = make_record("none", shift=Missing(missing="no task of this suite"))
    assert trimmed(board([missing, make_record("tiny")], "text")) == ROWS


def widest(table: str) -> int:
    return max(map(len, table.splitlines()))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_text_is_as_wide_as_the_terminal_and_has_everything(width: int, make_record: MakeRecord) -> None:
    low = Number(value=-0.2, low=-0.3, high=-0.1)
    records = [make_record("thirteen char", shift=low), make_record(shift=Missing(missing="word " * 60))]
    whole = board(records, "text", 1000)
    table = board(records, "text", width)
    assert len(whole.split("\n\n")) == 2  # one table and the reason below it
    assert width // 2 < widest(table) <= width < widest(whole)
    assert sorted(set(table.split())) == sorted(set(whole.split()))
    page = record_table(records[0], "text", width)
    assert widest(page) <= width
    assert set(page.split()) == set(record_table(records[0], "text", 1000).split())


@pytest.mark.parametrize("layout", ["github", "latex", "csv"])
def test_other_formats_know_no_terminal(layout: Format, make_record: MakeRecord) -> None:
    assert board([make_record()], layout, 40) == board([make_record()], layout, 400)
    assert record_table(make_record(), layout, 40) == record_table(make_record(), layout, 400)


def test_rows_are_ranked_by_shift_then_name_and_missing_last(make_record: MakeRecord) -> None:
    shifts: dict[str, Any] = {
        "unknown": Missing(missing="too few"),
        "small": Number(value=0.1),
        "below": Number(value=-0.3),
        "large": Number(value=0.6),
        "alike": Number(value=0.1),
    }
    table = board([make_record(name, shift=shift) for name, shift in shifts.items()], "csv")
    assert [row["pair"] for row in parsed(table)] == ["large", "alike", "small", "below", "unknown"]


def with_overlap(record: Record, value: Number | Missing) -> Record:
    overlap = {"local": value, "planning": Number(value=0.0)}
    return record.model_copy(update={"summary": record.summary.model_copy(update={"overlap": overlap})})


@pytest.mark.parametrize(
    ("column", "expected"),
    [("overlap_local", ["b", "c", "a"]), ("pair", ["a", "b", "c"]), ("status", ["a", "b", "c"])],
)
def test_rows_can_be_sorted_by_any_column(column: str, expected: list[str], make_record: MakeRecord) -> None:
    records = [
        with_overlap(make_record("a"), Missing(missing="0 is not 0")),
        with_overlap(make_record("b"), Number(value=0.5)),
        with_overlap(make_record("c"), Number(value=-0.5)),
    ]
    assert [row["pair"] for row in parsed(board(records, "csv", sort=column))] == expected


@pytest.mark.parametrize("column", ["overlap", "overlap_local_low", "overlap_local_missing", ""])
def test_an_unknown_column_is_refused(column: str, make_record: MakeRecord) -> None:
    with pytest.raises(UsageError, match=f"unknown column '{column}'"):
        ranked([Ranked(make_record())], column)


def test_an_unofficial_row_is_marked_with_its_reason(make_record: MakeRecord) -> None:
    entries = [Ranked(make_record("a")), Ranked(make_record("b"), "task ioi was not asked for")]
    lines = row_table(entries, "text").splitlines()
    assert ["unofficial" in line for line in lines[3:5]] == [False, True]
    assert "self-reported, unofficial¹" in lines[4]
    assert lines[-1] == "¹ task ioi was not asked for"
    rows = parsed(row_table(entries, "csv"))
    assert [row["unofficial"] for row in rows] == ["", "task ioi was not asked for"]
    assert row_fields(entries)[1]["unofficial"] == "task ioi was not asked for"


def test_csv_gives_back_every_number_and_reason(make_record: MakeRecord) -> None:
    name = 'a "quoted", |piped|\nname'
    (row,) = parsed(board([make_record(name, shift=Missing(missing="too few, alas"))], "csv"))
    assert row["pair"] == name
    assert float(row["early_shift_planning"]) == 0.12
    assert float(row["early_shift_planning_low"]) == 0.12 - 0.02
    assert float(row["early_shift_planning_high"]) == 0.12 + 0.02
    assert (float(row["one_size_edges"]), row["one_size_edges_low"]) == (1000, "")
    assert float(row["task_dependent_shift_one_size"]) == 0.1
    assert float(row["task_dependent_shift_one_size_high"]) == 0.1 + 0.06
    assert (row["task_dependent_shift"], row["task_dependent_shift_missing"]) == ("", "too few, alas")
    assert (row["accuracy_mdm_local"], float(row["accuracy_mdm_local_low"])) == ("0.97", 0.97 - 0.02)
    assert (row["protocol"], row["protocol_version"], row["status"]) == ("v1", "3", "self-reported")
    assert row["control"] == "no"
    assert (row["arm_digest"], row["mdm_digest"]) == (f"{name} arm digest", f"{name} mdm digest")
    assert row["mechshift"] == "0.1.0"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '\t=HYPERLINK("x")'])
def test_no_text_in_csv_is_a_formula(make_record: MakeRecord, name: str) -> None:
    (row,) = parsed(board([make_record(name, shift=Number(value=-0.5))], "csv"))
    assert row["pair"] == f"'{name}"
    assert row["task_dependent_shift"] == "-0.5"


def test_reasons_in_csv_are_no_formulas(
    make_record: MakeRecord, make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(failed=(make_failed_task("countdown", "=1+1"),))
    assert {"'=1+1", ""} <= {row["missing"] for row in parsed(record_table(record, "csv"))}
    assert "=1+1" not in {row["missing"] for row in parsed(record_table(record, "csv"))}


def test_a_shift_that_exists_at_no_one_size_is_a_dash(make_record: MakeRecord) -> None:
    summary = make_record().summary
    missing = summary.one_size.model_copy(
        update={"task_dependent_shift": Missing(missing="one task is whole")}
    )
    summary = summary.model_copy(update={"one_size": missing})
    lines = board([make_record(summary=summary)], "text").splitlines()
    assert lines[8].split()[:3] == ["tiny", "1,000", "–¹"]
    assert lines[-1] == "¹ one task is whole"


def test_a_pair_is_one_line_in_github_whatever_its_name(make_record: MakeRecord) -> None:
    table = board([make_record("a|b_c"), make_record("d")], "github").splitlines()
    assert len(table) == 4
    assert table[2].startswith(r"| a\|b\_c ")
    assert {len(line.replace(r"\|", "").split("|")) for line in table} == {20}
    assert "overlap Ĵ<br>planning" in table[0]


def test_a_pair_is_one_line_in_latex_with_its_name_escaped(make_record: MakeRecord) -> None:
    table = board([make_record("50%_a&b"), make_record("d")], "latex")
    assert table.startswith(f"\\begin{{tabular}}{{{'l' * 18}}}\n")
    assert table.endswith("\\end{tabular}")
    lines = [line for line in table.splitlines() if "self-reported" in line]
    assert len(lines) == 2
    assert lines[0].split()[0] == r"50\%\_a\&b"
    assert lines[0].replace(r"\&", "").count("&") == 17
    assert r"$+0.25\ [+0.20,\ +0.30]$" in lines[0]


def test_a_name_cannot_break_the_table(make_record: MakeRecord) -> None:
    table = board([make_record("two\nlines\x1b[2J")], "text", 1000)
    assert "two lines\ufffd[2J" in table
    assert len(table.splitlines()) == 4


def test_tasks_as_written_by_hand(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord], make_failed_task: Callable[..., FailedTask]
) -> None:
    failed = make_failed_task("countdown", "ARM solves 3 of 500")
    record = make_record(tasks=(make_task("ioi"),), failed=(failed,))
    page = trimmed(record_table(record, "text"))
    assert page.endswith(f"\n\n{TASKS}")
    assert page.removesuffix(TASKS).split("\n\n") == [trimmed(row_body(record, TEXT)), ""]


def test_many_tasks_go_below_one_another(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    names = [f"task-{number}" for number in range(6)]
    record = make_record(tasks=tuple(make_task(name, "local") for name in names))
    table = record_table(record, "text")
    heads = [line.split() for line in table.splitlines() if re.match(r"\s+task-\d", line)]
    assert heads == [names[:3], names[3:]]
    assert max(map(len, table.splitlines())) <= 120
    assert "task-5" in task_body(record, Notes(get_markup("github"))).splitlines()[0]


def test_csv_of_tasks_is_a_line_per_quantity(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord], make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(tasks=(make_task("ioi"),), failed=(make_failed_task("countdown", "too few"),))
    every = parsed(record_table(record, "csv"))
    rows = {(row["task"], row["quantity"]): row for row in every if row["task"]}
    assert len({quantity for _, quantity in rows}) * 2 == len(rows)
    cross = rows["ioi", "jaccard_halves"]
    assert (float(cross["value"]), float(cross["low"]), float(cross["high"])) == (0.5, 0.45, 0.55)
    assert float(rows["ioi", "ceiling_mdm"]["low"]) == 0.7 - 0.1
    assert (rows["countdown", "overlap"]["value"], rows["countdown", "overlap"]["missing"]) == ("", "too few")
    assert float(rows["countdown", "accuracy_arm"]["value"]) == 3 / 500
    assert {(row["suite"], row["level"], row["version"]) for row in rows.values()} == {
        ("local", "abc", "1"),
        ("planning", "small", "1"),
    }


def test_csv_of_a_record_begins_with_its_row(make_record: MakeRecord) -> None:
    record = make_record(shift=Missing(missing="too few"))
    lines = parsed(record_table(record, "csv"))
    rows = {row["quantity"]: row for row in lines if not row["task"]}
    assert [bool(row["task"]) for row in lines] == sorted(bool(row["task"]) for row in lines)
    assert {row["level"] for row in rows.values()} == {""}
    planning = rows["overlap_planning"]
    assert (planning["suite"], float(planning["value"]), float(planning["low"])) == ("planning", 0.5, 0.45)
    assert (rows["task_dependent_shift"]["suite"], rows["task_dependent_shift"]["missing"]) == ("", "too few")


def test_a_value_that_the_record_does_not_name_is_missing(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    task = make_task("ioi")
    comparison = task.comparison.model_copy(update={"depth_shift": {}})
    record = make_record(tasks=(task.model_copy(update={"comparison": comparison}),))
    assert "the record holds no early_share" in record_table(record, "text")


@pytest.mark.parametrize("table", [lambda record, name: board([record], name), record_table])
def test_an_unknown_format_is_refused(make_record: MakeRecord, table: Callable[[Record, Any], str]) -> None:
    with pytest.raises(UsageError, match="unknown format 'html'"):
        table(make_record(), "html")


def as_control(record: Record) -> Record:
    return record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})


@pytest.mark.parametrize("layout", ["text", "github", "latex"])
def test_a_control_is_marked_behind_its_name(make_record: MakeRecord, layout: Format) -> None:
    record = make_record()
    assert "tiny (control)" in board([as_control(record)], layout)
    assert "control" not in board([record], layout)


def test_a_control_is_told_in_csv(make_record: MakeRecord) -> None:
    (row,) = parsed(board([as_control(make_record())], "csv"))
    assert row["control"] == "yes"
