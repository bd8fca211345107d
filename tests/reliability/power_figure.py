"""The curve of detection: how many tasks are said to have changed, by the size of the change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reliability.tables import power_counts

from mechshift.benchmark.plots.style import STYLE
from mechshift.drawing import require_matplotlib
from mechshift.files import replacing

LINES = {
    "below": ("ρ below its bound", "#0072b2", "-", "o"),
    "not preserved": ("not preserved", "#009e73", "-.", "^"),
    "changed": ("stated as changed", "#d55e00", "--", "s"),
}
"""What is counted: its name, colour, dash and marker."""
UNITS = {"noise": "standard deviations of a matrix"}


def draw_power(results: Mapping[str, Mapping[float, Any]], path: Path) -> None:
    """Draw a panel for each change. Raises UsageError where matplotlib is not installed."""
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
        for axes, (change, sizes) in zip(panels, results.items(), strict=True):
            # Without any change nothing is said to have changed: a record of a model with itself is exact.
            places = [0.0, *sizes]
            for name, (label, colour, dash, marker) in LINES.items():
                heights = [0.0, *(_count(tasks, name) for tasks in sizes.values())]
                axes.plot(places, heights, color=colour, ls=dash, marker=marker, label=label)
            axes.set_title(change[0].upper() + change[1:])
            axes.set_xlabel(UNITS.get(change, "share of the way"))
            axes.set_ylim(-0.15, 4.15)
            axes.set_yticks(range(5))
        panels[0].set_ylabel("tasks of 4")
        panels[0].legend(loc="upper left")
        with replacing(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": "mechshift"})


def _count(tasks: Mapping[str, Any], name: str) -> float:
    counts = power_counts(tasks)
    # A member that no longer solves the task has changed too, but no circuit says so.
    return len(tasks) - counts["preserved"] if name == "not preserved" else counts[name]
