"""Neuron cards in tables: the strongest of each third, texts of strangers harmless, reasons as notes."""

from dataclasses import dataclass

import pytest

from build.records import a_record, a_task, some_cards
from mechshift.benchmark.record.cards import TaskCards
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.tables.cells import Notes, get_markup
from mechshift.benchmark.tables.neurons import LONGEST, cards_body, seen_token, shortened
from mechshift.benchmark.tables.show import render
from mechshift.benchmark.tables.table import record_table

RECORD = a_record(tasks=(a_task("ioi"), a_task("countdown")))
NONE = Missing(missing="the protocol measures no neurons")


@dataclass(frozen=True)
class Body:
    text: str
    notes: str


def body(record: object = RECORD, style: str = "text", width: int = 200) -> Body:
    notes = Notes(get_markup(style))
    return Body(cards_body(record, notes, width), notes.below(width))  # type: ignore[arg-type]


def test_a_row_says_what_a_neuron_does() -> None:
    found = body()
    (line,) = [line for line in found.text.splitlines() if "m1.n44" in line][:1]
    assert line.split()[:3] == ["ARM", "middle", "m1.n44"]
    for value in (
        "0.731",
        "12.0 %",
        "first <digit> = |7 (low)",
        "0.83",
        "0.20",
        "0.21",
        "0.34",
        "␣Bob <b> ⏎",
    ):
        assert value in line
    assert "ARM −10: 0.62 (random 0.02)" in found.text
    assert "no neuron has an effect" in found.notes
    assert [line.strip() for line in found.text.splitlines() if line.strip() in ("IOI", "COUNTDOWN")] == [
        "IOI",
        "COUNTDOWN",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_parts_fit_the_width(width: int) -> None:
    assert max(map(len, body(width=width).text.splitlines())) <= width


def test_texts_of_strangers_are_harmless() -> None:
    shown = body(style="github").text
    assert "&lt;b>" in shown
    assert "\\|7" in shown
    assert "\u202e" not in shown + body().text
    assert seen_token("a\u202eb\n") == "a\N{REPLACEMENT CHARACTER}b⏎"
    assert seen_token("") == "∅"
    assert len(shortened("x" * 99)) == LONGEST


def test_a_record_without_cards_has_no_table() -> None:
    tasks = (a_task("ioi", cards=TaskCards(arm=NONE, mdm=NONE)),)
    assert body(a_record(tasks=tasks)) == Body("", "")
    assert "Neurons:" not in render(a_record(tasks=tasks))


def test_pages_of_text_and_tables_have_the_cards() -> None:
    assert "m1.n44" in render(RECORD)
    assert "Neurons: of each third" in render(RECORD)
    assert "m1.n44" in record_table(RECORD, "github")
    assert "m1.n44" not in record_table(RECORD, "csv")
    bare = some_cards().model_copy(
        update={"cards": (some_cards().cards[0].model_copy(update={"labels": ()}),)}
    )
    record = a_record(tasks=(a_task("ioi", cards=TaskCards(arm=bare, mdm=bare)),))
    assert body(record).text.count("m1.n44") == 2
