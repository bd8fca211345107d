"""Importance of heads and MLPs by layer, drawn into matplotlib axes that it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..circuits.graph import Graph
from .evidence import Circuits
from .style import ARM, MDM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 0.0005
"""The range of colours is at least this wide, or differences of nothing would be drawn in full colour."""

LESS = 0.05
"""Share of the full colour from which a cell of the difference that is below 0 has a bar through it."""


@dataclass(frozen=True, eq=False)
class HeadMap:
    """Shares of importance, [components]; `most`: what has the full colour; colours from `low` to `high`."""

    title: str
    graph: Graph
    shares: NDArray[np.float64]
    most: float
    high: str
    low: str | None = None

    @property
    def grid(self) -> NDArray[np.float64]:
        """[layers, heads + 1]: of each layer its heads, and its MLP behind them."""
        return self.shares.reshape(self.graph.layers, self.graph.heads + 1)


def head_maps(circuits: Circuits, second: str) -> dict[str, HeadMap]:
    """Three maps by name: of both members on one range of colours, and of their difference on its own."""
    graph, arm, mdm = circuits.arm.graph, circuits.arm.shares, circuits.mdm.shares
    most = max(float(arm.max()), float(mdm.max()), LEAST)
    widest = max(float(np.abs(mdm - arm).max()), LEAST)
    return {
        "arm": HeadMap("ARM", graph, arm, most, ARM),
        "mdm": HeadMap(second, graph, mdm, most, MDM),
        "difference": HeadMap(f"{second} − ARM", graph, mdm - arm, widest, MDM, ARM),
    }


def heads_panel(axes: Axes, heads: HeadMap) -> None:
    """A row for each layer, the last on top; a column for each head, and one, M, for the MLP.

    A negative difference has a bar through its cell, so that its sign can be seen without colours.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    graph, grid = heads.graph, heads.grid
    colours = LinearSegmentedColormap.from_list(
        heads.title, [heads.low, "white", heads.high] if heads.low else ["white", heads.high]
    )
    lowest = -heads.most if heads.low else 0
    mesh = axes.pcolormesh(
        grid, cmap=colours, vmin=lowest, vmax=heads.most, edgecolors="0.9", linewidth=0.3, snap=True
    )
    bar = axes.figure.colorbar(
        mesh, ax=axes, orientation="horizontal", aspect=30, pad=0.02, ticks=MaxNLocator(4)
    )
    bar.set_label("share of importance" + (", difference" if heads.low else ""))
    axes.set_title(heads.title)
    axes.set_xlabel("head, and M for the MLP")
    axes.set_ylabel("layer")
    steps = -(-graph.heads // 8), -(-graph.layers // 8)
    columns, rows = range(0, graph.heads, steps[0]), range(0, graph.layers, steps[1])
    axes.set_xticks(
        [*(head + 0.5 for head in columns), graph.heads + 0.5], [*map(str, columns), "M"], minor=False
    )
    axes.set_yticks([layer + 0.5 for layer in rows], [str(layer) for layer in rows])
    axes.tick_params(length=0)
    # The MLPs are no heads: a line parts their column from the others.
    axes.axvline(graph.heads, color="0.4", lw=0.8)
    if heads.low:
        layers, places = np.nonzero(grid < -LESS * heads.most)
        axes.plot(places + 0.5, layers + 0.5, ls="", marker="_", color="0.2", markersize=4, mew=0.8)
