"""How a record stands in a notebook: short, as a table, as a data frame."""

import math
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from mechshift.benchmark.record.html import html_table
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakeRecord = Callable[..., Record]


class Cells(HTMLParser):
    """The rows of a table as texts, the titles within it, and every tag that was met."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1][-1] += data


def test_a_record_is_written_in_a_line(make_record: MakeRecord) -> None:
    record = make_record("mine", failed=())
    assert max(len(repr(record)), len(str(record)), len(repr(record.tasks[0]))) < 300
    protocol = f"v2@{V2.version}"
    assert repr(record).startswith(f"Record(pair='mine', {protocol=}, tasks=['ioi', 'induction',")
    assert "task_dependent_shift=Number(value=0.25, low=0.2, high=0.3)" in repr(record)
    assert "\n" not in repr(make_record("two\nlines"))
    level = record.tasks[0].level
    assert repr(record.tasks[0]).startswith(f"TaskRecord(task='ioi', {level=}, edges=100, similarity=Number(")


def test_failed_tasks_are_not_passed_over(
    make_record: MakeRecord, make_failed_task: Callable[..., FailedTask]
) -> None:
    assert "failed=['countdown']" in repr(make_record(failed=(make_failed_task("countdown", "too few"),)))


def test_a_record_is_shown_as_its_row(make_record: MakeRecord) -> None:
    shown = Cells(make_record(shift=Missing(missing="too <few>"))._repr_html_())
    assert shown.rows[0] == ["", "local", "planning", "both suites"]
    rows = {row[0]: row[1:] for row in shown.rows}
    assert rows["overlap Ĵ"] == ["0.75 [0.70, 0.80]", "0.50 [0.45, 0.55]", ""]
    assert rows["early shift"] == ["-0.00 [-0.01, +0.01] △", "+0.12 [+0.10, +0.14]", ""]
    assert rows["task-dependent shift"] == ["", "", "–"]
    assert "too <few>" in shown.titles
    assert any("its sign depends on" in title for title in shown.titles)


def test_no_text_becomes_markup(make_record: MakeRecord) -> None:
    hostile = '"><script>alert(1)</script>'
    text = make_record(hostile, shift=Missing(missing=hostile))._repr_html_()
    assert "script" not in Cells(text).tags
    assert "script" not in Cells(html_table(hostile, [hostile], [[hostile, (hostile, hostile)]])).tags
    assert Cells(html_table("c", ["h"], [[hostile, ("x", hostile)]])).titles == [hostile]


def test_a_frame_has_a_row_per_task_and_quantity(
    make_record: MakeRecord, make_task: Callable[..., TaskRecord], make_failed_task: Callable[..., FailedTask]
) -> None:
    record = make_record(tasks=(make_task("ioi"),), failed=(make_failed_task("countdown", "too few"),))
    frame = record.to_frame()
    assert list(frame.columns) == [
        *("task", "suite", "level", "version", "quantity"),
        *("value", "low", "high", "reason"),
    ]
    assert {frame[name].dtype.kind for name in ("value", "low", "high")} == {"f"}
    rows = frame.set_index(["task", "quantity"])
    assert rows.index.is_unique
    assert frame.groupby("task").size().nunique() == 1
    assert tuple(rows.loc[("ioi", "jaccard_halves"), ["value", "low", "high"]]) == (0.5, 0.45, 0.55)
    assert rows.loc[("ioi", "ceiling_mdm"), "low"] == 0.7 - 0.1
    assert rows.loc[("countdown", "accuracy_arm"), "value"] == 3 / 500
    missing = rows.loc[("countdown", "overlap")]
    assert math.isnan(missing["value"])
    assert missing["reason"] == "too few"
    assert frame["reason"].isna().equals(frame["value"].notna())


@pytest.mark.parametrize("name", ["task", "quantity"])
def test_a_frame_of_failed_tasks_can_be_computed_with(
    name: str, make_record: MakeRecord, make_failed_task: Callable[..., FailedTask]
) -> None:
    frame = make_record(tasks=(), failed=(make_failed_task("countdown", "too few"),)).to_frame()
    assert frame.groupby(name)["value"].mean().notna().sum() == frame[frame["value"].notna()][name].nunique()
