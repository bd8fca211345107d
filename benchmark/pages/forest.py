"""Forest plots: a line per task, on it the value of each series with its interval, on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..record.missing import Missing
from ..record.number import Measured, Number
from .chart import Series, marker, path, svg, text
from .markup import Html, joined
from .scale import Scale, around, label

WIDTH, LEFT, RIGHT, TOP, STEP, APART = 380, 112, 12, 8, 22, 6
"""Pixels: the plot, its margins, the least height of a line, and how far apart the series of a line are."""

LONGEST = 18
"""Letters of a line's name that fit into the margin."""


@dataclass(frozen=True)
class ForestLine:
    """A name, and by series a value."""

    name: str
    values: Sequence[tuple[Series, Measured]]


def forest(identifier: str, title: str, about: str, lines: Sequence[ForestLine], zero: bool) -> Html:
    """The plot of these lines. `zero`: whether the axis has 0 on it, as for differences."""
    values = [value for line in lines for _, value in line.values]
    scale = Scale(*around(values, (0.0,) if zero else ()), LEFT, WIDTH - RIGHT)
    # A line is as high as the series on it need, so that those of neighbours do not meet.
    most = max((len(line.values) for line in lines), default=1)
    step = max(STEP, APART * (most + 1))
    bottom = TOP + step * len(lines)
    content = [_axis(scale, bottom)]
    content += [_line(line, TOP + step * (index + 0.5), scale) for index, line in enumerate(lines)]
    return svg(identifier, title, about, (WIDTH, bottom + 22), content)


def _axis(scale: Scale, bottom: float) -> Html:
    ticks = [
        (
            path(f"M{scale(tick)} {TOP}V{bottom}", "grid zero" if abs(tick) < 1e-12 else "grid"),
            text(scale(tick), bottom + 15, label(tick), "tick"),
        )
        for tick in scale.ticks()
    ]
    return joined(ticks)


def _line(line: ForestLine, y: float, scale: Scale) -> Html:
    name = line.name if len(line.name) <= LONGEST else line.name[: LONGEST - 1] + "…"
    marks = []
    first = y - APART * (len(line.values) - 1) / 2
    for index, (series, value) in enumerate(line.values):
        height = round(first + APART * index, 1)
        marks.append(_missing(height) if isinstance(value, Missing) else _mark(series, value, height, scale))
    return joined((text(LEFT - 10, y + 4, name, "name", "end"), marks))


def _mark(series: Series, value: Number, y: float, scale: Scale) -> Html:
    line = None
    if value.low is not None and value.high is not None:
        line = path(f"M{scale(value.low)} {y}H{scale(value.high)}", "whisker", series)
    return joined((line, marker(series, scale(value.value), y, 3)))


def _missing(y: float) -> Html:
    return text(LEFT + 4, y + 4, "–", "tick", "start")
