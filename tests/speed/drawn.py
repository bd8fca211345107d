"""Curves as figures: values against a size, both logarithmic, with the power that fits best."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from mechshift.benchmark.plots.style import ARM, GREY, STYLE
from mechshift.drawing import require_matplotlib
from mechshift.files import replacing
from speed.results import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = 3
PANEL = (3.0, 2.7)
"""Inches of a panel."""


def draw_curves(curves: Sequence[Curve], path: Path) -> None:
    """A panel for each curve. Raises UsageError where matplotlib is not installed."""
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    across = min(ACROSS, len(curves))
    down = -(-len(curves) // across)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PANEL[0] * across, PANEL[1] * down), layout="constrained")
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, one in zip(panels, curves, strict=False):
            _draw(axes, one)
        for axes in panels[len(curves) :]:
            axes.set_visible(False)
        with replacing(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": "mechshift"})


def _draw(axes: "Axes", curve: Curve) -> None:
    from matplotlib.ticker import NullLocator

    if curve.power.value is not None:
        fitted = fitted_values(curve, curve.power.value)
        axes.plot(curve.sizes, fitted, color=GREY, ls="--", lw=1, label=f"power {curve.power.value:.2f}")
        axes.legend(loc="upper left")
    axes.plot(curve.sizes, values_of(curve), color=ARM, ls="", marker="o")
    for size, one in zip(curve.sizes, curve.readings, strict=True):
        if one.low is not None and one.high is not None:
            axes.vlines(size, one.low, one.high, color=ARM, lw=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(curve.sizes, [f"{size:,.0f}" for size in curve.sizes], rotation=30, ha="right")
    # At the values: a curve of less than a decade has one power of ten, or none.
    values = [value for value in values_of(curve) if np.isfinite(value)]
    axes.set_yticks(values, [f"{value:.2g}" for value in values])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel(curve.against)
    axes.set_ylabel(curve.readings[0].unit)
    axes.set_title(fill(curve.name, 30))


def values_of(curve: Curve) -> list[float]:
    """The values at every size; NaN, which is not drawn, where there is none."""
    return [np.nan if one.value is None else one.value for one in curve.readings]


def fitted_values(curve: Curve, power: float) -> list[float]:
    """The power law at every size, through the geometric mean of sizes and values."""
    sizes, values = np.log(curve.sizes), np.log(values_of(curve))
    return np.exp(values.mean() + power * (sizes - sizes.mean())).tolist()
