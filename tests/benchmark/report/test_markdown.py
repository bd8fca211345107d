"""Paragraphs, lists and tables as they stand on the page."""

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.quantity import Rounding
from mechshift.benchmark.report.markdown import MARKUP, bullets, paragraph, table, text
from mechshift.benchmark.tables.cells import Notes


def test_paragraphs_are_no_wider_than_the_page_and_break_no_word() -> None:
    found = paragraph("a  very\n long-hyphenated-word " * 20 + "x" * 200)
    assert max(len(line) for line in found.splitlines()[:-1]) <= 120
    assert found.split() == ("a very long-hyphenated-word " * 20 + "x" * 200).split()


def test_items_go_on_under_their_bullet() -> None:
    first, second, third = bullets(["one " * 40, "two"]).splitlines()
    assert (first[:5], second[:5], third) == ("* one", "  one", "* two")


def test_a_table_has_its_notes_below() -> None:
    notes = Notes(MARKUP)
    rows = [["ioi", notes.cell(Missing(missing="too few"), Rounding())]]
    assert table(["task", "Ĵ"], rows, notes).splitlines() == [
        "| task   | Ĵ             |",
        "|--------|---------------|",
        "| ioi    | –<sup>1</sup> |",
        "",
        "<sup>1</sup> too few",
    ]


def test_no_text_of_a_record_is_taken_for_markdown() -> None:
    assert text("a|b\n*c*") == r"a\|b \*c\*"
