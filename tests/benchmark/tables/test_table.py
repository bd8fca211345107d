"""Tables of records, against tables written by hand."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from mechshift.benchmark.record.types import FailedTask, Missing, Record, TaskRecord
from mechshift.benchmark.tables.cells import Format, Notes, get_markup
from mechshift.benchmark.tables.table import (
    record_table,
    row_body,
    task_body,
)
from mechshift.errors import UsageError

MakeRecord = Callable[..., Record]
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
metric gap, ARM                 4.50 [4.40, 4.60]     –²
metric gap, MDM                 3.50 [3.40, 3.60]     –²
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


def widest(table: str) -> int:
    return max(map(len, table.splitlines()))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_text_is_as_wide_as_the_terminal_and_has_everything(width: int, make_record: MakeRecord) -> None:
    record = make_record(shift=Missing(missing="word " * 60))
    page = record_table(record, "text", width)
    assert widest(page) <= width
    assert set(page.split()) == set(record_table(record, "text", 1000).split())


@pytest.mark.parametrize("layout", ["github", "latex", "csv"])
def test_other_formats_know_no_terminal(layout: Format, make_record: MakeRecord) -> None:
    assert record_table(make_record(), layout, 40) == record_table(make_record(), layout, 400)


def test_reasons_in_csv_are_no_formulas(
    make_record: MakeRecord, make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(failed=(make_failed_task("countdown", "=1+1"),))
    assert {"'=1+1", ""} <= {row["missing"] for row in parsed(record_table(record, "csv"))}
    assert "=1+1" not in {row["missing"] for row in parsed(record_table(record, "csv"))}


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


def test_an_unknown_format_is_refused(make_record: MakeRecord) -> None:
    with pytest.raises(UsageError, match="unknown format 'html'"):
        record_table(make_record(), "html")  # type: ignore[arg-type]
