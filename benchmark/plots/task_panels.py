"""The panels of a task's figure, each drawn into matplotlib axes that it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record.comparison import Comparison, MemberRecord, Overlap
from ..record.missing import Missing
from ..record.number import Number
from ..tables.cells import plain
from .style import (
    GREY,
    OVERLAP,
    RAW,
    Look,
    Looks,
    bounds,
    draw_legend,
    draw_line,
    draw_title,
    draw_whiskers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12
"""Components in the panel of the top ones."""

_NORMALISED, _HALVES = Look("Ĵ", OVERLAP, "-", "o"), Look("J of halves", RAW, "--", "^")


def depth_panel(axes: Axes, comparison: Comparison, looks: Looks) -> None:
    """Share of importance by layer: both members, and uniformly drawn edges; the first third is shaded."""
    layers = len(comparison.uniform_profile)
    draw_title(axes, "Depth profile")
    axes.set_xlabel("layer")
    axes.set_ylabel("share of importance")
    axes.axvspan(-0.5, layers / 3 - 0.5, color="0.93", lw=0, zorder=0)
    for look, member in _members(comparison, looks):
        shares = [Number(value=share) for share in member.profile]
        shown = look if shares else look._replace(label=f"{look.label}: in no layer")
        draw_line(axes, range(len(shares)), shares, shown)
    axes.plot(range(layers), comparison.uniform_profile, color=GREY, ls=":", lw=1.5, label="uniform edges")
    axes.set_xlim(-0.5, layers - 0.5)
    axes.set_xticks(range(0, layers, max(1, layers // 8)))
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    draw_legend(axes)


def overlap_panel(axes: Axes, comparison: Comparison) -> None:
    """Ĵ by budget, with its interval, between 0 for chance and 1 for two samples of one model."""
    draw_title(axes, "Overlap, normalised")
    axes.set_ylabel("Ĵ")
    for level in (0, 1):
        axes.axhline(level, color="0.8", lw=0.8, zorder=0)
    shares = [point.share for point in comparison.curve]
    values = [point.edge.normalised for point in comparison.curve]
    draw_line(axes, shares, values, _NORMALISED)
    draw_whiskers(axes, shares, values, OVERLAP)
    _budget_axis(axes, shares, comparison)
    _frame(axes, (-0.5, -0.03), (1.05, 1.5))
    draw_legend(axes)


def halves_panel(axes: Axes, comparison: Comparison, looks: Looks) -> None:
    """J of halves by budget between its floor and its ceilings, with the intervals that these have.

    Ĵ is not here: it says where between the two J lies, on a scale of its own.
    """
    draw_title(axes, "Overlap of halves", lines=2)
    axes.set_ylabel("J")
    points = [point.edge for point in comparison.curve]
    shares = [point.share for point in comparison.curve]
    floors, ceilings = [point.floor for point in points], [_ceiling(point) for point in points]
    axes.fill_between(shares, floors, ceilings, facecolor="0.92", lw=0, zorder=0)
    axes.plot(shares, floors, color=GREY, ls=":", lw=1.2, label="floor")
    for look, values in (
        (looks.arm._replace(label=f"ceiling, {looks.arm.label}"), [point.ceiling_arm for point in points]),
        (looks.mdm._replace(label=f"ceiling, {looks.mdm.label}"), [point.ceiling_mdm for point in points]),
        (_HALVES, [point.cross for point in points]),
    ):
        draw_line(axes, shares, values, look)
        draw_whiskers(axes, shares, values, look.colour)
    _budget_axis(axes, shares, comparison)
    axes.set_ylim(-0.03, 1.05)
    draw_legend(axes, across=2)


def faithfulness_panel(axes: Axes, comparison: Comparison, faithful: float, looks: Looks) -> None:
    """Faithfulness by budget of circuits ranked by absolute score, with the threshold of the protocol."""
    draw_title(axes, "Faithfulness")
    axes.set_ylabel("faithfulness f")
    axes.axhline(1, color="0.8", lw=0.8, zorder=0)
    axes.axhline(faithful, color=GREY, ls=":", lw=1.2, label=f"f = {faithful:g}", zorder=0)
    for look, member in _members(comparison, looks):
        shares = [point.share for point in member.absolute.points]
        levels = [point.faithfulness for point in member.absolute.points]
        lows, highs = zip(*map(bounds, levels), strict=True) if levels else ((), ())
        axes.fill_between(shares, lows, highs, color=look.colour, alpha=0.18, lw=0)
        draw_line(axes, shares, levels, look)
    _budget_axis(axes, [point.share for point in comparison.curve], comparison)
    _frame(axes, (-1, -0.05), (1.05, 2))
    draw_legend(axes)


def components_panel(axes: Axes, comparison: Comparison, looks: Looks) -> None:
    """The components that hold most of the importance in either member, by the larger of their two shares."""
    draw_title(axes, "Top components")
    axes.set_xlabel("share of importance")
    shares = [
        {component.name: component.share for component in member.top}
        for _, member in _members(comparison, looks)
    ]
    names = sorted(
        shares[0].keys() | shares[1].keys(),
        key=lambda name: (-max(each.get(name, 0) for each in shares), name),
    )[:SHOWN]
    for offset, look, held in zip((-0.2, 0.2), looks, shares, strict=True):
        places = [place + offset for place in range(len(names))]
        hatch = "////" if look is looks.mdm else None
        widths = [held.get(name, 0) for name in names]
        bars = axes.barh(places, widths, 0.38, color=look.colour, label=look.label)
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white", linewidth=0)
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.invert_yaxis()
    axes.margins(y=0.01)
    if names:
        draw_legend(axes)
    else:
        axes.text(0.5, 0.5, "no component holds importance", ha="center", transform=axes.transAxes)


def _members(comparison: Comparison, looks: Looks) -> tuple[tuple[Look, MemberRecord], ...]:
    return (looks.arm, comparison.arm), (looks.mdm, comparison.mdm)


def _ceiling(overlap: Overlap) -> float:
    """The geometric mean that normalises the overlap; NaN, not drawn, where it does not exceed the floor."""
    arm, mdm = overlap.ceiling_arm, overlap.ceiling_mdm
    if isinstance(arm, Missing) or isinstance(mdm, Missing):
        return math.nan
    # A mean over halves, centred, can lie slightly below 0.
    ceiling = math.sqrt(max(arm.value * mdm.value, 0))
    return ceiling if ceiling > overlap.floor else math.nan


def _budget_axis(axes: Axes, shares: Sequence[float], comparison: Comparison) -> None:
    """A log axis with a tick at every budget, the compared one marked."""
    axes.set_xscale("log")
    axes.axvline(comparison.compared.share, color=GREY, ls=":", lw=1.2)
    axes.set_xlabel("share of all edges (dotted: the compared size)")
    if shares:
        # The same for all panels of a task, also where one has no values for the last budgets.
        axes.set_xlim(0.8 * shares[0], 1.25 * shares[-1])
    labels = [f"{100 * share:g} %" if index % 3 == 0 else "" for index, share in enumerate(shares)]
    axes.set_xticks(shares, labels)
    axes.minorticks_off()


def _frame(axes: Axes, bottom: tuple[float, float], top: tuple[float, float]) -> None:
    """Limits of the y axis: the data's, but at least the inner ones and at most the outer ones."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(max(low, bottom[0]), bottom[1]), max(min(high, top[1]), top[0]))
