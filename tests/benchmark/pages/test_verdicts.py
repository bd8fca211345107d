"""Verdicts on pages: those of `mechshift verdict`, against all controls, with strangers' texts escaped."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

from build.boards import a_submitted_record, write_submission
from build.pages import NASTY, SEEN, Parsed, a_board, a_judged_record
from build.records import TASKS
from mechshift.benchmark.board.columns import BoardRow
from mechshift.benchmark.board.entries import Entry
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.pages.write import write_board
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.verdict.read import judge_files
from mechshift.benchmark.verdict.text import deciding
from mechshift.benchmark.verdict.verdict import judge

ARM = {"arm": {"digest": "one ARM"}}

REBUILT = a_judged_record("pair", 0.1, 0.2, 0.4, **ARM)
CONTROLS = tuple(a_judged_record(name, 0.97, 0.96, 0.95, control=True, **ARM) for name in ("first", "second"))


def entry(record: Record) -> Entry:
    return Entry(f"2026-11-29-{record.pair.name}-v2", Path("nowhere"), record)


def folded(page: str) -> str:
    """All text of a page with its white space as one space, and its minus signs as programs write them."""
    return " ".join(Parsed(page).text.replace("−", "-").split())


def test_a_page_shows_every_number_that_decided_against_every_control() -> None:
    page = folded(pair_page(PairPage(REBUILT, controls=CONTROLS)))
    found = judge(REBUILT, CONTROLS)
    for one in (*found.suites, *found.tasks):
        for line in deciding(one):
            assert line.replace("−", "-") in page
    assert "Control: first, second." in page
    assert "less second" in page
    assert "controls, from above: first, second" in page


def test_tables_of_transfer_have_the_controls_below() -> None:
    page = pair_page(PairPage(REBUILT, controls=CONTROLS))
    (table,) = re.findall(r'<table class="transfer">.*?In the ARM;.*?</table>', page, re.DOTALL)[:1]
    first = re.search(r"<tbody><tr>.*?</tr>", table, re.DOTALL)
    assert first is not None
    # τ* of the pair, then of both controls.
    shown = re.findall(r"−?\d\.\d\d(?= ?(?:<|\[))", unescape(first.group()))[:3]
    assert shown == ["0.10", "0.97", "0.97"]


def test_a_matrix_has_a_task_a_row_and_a_shade_for_each_tenth() -> None:
    page = pair_page(PairPage(REBUILT))
    (arm, mdm) = re.findall(r'<table class="crossed (?:arm|mdm)">.*?</table>', page, re.DOTALL)
    for table in (arm, mdm):
        assert table.count("<tr>") == len(TASKS) + 1
        # Its own circuit does .9, that of ioi .1, and those of other tasks were not run.
        assert table.count('class="own shade-9"') == len(TASKS)
        assert table.count('class="shade-1"') == len(TASKS) - 1
        assert "its circuit was not run" in table


def test_a_control_has_no_verdict_on_its_page() -> None:
    text = folded(pair_page(PairPage(CONTROLS[0])))
    assert "A control has no verdict" in text
    assert "decided by" not in text


def test_a_boards_page_has_them_first_and_unfolds_what_decided() -> None:
    rows = [
        BoardRow(entry(REBUILT), 1, tuple(map(entry, CONTROLS))),
        BoardRow(entry(a_judged_record("alone", 0.97, 0.96, 0.95)), 2),
    ]
    page = board_page(a_board(rows))
    with_controls, alone = re.findall(r"<tr data-name=.*?</tr>", page, re.DOTALL)
    cells = re.findall(r"<td.*?</td>", with_controls, re.DOTALL)
    assert cells[1].startswith('<td class="verdict" data-value="4">')
    told = folded(cells[1])
    assert told.startswith("rebuilt")
    for one in judge(REBUILT, CONTROLS).suites:
        assert all(line.replace("−", "-") in folded(with_controls) for line in deciding(one))
    assert "attributable" in told
    assert "control: none" in folded(alone)
    assert 'data-verdict="preserved|preserved"' in alone


def test_names_of_strangers_are_text_in_what_decided() -> None:
    control = a_judged_record(NASTY, 0.97, 0.96, 0.95, control=True, **ARM)
    pages = (
        board_page(a_board([BoardRow(entry(REBUILT), 1, (entry(control),))])),
        pair_page(PairPage(REBUILT, controls=(control,))),
    )
    for page in pages:
        assert f"less {SEEN}" in Parsed(page).text
        assert "<img" not in page
        assert "<script>document" not in page


def test_a_boards_pages_say_what_the_verdict_on_their_files_is(tmp_path: Path) -> None:
    board = tmp_path / "board"
    for name, control in (("one", False), ("one-on", True), ("one-more", True)):
        write_submission(board, a_submitted_record(name, sample="same", control=control, **ARM))
    write_board(make_board(board), tmp_path / "site")
    text = folded((tmp_path / "site" / "pairs" / "2026-11-29-one-v2.html").read_text())
    places = [board / f"2026-11-29-{name}-v2" for name in ("one", "one-more", "one-on")]
    found = judge_files(places[0], places[1:])
    for one in (*found.suites, *found.tasks):
        assert all(line.replace("−", "-") in text for line in deciding(one))
    for statement in found.statements:
        assert all(str(claim).replace("−", "-") in text for claim in statement.attribution.claims)
    # Of one sample: differences are paired, which other files of the same numbers would not show.
    assert any(one.attribution.claims for one in (*found.suites, *found.tasks, *found.statements))


def test_show_takes_any_number_of_controls(command: Callable[..., Any], tmp_path: Path) -> None:
    write_model(REBUILT, tmp_path / "pair.json")
    given = []
    for control in CONTROLS:
        write_model(control, tmp_path / f"{control.pair.name}.json")
        given += ["--control", f"{control.pair.name}.json"]
    done = command("show", "pair.json", "--html", "page.html", *given)
    assert (done.code, done.err) == (0, "wrote page.html\n")
    text = folded((tmp_path / "page.html").read_text())
    assert "less first" in text
    assert "less second" in text
