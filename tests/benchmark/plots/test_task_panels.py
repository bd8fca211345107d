"""The panels of a task's figure: the record's numbers, with the intervals that they have."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from mechshift.benchmark.plots import task_panels as panels
from mechshift.benchmark.plots.style import Looks, looks_of
from mechshift.benchmark.record.comparison import Comparison
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.task_record import TaskRecord

LOOKS = Looks()


@pytest.fixture
def comparison(make_task: Callable[..., TaskRecord]) -> Comparison:
    return make_task("ioi").comparison


def axes_with(panel: Callable[..., None], *arguments: Any) -> Any:
    axes = Figure().subplots()
    panel(axes, *arguments)
    return axes


def lines_of(axes: Any) -> dict[str, list[float]]:
    """Of the lines that a legend names, their heights."""
    return {
        line.get_label(): list(line.get_ydata())
        for line in axes.get_lines()
        if not line.get_label().startswith("_")
    }


def test_depth_profiles_are_the_records(comparison: Comparison) -> None:
    assert lines_of(axes_with(panels.depth_panel, comparison, LOOKS)) == {
        "ARM": [0.5, 0.25, 0.25],
        "MDM": [0.62, 0.13, 0.25],
        "uniform edges": [0.3, 0.4, 0.3],
    }


def test_a_member_without_a_profile_is_named_and_not_drawn(comparison: Comparison) -> None:
    arm = comparison.arm.model_copy(update={"profile": ()})
    lines = lines_of(axes_with(panels.depth_panel, comparison.model_copy(update={"arm": arm}), LOOKS))
    assert lines["ARM: in no layer"] == []
    assert lines["MDM"] == [0.62, 0.13, 0.25]


def test_normalised_overlap_has_an_axis_of_its_own(comparison: Comparison) -> None:
    axes = axes_with(panels.overlap_panel, comparison)
    np.testing.assert_allclose(lines_of(axes)["Ĵ"], [0.6, 0.7, 0.8, np.nan])
    assert axes.get_ylabel() == "Ĵ"
    assert not [label for label in lines_of(axes) if "J" in label]
    ends = [tuple(bar.get_paths()[0].vertices[:, 1]) for bar in axes.collections if len(bar.get_paths()[0])]
    expected = [(0.55, 0.65), (0.65, 0.75), (0.75, 0.85)]
    assert [pair for pair in ends if not np.isnan(pair).any()] == [pytest.approx(pair) for pair in expected]


def test_halves_lie_between_floor_and_ceilings(comparison: Comparison) -> None:
    axes = axes_with(panels.halves_panel, comparison, LOOKS)
    lines = lines_of(axes)
    assert lines["J of halves"] == [0.5] * 4
    assert (lines["floor"], lines["ceiling, ARM"], lines["ceiling, MDM"]) == (
        [0.025] * 4,
        [0.8] * 4,
        [0.7] * 4,
    )
    assert axes.get_ylabel() == "J"
    assert "Ĵ" not in lines
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.025, (0.8 * 0.7) ** 0.5))
    whiskers = [bar.get_paths()[0].vertices[:, 1] for bar in axes.collections[1:]]
    assert {tuple(np.round(ends, 9)) for ends in whiskers} == {(0.45, 0.55), (0.7, 0.9), (0.6, 0.8)}


def test_the_panels_of_a_task_have_one_axis_of_budgets(comparison: Comparison) -> None:
    axes = [
        axes_with(panels.overlap_panel, comparison),
        axes_with(panels.halves_panel, comparison, LOOKS),
        axes_with(panels.faithfulness_panel, comparison, 0.85, LOOKS),
    ]
    assert len({each.get_xlim() for each in axes}) == 1


def test_faithfulness_is_the_curve_by_absolute_score(comparison: Comparison) -> None:
    axes = axes_with(panels.faithfulness_panel, comparison, 0.85, LOOKS)
    lines = lines_of(axes)
    assert lines["ARM"] == lines["MDM"] == [0, 0.5, 0.9, 1]
    assert lines["f = 0.85"] == [0.85, 0.85]
    assert axes.get_xscale() == "log"


def test_faithfulness_has_a_band_from_end_to_end_of_its_intervals(comparison: Comparison) -> None:
    axes = axes_with(panels.faithfulness_panel, comparison, 0.85, LOOKS)
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
    axes = axes_with(panels.faithfulness_panel, comparison.model_copy(update=without), 0.85, LOOKS)
    assert not any(band.get_paths() for band in axes.collections)
    assert lines_of(axes)["ARM"] == [0, 0.5, 0.9, 1]


def test_components_of_either_member_by_their_larger_share(comparison: Comparison) -> None:
    axes = axes_with(panels.components_panel, comparison, LOOKS)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["m0", "a1.h2", "a1.h3"]
    arm, mdm = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert arm == [0.5, 0, 0.2]
    assert mdm == [0.62, 0.2, 0]


def test_a_control_is_not_called_an_mdm(comparison: Comparison, make_record: Callable[..., Any]) -> None:
    record = make_record()
    looks = looks_of(record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})}))
    lines = lines_of(axes_with(panels.depth_panel, comparison, looks))
    assert list(lines) == ["ARM", "control", "uniform edges"]
    assert list(lines_of(axes_with(panels.depth_panel, comparison, looks_of(record))))[1] == "MDM"


def test_nothing_to_show_is_said(comparison: Comparison) -> None:
    def emptied(member: Any) -> Any:
        gone = Missing(missing="nothing")
        points = tuple(p.model_copy(update={"faithfulness": gone}) for p in member.absolute.points)
        curve = member.absolute.model_copy(update={"points": points})
        return member.model_copy(update={"top": (), "profile": (), "absolute": curve})

    empty = comparison.model_copy(
        update={"arm": emptied(comparison.arm), "mdm": emptied(comparison.mdm), "curve": ()}
    )
    axes = axes_with(panels.components_panel, empty, LOOKS)
    assert [text.get_text() for text in axes.texts] == ["no component holds importance"]
    axes_with(panels.depth_panel, empty, LOOKS)
    axes_with(panels.overlap_panel, empty)
    axes_with(panels.halves_panel, empty, LOOKS)
    axes_with(panels.faithfulness_panel, empty, 0.85, LOOKS)
