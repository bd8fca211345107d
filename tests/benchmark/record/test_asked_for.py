"""What only a part of a protocol asks for is shown of its records, and of no others."""

from dataclasses import replace

import pytest

from build.records import a_failed_task, a_record, number
from mechshift.benchmark.pages.pair import PairPage, pair_page
from mechshift.benchmark.plots.of_record import plots_of
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.quantities import SECTIONS, sections_of, task_quantities
from mechshift.benchmark.record.quantity import Definition, Line, Quantity, Section
from mechshift.benchmark.report.numbers import transfer_tables
from mechshift.benchmark.tables.table import record_table

ASKING, WITHOUT = V2, V2.changed(transferring=None)
PLANTED = Quantity(
    "planted", lambda task: number(0.125), Definition("planted sign", "Of a part.", regression="either")
)
SECTION = Section("Planted part", (Line("planted sign", (PLANTED,)),), part="transferring")


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.benchmark.record.quantities.SECTIONS", (*SECTIONS, SECTION))


def test_a_section_is_of_the_protocols_that_have_its_part() -> None:
    assert SECTION.asked_by(ASKING)
    assert not SECTION.asked_by(WITHOUT)
    assert replace(SECTION, part=None).asked_by(WITHOUT)


def test_of_several_protocols_what_one_asks_for_is_there() -> None:
    assert SECTION not in sections_of(WITHOUT)
    assert SECTION in sections_of(WITHOUT, ASKING)
    assert SECTION in sections_of()
    names = {"all": task_quantities(), "asked": task_quantities(ASKING), "without": task_quantities(WITHOUT)}
    assert {key for key, found in names.items() if PLANTED in found} == {"all", "asked"}


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
def test_texts_pages_and_frames_show_it_where_it_was_asked_for(asked: bool) -> None:
    record = a_record(protocol=ASKING if asked else WITHOUT, failed=(a_failed_task("sudoku", "too hard"),))
    assert ("PLANTED PART" in record_table(record, "text")) == asked
    assert ("planted sign" in record_table(record, "github")) == asked
    assert (",planted," in record_table(record, "csv")) == asked
    assert ("planted" in record.to_frame().quantity.unique()) == asked
    page = pair_page(PairPage(record))
    assert [part in page for part in ("Planted part", "planted sign", "Of a part.")] == [asked] * 3


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
def test_circuits_that_were_run_in_both_members_are_shown_where_that_was_asked_for(asked: bool) -> None:
    record = a_record(protocol=ASKING if asked else WITHOUT)
    assert all(task.function is not None for task in record.tasks)
    assert ("Circuits in the other member" in pair_page(PairPage(record))) == asked
    assert (transfer_tables(record) == ["The protocol runs no circuits in the other member."]) != asked
    assert ("transfer" in {plot.name for plot in plots_of(record)}) == asked
