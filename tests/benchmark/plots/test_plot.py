"""Figures as data: one declaration, drawn whole and panel by panel."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from build.records import a_record, a_task
from build.submissions import write_run
from mechshift.benchmark.plots.of_record import NotDrawn, plots_of
from mechshift.benchmark.plots.plot import COLUMN, PAGE, Plot, PlotPanel, draw_alone, draw_together, in_rows
from mechshift.benchmark.plots.style import STYLE
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record

REFERENCE = Path(__file__).parents[3] / "baselines" / "reference"


def titled(axes: Any, title: str) -> None:
    axes.set_title(title)
    axes.plot([0, 1], label=f"line of {title}")


def a_plot(*names: str, rows: tuple[tuple[str, ...], ...] | None = None, **changes: Any) -> Plot:
    panels = tuple(PlotPanel(name, partial(titled, title=name)) for name in names)
    about: dict[str, Any] = {"name": "plot", "title": "of it", "tall": 2.0, **changes}
    return Plot(panels=panels, rows=rows or in_rows(names, 2), **about)


def test_rows_are_filled_up() -> None:
    assert in_rows("abcde", 3) == (("a", "b", "c"), ("d", "e", "."))
    assert in_rows("a", 1) == (("a",),)


def test_the_whole_has_all_panels_and_each_alone_has_one() -> None:
    plot = a_plot("a", "b", "c")
    whole = draw_together(plot)
    assert [axes.get_title(loc="center") for axes in whole.axes] == ["a", "b", "c"]
    assert whole.get_figwidth() == PAGE
    for panel in plot.panels:
        alone = draw_alone(plot, panel)
        assert [axes.get_title(loc="center") for axes in alone.axes] == [panel.name]
        assert alone.get_figwidth() == COLUMN
        assert alone.get_suptitle() == whole.get_suptitle() == "of it"


def test_a_title_is_broken_into_lines_between_words() -> None:
    title = "tiny: effects of single components by task, v2@3, control: tiny-continued"
    plot = a_plot("a", title=title)
    alone = draw_alone(plot, plot.panels[0]).get_suptitle()
    assert alone.split("\n") != [title]
    assert alone.replace("\n", " ") == title
    assert "tiny-continued" in alone


def test_a_shared_legend_has_each_label_once_in_the_declared_order() -> None:
    plot = a_plot("a", "b", legend=("line of b", "not there", "line of a"))
    whole = draw_together(plot)
    assert [text.get_text() for text in whole.legends[0].get_texts()] == ["line of b", "line of a"]
    alone = draw_alone(plot, plot.panels[0])
    assert [text.get_text() for text in alone.legends[0].get_texts()] == ["line of a"]
    assert not draw_together(a_plot("a")).legends


def figures(
    record: Record, names: Collection[str], place: Path | None = None, controls: Sequence[Record] = ()
) -> Iterator[tuple[str, Figure]]:
    """The figures of these names, each whole and with its first panel alone."""
    found = [plot for plot in plots_of(record, place, controls) if plot.name in names]
    assert {plot.name for plot in found} == set(names)
    for plot in found:
        assert not isinstance(plot, NotDrawn)
        yield plot.name, draw_together(plot)
        yield f"{plot.name} alone", draw_alone(plot, plot.panels[0])


def faults(figure: Figure) -> list[str]:
    """Texts that reach out of the figure, or into each other."""
    drawn: list[Text] = []
    draw = Text.draw

    def noted(text: Text, renderer: Any, *arguments: Any, **options: Any) -> None:
        if text.get_visible():
            drawn.append(text)
        draw(text, renderer, *arguments, **options)

    canvas = FigureCanvasAgg(figure)
    # Labels of ticks that lie outside an axis are there and are not drawn.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Text, "draw", noted)
        canvas.draw()
    renderer = canvas.get_renderer()
    placed = [
        (text.get_text(), text.get_window_extent(renderer).padded(-1))
        for text in dict.fromkeys(drawn)
        if text.get_text().strip()
    ]
    assert placed
    frame = figure.bbox
    cut = [
        f"cut: {name}"
        for name, box in placed
        if box.x0 < frame.x0 or box.y0 < frame.y0 or box.x1 > frame.x1 or box.y1 > frame.y1
    ]
    return cut + [f"{one} on {other}" for (one, a), (other, b) in combinations(placed, 2) if a.overlaps(b)]


def assert_legible(found: Iterable[tuple[str, Figure]]) -> None:
    with style.context(["default", STYLE]):
        assert {name: fault for name, figure in found if (fault := faults(figure))} == {}


def test_no_label_is_cut_or_on_another(tmp_path: Path) -> None:
    """In figures of all kinds, of a record with as few tasks as there can be."""
    place = write_run(tmp_path)
    names = "forest depth", "forest structure", "agreement", "agreement heads", "transfer"
    assert_legible(figures(read_model(place, Record), names, place))


def test_no_label_is_cut_or_on_another_of_ten_tasks_beside_two_controls() -> None:
    record = read_model(REFERENCE / "tiny" / "record.json", Record)
    controls = [
        read_model(REFERENCE / name / "record.json.gz", Record)
        for name in ("tiny-continued", "tiny-continued-seed-2")
    ]
    names = "forest effects of single components", "countdown", "countdown reads"
    assert_legible(figures(record, names, None, controls))


@pytest.mark.parametrize("letters", [60, 400])
def test_names_of_strangers_may_be_long(letters: int) -> None:
    name = "very-long-" * (letters // 10)
    record = a_record(name, tasks=(a_task("ioi").model_copy(update={"task": name}),))
    control = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    plots = [plot for plot in plots_of(record, None, [control]) if not isinstance(plot, NotDrawn)]
    with style.context(["default", STYLE]):
        for plot in (plots[1], plots[-1]):
            found = [fault for fault in faults(draw_together(plot)) if re.match("cut", fault)]
            assert found == []
