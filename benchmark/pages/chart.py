"""What all charts share: the frame of an SVG that says what it shows, its marks, legends and tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..record.number import Measured, Number
from .markup import Child, Html, joined, tag
from .page import caption, scrolling
from .scale import LogScale, Scale
from .values import diamond

Series = Literal["arm", "mdm", "both", "raw", "control", "uniform", "differs", "same"]
"""Whose value it is. Each has a colour of Okabe and Ito, and a shape and a dash of its own besides."""


def svg(identifier: str, title: str, about: str, size: tuple[float, float], content: Child) -> Html:
    """A chart that is read aloud by its title and by what it shows."""
    width, height = size
    return tag(
        "svg",
        tag("title", title, id=f"{identifier}-title"),
        tag("desc", about, id=f"{identifier}-about"),
        content,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_labelledby=f"{identifier}-title {identifier}-about",
        class_="chart",
    )


def text(x: float, y: float, content: Child, kind: str = "", anchor: str = "middle") -> Html:
    """A label; `anchor`: which part of it stands at x."""
    return tag("text", content, x=round(x, 1), y=round(y, 1), class_=kind or None, text_anchor=anchor)


def path(d: str, *kinds: str) -> Html:
    """A line or an area."""
    return tag("path", d=d, class_=" ".join(kinds))


def marker(series: Series, x: float, y: float, size: float = 3.5) -> Html:
    """The sign of a series: circles, squares, triangles and diamonds, told apart without colour."""
    if series in ("arm", "both", "differs", "same"):
        return tag("circle", cx=x, cy=y, r=size, class_=f"marker {series}")
    if series == "mdm":
        return tag(
            "rect",
            x=round(x - size, 1),
            y=round(y - size, 1),
            width=2 * size,
            height=2 * size,
            class_="marker mdm",
        )
    if series == "raw":
        corners = f"M{x} {round(y - size, 1)}l{size} {1.8 * size:g}h{-2 * size}z"
        return path(corners, "marker raw")
    return path(diamond(x, y, size + 1), f"marker {series}")


@dataclass(frozen=True)
class Trace:
    """Values of one series at places of the x axis, to be joined where neighbours are there."""

    series: Series
    label: str
    values: Sequence[Measured]


def draw_line(line: Trace, places: Sequence[float], y: Scale, band: bool = False) -> Html:
    """A line that breaks where a value is missing, with whiskers or a band for the intervals."""
    points = [(x, value) for x, value in zip(places, line.values, strict=True)]
    runs = _runs(points)
    areas = [path(_band(run, y), "band", line.series) for run in runs if len(run) > 1] if band else ()
    strokes = [path(_through(run, y), "line", line.series) for run in runs if len(run) > 1]
    known = [(x, value) for x, value in points if isinstance(value, Number)]
    whiskers = () if band else [whisker(line.series, x, value, y) for x, value in known]
    return joined((areas, strokes, whiskers, [marker(line.series, x, y(value.value)) for x, value in known]))


def whisker(series: Series, x: float, value: Number, y: Scale) -> Html | None:
    """The interval of a value as a vertical line."""
    if value.low is None or value.high is None:
        return None
    return path(f"M{x} {y(value.low)}V{y(value.high)}", "whisker", series)


def y_axis(scale: Scale, width: float, left: float, name: str) -> Html:
    """Ticks with lines across the chart, and the axis' name above them."""
    from .scale import label

    ticks = [
        (
            path(f"M{left} {scale(tick)}H{width}", "grid" if tick else "grid zero"),
            text(left - 6, scale(tick) + 3.5, label(tick), "tick", "end"),
        )
        for tick in scale.ticks()
    ]
    return joined((ticks, text(0, 12, name, "axis", "start")))


def share_axis(scale: LogScale, shares: Sequence[float], y: float) -> Html:
    """The axis of budgets: shares of all edges, every third of them written out."""
    ticks = [path(f"M{scale(share)} {y}v4", "tick-line") for share in shares]
    last = len(shares) - 1
    labels = [
        text(scale(share), y + 16, f"{100 * share:.3g} %", "tick", "end" if index == last else "middle")
        for index, share in enumerate(shares)
        if (last - index) % 3 == 0
    ]
    return joined((ticks, labels))


def legend(entries: Iterable[tuple[Series, str]]) -> Html:
    """Signs and what they stand for, as text beside the chart."""
    return signs(
        ((path("M0 6H24", "line", series), marker(series, 12, 6)), label) for series, label in entries
    )


def signs(entries: Iterable[tuple[Child, str]]) -> Html:
    """Small drawings, 24 by 12, each with what it stands for."""
    items = [
        tag(
            "li",
            tag("svg", sign, viewBox="0 0 24 12", width=24, height=12, aria_hidden="true"),
            label,
        )
        for sign, label in entries
    ]
    return tag("ul", items, class_="legend")


def table(title: str, heads: Sequence[Child], rows: Iterable[Sequence[Child]]) -> Html:
    """A table whose first column names its rows."""
    head = tag("tr", [tag("th", each, scope="col") if each else tag("td") for each in heads])
    body = [tag("tr", tag("th", row[0], scope="row"), [tag("td", each) for each in row[1:]]) for row in rows]
    return tag("table", caption(title), tag("thead", head), tag("tbody", body))


def numbers(
    title: str, heads: Sequence[Child], rows: Iterable[Sequence[Child]], summary: str = "Numbers"
) -> Html:
    """A table to unfold: beside a chart the same as it shows."""
    inside = scrolling(title, table(title, heads, rows))
    return tag("details", tag("summary", summary), inside, class_="numbers")


Point = tuple[float, Measured]
Placed = tuple[float, Number]


def _runs(points: Sequence[Point]) -> list[list[Placed]]:
    runs: list[list[Placed]] = [[]]
    for x, value in points:
        if isinstance(value, Number):
            runs[-1].append((x, value))
        elif runs[-1]:
            runs.append([])
    return runs


def _through(run: Sequence[Placed], y: Scale) -> str:
    return "M" + "L".join(f"{x} {y(value.value)}" for x, value in run)


def _band(run: Sequence[Placed], y: Scale) -> str:
    # A value without an interval pinches the band to the line.
    tops = [(x, y(value.value if value.high is None else value.high)) for x, value in run]
    bottoms = [(x, y(value.value if value.low is None else value.low)) for x, value in reversed(run)]
    return "M" + "L".join(f"{x} {height}" for x, height in (*tops, *bottoms)) + "z"
