"""How every figure looks: settings, colours, and the marks of values and of their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: dict[str, Any] = {
    "axes.labelsize": 8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "hatch.color": "white",
    "hatch.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.markersize": 3.5,
    "lines.linewidth": 1.5,
    # Publishers refuse the outlines (type 3) that matplotlib writes by default.
    "pdf.fonttype": 42,
    # Outlines of letters look the same wherever a figure is opened; the salt makes its bytes the same.
    "svg.fonttype": "path",
    "svg.hashsalt": "mechshift",
    "text.parse_math": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
}
"""How every figure looks, whatever the reader's own matplotlib settings are."""

ARM, MDM, OVERLAP, RAW, GREY = "#0072b2", "#d55e00", "#000000", "#009e73", "#767676"
"""Okabe and Ito's colours, told apart by the colour-blind; what they stand for differs in shape too."""

_LEGEND_PAD, _LEGEND_LINE = 7, 11
"""Points between a panel and its title, where the legend lies, and what each of its lines takes."""


class Look(NamedTuple):
    """What a series is called, its colour, dash and marker; `hollow`: whether the marker is an outline."""

    label: str
    colour: str
    dash: str
    marker: str
    hollow: bool = False


OF_ARM, OF_MDM = Look("ARM", ARM, "-", "o"), Look("MDM", MDM, "--", "s")

_OF_CONTROLS = (("#cc79a7", "D"), ("#009e73", "^"), ("#e69f00", "v"), ("#56b4e9", "P"))


class Looks(NamedTuple):
    """The looks of the two members, and of what is of both."""

    arm: Look = OF_ARM
    mdm: Look = OF_MDM

    @property
    def both(self) -> Look:
        """Of a value that lies between the two."""
        return Look(f"{self.arm.label} and {self.mdm.label}", OVERLAP, "-", "D")


def looks_of(record: Record) -> Looks:
    """The looks of a record's members: the second of a control or a line is not called an MDM."""
    return Looks(mdm=OF_MDM._replace(label=record.pair.second))


def of_control(index: int, label: str) -> Look:
    """The look of the control at that place among a pair's controls."""
    colour, marker = _OF_CONTROLS[index % len(_OF_CONTROLS)]
    return Look(label, colour, "-.", marker, hollow=True)


def height(value: Measured) -> float:
    """The value; NaN, which is not drawn, where it is missing."""
    return value.value if isinstance(value, Number) else math.nan


def bounds(value: Measured) -> tuple[float, float]:
    """The ends of the interval; NaN, which is not drawn, where there is none."""
    if isinstance(value, Missing) or value.low is None or value.high is None:
        return math.nan, math.nan
    return value.low, value.high


def draw_line(axes: Axes, places: Sequence[float], values: Sequence[Measured], look: Look) -> None:
    """A line through the values that there are, broken where one is missing."""
    axes.plot(
        places,
        [height(value) for value in values],
        color=look.colour,
        ls=look.dash,
        marker=look.marker,
        label=look.label,
        mfc="white" if look.hollow else look.colour,
    )


def draw_whiskers(axes: Axes, places: Sequence[float], values: Sequence[Measured], colour: str) -> None:
    """A vertical line from end to end of every interval that there is."""
    for place, value in zip(places, values, strict=True):
        axes.vlines(place, *bounds(value), color=colour, lw=1)


def draw_title(axes: Axes, title: str, lines: int = 1) -> None:
    """The title of a panel, above a legend of so many lines."""
    axes.set_title(title, pad=_LEGEND_PAD + _LEGEND_LINE * lines)


def draw_legend(axes: Axes, across: int = 4) -> None:
    """The legend of a panel between its title and its axes, in so many columns."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=across,
        borderaxespad=0.2,
        borderpad=0.2,
        columnspacing=1.2,
    )
