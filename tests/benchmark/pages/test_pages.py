"""What is on the pages: every declared quantity with its definition, in one file, the same each time."""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from build.pages import Parsed, a_board, a_drawn_record, a_nasty_record, some_rows, with_shift
from build.records import a_failed_task, a_pair, a_record, a_task, number
from mechshift.benchmark.board.entries import Retired
from mechshift.benchmark.contrast.comparison import compare_records
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.pages.comparison import comparison_page
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.quantities import sections_of, task_quantities
from mechshift.benchmark.record.quantity import Definition, Quantity
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import COLUMNS, pair_quantities
from mechshift.benchmark.tables.reproducing import command


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path, record = a_drawn_record(tmp_path_factory.mktemp("pages"))
    pair = a_pair("control", arm={"digest": record.pair.arm.digest}, control=True)
    control = a_record("control", number(0.02, 0.02), pair=pair)
    return {
        "pair": pair_page(PairPage(record, path, (control,), status="re-run", home="x.html")),
        "bare pair": pair_page(PairPage(a_nasty_record())),
        "board": board_page(a_board(some_rows(12))),
        "comparison": comparison_page(compare_records(a_record("one"), a_record("other", number(0.5, 0.1)))),
    }


KINDS = ("pair", "bare pair", "board", "comparison")


@pytest.mark.parametrize("kind", KINDS)
def test_links_lead_to_anchors_and_anchors_are_unique(kind: str, pages: dict[str, str]) -> None:
    page = Parsed(pages[kind])
    anchors = list(page.values("id"))
    assert len(anchors) == len(set(anchors))
    links = [
        link.removeprefix("#") for link in page.values("href") if link.startswith("#") and "=" not in link
    ]
    assert links
    assert set(links) <= set(anchors)
    for attribute in ("aria-labelledby", "for"):
        for value in page.values(attribute):
            assert set(value.split()) <= set(anchors)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fetches_nothing_and_its_policy_names_what_it_holds(kind: str, pages: dict[str, str]) -> None:
    page = pages[kind]
    policies = [
        attributes["content"]
        for name, attributes in Parsed(page).elements
        if name == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    policy = policies[0] or ""
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for name in ("style", "script"):
        (content,) = re.findall(f"<{name}>(.*?)</{name}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
        assert "http" not in content.replace("http://www.w3.org/2000/svg", "")
    assert list(Parsed(page).values("src")) == []
    assert list(Parsed(page).values("style")) == []


def definitions() -> Iterable[Definition]:
    declared: list[Quantity[object]] = [*pair_quantities(), *task_quantities(V2)]  # type: ignore[list-item]
    return dict.fromkeys(quantity.definition for quantity in declared)


@pytest.mark.parametrize("kind", ["pair", "comparison"])
def test_every_declared_quantity_is_defined(kind: str, pages: dict[str, str]) -> None:
    text = Parsed(pages[kind]).text
    for definition in definitions():
        for part in (definition.title, definition.text, definition.unit, definition.larger, definition.trap):
            assert part.replace("`", "") in text
    for section in sections_of(V2):
        for line in section.lines:
            assert line.label in text or kind == "comparison"


def test_a_board_has_a_column_for_every_quantity_of_a_row(pages: dict[str, str]) -> None:
    page = Parsed(pages["board"])
    verdicts = ("verdict_local", "verdict_planning")
    names = (each.name for each in pair_quantities())
    assert set(page.values("data-sort")) == {"rank", "pair", *verdicts, *names}
    for quantity in pair_quantities():
        assert quantity.definition.text.replace("`", "") in page.text


def test_a_quantity_that_is_declared_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    column = COLUMNS[1]
    made_up = Definition("made-up measure", "A text that is nowhere else.", regression="either")
    quantities = {
        place: tuple(replace(each, name=f"made_up_{place}", definition=made_up) for each in held)
        for place, held in column.quantities.items()
    }
    added = replace(column, heading="made-up", labels=("made-up",), quantities=quantities)
    monkeypatch.setattr("mechshift.benchmark.record.row.COLUMNS", (*COLUMNS, added))
    for module in ("board", "pair"):
        monkeypatch.setattr(f"mechshift.benchmark.pages.{module}.COLUMNS", (*COLUMNS, added))
    for page in (
        board_page(a_board(some_rows(2))),
        pair_page(PairPage(a_record())),
        comparison_page(compare_records(a_record("one"), a_record("other"))),
    ):
        text = Parsed(page).text
        assert "made-up measure" in text
        assert "A text that is nowhere else." in text


def test_values_intervals_and_reasons_are_shown(pages: dict[str, str]) -> None:
    text = " ".join(Parsed(pages["pair"]).text.split())
    assert "0.75 [0.70, 0.80]" in text
    assert "−0.06 [−0.08, −0.04]" in text  # with a minus sign that is one
    assert "the task has no form that is filled in place" in text
    assert "the ceiling does not exceed the floor" in text
    assert "a task gave no comparison" in Parsed(pages["board"]).text


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path, record = a_drawn_record(tmp_path)
    assert pair_page(PairPage(record, path)) == pair_page(PairPage(record, path))
    assert board_page(a_board(some_rows(9))) == board_page(a_board(some_rows(9)))


def test_a_pair_that_solves_nothing_has_a_page() -> None:
    failed = (a_failed_task("ioi", "ARM solves 3 of 500"), a_failed_task("sudoku", "the same"))
    text = Parsed(pair_page(PairPage(a_record(tasks=(), failed=failed)))).text
    assert "0 tasks compared, 2 not" in text
    assert "ARM solves 3 of 500" in text


def test_extreme_values_break_no_page() -> None:
    extreme = Number(value=1e308, low=-1e308, high=1.7e308)
    task = a_task("ioi")
    compared = task.comparison.compared
    edge = compared.edge.model_copy(update={"normalised": extreme, "ceiling_arm": extreme, "cross": extreme})
    empty = task.comparison.arm.model_copy(update={"profile": ()})
    changes = {"compared": compared.model_copy(update={"edge": edge, "share": 0.0}), "arm": empty}
    changes["curve"] = (compared.model_copy(update={"edge": edge, "share": 0.0}),)
    comparison = task.comparison.model_copy(update=changes)
    record = a_record(tasks=(task.model_copy(update={"comparison": comparison}),))
    record = with_shift(record, extreme)
    control = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    page = pair_page(PairPage(record, None, (control,)))
    assert "NaN" not in page
    assert not re.search(r'[ dxy]="[^"]*\b(inf|nan)\b', page)


def test_retired_submissions_stand_below() -> None:
    board = replace(
        a_board(some_rows(2)), retired=(Retired("2025-01-01-old-v2", None, "protocol v2 is now @3"),)
    )
    assert "2025-01-01-old-v2: protocol v2 is now @3" in Parsed(board_page(board)).text


def test_a_control_says_that_it_is_one() -> None:
    record: Record = a_record("again", pair=a_pair("again", control=True))
    text = Parsed(pair_page(PairPage(record))).text
    assert "itself trained further: a control" in text
    assert "(control)" in text


def test_what_is_missing_everywhere_is_said() -> None:
    record = a_record()
    nothing = Missing(missing="the ceilings are at the floor")
    text = Parsed(pair_page(PairPage(with_shift(record, nothing)))).text
    assert "the ceilings are at the floor" in text


def test_a_record_of_another_seed_is_made_again_by_that_seed() -> None:
    record = a_record("tiny", protocol=QUICK.reseeded(3))
    assert "--protocol quick --seed 3" in command(record)
    assert "--protocol quick" in command(a_record("tiny", protocol=QUICK))
    assert "--seed" not in command(a_record("tiny", protocol=QUICK))


def test_a_record_by_another_method_or_selection_is_made_again_by_these() -> None:
    varied = a_record("tiny", protocol=QUICK.varied("relp", "consistent", 3))
    assert "--protocol quick --scores relp --selection consistent --seed 3" in command(varied)
    plain = command(a_record("tiny", protocol=QUICK))
    assert "--scores" not in plain
    assert "--selection" not in plain
