"""Values of tasks on one axis, a line for each task, drawn into matplotlib axes that it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

from ..record.number import Measured, Number
from ..tables.cells import plain
from .headlines import Mark
from .style import GREY, Look, Looks, bounds, height, of_control

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART = 0.07
"""Inches between two marks of a task, and between two tasks besides."""

LEAST, _AROUND = 0.5, 0.9
"""Inches that the lines of a panel have at least, and that its title and its axis take."""

LONGEST = 18
"""Letters of a task's name that are shown."""

LONGEST_PAIR = 36
"""Letters of a control's name that are shown."""

_TITLE = 26
"""Letters of a panel's title in a line."""

_SPREAD = 0.7
"""How much of its line the marks of a task take up."""


@dataclass(frozen=True)
class TaskLine:
    """A task's name, and its values, each in the look of its series."""

    name: str
    values: Sequence[tuple[Look, Measured]]


@dataclass(frozen=True)
class ForestLooks:
    """The looks of all that stands on a task's line: of the pair, of its controls and of lines by name."""

    pair: Looks
    controls: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def of(self, mark: Mark) -> Look:
        """The look of a value."""
        if mark.control is not None:
            return of_control(mark.control, self._label(mark.control))
        return {"ARM": self.pair.arm, "MDM": self.pair.mdm, None: self.pair.both}[mark.member]

    @property
    def labels(self) -> tuple[str, ...]:
        """What a legend says, the pair's first."""
        own = (self.pair.arm.label, self.pair.mdm.label, self.pair.both.label)
        return (*own, *(self._label(index) for index in range(len(self.controls) + len(self.lines))))

    def _label(self, control: int) -> str:
        name = (*self.controls, *self.lines)[control]
        kind = "control" if control < len(self.controls) else "line"
        return f"{kind}: {name if len(name) <= LONGEST_PAIR else name[: LONGEST_PAIR - 1] + '…'}"


def forest_panel(axes: Axes, title: str, unit: str, lines: Sequence[TaskLine], zero: bool = False) -> None:
    """A line for each task, from top to bottom, with 95 % intervals; a dash where a value is missing.

    `zero`: whether a line stands at 0, as for differences. The legend is left to the figure.
    """
    axes.set_title(fill(title, _TITLE))
    axes.set_xlabel(unit)
    if zero:
        axes.axvline(0, color=GREY, lw=0.8)
    # Every second line is shaded, so that an eye finds the task of a mark on the other side.
    for row in range(1, len(lines), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="0.95", lw=0, zorder=0)
    for look in dict.fromkeys(look for line in lines for look, _ in line.values):
        _draw_series(axes, look, lines)
    axes.set_yticks(range(len(lines)), [_shortened(line.name) for line in lines])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=4)


def tall_enough(lines: Sequence[TaskLine]) -> float:
    """Inches that a panel of these lines needs, with its title and its axis."""
    most = max((len(line.values) for line in lines), default=0)
    return _AROUND + max(LEAST, APART * (most + 1) * len(lines))


def _draw_series(axes: Axes, look: Look, lines: Sequence[TaskLine]) -> None:
    """The marks of one series on all lines; those of a line stand one below the other, in its order."""
    places, values = [], []
    for row, line in enumerate(lines):
        for index, (each, value) in enumerate(line.values):
            if each == look:
                places.append(row + _SPREAD * ((index + 0.5) / len(line.values) - 0.5))
                values.append(value)
    ends = [bounds(value) for value in values]
    axes.hlines(places, [low for low, _ in ends], [high for _, high in ends], color=look.colour, lw=1)
    axes.plot(
        [height(value) for value in values],
        places,
        color=look.colour,
        ls="",
        marker=look.marker,
        mfc="white" if look.hollow else look.colour,
        label=look.label,
    )
    for place, value in zip(places, values, strict=True):
        if not isinstance(value, Number) or math.isnan(value.value):
            across = axes.get_yaxis_transform()
            axes.text(0.01, place, "–", color=look.colour, va="center_baseline", fontsize=7, transform=across)


def _shortened(name: str) -> str:
    shown = plain(name)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
