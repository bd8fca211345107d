"""Two circuits side by side as layered graphs, the input below and the logits above."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..circuits.graph import Graph
from ..plots.evidence import Circuits, RankedEdges
from .chart import Series, numbers, path, signs, svg, text
from .markup import Html, joined, tag

WIDTH, LEFT, RIGHT, END = 440, 44, 14, 26
"""Pixels: the drawing, its margins, and the room for input and logits at its ends."""

FIRST = 60
"""Edges that are drawn at first: enough to see the wiring, few enough to follow an edge."""

LISTED = 20
"""Edges in the table."""


@dataclass(frozen=True)
class Layout:
    """Where the nodes of a graph stand: a row of heads per layer, its MLP at the end and a little higher."""

    graph: Graph

    @property
    def step(self) -> float:
        """Pixels from layer to layer."""
        return min(max(340 / self.graph.layers, 16.0), 58.0)

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        return round(2 * END + self.step * self.graph.layers, 1)

    @property
    def size(self) -> float:
        """Half the width of a node."""
        return round(min(4.5, self.column * 0.32, self.step * 0.22), 1)

    @property
    def column(self) -> float:
        """Pixels from head to head."""
        return (WIDTH - LEFT - RIGHT) / (self.graph.heads + 1)

    def head(self, layer: int, head: float) -> tuple[float, float]:
        """Where a head stands, or the middle of several."""
        return round(LEFT + self.column * (head + 0.5), 1), round(self._base(layer) - 0.3 * self.step, 1)

    def mlp(self, layer: int) -> tuple[float, float]:
        """Where a layer's MLP stands."""
        x = LEFT + self.column * (self.graph.heads + 0.5)
        return round(x, 1), round(self._base(layer) - 0.72 * self.step, 1)

    def _base(self, layer: int) -> float:
        return self.height - END - self.step * layer

    @cached_property
    def sources(self) -> tuple[tuple[float, float], ...]:
        """Places of the source axis."""
        places = [(self._middle, self.height - 10)]
        for layer in range(self.graph.layers):
            places += [self.head(layer, head) for head in range(self.graph.heads)]
            places.append(self.mlp(layer))
        return tuple(places)

    @cached_property
    def destinations(self) -> tuple[tuple[float, float], ...]:
        """Places of the destination axis: q, k and v inputs of a head stand beside each other."""
        graph, places = self.graph, list[tuple[float, float]]()
        shared = graph.heads // graph.kv_heads
        apart = self.size * 0.8
        for layer in range(graph.layers):
            places += [self._input(layer, head, -apart) for head in range(graph.heads)]
            for offset in (0.0, apart):
                # A shared input stands in the middle of the heads that read through it.
                middles = [group * shared + (shared - 1) / 2 for group in range(graph.kv_heads)]
                places += [self._input(layer, middle, offset) for middle in middles]
            places.append(self.mlp(layer))
        return (*places, (self._middle, 12.0))

    @property
    def _middle(self) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) / 2

    def _input(self, layer: int, head: float, offset: float) -> tuple[float, float]:
        x, y = self.head(layer, head)
        return round(x + offset, 1), y


def circuits_figure(identifier: str, circuits: Circuits, compared: int) -> Html:
    """Both drawings, the slider of their size, and a table of the strongest edges."""
    layout = Layout(circuits.arm.graph)
    ranks = circuits.arm.ranks(), circuits.mdm.ranks()
    most = len(circuits.arm.sources)
    shown = min(FIRST, most)
    drawings = [
        _drawing(identifier, layout, "arm", circuits.arm, ranks[1], shown),
        _drawing(identifier, layout, "mdm", circuits.mdm, ranks[0], shown),
    ]
    return tag(
        "div",
        tag("h3", "Circuits"),
        _legend(),
        _slider(identifier, most, shown, ranks),
        tag("div", drawings, class_="pair-of-charts"),
        tag("p", _note(most, compared, circuits.arm.graph.edges), class_="note"),
        _table(circuits, ranks),
        class_="figure wide circuits",
    )


def _drawing(
    identifier: str,
    layout: Layout,
    series: Series,
    own: RankedEdges,
    others: dict[tuple[int, int], int],
    shown: int,
) -> Html:
    name = series.upper()
    edges = tag("g", _edges(layout, series, own, others, shown), class_="edges")
    content = [_layers(layout), edges, _nodes(layout)]
    chart = svg(
        f"{identifier}-circuit-{series}", f"Circuit of the {name}", _ABOUT, (WIDTH, layout.height), content
    )
    return tag("figure", tag("figcaption", name), chart)


_ABOUT = (
    "Layered graph: the input below, the logits above, the layers' heads and MLPs between. Edges: see below."
)


def _edges(
    layout: Layout, series: Series, own: RankedEdges, others: dict[tuple[int, int], int], shown: int
) -> Iterator[Html]:
    strongest = max(abs(float(own.scores[0])), 1e-300) if len(own.scores) else 1.0
    # The weakest first, so that strong edges lie on top.
    for (source, destination), rank in reversed(list(own.ranks().items())):
        other = others.get((source, destination))
        width = 0.5 + 3 * (abs(float(own.scores[rank - 1])) / strongest) ** 0.5
        yield tag(
            "path",
            d=_curve(layout.sources[source], layout.destinations[destination]),
            stroke_width=f"{width:.2f}",
            class_=_kinds(series, rank, other, shown),
            data_rank=rank,
            data_other=other,
        )


def _kinds(series: Series, rank: int, other: int | None, shown: int) -> str:
    kind = "shared" if other is not None and other <= shown else series
    return kind if rank <= shown else f"{kind} off"


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = start, end
    half = round((y + to_y) / 2, 1)
    return f"M{x:g} {y:g}C{x:g} {half:g} {to_x:g} {half:g} {to_x:g} {to_y:g}"


def _layers(layout: Layout) -> Html:
    names = [
        text(4, layout.head(layer, 0)[1] + 3.5, f"L{layer}", "tick", "start")
        for layer in range(0, layout.graph.layers, max(1, round(14 / layout.step)))
    ]
    ends = (
        text(4, layout.height - 6, "input", "tick", "start"),
        text(4, 15.5, "logits", "tick", "start"),
    )
    return joined((names, ends))


def _nodes(layout: Layout) -> Html:
    size, heads = layout.size, layout.graph.heads
    nodes = [_node("node end", *layout.sources[0], size), _node("node end", *layout.destinations[-1], size)]
    for index, (place, name) in enumerate(
        zip(layout.sources[1:], layout.graph.source_names[1:], strict=True)
    ):
        is_mlp = index % (heads + 1) == heads
        nodes.append(_node("node", *place, size, name) if is_mlp else _circle(*place, size, name))
    return tag("g", nodes)


def _node(kind: str, x: float, y: float, size: float, name: str | None = None) -> Html:
    title = None if name is None else tag("title", name)
    side = round(2 * size, 1)
    return tag(
        "rect", title, x=round(x - size, 1), y=round(y - size, 1), width=side, height=side, class_=kind
    )


def _circle(x: float, y: float, size: float, name: str) -> Html:
    return tag("circle", tag("title", name), cx=x, cy=y, r=size, class_="node")


def _legend() -> Html:
    kinds = (("shared", "in both"), ("arm", "ARM only"), ("mdm", "MDM only"))
    return signs((tag("g", path("M0 6H24", kind), class_="edges"), label) for kind, label in kinds)


RankPair = tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]


def _slider(identifier: str, most: int, shown: int, ranks: RankPair) -> Html:
    """The number of edges drawn; a script moves it, and without one it stands still."""
    both = sum(rank <= shown and ranks[1].get(edge, most + 1) <= shown for edge, rank in ranks[0].items())
    label = f"{identifier}-size"
    slider = tag("input", type="range", id=label, min=1, max=most, value=shown, disabled=True, class_="size")
    shown_count = tag("output", _count(shown, both), for_=label)
    return tag("p", tag("label", "Edges of each", for_=label), slider, shown_count, class_="slider")


def _count(shown: int, both: int) -> str:
    return f"{shown} edges each, {both} in both"


def _note(most: int, compared: int, edges: int) -> str:
    return (
        f"The {most} strongest of {edges:,} edges by absolute score, before pruning; the compared circuits "
        f"have {compared:,}. Wider lines have larger scores. Circles are heads, squares MLPs; the inputs "
        "q, k and v of a head lie from left to right."
    )


def _table(circuits: Circuits, ranks: RankPair) -> Html:
    graph = circuits.arm.graph
    rows = []
    for index in range(min(LISTED, len(circuits.arm.sources))):
        row: list[str] = [str(index + 1)]
        for own, others in ((circuits.arm, ranks[1]), (circuits.mdm, ranks[0])):
            edge = (int(own.sources[index]), int(own.destinations[index]))
            name = f"{graph.source_names[edge[0]]} → {graph.destination_names[edge[1]]}"
            other = others.get(edge)
            row += [
                name,
                f"{own.scores[index]:+.3g}".replace("-", "−"),
                str(other) if other else f"below {len(own.sources)}",
            ]
        rows.append(row)
    heads: Sequence[str] = ("rank", "edge, ARM", "score", "rank in MDM", "edge, MDM", "score", "rank in ARM")
    return numbers("The strongest edges of both members", heads, rows)
