"""Figures: the record's numbers, the same bytes for the same record, and nothing outside the folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from mechshift.benchmark.record.comparison import Comparison
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.benchmark.tables import panels
from mechshift.benchmark.tables.plots import write_plots
from mechshift.errors import OutputError, UsageError

MakeRecord = Callable[..., Record]
MakeTask = Callable[..., TaskRecord]


@pytest.fixture
def comparison(make_task: MakeTask) -> Comparison:
    return make_task("ioi").comparison


def axes_with(panel: Callable[..., None], *arguments: Any) -> Any:
    axes = Figure().subplots()
    panel(axes, *arguments)
    return axes


def lines_of(axes: Any) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}


def test_a_figure_for_every_task_that_has_numbers(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask, make_failed_task: Callable[..., Any]
) -> None:
    tasks = make_task("ioi"), make_task("infilling")
    record = make_record("org/Model-2.5", tasks=tasks, failed=(make_failed_task("countdown", "too few"),))
    paths = write_plots(record, tmp_path / "plots")
    assert paths == [tmp_path / "plots" / f"org-Model-2.5-v2-{task}.svg" for task in ("ioi", "infilling")]
    assert sorted((tmp_path / "plots").iterdir()) == sorted(paths)
    for path in paths:
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_same_record_gives_the_same_bytes(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    record = make_record(tasks=(make_task("ioi"),))
    (first,), (second,) = write_plots(record, tmp_path / "a"), write_plots(record, tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()


def test_names_cannot_leave_the_folder_or_break_the_figure(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask
) -> None:
    task = make_task("ioi").model_copy(update={"task": "../../<b>&$x_{$"})
    (path,) = write_plots(make_record("../.. $\\frac{$ \x00\n<script>", tasks=(task,)), tmp_path)
    assert path.parent == tmp_path
    assert path.name == "frac-script-v2-b-x_.svg"
    assert not [node for node in ElementTree.parse(path).iter() if node.tag.endswith("script")]


def test_depth_profiles_are_the_records(comparison: Comparison) -> None:
    assert lines_of(axes_with(panels.depth_panel, comparison)) == {
        "ARM": [0.5, 0.25, 0.25],
        "MDM": [0.62, 0.13, 0.25],
        "uniform edges": [0.3, 0.4, 0.3],
    }


def test_a_member_without_a_profile_is_named_and_not_drawn(comparison: Comparison) -> None:
    arm = comparison.arm.model_copy(update={"profile": ()})
    lines = lines_of(axes_with(panels.depth_panel, comparison.model_copy(update={"arm": arm})))
    assert lines["ARM: in no layer"] == []
    assert lines["MDM"] == [0.62, 0.13, 0.25]


def test_overlap_lies_between_floor_and_ceiling_and_breaks_where_it_is_missing(
    comparison: Comparison,
) -> None:
    axes = axes_with(panels.overlap_panel, comparison)
    lines = lines_of(axes)
    np.testing.assert_allclose(lines["Ĵ"], [0.6, 0.7, 0.8, np.nan])
    assert lines["J of halves"] == [0.5] * 4
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.025, (0.8 * 0.7) ** 0.5))


def test_faithfulness_is_the_curve_by_absolute_score(comparison: Comparison) -> None:
    axes = axes_with(panels.faithfulness_panel, comparison, 0.85)
    lines = lines_of(axes)
    assert lines["ARM"] == lines["MDM"] == [0, 0.5, 0.9, 1]
    assert lines["f = 0.85"] == [0.85, 0.85]
    assert axes.get_xscale() == "log"


def test_faithfulness_has_a_band_from_end_to_end_of_its_intervals(comparison: Comparison) -> None:
    axes = axes_with(panels.faithfulness_panel, comparison, 0.85)
    bands = [{tuple(point) for point in band.get_paths()[0].vertices} for band in axes.collections]
    assert len(bands) == 2
    for band in bands:
        ends = {(0.001, -0.1), (0.001, 0.1), (0.1, 0.8), (0.1, 1.0), (1.0, 0.9), (1.0, 1.1)}
        assert all(any(point == pytest.approx(end) for point in band) for end in ends)


def test_a_value_without_an_interval_has_no_band(comparison: Comparison) -> None:
    def bare(member: Any) -> Any:
        points = tuple(
            point.model_copy(update={"faithfulness": point.median}) for point in member.absolute.points
        )
        return member.model_copy(update={"absolute": member.absolute.model_copy(update={"points": points})})

    without = {"arm": bare(comparison.arm), "mdm": bare(comparison.mdm)}
    axes = axes_with(panels.faithfulness_panel, comparison.model_copy(update=without), 0.85)
    assert not any(band.get_paths() for band in axes.collections)
    assert lines_of(axes)["ARM"] == [0, 0.5, 0.9, 1]


def test_components_of_either_member_by_their_larger_share(comparison: Comparison) -> None:
    axes = axes_with(panels.components_panel, comparison)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["m0", "a1.h2", "a1.h3"]
    arm, mdm = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert arm == [0.5, 0, 0.2]
    assert mdm == [0.62, 0.2, 0]


def test_nothing_to_show_is_said(
    tmp_path: Path, make_record: MakeRecord, make_task: MakeTask, comparison: Comparison
) -> None:
    def emptied(member: Any) -> Any:
        gone = Missing(missing="nothing")
        points = tuple(p.model_copy(update={"faithfulness": gone}) for p in member.absolute.points)
        curve = member.absolute.model_copy(update={"points": points})
        return member.model_copy(update={"top": (), "profile": (), "absolute": curve})

    empty = comparison.model_copy(
        update={"arm": emptied(comparison.arm), "mdm": emptied(comparison.mdm), "curve": ()}
    )
    task = make_task("ioi").model_copy(update={"comparison": empty})
    assert len(write_plots(make_record(tasks=(task,)), tmp_path)) == 1
    axes = axes_with(panels.components_panel, empty)
    assert [text.get_text() for text in axes.texts] == ["no component holds importance"]


def test_without_matplotlib(tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError) as raised:
        write_plots(make_record(), tmp_path)
    assert raised.value.remedy == 'in a clone: pip install -c constraints.txt ".[plots]"'
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be(tmp_path: Path, make_record: MakeRecord) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_plots(make_record(), tmp_path / "file")
