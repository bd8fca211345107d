"""One quantity by the share of the answer that is masked, drawn into matplotlib axes that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record.by_masked import MaskedLine, Panel, PlacedRead
from ..record.quantity import Owner
from .style import Look, Looks, draw_legend, draw_line, draw_title, draw_whiskers

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def masked_panel(
    axes: Axes,
    panel: Panel,
    stages: Sequence[PlacedRead],
    copies: Sequence[PlacedRead],
    looks: Looks,
) -> None:
    """The panel's lines over the stages, from all masked to the last step; copied tokens as open markers."""
    draw_title(axes, panel.title)
    axes.set_xlabel("masked share of the answer" + (" (open: copied tokens)" if copies else ""))
    for line in panel.lines:
        look = _look(line.member, looks)._replace(label=line.label.replace("MDM", looks.mdm.label))
        _points(axes, line, stages, look)
        # Without a label: the legend has the line.
        _points(axes, line, copies, look._replace(label="", dash="", hollow=True))
    # Denoising runs from left to right.
    axes.set_xlim(1.04, -0.04)
    axes.set_xticks([1, 0.75, 0.5, 0.25, 0], ["100 %", "75 %", "50 %", "25 %", "0 %"])
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, panel.low - 0.03 * panel.high), max(high, 1.03 * panel.high))
    draw_legend(axes)


def _look(member: Owner | None, looks: Looks) -> Look:
    return {"ARM": looks.arm, "MDM": looks.mdm, None: looks.both}[member]


def _points(axes: Axes, line: MaskedLine, placed: Sequence[PlacedRead], look: Look) -> None:
    values, across = [line.of(one.at) for one in placed], [one.masked for one in placed]
    draw_line(axes, across, values, look)
    draw_whiskers(axes, across, values, look.colour)
