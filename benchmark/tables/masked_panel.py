"""One quantity by the share of the answer that is masked, drawn into matplotlib axes that it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record.by_masked import MaskedLine, Panel, PlacedRead
from ..record.number import Measured, Number
from .panels import ARM, MDM, OVERLAP, TITLE_PAD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = {"ARM": (ARM, "-", "o"), "MDM": (MDM, "--", "s"), None: (OVERLAP, "-", "D")}


def masked_panel(
    axes: Axes, panel: Panel, stages: Sequence[PlacedRead], copies: Sequence[PlacedRead]
) -> None:
    """The panel's lines over the stages, from all masked to the last step; copied tokens as open markers."""
    axes.set_title(panel.title, pad=TITLE_PAD)
    axes.set_xlabel("masked share of the answer" + (" (open: copied tokens)" if copies else ""))
    for line in panel.lines:
        colour, dash, marker = _STYLES[line.member]
        _points(axes, line, stages, color=colour, ls=dash, marker=marker, label=line.label)
        _points(axes, line, copies, color=colour, ls="", marker=marker, mfc="white")
    # Denoising runs from left to right.
    axes.set_xlim(1.04, -0.04)
    axes.set_xticks([1, 0.75, 0.5, 0.25, 0], ["100 %", "75 %", "50 %", "25 %", "0 %"])
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, panel.low - 0.03 * panel.high), max(high, 1.03 * panel.high))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, borderpad=0.2)


def _points(axes: Axes, line: MaskedLine, placed: Sequence[PlacedRead], **style: object) -> None:
    values = [line.of(one.at) for one in placed]
    across = [one.masked for one in placed]
    heights = [value.value if isinstance(value, Number) else math.nan for value in values]
    axes.plot(across, heights, **style)  # type: ignore[arg-type]
    for x, value in zip(across, values, strict=True):
        axes.vlines(x, *_bounds(value), color=str(style["color"]), lw=1)


def _bounds(value: Measured) -> tuple[float, float]:
    """The ends of the interval; NaN, which is not drawn, where there is none."""
    if not isinstance(value, Number) or value.low is None or value.high is None:
        return math.nan, math.nan
    return value.low, value.high
