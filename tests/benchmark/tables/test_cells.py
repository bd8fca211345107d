"""Numbers, reasons and names as they stand in a cell."""

import pytest

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.quantity import Rounding
from mechshift.benchmark.tables.cells import FORMATS, Notes, get_markup, plain
from mechshift.errors import UsageError


@pytest.mark.parametrize(
    ("rounding", "value", "written"),
    [
        (Rounding(), 0.4249, "0.42"),
        (Rounding(), -0.001, "0.00"),
        (Rounding(signed=True), -0.001, "-0.00"),
        (Rounding(signed=True), -0.25, "-0.25"),
        (Rounding(decimals=0), 1592881, "1,592,881"),
        (Rounding(decimals=1, percent=True), 0.05, "5.0 %"),
        (Rounding(decimals=2, percent=True), 0.00414, "0.41 %"),
    ],
)
def test_rounding(rounding: Rounding, value: float, written: str) -> None:
    assert rounding(value) == written


def test_an_interval_follows_its_value() -> None:
    notes = Notes(get_markup("text"))
    value = Number(value=0.42, low=0.31, high=0.55)
    assert notes.cell(value, Rounding()) == "0.42 [0.31, 0.55]"
    assert notes.cell(value, Rounding(interval=False)) == "0.42"
    assert notes.cell(value, Rounding(signed=True)) == "+0.42 [+0.31, +0.55]"
    assert notes.below() == ""


def test_a_reason_is_one_note_however_often_it_is_met() -> None:
    notes = Notes(get_markup("text"))
    reasons = ("too few", "no such suite", "too few")
    assert [notes.cell(Missing(missing=reason), Rounding()) for reason in reasons] == ["–¹", "–²", "–¹"]
    assert notes.below() == "\n\n¹ too few\n² no such suite"


def test_the_tenth_note_has_two_digits() -> None:
    notes = Notes(get_markup("text"))
    assert [notes.cell(Missing(missing=str(n)), Rounding()) for n in range(10)][-1] == "–¹⁰"


def test_several_notes_of_a_cell_stand_apart() -> None:
    notes = Notes(get_markup("text"))
    assert notes.marks(["confounded", "too few", "confounded"]) == "¹ ² ¹"
    assert notes.marks([]) == ""


def test_numbers_in_latex_are_mathematics() -> None:
    notes = Notes(get_markup("latex"))
    value = Number(value=-0.05, low=-0.06, high=-0.04)
    assert notes.cell(value, Rounding()) == r"$-0.05\ [-0.06,\ -0.04]$"
    assert notes.cell(value, Rounding(decimals=0, percent=True, interval=False)) == r"$-5\ \%$"
    assert notes.cell(Missing(missing="50 % of 3 & 4"), Rounding()) == r"\textendash{}\textsuperscript{1}"
    assert notes.below() == "\n\n" + r"\textsuperscript{1} 50 \% of 3 \& 4"


@pytest.mark.parametrize(
    ("format_name", "escaped"),
    [
        ("text", r"a_b|c%{d}\e~f^g$h&i#j<k>[l]*"),
        (
            "latex",
            r"a\_b\textbar{}c\%\{d\}\textbackslash{}e\textasciitilde{}f\textasciicircum{}g\$h\&i\#j\textless{}k\textgreater{}{[}l{]}*",
        ),
        ("github", r"a\_b\|c%{d}\\e\~f^g\$h&amp;i#j&lt;k>\[l\]\*"),
    ],
)
def test_names_are_escaped(format_name: str, escaped: str) -> None:
    assert get_markup(format_name).text(r"a_b|c%{d}\e~f^g$h&i#j<k>[l]*") == escaped


def test_plain_text_moves_no_cursor() -> None:
    assert plain("two\nlines \x1b[31m\u202ered") == "two lines \ufffd[31m\ufffdred"


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown format 'latx'\ndid you mean latex"):
        get_markup("latx")
    assert set(FORMATS) == {"text", "github", "latex", "csv"}
