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
MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
TEXT = Notes(get_markup("text"))
TASKS = """\
                                                 ioi                      countdown
                                                 local                    planning
                                                 abc                      small
-----------------------------------------------  -----------------------  -----------------
BEHAVIOUR
accuracy, ARM                                    0.95 [0.93, 0.96]        0.01 [0.00, 0.02]
accuracy, MDM                                    0.75 [0.71, 0.78]        0.75 [0.71, 0.78]
accuracy of the MDM in place                     –³                       –³
pool / discovery / evaluation                    500 / 252 / 248          1 / 252 / 248
templates                                        15                       15
unfit / solved in another form                   7 / 2                    7 / 2
ARM metric, clean / corrupted                    3.00 / -1.50             –⁴
MDM metric, clean / corrupted                    2.00 / -1.50             –⁴
STRUCTURE, WHATEVER THE NUMBER OF PROMPTS
ρ of edges                                       0.93 [0.91, 0.95]        –⁴
ρ of edges, standardised                         0.85 [0.80, 0.90]        –⁴
ρ of edges without right context                 0.90 [0.88, 0.92]        –⁴
ρ of components                                  0.97 [0.96, 0.98]        –⁴
ρ of MLP neurons                                 0.80 [0.77, 0.83]        –⁴
edges that carry ρ, ARM                          6                        –⁴
edges that carry ρ, MDM                          4                        –⁴
OVERLAP OF THE CIRCUITS
compared size, edges / share                     100 / 10.0 %             –⁴
Ĵ of edges                                       0.75 [0.70, 0.80]        –⁴
J of edges, half the prompts                     0.50 [0.45, 0.55]        –⁴
floor / ceilings of ARM, MDM                     0.03 / 0.80 / 0.70       –⁴
J of edges, all prompts                          0.55 [0.50, 0.60]        –⁴
Ĵ of components                                  –⁵                       –⁴
FAITHFULNESS
area on a log axis, ARM                          0.62 [0.58, 0.66]        –⁴
area on a log axis, MDM                          0.62 [0.58, 0.66]        –⁴
metric gap, ARM                                  4.50 [4.40, 4.60]        –⁴
metric gap, MDM                                  3.50 [3.40, 3.60]        –⁴
CPR, ARM                                         0.98 [0.95, 1.01]        –⁴
CPR, MDM                                         0.98 [0.95, 1.01]        –⁴
CMD, ARM                                         0.050 [0.030, 0.070]     –⁴
CMD, MDM                                         0.050 [0.030, 0.070]     –⁴
smallest faithful share, ARM                     10.0 %                   –⁴
smallest faithful share, MDM                     10.0 %                   –⁴
completeness residual, ARM                       0.41 %                   –⁴
completeness residual, MDM                       0.41 %                   –⁴
integration points, ARM                          10                       –⁴
integration points, MDM                          10                       –⁴
top edges that still change, ARM                 1.0 %                    –⁴
top edges that still change, MDM                 1.0 %                    –⁴
DEPTH
early share, ARM                                 0.50 [0.49, 0.51]        –⁴
early share, MDM                                 0.62 [0.61, 0.63]        –⁴
early shift                                      +0.12 [+0.10, +0.14]     –⁴
early shift in number of edges                   -0.06 [-0.08, -0.04]     –⁴
early share by squared mass, ARM                 0.50 [0.49, 0.51]        –⁴
early share by squared mass, MDM                 0.62 [0.61, 0.63]        –⁴
mean depth by squared mass, ARM                  0.40 [0.38, 0.42]        –⁴
mean depth by squared mass, MDM                  0.40 [0.38, 0.42]        –⁴
early shift by squared mass                      +0.08 [+0.05, +0.11]     –⁴
shift of the mean depth by squared mass          -0.05 [-0.07, -0.03]     –⁴
early shift, both weightings                     +0.12 [+0.10, +0.14]     –⁴
DIRECTION
right-context share, ARM                         0.050 [0.040, 0.060]     –⁴
right-context share, MDM                         0.062 [0.052, 0.072]     –⁴
share before the first difference, ARM           0.050 [0.040, 0.060]     –⁴
share before the first difference, MDM           0.062 [0.052, 0.072]     –⁴
share right of the read place, ARM               0.050 [0.040, 0.060]     –⁴
share right of the read place, MDM               0.062 [0.052, 0.072]     –⁴
SPECIALISATION
specialisation, ARM                              0.40 [0.38, 0.42]        –⁴
specialisation, MDM                              0.40 [0.38, 0.42]        –⁴
specialisation shift                             -0.00 [-0.00, +0.00]     –⁴
specialisation by squared mass, ARM              0.60 [0.58, 0.62]        –⁴
specialisation by squared mass, MDM              0.60 [0.58, 0.62]        –⁴
specialisation shift by squared mass             +0.01 [+0.01, +0.01]     –⁴
specialisation shift, both weightings            –¹                       –⁴
random circuit, ARM                              0.10                     –⁴
random circuit, MDM                              0.10                     –⁴
output sharpness, ARM                            0.015 [0.014, 0.016]     –⁴
output sharpness, MDM                            0.015 [0.014, 0.016]     –⁴
shift of the output sharpness                    -0.004 [-0.006, -0.002]  –⁴
EFFECTS OF SINGLE COMPONENTS
largest direct share, ARM                        0.300 [0.250, 0.350]     –⁴
largest direct share, MDM                        0.300 [0.250, 0.350]     –⁴
largest direct share, circuit − random, ARM      +0.100 [+0.050, +0.150]  –⁴
largest direct share, circuit − random, MDM      +0.100 [+0.050, +0.150]  –⁴
shift of the largest direct share                +0.03 [+0.02, +0.04]     –⁴
entropy of direct shares, ARM                    0.300 [0.250, 0.350]     –⁴
entropy of direct shares, MDM                    0.300 [0.250, 0.350]     –⁴
entropy of direct shares, circuit − random, ARM  +0.100 [+0.050, +0.150]  –⁴
entropy of direct shares, circuit − random, MDM  +0.100 [+0.050, +0.150]  –⁴
shift of the entropy of direct shares            +0.03 [+0.02, +0.04]     –⁴
largest drop, ARM                                0.30 [0.25, 0.35]        –⁴
largest drop, MDM                                0.30 [0.25, 0.35]        –⁴
largest drop, circuit − random, ARM              +0.10 [+0.05, +0.15]     –⁴
largest drop, circuit − random, MDM              +0.10 [+0.05, +0.15]     –⁴
shift of the largest drop                        +0.03 [+0.02, +0.04]     –⁴
entropy of drops, ARM                            0.300 [0.250, 0.350]     –⁴
entropy of drops, MDM                            0.300 [0.250, 0.350]     –⁴
entropy of drops, circuit − random, ARM          +0.100 [+0.050, +0.150]  –⁴
entropy of drops, circuit − random, MDM          +0.100 [+0.050, +0.150]  –⁴
shift of the entropy of drops                    +0.03 [+0.02, +0.04]     –⁴
NEURONS
neurons, effective number, ARM                   12                       –⁴
neurons, effective number, MDM                   –⁶                       –⁴
early share of neurons, ARM                      –⁷                       –⁴
early share of neurons, MDM                      –⁷                       –⁴
early shift of neurons                           –⁷                       –⁴
lost without the top neurons, ARM                0.62                     –⁴
lost without the top neurons, MDM                –⁸                       –⁴
lost without random neurons, ARM                 0.02                     –⁴
lost without random neurons, MDM                 –⁸                       –⁴"""
NOTES = """
¹ the interval of the value by mass contains 0
² the two weightings disagree in sign
³ the task has no form that is filled in place
⁴ ARM solves 3 of 500
⁵ the ceiling does not exceed the floor
"""


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
    # Notes are numbered as a page of that width has them, and rules are as wide as their columns.
    assert {word.rstrip(MARKS).strip("-") for word in page.split()} == {
        word.rstrip(MARKS).strip("-") for word in record_table(record, "text", 1000).split()
    }


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
    # The row, the table of tasks; the reads beside the headline's and the neurons have tests of their own.
    assert page.split("\n\n")[:2] == [trimmed(row_body(record, TEXT)), TASKS]
    assert NOTES in page


def test_many_tasks_go_below_one_another(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    names = [f"task-{number}" for number in range(6)]
    record = make_record(tasks=tuple(make_task(name, "local") for name in names))
    table = record_table(record, "text")
    heads = [line.split() for line in table.splitlines() if re.match(r"\s+task-\d", line)]
    assert heads == [names[:2], names[2:4], names[4:]]
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
        ("local", "abc", "2"),
        ("planning", "small", "2"),
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
