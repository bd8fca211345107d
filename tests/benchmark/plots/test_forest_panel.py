"""Forests: the record's values with their intervals, the pair's beside those of its controls."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from build.records import a_comparison, a_failed_task, a_record, a_task, number
from mechshift.benchmark.plots.forest_panel import ForestLooks, TaskLine, forest_panel
from mechshift.benchmark.plots.headlines import Mark
from mechshift.benchmark.plots.of_record import NotDrawn, plots_of
from mechshift.benchmark.plots.plot import Plot, draw_together
from mechshift.benchmark.plots.style import OF_ARM, OF_MDM, Looks
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.record.provenance import LineProvenance
from mechshift.benchmark.record.record import Record

REFERENCE = Path(__file__).parents[3] / "baselines" / "reference"


def forest_of(record: Record, section: str, *controls: Record) -> Plot:
    found = (plot for plot in plots_of(record, None, controls) if plot.name == f"forest {section}")
    plot = next(found)
    assert not isinstance(plot, NotDrawn)
    return plot


def axes_of(plot: Plot, name: str) -> Any:
    axes = Figure().subplots()
    next(panel for panel in plot.panels if panel.name == name).draw(axes)
    return axes


def values_of(axes: Any) -> dict[str, list[float]]:
    """By series its values, from the top."""
    return {
        line.get_label(): list(line.get_xdata())
        for line in axes.get_lines()
        if not line.get_label().startswith("_")
    }


def intervals_of(axes: Any) -> list[list[tuple[float, float]]]:
    """By series its intervals, from the top; those that are not there left out."""
    series = []
    for bars in axes.collections:
        ends = [tuple(path.vertices[:, 0]) for path in bars.get_paths()]
        series.append([pair for pair in ends if not np.isnan(pair).any()])
    return series


def similarity(record: Record) -> list[Measured]:
    return [task.comparison.structure["standardised"] for task in record.tasks]


def test_a_forest_of_reference_pairs_has_their_values_and_intervals() -> None:
    pair = read_model(REFERENCE / "tiny" / "record.json", Record)
    control = read_model(REFERENCE / "tiny-continued" / "record.json.gz", Record)
    axes = axes_of(forest_of(pair, "structure", control), "cosine_standardised")
    found, bars = values_of(axes), intervals_of(axes)
    assert list(found) == ["ARM and MDM", "control: tiny-continued"]
    for index, (record, label) in enumerate(zip((pair, control), found, strict=True)):
        values = similarity(record)
        assert found[label] == [value.value for value in values]  # type: ignore[union-attr]
        assert bars[index] == [(value.low, value.high) for value in values]  # type: ignore[union-attr]
    assert [label.get_text() for label in axes.get_yticklabels()] == [task.task for task in pair.tasks]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_of_a_control_stands_its_second_member_because_its_arm_is_the_pairs() -> None:
    record = a_record(tasks=(a_task("ioi"),))
    control = a_record("on", tasks=(a_task("ioi"),))
    found = values_of(axes_of(forest_of(record, "depth", control), "early_share"))
    assert found == {"ARM": [0.5], "MDM": [0.62], "control: on": [0.62]}


def test_several_controls_are_told_apart() -> None:
    record = a_record(tasks=(a_task("ioi"),))
    controls = [a_record(name, tasks=(a_task("ioi"),)) for name in ("one", "two")]
    plot = forest_of(record, "depth", *controls)
    figure = draw_together(plot)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["ARM", "MDM", "ARM and MDM", "control: one", "control: two"]
    assert "controls: one, two" in plot.title
    lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
    looks = [(lines[label].get_color(), lines[label].get_marker()) for label in labels]
    assert len(set(looks)) == len(looks)


def test_without_a_control_the_title_says_so() -> None:
    record = a_record(tasks=(a_task("ioi"),))
    assert forest_of(record, "depth").title == "tiny: depth by task, v2@3, control: none"
    itself = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    assert forest_of(itself, "depth").title == "tiny: depth by task, v2@3, a control itself"


def test_a_task_that_a_control_has_not_is_the_pairs_alone() -> None:
    record = a_record(tasks=(a_task("ioi"), a_task("sudoku")))
    control = a_record("on", tasks=(a_task("sudoku"),))
    axes = axes_of(forest_of(record, "depth", control), "early_shift")
    assert values_of(axes) == {"ARM and MDM": [0.12, 0.12], "control: on": [0.12]}
    (control_line,) = (line for line in axes.get_lines() if line.get_label() == "control: on")
    assert 0.5 < control_line.get_ydata()[0] < 1.5


def test_a_missing_value_is_a_dash_and_a_failed_task_has_its_line() -> None:
    nothing = a_comparison(depth_shift={"early_share": Missing(missing="no edge")})
    tasks = a_task("ioi", comparison=nothing), a_task("sudoku")
    record = a_record(tasks=tasks, failed=(a_failed_task("countdown", "too few"),))
    axes = axes_of(forest_of(record, "depth"), "early_shift")
    np.testing.assert_equal(values_of(axes)["ARM and MDM"], [np.nan, 0.12, np.nan])
    assert [(text.get_text(), text.get_position()[1]) for text in axes.texts] == [("–", 0), ("–", 2)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ioi", "sudoku", "countdown"]


def test_a_value_without_an_interval_has_none_drawn() -> None:
    axes = Figure().subplots()
    forest_panel(axes, "it", "units", [TaskLine("a", [(OF_ARM, number(1.0)), (OF_MDM, number(2.0, 0.5))])])
    assert intervals_of(axes) == [[], [(1.5, 2.5)]]


@pytest.mark.parametrize(("signed", "lines"), [(True, 1), (False, 0)])
def test_differences_have_a_line_at_zero(signed: bool, lines: int) -> None:
    axes = Figure().subplots()
    forest_panel(axes, "it", "units", [TaskLine("a", [(OF_ARM, number(0.2))])], zero=signed)
    at_zero = [line for line in axes.get_lines() if list(line.get_xdata()) == [0, 0]]
    assert len(at_zero) == lines


def test_long_names_are_cut() -> None:
    axes = Figure().subplots()
    forest_panel(axes, "it", "units", [TaskLine("a" * 40, [(OF_ARM, number(1.0))])])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a" * 17 + "…"]
    assert ForestLooks(Looks(), ("b" * 99,)).labels[-1] == "control: " + "b" * 35 + "…"


def test_a_line_is_not_called_a_control() -> None:
    looks = ForestLooks(Looks(), ("further",), ("noise",))
    assert looks.labels[-2:] == ("control: further", "line: noise")
    # Marks count controls first, and every one of them has a look of its own.
    values = [Mark(number(0.5), None, index) for index in (0, 1)]
    assert [looks.of(each).label for each in values] == ["control: further", "line: noise"]
    assert len({looks.of(each).marker for each in values}) == 2


def test_a_forest_names_controls_and_lines_apart(make_record: Callable[..., Record]) -> None:
    record, line, control = make_record("mine"), make_record("mine-noise"), make_record("further")
    of_line = line.pair.model_copy(update={"line": LineProvenance(name="mdm-causal")})
    of_control = control.pair.model_copy(update={"control": True})
    beside = [
        control.model_copy(update={"pair": of_control}),
        line.model_copy(update={"pair": of_line}),
    ]
    forest = next(each for each in plots_of(record, controls=beside) if isinstance(each, Plot))
    assert forest.title.endswith("control: further; line: mine-noise")
    assert forest.legend[-2:] == ("control: further", "line: mine-noise")
    alone = next(each for each in plots_of(record, controls=beside[1:]) if isinstance(each, Plot))
    assert alone.title.endswith("control: none; line: mine-noise")


def test_a_record_without_tasks_has_no_forest(make_record: Callable[..., Record]) -> None:
    assert list(plots_of(make_record(tasks=()))) == []
