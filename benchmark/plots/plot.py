"""A figure as data: panels with their names and places, from which it is drawn whole and panel by panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE, COLUMN = 8.0, 3.3
"""Inches across a page, and across a column of a paper."""

NOWHERE = "."
"""A place in a figure that stays empty."""

_TITLE, _LEGEND = 9, 7.5
"""Points of the letters of a figure's title, and of a legend that its panels have together."""

_LETTER, _LINE, _SIGN = 0.6 / 72, 0.16, 0.5
"""Inches: the width of a letter per point, the height of a line, and the sign of an entry."""


@dataclass(frozen=True)
class PlotPanel:
    """One drawing on axes of its own. `name`: of its file; `draw`: into axes that it is given."""

    name: str
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class Plot:
    """A figure. `name`: of its file; `title`: above all panels, and above each that stands alone.

    `rows`: names of panels from top to bottom and left to right, a name as often as its panel has places;
    `tall`: inches of a row; `legend`: labels in the order of the one legend of panels that draw none.
    """

    name: str
    title: str
    panels: tuple[PlotPanel, ...]
    rows: tuple[tuple[str, ...], ...]
    tall: float
    legend: tuple[str, ...] = ()


def in_rows(names: Sequence[str], across: int) -> tuple[tuple[str, ...], ...]:
    """The names in rows of so many, the last filled up with empty places."""
    padded = [*names, *[NOWHERE] * (-len(names) % across)]
    return tuple(tuple(padded[start : start + across]) for start in range(0, len(padded), across))


def draw_together(plot: Plot) -> Figure:
    """All panels in one figure: half a page wide for one panel, a page for two and more side by side."""
    from matplotlib.figure import Figure

    width = min(PAGE, PAGE / 2 * len(plot.rows[0]))
    figure = Figure(layout="constrained")
    places = figure.subplot_mosaic([list(row) for row in plot.rows], empty_sentinel=NOWHERE)
    for panel in plot.panels:
        panel.draw(places[panel.name])
    lines = _finish(figure, plot, width)
    figure.set_size_inches(width, plot.tall * len(plot.rows) + _LINE * lines)
    return figure


def draw_alone(plot: Plot, panel: PlotPanel) -> Figure:
    """One panel as a figure as wide as a column."""
    from matplotlib.figure import Figure

    rows = sum(panel.name in row for row in plot.rows)
    figure = Figure(layout="constrained")
    panel.draw(figure.subplots())
    lines = _finish(figure, plot, COLUMN)
    # What stands over two rows has room to spare in a figure of its own.
    figure.set_size_inches(COLUMN, plot.tall * (1 + rows) / 2 + _LINE * lines)
    return figure


def _finish(figure: Figure, plot: Plot, width: float) -> int:
    """Adds the title, broken into lines that fit, and the legend if there is one; lines of both together."""
    title = wrap(plot.title, int(width / (_LETTER * _TITLE)), break_on_hyphens=False)
    figure.suptitle("\n".join(title), fontsize=_TITLE)
    handles = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    # In the order in which they are declared, whichever panel has which.
    labels = [label for label in plot.legend if label in handles]
    if not labels:
        return len(title)
    widest = _SIGN + _LETTER * _LEGEND * max(map(len, labels))
    across = max(1, min(len(labels), int(width / widest)))
    shown = [handles[label] for label in labels]
    figure.legend(shown, labels, loc="outside lower center", ncols=across, fontsize=_LEGEND)
    return len(title) + -(-len(labels) // across)
