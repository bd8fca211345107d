"""Tables of records, against tables written by hand."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord
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
                                                 ioi                        countdown
                                                 local                      planning
                                                 abc                        small
-----------------------------------------------  -------------------------  -----------------
BEHAVIOUR
accuracy, ARM                                    0.95 [0.93, 0.96]          0.01 [0.00, 0.02]
accuracy, MDM                                    0.75 [0.71, 0.78]          0.75 [0.71, 0.78]
accuracy of the MDM in place                     –⁴                         –⁴
pool / discovery / evaluation                    500 / 252 / 248            1 / 252 / 248
templates                                        15                         15
unfit / solved in another form                   7 / 2                      7 / 2
ARM metric, clean / corrupted                    3.00 / -1.50               –⁵
MDM metric, clean / corrupted                    2.00 / -1.50               –⁵
STRUCTURE, WHATEVER THE NUMBER OF PROMPTS
ρ of edges                                       0.93 [0.91, 0.95]          –⁵
ρ of edges, standardised                         0.85 [0.80, 0.90]          –⁵
ρ of edges without right context                 0.90 [0.88, 0.92]          –⁵
ρ of components                                  0.97 [0.96, 0.98]          –⁵
ρ of MLP neurons                                 0.80 [0.77, 0.83]          –⁵
edges that carry ρ, ARM                          6                          –⁵
edges that carry ρ, MDM                          4                          –⁵
edges that carry standardised ρ, ARM             40                         –⁵
edges that carry standardised ρ, MDM             30                         –⁵
OVERLAP OF THE CIRCUITS
compared size, edges / share                     100 / 10.0 %               –⁵
Ĵ of edges                                       0.75 [0.70, 0.80]          –⁵
J of edges, half the prompts                     0.50 [0.45, 0.55]          –⁵
floor / ceilings of ARM, MDM                     0.03 / 0.80 / 0.70         –⁵
J of edges, all prompts                          0.55 [0.50, 0.60]          –⁵
Ĵ of components                                  –⁶                         –⁵
FAITHFULNESS
area on a log axis, ARM                          0.62 [0.58, 0.66]          –⁵
area on a log axis, MDM                          0.62 [0.58, 0.66]          –⁵
metric gap, ARM                                  4.50 [4.40, 4.60]          –⁵
metric gap, MDM                                  3.50 [3.40, 3.60]          –⁵
CPR, ARM                                         0.98 [0.95, 1.01]          –⁵
CPR, MDM                                         0.98 [0.95, 1.01]          –⁵
CMD, ARM                                         0.050 [0.030, 0.070]       –⁵
CMD, MDM                                         0.050 [0.030, 0.070]       –⁵
smallest faithful share, ARM                     10.0 %                     –⁵
smallest faithful share, MDM                     10.0 %                     –⁵
completeness residual, ARM                       0.41 %                     –⁵
completeness residual, MDM                       0.41 %                     –⁵
integration points, ARM                          10                         –⁵
integration points, MDM                          10                         –⁵
top edges that still change, ARM                 1.0 %                      –⁵
top edges that still change, MDM                 1.0 %                      –⁵
FUNCTION: EITHER MEMBER'S CIRCUIT IN THE OTHER
transfer τ*, in the ARM                          0.97 [0.94, 1.00]          –⁵
transfer τ*, in the MDM                          0.93 [0.90, 0.96]          –⁵
transfer τ* at half the size, in the ARM         0.87 [0.84, 0.90]          –⁵
transfer τ* at half the size, in the MDM         0.83 [0.80, 0.86]          –⁵
transfer τ*, heads matched, in the ARM           –⁷                         –⁵
transfer τ*, heads matched, in the MDM           –⁷                         –⁵
f of the host's own circuit, in the ARM          0.90 [0.88, 0.92]          –⁵
f of the host's own circuit, in the MDM          0.90 [0.88, 0.92]          –⁵
f of the other member's circuit, in the ARM      0.88 [0.86, 0.90]          –⁵
f of the other member's circuit, in the MDM      0.85 [0.83, 0.87]          –⁵
f of other tasks' circuits, in the ARM           0.20 [0.17, 0.23]          –⁵
f of other tasks' circuits, in the MDM           0.20 [0.17, 0.23]          –⁵
f of the best other task's circuit, in the ARM   0.30                       –⁵
f of the best other task's circuit, in the MDM   0.30                       –⁵
f of edges of the host's circuit alone, in the   0.10 [0.08, 0.12]          –⁵
ARM
f of edges of the host's circuit alone, in the   0.10 [0.08, 0.12]          –⁵
MDM
f of edges of the other circuit alone, in the    0.05 [0.03, 0.07]          –⁵
ARM
f of edges of the other circuit alone, in the    0.05 [0.03, 0.07]          –⁵
MDM
f of shuffled circuits, mean, in the ARM         0.02                       –⁵
f of shuffled circuits, mean, in the MDM         0.02                       –⁵
f of shuffled circuits, largest, in the ARM      0.30                       –⁵
f of shuffled circuits, largest, in the MDM      0.30                       –⁵
p of the other circuit among shuffled ones, in   0.02                       –⁵
the ARM
p of the other circuit among shuffled ones, in   0.02                       –⁵
the MDM
DEPTH
early share, ARM                                 0.50 [0.49, 0.51]          –⁵
early share, MDM                                 0.62 [0.61, 0.63]          –⁵
early shift                                      +0.12 [+0.10, +0.14]       –⁵
early shift in number of edges                   -0.06 [-0.08, -0.04]       –⁵
early share by squared mass, ARM                 0.50 [0.49, 0.51]          –⁵
early share by squared mass, MDM                 0.62 [0.61, 0.63]          –⁵
mean depth by squared mass, ARM                  0.40 [0.38, 0.42]          –⁵
mean depth by squared mass, MDM                  0.40 [0.38, 0.42]          –⁵
early shift by squared mass                      +0.08 [+0.05, +0.11]       –⁵
shift of the mean depth by squared mass          -0.05 [-0.07, -0.03]       –⁵
early shift, both weightings                     +0.12 [+0.10, +0.14]       –⁵
CAUSALITY OF DEPTH
lost without early / middle / late / random      0.60 / 0.10 / 0.20 / 0.05  –⁵
heads, ARM
lost without early / middle / late / random      0.60 / 0.10 / 0.20 / 0.05  –⁵
heads, MDM
lost without early / middle / late / random      0.60 / 0.10 / 0.20 / 0.05  –⁵
MLPs, ARM
lost without early / middle / late / random      0.60 / 0.10 / 0.20 / 0.05  –⁵
MLPs, MDM
lost without early / middle / late / random      –⁸                         –⁵
neurons, ARM
lost without early / middle / late / random      –⁸                         –⁵
neurons, MDM
lost without early − random heads, ARM           +0.55 [+0.50, +0.60]       –⁵
lost without early − random heads, MDM           +0.55 [+0.50, +0.60]       –⁵
lost without early − random MLPs, ARM            +0.55 [+0.50, +0.60]       –⁵
lost without early − random MLPs, MDM            +0.55 [+0.50, +0.60]       –⁵
lost without early − random neurons, ARM         –⁸                         –⁵
lost without early − random neurons, MDM         –⁸                         –⁵
shift of what is lost without early − random     +0.10 [+0.05, +0.15]       –⁵
heads
shift of what is lost without early − random     +0.02 [-0.03, +0.07]       –⁵
MLPs
shift of what is lost without early − random     –⁸                         –⁵
neurons
lost without early − middle heads, ARM           +0.50 [+0.45, +0.55]       –⁵
lost without early − middle heads, MDM           +0.50 [+0.45, +0.55]       –⁵
lost without early − middle MLPs, ARM            +0.50 [+0.45, +0.55]       –⁵
lost without early − middle MLPs, MDM            +0.50 [+0.45, +0.55]       –⁵
lost without early − middle neurons, ARM         –⁸                         –⁵
lost without early − middle neurons, MDM         –⁸                         –⁵
lost without early − late heads, ARM             +0.40 [+0.35, +0.45]       –⁵
lost without early − late heads, MDM             +0.40 [+0.35, +0.45]       –⁵
lost without early − late MLPs, ARM              +0.40 [+0.35, +0.45]       –⁵
lost without early − late MLPs, MDM              +0.40 [+0.35, +0.45]       –⁵
lost without early − late neurons, ARM           –⁸                         –⁵
lost without early − late neurons, MDM           –⁸                         –⁵
accuracy lost without early / middle / late /    0.40 / 0.10 / 0.20 / 0.05  –⁵
random heads, ARM
accuracy lost without early / middle / late /    0.40 / 0.10 / 0.20 / 0.05  –⁵
random heads, MDM
accuracy lost without early / middle / late /    0.40 / 0.10 / 0.20 / 0.05  –⁵
random MLPs, ARM
accuracy lost without early / middle / late /    0.40 / 0.10 / 0.20 / 0.05  –⁵
random MLPs, MDM
accuracy lost without early / middle / late /    –⁸                         –⁵
random neurons, ARM
accuracy lost without early / middle / late /    –⁸                         –⁵
random neurons, MDM
accuracy lost without early − random heads, ARM  +0.35 [+0.30, +0.40]       –⁵
accuracy lost without early − random heads, MDM  +0.35 [+0.30, +0.40]       –⁵
accuracy lost without early − random MLPs, ARM   +0.35 [+0.30, +0.40]       –⁵
accuracy lost without early − random MLPs, MDM   +0.35 [+0.30, +0.40]       –⁵
accuracy lost without early − random neurons,    –⁸                         –⁵
ARM
accuracy lost without early − random neurons,    –⁸                         –⁵
MDM
DIRECTION
right-context share, ARM                         0.050 [0.040, 0.060]       –⁵
right-context share, MDM                         0.062 [0.052, 0.072]       –⁵
right-context share by squared mass, ARM         0.050 [0.040, 0.060]       –⁵
right-context share by squared mass, MDM         0.062 [0.052, 0.072]       –⁵
share before the first difference, ARM           0.050 [0.040, 0.060]       –⁵
share before the first difference, MDM           0.062 [0.052, 0.072]       –⁵
share right of the read place, ARM               0.050 [0.040, 0.060]       –⁵
share right of the read place, MDM               0.062 [0.052, 0.072]       –⁵
SPECIALISATION
specialisation, ARM                              0.40 [0.38, 0.42]          –⁵
specialisation, MDM                              0.40 [0.38, 0.42]          –⁵
specialisation shift                             -0.00 [-0.00, +0.00]       –⁵
specialisation by squared mass, ARM              0.60 [0.58, 0.62]          –⁵
specialisation by squared mass, MDM              0.60 [0.58, 0.62]          –⁵
specialisation shift by squared mass             +0.01 [+0.01, +0.01]       –⁵
specialisation shift, both weightings            –¹                         –⁵
random circuit, ARM                              0.10                       –⁵
random circuit, MDM                              0.10                       –⁵
output sharpness, ARM                            0.015 [0.014, 0.016]       –⁵
output sharpness, MDM                            0.015 [0.014, 0.016]       –⁵
shift of the output sharpness                    -0.004 [-0.006, -0.002]    –⁵
ONE CIRCUIT OR SEVERAL
clusters of prompts, ARM                         3                          –⁵
clusters of prompts, MDM                         3                          –⁵
silhouette / of one circuit, ARM                 0.31 / 0.22                –⁵
silhouette / of one circuit, MDM                 0.31 / 0.22                –⁵
p of the clusters, ARM                           0.01                       –⁵
p of the clusters, MDM                           0.01                       –⁵
cancellation ratio, ARM                          0.87                       –⁵
cancellation ratio, MDM                          0.87                       –⁵
EFFECTS OF SINGLE COMPONENTS
largest direct share, ARM                        0.300 [0.250, 0.350]       –⁵
largest direct share, MDM                        0.300 [0.250, 0.350]       –⁵
largest direct share, circuit − random, ARM      +0.100 [+0.050, +0.150]    –⁵
largest direct share, circuit − random, MDM      +0.100 [+0.050, +0.150]    –⁵
shift of the largest direct share                +0.03 [+0.02, +0.04]       –⁵
entropy of direct shares, ARM                    0.300 [0.250, 0.350]       –⁵
entropy of direct shares, MDM                    0.300 [0.250, 0.350]       –⁵
entropy of direct shares, circuit − random, ARM  +0.100 [+0.050, +0.150]    –⁵
entropy of direct shares, circuit − random, MDM  +0.100 [+0.050, +0.150]    –⁵
shift of the entropy of direct shares            +0.03 [+0.02, +0.04]       –⁵
largest drop, ARM                                0.30 [0.25, 0.35]          –⁵
largest drop, MDM                                0.30 [0.25, 0.35]          –⁵
largest drop, circuit − random, ARM              +0.10 [+0.05, +0.15]       –⁵
largest drop, circuit − random, MDM              +0.10 [+0.05, +0.15]       –⁵
shift of the largest drop                        +0.03 [+0.02, +0.04]       –⁵
entropy of drops, ARM                            0.300 [0.250, 0.350]       –⁵
entropy of drops, MDM                            0.300 [0.250, 0.350]       –⁵
entropy of drops, circuit − random, ARM          +0.100 [+0.050, +0.150]    –⁵
entropy of drops, circuit − random, MDM          +0.100 [+0.050, +0.150]    –⁵
shift of the entropy of drops                    +0.03 [+0.02, +0.04]       –⁵
NEURONS
neurons, effective number, ARM                   12                         –⁵
neurons, effective number, MDM                   –⁹                         –⁵
early share of neurons, ARM                      –⁸                         –⁵
early share of neurons, MDM                      –⁸                         –⁵
early shift of neurons                           –⁸                         –⁵
lost without the top neurons, ARM                0.62                       –⁵
lost without the top neurons, MDM                –¹⁰                        –⁵
lost without random neurons, ARM                 0.02                       –⁵
lost without random neurons, MDM                 –¹⁰                        –⁵"""
NOTES = """
¹ the interval of the value by mass contains 0
² the two weightings disagree in sign
³ the interval of the value by squared mass contains 0
⁴ the task has no form that is filled in place
⁵ ARM solves 3 of 500
⁶ the ceiling does not exceed the floor
⁷ heads have the same indices in both members
⁸ effects of neurons were not measured
⁹ the record has no value named neurons_mdm
¹⁰ no neuron has an effect
¹¹ the protocol has no such read
¹² the record has no value named plan
¹³ the record has no value named copied
¹⁴ the record has no value named other"""


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


def test_a_share_whose_weightings_do_not_both_exclude_0_is_marked(make_record: MakeRecord) -> None:
    """Local tasks have .05 by mass and nothing clear of 0 by squared mass; planning tasks have both."""
    table = record_table(make_record(), "text").splitlines()
    (line,) = (line for line in table if line.startswith("right context  "))
    local, planning = re.findall(r"0\.0\d+ \[[^]]*\][⁰¹²³⁴⁵⁶⁷⁸⁹]*", line)
    assert local[-1] in MARKS
    assert planning[-1] == "]"


def test_a_value_that_the_record_does_not_name_is_missing(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord]
) -> None:
    task = make_task("ioi")
    comparison = task.comparison.model_copy(update={"depth_shift": {}})
    record = make_record(tasks=(task.model_copy(update={"comparison": comparison}),))
    assert "the record has no value named early_share" in record_table(record, "text")


def test_an_unknown_format_is_refused(make_record: MakeRecord) -> None:
    with pytest.raises(UsageError, match="unknown format 'html'"):
        record_table(make_record(), "html")  # type: ignore[arg-type]
