"""Maps of importance over layers and heads: the ARM's, the MDM's, and what lies between them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..circuits.components import Components
from ..circuits.graph import Graph
from ..plots.evidence import Circuits
from .chart import numbers, svg, text
from .markup import Html, tag

WIDTH, LEFT, TOP, BOTTOM = 300, 30, 8, 34
LISTED = 30
"""Components in the table, by the larger of their two shares."""

LEAST = 0.0005
"""Shares below it would be white: they are not drawn."""


def heads_figure(identifier: str, circuits: Circuits) -> Html:
    """Three maps and a table of components."""
    graph = circuits.arm.graph
    arm, mdm = circuits.arm.shares, circuits.mdm.shares
    most = max(float(arm.max()), float(mdm.max()), LEAST)
    change = mdm - arm
    widest = max(float(np.abs(change).max()), LEAST)
    maps = [
        _map(f"{identifier}-map-arm", "ARM", graph, arm, most, "arm"),
        _map(f"{identifier}-map-mdm", "MDM", graph, mdm, most, "mdm"),
        _map(f"{identifier}-map-change", "MDM − ARM", graph, change, widest, "change"),
    ]
    note = (
        f"Share of the compared circuit's importance. Full colour is {most:.3f} for the members and "
        f"±{widest:.3f} for the difference, where blue with a bar is less in the MDM and orange more."
    )
    return tag(
        "div",
        tag("h3", "Importance by layer and head"),
        tag("div", maps, class_="three-charts"),
        tag("p", note, class_="note"),
        _table(Components(graph), arm, mdm),
        class_="figure wide",
    )


def _map(
    identifier: str, name: str, graph: Graph, shares: NDArray[np.float64], most: float, kind: str
) -> Html:
    columns = graph.heads + 1
    cell = (WIDTH - LEFT) / columns
    tall = min(max(200 / graph.layers, 6.0), 26.0)
    height = TOP + tall * graph.layers
    names = Components(graph).names
    cells = []
    for index, (share, component) in enumerate(zip(shares.tolist(), names, strict=True)):
        if abs(share) < LEAST:
            continue
        layer, column = divmod(index, columns)
        # The last layer above, as in the drawings of the circuits.
        x, y = LEFT + cell * column, height - tall * (layer + 1)
        cells += _cell(x, y, cell, tall, share, most, kind, component)
    frame = tag(
        "rect",
        x=LEFT,
        y=TOP,
        width=round(cell * columns, 1),
        height=round(tall * graph.layers, 1),
        class_="frame",
    )
    chart = svg(
        identifier,
        f"Importance of components, {name}",
        "Map: a row per layer, the last on top; a column per head and one, M, for the MLP. Numbers below.",
        (WIDTH, height + BOTTOM),
        [frame, cells, _labels(graph, cell, tall, height)],
    )
    return tag("figure", tag("figcaption", name), chart)


def _cell(
    x: float, y: float, width: float, height: float, share: float, most: float, kind: str, name: str
) -> list[Html]:
    """A cell, its colour as strong as its share; a bar through it where the difference is negative."""
    strength = round(abs(share) / most, 3)
    less = kind == "change" and share < 0
    colour = f"cell {'arm' if less else 'mdm'}" if kind == "change" else f"cell {kind}"
    written = f"{share:+.3f}" if kind == "change" else f"{share:.3f}"
    title = tag("title", f"{name}: {written}".replace("-", "−"))
    place = {"x": round(x, 1), "y": round(y, 1), "width": round(width, 1), "height": round(height, 1)}
    found = [tag("rect", title, **place, fill_opacity=strength, class_=colour)]
    if less and strength > 0.05:
        middle_x, middle_y, arm = (
            round(x + width / 2, 1),
            round(y + height / 2, 1),
            round(min(width, height) / 5, 1),
        )
        found.append(tag("path", d=f"M{middle_x - arm:g} {middle_y:g}h{2 * arm:g}", class_="less"))
    return found


def _labels(graph: Graph, cell: float, tall: float, height: float) -> list[Html]:
    rows, columns = max(1, round(12 / tall)), max(1, -(-graph.heads // 8))
    labels = [
        text(LEFT - 6, height - tall * (layer + 0.5) + 3.5, f"L{layer}", "tick", "end")
        for layer in range(0, graph.layers, rows)
    ]
    labels += [
        text(LEFT + cell * (head + 0.5), height + 14, head, "tick") for head in range(0, graph.heads, columns)
    ]
    labels.append(text(WIDTH - cell / 2, height + 14, "M", "tick"))
    labels.append(text((LEFT + WIDTH) / 2, height + 30, "head, and M for the MLP", "axis"))
    return labels


def _table(components: Components, arm: NDArray[np.float64], mdm: NDArray[np.float64]) -> Html:
    larger = np.maximum(arm, mdm)
    order = [int(index) for index in np.argsort(-larger, kind="stable")[:LISTED] if larger[index] > 0]
    rows: list[Sequence[str]] = [
        (
            components.names[index],
            f"{arm[index]:.3f}",
            f"{mdm[index]:.3f}",
            f"{mdm[index] - arm[index]:+.3f}".replace("-", "−"),
        )
        for index in order
    ]
    return numbers(
        "Share of importance of the largest components", ("component", "ARM", "MDM", "MDM − ARM"), rows
    )
