"""Where a value of a row is no statement, pages, boards and notebooks say so."""

from build.pages import Parsed, a_board, some_rows
from build.records import TASKS, a_record, a_task
from mechshift.benchmark.pages.board import board_page
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.statements import RowDoubts
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.tables.cells import Notes, get_markup

WEIGHTING = "the two weightings disagree in sign"
CARRIED = "its sign depends on"


def sound() -> Record:
    """Of tasks that are all alike, by both weightings: its row follows from them."""
    shifts = ("depth_shift", "depth_shift_squared", "specialisation_shift", "specialisation_shift_squared")
    tasks = tuple(map(a_task, TASKS))
    alike = dict.fromkeys(shifts, tasks[0].comparison.depth_shift)
    for name in ("specialisation_shift", "specialisation_shift_squared"):
        alike[name] = {"specialisation": alike["depth_shift"]["early_share"]}
    same = tuple(
        task.model_copy(update={"comparison": task.comparison.model_copy(update=alike)}) for task in tasks
    )
    return a_record(tasks=same, summary=summarise(same, ()))


def test_a_pairs_page_says_why_a_value_is_no_statement() -> None:
    text = Parsed(pair_page(PairPage(a_record()))).text
    assert WEIGHTING in text
    assert CARRIED in text
    reasons = {reason for each in pair_quantities() for reason in RowDoubts(sound()).of(each)}
    shown = Parsed(pair_page(PairPage(sound()))).text
    assert WEIGHTING not in shown
    assert (CARRIED in shown) == any(CARRIED in reason for reason in reasons)


def test_a_boards_page_says_it_in_the_row_and_explains_the_sign() -> None:
    page = Parsed(board_page(a_board(some_rows(3))))
    assert WEIGHTING in page.text
    assert "behind a value: why it is no statement" in page.text


def test_a_notebook_says_it_in_the_title_of_a_sign() -> None:
    shown = a_record()._repr_html_()
    assert WEIGHTING in shown
    assert "△" in shown
    assert WEIGHTING not in sound()._repr_html_()


def test_several_notes_of_a_value_stand_apart() -> None:
    assert Notes(get_markup("text")).marks(["one", "other"]) == "¹ ²"
