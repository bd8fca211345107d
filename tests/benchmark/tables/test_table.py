"""Tables of records, against tables written by hand."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from mechshift.benchmark.record.types import FailedTask, Missing, Number, Record, TaskRecord
from mechshift.benchmark.tables.table import row_table, task_table
from mechshift.errors import UsageError

MakeRecord = Callable[..., Record]
ROWS = """\
pair,          task-dependent        faithfulness           suite     accuracy               overlap Ĵ          early                 specialisation
protocol,      shift                                                                                            shift                 shift
status
-------------  --------------------  ---------------------  --------  ---------------------  -----------------  --------------------  --------------------
tiny           +0.25 [+0.20, +0.30]  ARM 0.67 [0.64, 0.70]  local     ARM 0.98 [0.97, 0.99]  0.75 [0.70, 0.80]  -0.00 [-0.01, +0.01]  +0.05 [+0.04, +0.06]
v1@3           at 1,000 edges:       MDM 0.65 [0.60, 0.70]            MDM 0.97 [0.95, 0.99]
self-reported  +0.10 [+0.04, +0.16]                         planning  ARM 0.95 [0.93, 0.97]  0.50 [0.45, 0.55]  +0.12 [+0.10, +0.14]  -0.05 [-0.06, -0.04]
                                                                      MDM 0.90 [0.87, 0.93]
none           –¹                    ARM 0.67 [0.64, 0.70]  local     ARM 0.98 [0.97, 0.99]  0.75 [0.70, 0.80]  -0.00 [-0.01, +0.01]  +0.05 [+0.04, +0.06]
v1@3           at 1,000 edges:       MDM 0.65 [0.60, 0.70]            MDM 0.97 [0.95, 0.99]
verified       +0.10 [+0.04, +0.16]                         planning  ARM 0.95 [0.93, 0.97]  0.50 [0.45, 0.55]  +0.12 [+0.10, +0.14]  -0.05 [-0.06, -0.04]
                                                                      MDM 0.90 [0.87, 0.93]

¹ no task of this suite"""  # noqa: E501

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


def test_rows_as_written_by_hand(make_record: MakeRecord) -> None:
    missing = make_record("none", shift=Missing(missing="no task of this suite"), status="verified")
    assert trimmed(row_table((missing, make_record("tiny")), "text")) == ROWS


def test_rows_fit_however_negative(make_record: MakeRecord) -> None:
    low = Number(value=-0.2, low=-0.3, high=-0.1)
    summary = make_record(shift=low).summary
    below_zero = ("overlap", "early_shift", "specialisation_shift", "faithfulness")
    one_size = summary.one_size.model_copy(update={"edges": 1_592_881, "task_dependent_shift": low})
    worst = summary.model_copy(
        update={name: dict.fromkeys(getattr(summary, name), low) for name in below_zero}
        | {"one_size": one_size}
    )
    table = row_table([make_record("thirteen char", summary=worst)], "text")
    assert max(map(len, table.splitlines())) <= 160


def test_rows_are_ranked_by_shift_then_name_and_missing_last(make_record: MakeRecord) -> None:
    shifts: dict[str, Any] = {
        "unknown": Missing(missing="too few"),
        "small": Number(value=0.1),
        "below": Number(value=-0.3),
        "large": Number(value=0.6),
        "alike": Number(value=0.1),
    }
    table = row_table([make_record(name, shift=shift) for name, shift in shifts.items()], "csv")
    assert [row["pair"] for row in parsed(table)] == ["large", "alike", "small", "below", "unknown"]


def test_csv_gives_back_every_number_and_reason(make_record: MakeRecord) -> None:
    name = 'a "quoted", |piped|\nname'
    (row,) = parsed(row_table([make_record(name, shift=Missing(missing="too few, alas"))], "csv"))
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
    (row,) = parsed(row_table([make_record(name, shift=Number(value=-0.5))], "csv"))
    assert row["pair"] == f"'{name}"
    assert row["task_dependent_shift"] == "-0.5"


def test_reasons_in_csv_are_no_formulas(
    make_record: MakeRecord, make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(failed=(make_failed_task("countdown", "=1+1"),))
    assert {"'=1+1", ""} <= {row["missing"] for row in parsed(task_table(record, "csv"))}
    assert "=1+1" not in {row["missing"] for row in parsed(task_table(record, "csv"))}


def test_a_shift_that_exists_at_no_one_size_is_a_dash(make_record: MakeRecord) -> None:
    summary = make_record().summary
    missing = summary.one_size.model_copy(
        update={"task_dependent_shift": Missing(missing="one task is whole")}
    )
    summary = summary.model_copy(update={"one_size": missing})
    lines = row_table([make_record(summary=summary)], "text").splitlines()
    assert [line.split()[1] for line in lines[4:7]] == ["+0.25", "at", "–¹"]
    assert lines[-1] == "¹ one task is whole"


def test_github_rows_keep_their_columns_whatever_the_name(make_record: MakeRecord) -> None:
    table = row_table([make_record("a|b_c")], "github").splitlines()
    assert table[2].startswith(r"| a\|b\_c ")
    assert {len(line.replace(r"\|", "").split("|")) for line in table} == {10}
    assert "task-dependent<br>shift" in table[0]


def test_latex_rows_are_a_tabular_with_escaped_names(make_record: MakeRecord) -> None:
    table = row_table([make_record("50%_a&b")], "latex")
    assert table.startswith("\\begin{tabular}{llllllll}\n")
    assert table.endswith("\\end{tabular}")
    first = next(line for line in table.splitlines() if "local" in line)
    assert first.split()[0] == r"50\%\_a\&b"
    assert first.replace(r"\&", "").count("&") == 7
    assert r"$+0.25\ [+0.20,\ +0.30]$" in first


def test_a_name_cannot_break_the_table(make_record: MakeRecord) -> None:
    table = row_table([make_record("two\nlines\x1b[2J")], "text")
    assert "two lines\ufffd[2J" in table
    assert len(table.splitlines()) == 8


def test_tasks_as_written_by_hand(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord], make_failed_task: Callable[..., FailedTask]
) -> None:
    failed = make_failed_task("countdown", "ARM solves 3 of 500")
    record = make_record(tasks=(make_task("ioi"),), failed=(failed,))
    assert trimmed(task_table(record, "text")) == TASKS


def test_many_tasks_go_below_one_another(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    names = [f"task-{number}" for number in range(6)]
    record = make_record(tasks=tuple(make_task(name, "local") for name in names))
    table = task_table(record, "text")
    heads = [line.split() for line in table.splitlines() if line.lstrip().startswith("task-")]
    assert heads == [names[:4], names[4:]]
    assert max(map(len, table.splitlines())) <= 120
    assert "task-5" in task_table(record, "github").splitlines()[0]


def test_csv_of_tasks_is_a_line_per_quantity(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord], make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(tasks=(make_task("ioi"),), failed=(make_failed_task("countdown", "too few"),))
    rows = {(row["task"], row["quantity"]): row for row in parsed(task_table(record, "csv"))}
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


def test_a_value_that_the_record_does_not_name_is_missing(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    task = make_task("ioi")
    comparison = task.comparison.model_copy(update={"depth_shift": {}})
    record = make_record(tasks=(task.model_copy(update={"comparison": comparison}),))
    assert "the record holds no early_share" in task_table(record, "text")


@pytest.mark.parametrize("table", [lambda record, name: row_table([record], name), task_table])
def test_an_unknown_format_is_refused(make_record: MakeRecord, table: Callable[[Record, Any], str]) -> None:
    with pytest.raises(UsageError, match="unknown format 'html'"):
        table(make_record(), "html")


def as_control(record: Record) -> Record:
    return record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})


@pytest.mark.parametrize(("markup", "last"), [("text", -1), ("github", -1), ("latex", -3)])
def test_a_control_is_marked_below_its_status(make_record: MakeRecord, markup: Any, last: int) -> None:
    record = make_record()
    marked, bare = (
        [line.strip(" |").split() for line in row_table([one], markup).splitlines()]
        for one in (as_control(record), record)
    )
    assert [line[0] for line in marked[last - 3 : last]] == ["tiny", "v1@3", "self-reported"]
    assert marked[last][0] == "control"
    assert all("control" not in line for line in bare)


def test_a_control_widens_no_table(make_record: MakeRecord) -> None:
    record = make_record()
    widths = [list(map(len, row_table([one], "text").splitlines())) for one in (record, as_control(record))]
    assert widths[0] == widths[1]


def test_a_control_is_told_in_csv(make_record: MakeRecord) -> None:
    (row,) = parsed(row_table([as_control(make_record())], "csv"))
    assert row["control"] == "yes"
