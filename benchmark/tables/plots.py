"""A figure per task of a record, as SVG: depth profiles, overlap, faithfulness and top components."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...drawing import require_matplotlib
from ...files import replacing
from ..record.by_masked import PANELS, PlacedRead, placed_copies, placed_stages
from ..record.record import Record
from ..record.task_record import TaskRecord
from .cells import plain
from .masked_panel import masked_panel
from .panels import components_panel, depth_panel, faithfulness_panel, overlap_panel
from .table import protocol_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE: dict[str, Any] = {
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "hatch.color": "white",
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.markersize": 3.5,
    "lines.linewidth": 1.5,
    # Outlines of letters look the same wherever a figure is opened; the salt makes its bytes the same.
    "svg.fonttype": "path",
    "svg.hashsalt": "mechshift",
    "text.parse_math": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
"""How every figure looks, whatever the reader's own matplotlib settings are."""


def write_plots(record: Record, folder: Path) -> list[Path]:
    """Write `folder/PAIR-PROTOCOL-TASK.svg` for every task with a comparison; paths in the record's order.

    Where a task has several stages of denoising, `folder/PAIR-PROTOCOL-TASK-reads.svg` stands beside it.
    Each file is written whole or not at all; the same record gives the same bytes with the same matplotlib.
    Raises UsageError where matplotlib is not installed and OutputError where the folder cannot be written.
    """
    require_matplotlib()
    from matplotlib import style

    paths = []
    with style.context(["default", STYLE]):
        for task in record.tasks:
            name = _file_name(record.pair.name, record.protocol.name, task.task)
            paths.append(_save(draw(record, task), folder / f"{name}.svg", _title(record, task)))
            if stages := placed_stages(task):
                figure, title = draw_reads(record, task, stages), _reads_title(record, task)
                paths.append(_save(figure, folder / f"{name}-reads.svg", title))
    return paths


def _save(figure: Figure, path: Path, title: str) -> Path:
    with replacing(path) as partial:
        about = {"Title": title, "Creator": "mechshift", "Date": None}
        figure.savefig(partial, format="svg", metadata=about)
    return path


def draw_reads(record: Record, task: TaskRecord, stages: Sequence[PlacedRead]) -> Figure:
    """The figure of one task by masked share: four panels, 8 × 6.4 inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6.4), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        masked_panel(axes, panel, stages, placed_copies(task))
    figure.suptitle(_reads_title(record, task), fontsize=10)
    return figure


def _reads_title(record: Record, task: TaskRecord) -> str:
    name = f"{plain(record.pair.name)}: {plain(task.task)} ({task.suite})"
    return f"{name}, {protocol_name(record)}, circuit by mask rate"


def draw(record: Record, task: TaskRecord) -> Figure:
    """The figure of one task: four panels, 8 × 6.4 inches, legible at the width of a page."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6.4), layout="constrained")
    (depth, overlap), (faithful, components) = figure.subplots(2, 2)
    depth_panel(depth, task.comparison)
    overlap_panel(overlap, task.comparison)
    faithfulness_panel(faithful, task.comparison, record.protocol.compared.faithful)
    components_panel(components, task.comparison)
    figure.suptitle(_title(record, task), fontsize=10)
    return figure


def _title(record: Record, task: TaskRecord) -> str:
    compared = task.comparison.compared
    size = f"circuits of {compared.edges:,} edges ({100 * compared.share:.1f} %)"
    return f"{plain(record.pair.name)}: {plain(task.task)} ({task.suite}), {protocol_name(record)}, {size}"


def _file_name(*parts: str) -> str:
    """The parts as one name in which nothing leads to another folder."""
    return "-".join(re.sub(r"[^\w.]+", "-", part).strip("-.") or "unnamed" for part in parts)
