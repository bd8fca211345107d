"""The verdicts on a board: those of `mechshift verdict` on the same files, with the controls on the board."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build.boards import a_submitted_record, write_submission
from build.records import a_function, number
from mechshift.benchmark.board.board import read_board
from mechshift.benchmark.board.columns import BY_CHANGE
from mechshift.benchmark.board.ranks import rank_entries
from mechshift.benchmark.board.rows import Board, make_board
from mechshift.benchmark.board.table import BoardView, board_rows, board_table
from mechshift.benchmark.contrast.side import read_side
from mechshift.benchmark.record.draws import find_numbers
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.verdict.evidence import evidence_places, of_task, with_evidence_draws
from mechshift.benchmark.verdict.read import judge_files
from mechshift.benchmark.verdict.rules import MEANING
from mechshift.benchmark.verdict.source import RecordEvidence
from mechshift.benchmark.verdict.text import verdict_values
from mechshift.benchmark.verdict.verdict import judge, judge_suites
from mechshift.metrics import student_quantile

ARM = {"arm": {"digest": "one ARM"}}
UNLIKE = {"edges": number(0.5, 0.04), "standardised": number(0.45, 0.05)}
ALIKE = {"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)}
RESAMPLES = 200


def a_judged_record(
    name: str, in_arm: float, in_mdm: float, alike: bool, sample: str | None = None, **pair: Any
) -> Record:
    """On all tasks τ* in the ARM and in the MDM, and whether the edges are alike; each with its draws.

    Records of one `sample` have the same prompts, and most of their noise in common.
    """
    found = a_submitted_record(name, sample=sample, **pair)
    own = np.random.default_rng([3, *name.encode()])
    shared = np.random.default_rng([4, *(sample or name).encode()])

    def drawn(value: Measured) -> Measured:
        assert isinstance(value, Number)
        assert value.high is not None
        error = (value.high - value.value) / student_quantile(0.975, 14)  # of fifteen templates
        noise = 0.9 * shared.normal(size=RESAMPLES) + 0.4 * own.normal(size=RESAMPLES)
        return value.drawn(value.value + error * noise)

    tasks = []
    for task in found.tasks:
        function = a_function(in_arm, in_mdm)
        hosts = {}
        for host in ("arm", "mdm"):
            at = getattr(function, host).compared
            compared = at.model_copy(update={"transfer": drawn(at.transfer)})
            hosts[host] = getattr(function, host).model_copy(update={"compared": compared})
        changed = {key: drawn(value) for key, value in (ALIKE if alike else UNLIKE).items()}
        structure = {**task.comparison.structure, **changed}
        comparison = task.comparison.model_copy(update={"structure": structure})
        function = function.model_copy(update=hosts)
        tasks.append(task.model_copy(update={"comparison": comparison, "function": function}))
    return with_summary(found.model_copy(update={"tasks": tuple(tasks)}))


def with_summary(record: Record) -> Record:
    return record.model_copy(update={"summary": summarise(record.tasks, record.failed)})


def without_function(record: Record) -> Record:
    tasks = tuple(task.model_copy(update={"function": None}) for task in record.tasks)
    return with_summary(record.model_copy(update={"tasks": tasks}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of one ARM with two controls, one of which it shares its prompts with; a pair of another ARM."""
    board = tmp_path_factory.mktemp("board")
    for record in (
        a_judged_record("rebuilt", 0.1, 0.2, alike=False, sample="one", **ARM),
        a_judged_record("preserved", 0.97, 0.95, alike=True, sample="one", **ARM),
        a_judged_record("continued", 0.96, 0.97, alike=True, sample="one", control=True, **ARM),
        a_judged_record("other-prompts", 0.96, 0.97, alike=True, control=True, **ARM),
        a_judged_record("alone", 0.95, 0.3, alike=True),
        without_function(a_judged_record("silent", 0.9, 0.9, alike=True)),
    ):
        write_submission(board, record)
    return board


@pytest.fixture(scope="module")
def found(folder: Path) -> Board:
    return make_board(folder)


def by_pair(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["pair"]: row for row in board_rows(folder, BoardView())}


def place(folder: Path, pair: str) -> Path:
    return folder / f"2026-11-29-{pair}-v2"


def test_a_row_has_the_verdict_of_its_files_with_the_controls_of_its_arm(folder: Path) -> None:
    rows = by_pair(folder)
    controls = [place(folder, name) for name in ("continued", "other-prompts")]
    for pair, beside in (("rebuilt", controls), ("preserved", controls), ("alone", [])):
        told = verdict_values(judge_files(place(folder, pair), beside))
        assert rows[pair]["verdict"]["suites"] == {one["name"]: one for one in told["suites"]}
        assert rows[pair]["verdict_local"] == told["suites"][0]["verdict"]
    assert rows["rebuilt"]["verdict_planning"] == "rebuilt"
    assert rows["preserved"]["verdict_planning"] == "preserved"
    assert rows["alone"]["verdict_local"] == "extended"


def test_differences_are_paired_where_prompts_are_the_same(folder: Path) -> None:
    rebuilt = by_pair(folder)["rebuilt"]["verdict"]
    assert rebuilt["differences"] == {"continued": "paired", "other-prompts": "independent"}
    widths = {}
    for claim in rebuilt["suites"]["local"]["attribution"]["decided_by"]:
        label, _, control = claim["number"].rpartition(" less ")
        widths[label, control] = claim["high"] - claim["low"]
    # The noise of the prompts cancels, 0.9 of it: 0.4 is left of √(0.9² + 0.4²).
    narrower = [
        widths[label, "continued"] / widths[label, "other-prompts"]
        for label, control in widths
        if control == "continued" and label.startswith("τ*")
    ]
    assert narrower == pytest.approx([0.41, 0.41], abs=0.08)


def test_what_is_not_paired_is_said(found: Board) -> None:
    (row,) = (row for row in found.rows if row.record.pair.name == "rebuilt")
    details = row.verdicts.suites["local"].details
    assert any(line.startswith("less other-prompts: taken for independent") for line in details)
    assert not any(line.startswith("less continued: ") for line in details)


def test_without_a_control_nothing_is_attributed(folder: Path) -> None:
    rows = by_pair(folder)
    assert rows["alone"]["attribution_local"] == "control: none"
    assert rows["alone"]["verdict"]["suites"]["local"]["attribution"]["decided_by"] == []
    assert rows["rebuilt"]["attribution_local"] == "attributable"
    assert rows["preserved"]["attribution_local"] is None


def test_a_control_says_of_how_many_pairs_it_is_one(folder: Path) -> None:
    rows = by_pair(folder)
    assert {name: rows[name]["control_of"] for name in ("continued", "rebuilt")} == {
        "continued": 2,
        "rebuilt": None,
    }
    assert rows["continued"]["verdict_local"] is rows["continued"]["verdict"] is None
    text = " ".join(board_table(folder, BoardView(), "text", 120).split())
    assert "control of" in text
    assert "2 pairs" in text


def test_without_circuits_in_the_other_member_there_is_no_verdict(folder: Path) -> None:
    silent = by_pair(folder)["silent"]
    assert silent["verdict_local"] is silent["verdict_planning"] is None
    assert silent["verdict_missing"] == "no verdict: the protocol runs no circuit in the other member"
    text = " ".join(board_table(folder, BoardView(), "text", 120).split())
    assert "no verdict: the protocol runs no circuit in the other member" in text


@pytest.mark.parametrize("layout", ["text", "github", "latex"])
def test_verdicts_stand_right_behind_the_pair(folder: Path, layout: Any) -> None:
    text = board_table(folder, BoardView(), layout, 120)
    head = next(line for line in text.splitlines() if "rank" in line)
    order = [head.index(word) for word in ("rank", "pair", "verdict", "task-dependent")]
    assert order == sorted(order)
    for said in ("preserved", "rebuilt", "attributable", "extended"):
        assert said in text


def test_csv_has_them_as_text(folder: Path) -> None:
    rows = {row["pair"]: row for row in csv.DictReader(io.StringIO(board_table(folder, BoardView(), "csv")))}
    assert list(rows["rebuilt"])[:6] == [
        *("rank", "pair", "verdict_local", "verdict_planning", "attribution_local", "attribution_planning")
    ]
    assert rows["rebuilt"]["verdict_local"] == "rebuilt"
    assert rows["continued"]["control_of"] == "2"
    json.dumps(board_rows(folder, BoardView()))


def test_rows_are_sorted_by_how_much_changed(folder: Path) -> None:
    assert set(BY_CHANGE) == set(MEANING)

    def order(ascending: bool) -> list[str]:
        view = BoardView(sort="verdict_local", ascending=ascending)
        return [row.record.pair.name for row in view.board(folder).rows]

    assert order(ascending=False) == ["rebuilt", "alone", "preserved", "silent"]
    assert order(ascending=True) == ["preserved", "alone", "rebuilt", "silent"]
    text = board_table(folder, BoardView(sort="verdict_local"), "text")
    assert "by verdict_local, what changed most first" in text


def test_chosen_columns_have_what_decided_only_where_a_verdict_is_asked_for(folder: Path) -> None:
    assert "verdict" not in board_rows(folder, BoardView(columns=("overlap_local",)))[0]
    assert "verdict" in board_rows(folder, BoardView(columns=("verdict_planning",)))[0]


def test_ranks_do_not_depend_on_verdicts(folder: Path) -> None:
    ranks = {row.record.pair.name: row.rank for row in make_board(folder).rows}
    plain = read_board(folder)
    quantity = next(each for each in pair_quantities() if each.name == "task_dependent_shift")
    found = rank_entries(read_board(folder, quantity=quantity).entries, quantity)
    names = [entry.record.pair.name for entry in plain.entries]
    assert {name: rank for name, rank in zip(names, found.ranks, strict=True) if name in ranks} == ranks


def test_the_draws_that_are_read_are_those_of_the_evidence(folder: Path) -> None:
    record = read_side(place(folder, "rebuilt")).record
    places = list(evidence_places(record))
    held = {name: one for task in record.tasks for name, one in find_numbers(task)}
    assert len(places) == len(set(places)) == 4 * len(record.tasks)
    first = record.tasks[0]
    ours = [held[name] for name in places if name.startswith(f"{first.task}/")]
    evidence = of_task(record, first)
    assert {id(one.draws) for one in ours} == {
        id(one.draws) for one in evidence.named().values() if isinstance(one, Number)
    }
    draws = {name: one.draws for name, one in held.items() if name in places and one.draws is not None}
    bare = Record.model_validate_json(record.model_dump_json())
    drawn = with_evidence_draws(bare, draws)
    for name, one in of_task(drawn, drawn.tasks[0]).named().items():
        same = evidence.named()[name]
        assert isinstance(one, Number)
        assert isinstance(same, Number)
        assert one.draws is same.draws is not None


def test_both_suites_alone_are_judged_as_with_all_else(folder: Path) -> None:
    record, control = (read_side(place(folder, name)).record for name in ("rebuilt", "continued"))
    assert judge_suites(RecordEvidence(record, [control])) == judge(record, [control]).suites


def test_plain_records_have_no_draws_and_are_taken_for_independent(tmp_path: Path) -> None:
    for name, arm, control in (("pair", 0.1, False), ("control", 0.97, True)):
        record = a_judged_record(name, arm, arm, alike=control, sample="one", control=control, **ARM)
        write_model(record, tmp_path / f"{name}.json")
    row = board_rows(tmp_path, BoardView(unofficial=True))[0]
    assert row["verdict"]["differences"] == {"control": "independent"}
    told = verdict_values(judge_files(tmp_path / "pair.json", [tmp_path / "control.json"], cells=False))
    assert row["verdict"]["suites"] == {one["name"]: one for one in told["suites"]}


def test_numbers_beyond_arithmetic_are_no_verdict_and_no_end(tmp_path: Path) -> None:
    record = a_judged_record("pair", 0.97, 0.97, alike=True)
    huge = Number(value=1e308, low=-1e308, high=1.7e308)
    first = record.tasks[0]
    structure = {**first.comparison.structure, "edges": huge}
    broken = first.model_copy(
        update={"comparison": first.comparison.model_copy(update={"structure": structure})}
    )
    write_model(record.model_copy(update={"tasks": (broken, *record.tasks[1:])}), tmp_path / "pair.json")
    row = board_rows(tmp_path, BoardView(unofficial=True))[0]
    assert row["verdict_local"] is None
    assert row["verdict_missing"].startswith("no verdict: ")
