"""The charts of one task: importance by layer, overlap and faithfulness by size of the circuit."""

from collections.abc import Sequence

from ..record.comparison import Comparison, OverlapPoint
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantity import COUNT, FINE, SHARE
from .chart import Series, Trace, draw_line, legend, numbers, path, share_axis, svg, text, y_axis
from .markup import Html, tag
from .scale import LogScale, Scale, around
from .values import rounded, value_text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380, 236, 40, 10, 24, 36
INNER = Scale(0, 1, TOP, HEIGHT - BOTTOM)

_TALLEST, _LOWEST = 1.6, -0.6
"""Values beyond these, which small circuits have, stand at the edge: the rest is what is to be seen."""


def depth_figure(identifier: str, comparison: Comparison) -> Html:
    """Share of importance by layer of both members, and of uniformly drawn edges."""
    layers = len(comparison.uniform_profile)
    lines = [
        _profile("arm", "ARM", comparison.arm.profile, layers),
        _profile("mdm", "MDM", comparison.mdm.profile, layers),
        _profile("uniform", "uniform edges", comparison.uniform_profile, layers),
    ]
    y = _y_scale([value for line in lines for value in line.values])
    across = Scale(-0.5, max(layers, 1) - 0.5, LEFT, WIDTH - RIGHT)
    places = [across(layer) for layer in range(layers)]
    early = tag(
        "rect",
        x=LEFT,
        y=TOP,
        width=across(layers / 3 - 0.5) - LEFT,
        height=HEIGHT - BOTTOM - TOP,
        class_="early",
    )
    step = max(1, layers // 8)
    labels = [text(places[layer], HEIGHT - BOTTOM + 16, layer, "tick") for layer in range(0, layers, step)]
    content = [early, y_axis(y, WIDTH - RIGHT, LEFT, "share of importance"), labels, _name("layer")]
    content += [draw_line(line, places, y) for line in lines]
    chart = svg(f"{identifier}-depth", "Depth profile", _DEPTH, (WIDTH, HEIGHT), content)
    rows = [
        [str(layer), *(value_text(line.values[layer], FINE) for line in lines)] for layer in range(layers)
    ]
    table = numbers("Share of importance by layer", ["layer", *(line.label for line in lines)], rows)
    return _figure("Depth profile", chart, lines, table)


def overlap_figure(identifier: str, comparison: Comparison) -> Html:
    """Ĵ by size: 0 for chance, 1 for two samples of one model."""
    points = comparison.curve
    lines = [Trace("both", "Ĵ", [point.edge.normalised for point in points])]
    y = _y_scale(lines[0].values, 1.0)
    content = _by_share(comparison, lines, y, "Ĵ")
    chart = svg(f"{identifier}-overlap", "Overlap, normalised", _OVERLAP, (WIDTH, HEIGHT), content)
    rows = [[rounded(point.edges, COUNT), value_text(point.edge.normalised, SHARE)] for point in points]
    table = numbers("Ĵ by number of edges", ["edges", "Ĵ"], rows)
    return _figure("Overlap, normalised", chart, lines, table)


def halves_figure(identifier: str, comparison: Comparison) -> Html:
    """J of halves by size, between its floor and its ceilings. Ĵ, which has another scale, is not here."""
    points = comparison.curve
    lines = [
        Trace("raw", "J of halves", [point.edge.cross for point in points]),
        Trace("arm", "ceiling, ARM", [point.edge.ceiling_arm for point in points]),
        Trace("mdm", "ceiling, MDM", [point.edge.ceiling_mdm for point in points]),
    ]
    y = _y_scale([value for line in lines for value in line.values], 1.0)
    _, places = _shares([point.share for point in points])
    band = path(_floor_to_ceiling(points, places, y), "band", "range")
    content = [band, *_by_share(comparison, lines, y, "J")]
    heading = "Overlap of halves, between floor and ceiling"
    chart = svg(f"{identifier}-halves", heading, _OVERLAP, (WIDTH, HEIGHT), content)
    heads = ["edges", "J of halves", "floor", "ceiling, ARM", "ceiling, MDM"]
    table = numbers("J by number of edges", heads, [_halves_row(point) for point in points])
    return _figure(heading, chart, lines, table, "The grey band runs from floor to ceiling.")


def _by_share(comparison: Comparison, lines: Sequence[Trace], y: Scale, name: str) -> list[Html]:
    """Lines against the share of edges, with both axes and the compared size."""
    shares = [point.share for point in comparison.curve]
    across, places = _shares(shares)
    return [
        y_axis(y, WIDTH - RIGHT, LEFT, name),
        _compared(across, comparison),
        share_axis(across, shares, HEIGHT - BOTTOM),
        _name("share of all edges"),
        *(draw_line(line, places, y) for line in lines),
    ]


def faithfulness_figure(identifier: str, comparison: Comparison, faithful: float) -> Html:
    """Faithfulness by size of both members' circuits, ranked by absolute score."""
    members = (comparison.arm.absolute.points, comparison.mdm.absolute.points)
    lines = [
        Trace("arm", "ARM", [point.faithfulness for point in members[0]]),
        Trace("mdm", "MDM", [point.faithfulness for point in members[1]]),
    ]
    y = _y_scale([value for line in lines for value in line.values], 1.0)
    shares = [[point.share for point in points] for points in members]
    across, _ = _shares([*shares[0], *shares[1]])
    content = [
        y_axis(y, WIDTH - RIGHT, LEFT, "faithfulness f"),
        path(f"M{LEFT} {y(faithful)}H{WIDTH - RIGHT}", "threshold"),
        _compared(across, comparison),
        share_axis(across, shares[0], HEIGHT - BOTTOM),
        _name("share of all edges"),
        [
            draw_line(line, [across(share) for share in own], y, band=True)
            for line, own in zip(lines, shares, strict=True)
        ],
    ]
    chart = svg(f"{identifier}-faithful", "Faithfulness", _FAITHFUL, (WIDTH, HEIGHT), content)
    rows = [
        [f"{rounded(one.edges, COUNT)}", *(value_text(point.faithfulness, SHARE) for point in (one, other))]
        for one, other in zip(*members, strict=False)
    ]
    table = numbers("Faithfulness by number of edges", ["edges", "ARM", "MDM"], rows)
    note = f"The dashed line is f = {faithful:g}, which makes a circuit faithful."
    return _figure("Faithfulness", chart, lines, table, note)


_DEPTH = "Line chart, a point per layer and member. The first third of the layers is shaded. Numbers below."
_OVERLAP = "Line chart against the share of edges that the circuits keep, with intervals. Numbers below."
_FAITHFUL = "Line chart against the share of edges that a circuit keeps, with intervals. Numbers below."


def _figure(heading: str, chart: Html, lines: Sequence[Trace], table: Html, note: str = "") -> Html:
    about = tag("p", note, class_="note") if note else None
    entries = legend((line.series, line.label) for line in lines)
    return tag("div", tag("h3", heading), entries, chart, about, table, class_="figure")


def _profile(series: Series, label: str, profile: Sequence[float], layers: int) -> Trace:
    nothing: Measured = Missing(missing="no layer holds importance")
    values: list[Measured] = [Number(value=share) for share in profile] or [nothing] * layers
    # A record is checked field by field, and two of its profiles may still differ in length.
    return Trace(series, label, (values + [nothing] * layers)[:layers])


def _y_scale(values: Sequence[Measured], top: float | None = None) -> Scale:
    low, high = around(values, (0.0,) if top is None else (0.0, top))
    return Scale(max(low, _LOWEST), min(high, _TALLEST), HEIGHT - BOTTOM, TOP)


def _shares(shares: Sequence[float]) -> tuple[LogScale, list[float]]:
    above = [share for share in shares if share > 0] or [1.0]
    scale = LogScale(min(above), max(above), LEFT + 10, WIDTH - RIGHT - 10)
    return scale, [scale(max(share, min(above))) for share in shares]


def _compared(across: LogScale, comparison: Comparison) -> Html:
    """A line at the compared size."""
    x = across(min(max(comparison.compared.share, across.low), across.high))
    return path(f"M{x} {TOP}V{HEIGHT - BOTTOM}", "compared")


def _name(axis: str) -> Html:
    return text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, axis, "axis")


def _floor_to_ceiling(points: Sequence[OverlapPoint], places: Sequence[float], y: Scale) -> str:
    known = [
        (x, point.edge.floor, top)
        for x, point in zip(places, points, strict=True)
        if (top := _ceiling(point))
    ]
    if not known:
        return "M0 0"
    ends = [(x, y(top)) for x, _, top in known] + [(x, y(floor)) for x, floor, _ in reversed(known)]
    return "M" + "L".join(f"{x} {height}" for x, height in ends) + "z"


def _ceiling(point: OverlapPoint) -> float | None:
    """The geometric mean of the ceilings, by which Ĵ is normalised."""
    arm, mdm = point.edge.ceiling_arm, point.edge.ceiling_mdm
    if isinstance(arm, Missing) or isinstance(mdm, Missing):
        return None
    return float(max(arm.value * mdm.value, 0) ** 0.5)


def _halves_row(point: OverlapPoint) -> list[Html | str]:
    edge = point.edge
    values = (edge.cross, Number(value=edge.floor), edge.ceiling_arm, edge.ceiling_mdm)
    return [rounded(point.edges, COUNT), *(value_text(value, SHARE) for value in values)]
