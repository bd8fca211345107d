"""The figures of the report, as SVG: depth profiles of all models, and overlap by task and pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.plots.style import STYLE
from ...benchmark.record.summary import SUITES
from ...drawing import require_matplotlib
from ...files import replacing
from ..structure.family import FamilyStructure
from .heat_maps import heat_maps
from .panels import overlap_panel, profile_panel
from .records import Pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 2


def write_figures(pairs: Pairs, folder: Path, family: FamilyStructure | None = None) -> list[Path]:
    """Write `depth-SUITE.svg` for every suite, `overlap.svg` and, with its data, `tasks.svg`; the paths.

    Each file is written whole or not at all; the same records give the same bytes with the same matplotlib.
    Raises UsageError where matplotlib is not installed and OutputError where the folder cannot be written.
    """
    require_matplotlib()
    from matplotlib import style

    with style.context(["default", STYLE]):
        figures = {f"depth-{suite}": _profiles(pairs, suite) for suite in _suites(pairs)}
        figures["overlap"] = _overlap(pairs)
        if family is not None:
            figures["tasks"] = heat_maps(family)
        return [_write(figure, name, folder) for name, figure in figures.items()]


def _write(figure: Figure, name: str, folder: Path) -> Path:
    path = folder / f"{name}.svg"
    with replacing(path) as partial:
        figure.savefig(partial, format="svg", metadata={"Title": name, "Creator": "mechshift", "Date": None})
    return path


def _suites(pairs: Pairs) -> list[str]:
    return [suite for suite in SUITES if suite in pairs.tasks.values()]


def _profiles(pairs: Pairs, suite: str) -> Figure:
    """A panel for each task of a suite, with one legend for all."""
    from matplotlib.figure import Figure

    tasks = [name for name, of in pairs.tasks.items() if of == suite]
    rows = -(-len(tasks) // COLUMNS)
    figure = Figure(figsize=(8, 0.6 + 2.5 * rows), layout="constrained")
    panels: list[Axes] = list(figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).flat)
    for axes, task in zip(panels, tasks, strict=False):
        profile_panel(axes, pairs, task)
    for axes in panels[len(tasks) :]:
        axes.set_axis_off()
    handles = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=4)
    return figure


def _overlap(pairs: Pairs) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 0.9 * len(pairs.tasks)), layout="constrained")
    axes = figure.subplots()
    overlap_panel(axes, pairs)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return figure
