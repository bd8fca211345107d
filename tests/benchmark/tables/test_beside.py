"""Reported numbers below measured ones, against tables written by hand and a run of protocol `paper`."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.board.table import BoardView, board_table
from mechshift.benchmark.pairs.loading import Pair
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import PAPER, QUICK, V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord
from mechshift.benchmark.run.run import run
from mechshift.benchmark.tables.beside import beside, overlap_table
from mechshift.benchmark.tables.reported import list_reported
from mechshift.benchmark.tables.show import render
from mechshift.errors import UsageError

MakeRecord = Callable[..., Record]
MakeTask = Callable[..., TaskRecord]
Measure = Callable[..., Record]

NAMES = ("ioi", "greater-than", "countdown", "infilling")
DREAM = ("qwen/qwen2.5-7b", "Dream-org/Dream-v0-Base-7B")

SAME_PAIR = """\
task          pair                   protocol, status            edges    J of edges,           chance
                                                                          all prompts
------------  ---------------------  --------------------------  -------  --------------------  --------
ioi           dream-7b               paper@6, self-reported      100      0.550 [0.500, 0.600]  0.0250
              Qwen2.5-7B → Dream-7B  arXiv 2601.14758, reported  1,000    0.193                 –¹³
greater-than  dream-7b               paper@6, self-reported      100      0.550 [0.500, 0.600]  0.0250
countdown     dream-7b               paper@6, self-reported      100      0.550 [0.500, 0.600]  0.0250
              Qwen2.5-7B → Dream-7B  arXiv 2601.14758, reported  1,000    0.008                 –¹³
infilling     dream-7b               paper@6, self-reported      100      0.550 [0.500, 0.600]  0.0250

¹ its sign depends on each of greater-than and countdown
"""
NOT_STATED = """
¹³ not stated by arXiv 2601.14758 (table or figure: not located): floor, ceiling, interval, prompts

ρ: 1 where"""

LEGEND = """

Reported: a source's own number, not measured here, and on other prompts. Other pair: no record above is of
it. A reported number comes without an interval, and so no test of equality is made."""

OTHER_PAIRS = """\
task          pair                                 protocol, status                 edges    J of edges,           chance
                                                                                             all prompts
------------  -----------------------------------  -------------------------------  -------  --------------------  --------
ioi           tiny                                 paper@6, self-reported, control  100      0.550 [0.500, 0.600]  0.0250
              other pair: Qwen2.5-7B → Dream-7B    arXiv 2601.14758, reported       1,000    0.193                 –¹
              other pair: LLaMA-2-7B → DiffuLLaMA  arXiv 2601.14758, reported       1,000    0.088                 –¹
greater-than  tiny                                 paper@6, self-reported, control  100      0.550 [0.500, 0.600]  0.0250
countdown     tiny                                 paper@6, self-reported, control  –²       –²                    –²
              other pair: Qwen2.5-7B → Dream-7B    arXiv 2601.14758, reported       1,000    0.008                 –¹
              other pair: LLaMA-2-7B → DiffuLLaMA  arXiv 2601.14758, reported       1,000    0.032                 –¹

¹ not stated by arXiv 2601.14758 (table or figure: not located): floor, ceiling, interval, prompts
² ARM solves 3 of 500"""  # noqa: E501


@pytest.fixture
def measure(make_record: MakeRecord, make_task: MakeTask) -> Measure:
    """A whole record of protocol `paper`: `measure(name, (arm, mdm), **changes)`, J = 0.55 of 100 edges."""

    def make(name: str = "tiny", members: Sequence[str] = ("tiny/arm", "tiny/mdm"), **changes: Any) -> Record:
        tasks = tuple(make_task(task) for task in NAMES)
        record = make_record(name, **{"protocol": PAPER, "tasks": tasks} | changes)
        arm, mdm = (
            member.model_copy(update={"checkpoint": checkpoint})
            for member, checkpoint in zip((record.pair.arm, record.pair.mdm), members, strict=True)
        )
        return record.model_copy(update={"pair": record.pair.model_copy(update={"arm": arm, "mdm": mdm})})

    return make


def board_of(folder: Path, *records: Record) -> Path:
    for number, record in enumerate(records):
        write_model(record, folder / f"{number}.json")
    return folder


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_a_page_shows_what_is_reported_of_its_pair(measure: Measure) -> None:
    page = trimmed(render(measure("dream-7b", DREAM)))
    assert SAME_PAIR in page
    assert NOT_STATED in page
    assert " ".join(LEGEND.split()) in " ".join(page.split())


def test_a_page_stays_within_a_terminal(measure: Measure) -> None:
    assert max(map(len, render(measure()).splitlines())) <= 120


def test_a_page_without_a_reported_pair_shows_others_as_such(
    measure: Measure, make_task: MakeTask, make_failed_task: Callable[..., FailedTask]
) -> None:
    tasks = tuple(make_task(task) for task in NAMES[:2])
    record = measure(tasks=tasks, failed=(make_failed_task("countdown", "ARM solves 3 of 500"),))
    control = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    table = trimmed(overlap_table((control,), beside(control), "text", 123))
    assert table.startswith(OTHER_PAIRS)
    assert table.removeprefix(OTHER_PAIRS).split() == LEGEND.split()


def test_what_is_beside_each_other_fits_the_terminal(measure: Measure) -> None:
    table = overlap_table((measure(),), list_reported(), "text", 80)
    assert max(map(len, table.splitlines())) <= 80
    heads = [line.split()[:2] for line in table.splitlines() if line.startswith("task ")]
    assert len(heads) > 1
    assert {tuple(head) for head in heads} == {("task", "pair")}


@pytest.mark.parametrize("protocol", [V2, QUICK], ids=["v2", "quick"])
def test_pages_of_other_protocols_show_nothing_reported(make_record: MakeRecord, protocol: Any) -> None:
    assert "Reported:" not in render(make_record(protocol=protocol))


def test_reported_rows_stand_below_all_measured_ones_whatever_their_size(measure: Measure) -> None:
    records = (measure("zebra"), measure("dream-7b", DREAM), measure("ape"))
    rows = parsed(overlap_table(records, list_reported(), "csv"))
    assert [(row["pair"], row["status"]) for row in rows if row["task"] == "countdown"] == [
        ("ape", "self-reported"),
        ("dream-7b", "self-reported"),
        ("zebra", "self-reported"),
        ("Qwen2.5-7B → Dream-7B", "reported"),
        ("LLaMA-2-7B → DiffuLLaMA", "reported"),
    ]


def test_csv_gives_the_reported_numbers_as_published(measure: Measure) -> None:
    rows = parsed(overlap_table((measure("dream-7b", DREAM),), list_reported(), "csv"))
    reported = {(row["pair"], row["task"]): row for row in rows if row["status"] == "reported"}
    assert {key: float(row["jaccard"]) for key, row in reported.items()} == {
        ("Qwen2.5-7B → Dream-7B", "ioi"): 0.193,
        ("Qwen2.5-7B → Dream-7B", "countdown"): 0.008,
        ("LLaMA-2-7B → DiffuLLaMA", "ioi"): 0.088,
        ("LLaMA-2-7B → DiffuLLaMA", "countdown"): 0.032,
    }
    for (pair, _), row in reported.items():
        assert (row["jaccard_low"], row["jaccard_high"], row["floor"]) == ("", "", "")
        assert (row["origin"], row["location"], float(row["edges"])) == (
            "arXiv 2601.14758",
            "not located",
            1000,
        )
        assert row["not_stated"] == "floor, ceiling, interval, prompts"
        assert row["other_pair"] == ("no" if "Dream" in pair else "yes")


def test_csv_gives_the_measured_numbers_unrounded(measure: Measure) -> None:
    row = parsed(overlap_table((measure("dream-7b", DREAM),), list_reported(), "csv"))[0]
    assert (row["task"], row["pair"], row["origin"]) == ("ioi", "dream-7b", "paper@6")
    assert (row["arm"], row["mdm"], row["control"]) == (*DREAM, "no")
    assert (float(row["jaccard"]), float(row["jaccard_low"]), float(row["jaccard_high"])) == (
        0.55,
        0.55 - 0.05,
        0.55 + 0.05,
    )
    assert (float(row["edges"]), float(row["floor"]), row["location"]) == (100, 0.025, "")


def test_a_missing_overlap_keeps_its_reason_in_csv(
    measure: Measure, make_failed_task: Callable[..., FailedTask]
) -> None:
    record = measure(tasks=(), failed=(make_failed_task("countdown", "=1+1"),))
    row = parsed(overlap_table((record,), (), "csv"))[0]
    assert (row["jaccard"], row["jaccard_missing"]) == ("", "'=1+1")


def test_a_name_cannot_break_the_table(measure: Measure) -> None:
    table = overlap_table((measure("two\nlines\x1b[2J"),), (), "text")
    assert "two lines\ufffd[2J" in table


def test_github_keeps_its_columns_whatever_the_name(measure: Measure) -> None:
    table = overlap_table((measure("a|b_c"),), list_reported(), "github")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert {len(line.replace(r"\|", "").split("|")) for line in rows} == {8}
    assert len(rows) == 2 + 4 + 4


def test_latex_has_an_escaped_arrow(measure: Measure) -> None:
    table = overlap_table((measure("dream-7b", DREAM),), list_reported(), "latex")
    assert r"Qwen2.5-7B $\to$ Dream-7B" in table
    assert "→" not in table


def test_an_unknown_format_is_refused(measure: Measure) -> None:
    format: Any = "html"  # noqa: A001
    with pytest.raises(UsageError, match="unknown format 'html'"):
        overlap_table((measure(),), (), format)


@pytest.mark.parametrize("layout", ["text", "github", "latex", "csv"])
def test_a_board_of_the_papers_protocol_has_its_records_and_all_that_is_reported(
    tmp_path: Path, measure: Measure, layout: Any
) -> None:
    record = measure("dream-7b", DREAM)
    table = board_table(board_of(tmp_path, record), BoardView("paper"), layout)
    assert table == overlap_table((record,), list_reported(), layout)
    for value in ("0.193", "0.008", "0.088", "0.032"):
        assert table.count(value) == 1


def test_the_protocol_chooses_among_the_records_of_a_folder(
    tmp_path: Path, measure: Measure, make_record: MakeRecord
) -> None:
    folder = board_of(tmp_path, make_record("ours"), measure("dream-7b", DREAM))
    assert "ours" not in board_table(folder, BoardView("paper"), "csv")
    assert [row["pair"] for row in parsed(board_table(folder, BoardView("v2", unofficial=True), "csv"))] == [
        "ours"
    ]


def test_without_a_protocol_a_board_is_as_it_was(
    tmp_path: Path, measure: Measure, make_record: MakeRecord
) -> None:
    assert "Reported:" not in board_table(
        board_of(tmp_path, make_record()), BoardView(unofficial=True), "text"
    )
    with pytest.raises(UsageError, match="has protocol paper, which no board takes"):
        board_table(board_of(tmp_path, measure()), BoardView(), "text")


def test_a_protocol_without_any_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no board takes protocol quick") as raised:
        board_table(tmp_path, BoardView("quick"), "text")
    assert "paper" in raised.value.remedy


def test_an_unknown_protocol_is_offered_near_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean paper"):
        board_table(tmp_path, BoardView("papers"), "text")


def test_a_run_under_the_papers_protocol_stands_beside_what_is_reported(tiny: Pair, tmp_path: Path) -> None:
    few = {"pool": 12, "minimum": 4, "groups": 6, "resamples": 20, "splits": 2, "components": 4}
    small = PAPER.changed(**few, minimum_edges=0, grid=(0.001, 0.1, 1.0))
    record = run(tiny, small, tmp_path, ["ioi"])
    (overlap,) = (task.comparison.compared.edge.jaccard for task in record.tasks)
    assert isinstance(overlap, Number)
    lines = [line.split() for line in render(record).splitlines()]
    start = next(index for index, line in enumerate(lines) if line[:2] == ["ioi", "tiny"])
    measured, dream, llama = lines[start : start + 3]
    assert measured[2:6] == ["paper@6,", "self-reported", "1,000", f"{overlap.value:.3f}"]
    assert (dream[-2], llama[-2]) == ("0.193", "0.088")


def test_what_has_no_overlap_is_a_dash(measure: Measure, make_task: MakeTask) -> None:
    task = make_task("ioi")
    compared = task.comparison.compared
    edge = compared.edge.model_copy(update={"jaccard": Missing(missing="too few")})
    comparison = task.comparison.model_copy(update={"compared": compared.model_copy(update={"edge": edge})})
    record = measure(tasks=(task.model_copy(update={"comparison": comparison}),))
    assert "100 –¹ 0.0250" in " ".join(overlap_table((record,), (), "text").split())
