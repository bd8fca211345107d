"""The panels of a task's figure, each drawn into matplotlib axes that it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..record.comparison import Comparison, Curve, MemberRecord, Overlap
from ..record.missing import Missing
from ..record.number import Measured, Number
from .cells import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARM, MDM, OVERLAP, RAW, GREY = "#0072b2", "#d55e00", "#000000", "#009e73", "#767676"
"""Okabe and Ito's colours, told apart by the colour-blind; the members differ in line and marker too."""

TITLE_PAD = 20
"""Points between a panel and its title, where the legend lies, clear of the data."""

SHOWN = 12
"""Components in the panel of the top ones."""

_MEMBERS = (("ARM", ARM, "-", "o"), ("MDM", MDM, "--", "s"))


def depth_panel(axes: Axes, comparison: Comparison) -> None:
    """Share of importance by layer: both members, and uniformly drawn edges; the first third is shaded."""
    layers = len(comparison.uniform_profile)
    axes.set_title("Depth profile", pad=TITLE_PAD)
    axes.set_xlabel("layer")
    axes.set_ylabel("share of importance")
    axes.axvspan(-0.5, layers / 3 - 0.5, color="0.93", lw=0, zorder=0)
    for (name, colour, line, marker), member in _members(comparison):
        if member.profile:
            axes.plot(
                range(len(member.profile)), member.profile, color=colour, ls=line, marker=marker, label=name
            )
        else:
            axes.plot([], [], color=colour, ls=line, marker=marker, label=f"{name}: in no layer")
    axes.plot(range(layers), comparison.uniform_profile, color=GREY, ls=":", lw=1.5, label="uniform edges")
    axes.set_xlim(-0.5, layers - 0.5)
    axes.set_xticks(range(0, layers, max(1, layers // 8)))
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    _legend(axes)


def overlap_panel(axes: Axes, comparison: Comparison) -> None:
    """Overlap by budget: normalised, with its interval, and raw between its floor and its ceiling."""
    axes.set_title("Overlap of the circuits", pad=TITLE_PAD)
    axes.set_ylabel("overlap")
    points = comparison.curve
    shares = [point.share for point in points]
    _budget_axis(axes, shares)
    floors, ceilings = [point.edge.floor for point in points], [_ceiling(point.edge) for point in points]
    # J of halves and Ĵ have different scales: the band is that of J.
    label = "floor to ceiling"
    axes.fill_between(shares, floors, ceilings, facecolor="0.92", edgecolor="0.7", lw=0.6, label=label)
    raw, normalised = [point.edge.cross for point in points], [point.edge.normalised for point in points]
    _line(axes, shares, raw, RAW, "--", "^", "J of halves")
    _whiskers(axes, shares, raw, RAW)
    _line(axes, shares, normalised, OVERLAP, "-", "o", "Ĵ")
    _whiskers(axes, shares, normalised, OVERLAP)
    axes.axvline(comparison.compared.share, color=GREY, ls=":", lw=1.2)
    axes.set_xlabel(f"{axes.get_xlabel()} (dotted: the compared size)")
    _frame(axes, (-0.5, -0.03), (1.05, 1.5))
    _legend(axes)


def faithfulness_panel(axes: Axes, comparison: Comparison, faithful: float) -> None:
    """Faithfulness by budget of circuits ranked by absolute score, with the threshold of the protocol."""
    axes.set_title("Faithfulness", pad=TITLE_PAD)
    axes.set_ylabel("faithfulness f")
    axes.axhline(1, color="0.8", lw=0.8, zorder=0)
    axes.axhline(faithful, color=GREY, ls=":", lw=1.2, label=f"f = {faithful:g}", zorder=0)
    for (name, colour, line, marker), member in _members(comparison):
        curve: Curve = member.absolute
        shares = [point.share for point in curve.points]
        _budget_axis(axes, shares)
        levels = [point.faithfulness for point in curve.points]
        lows, highs = zip(*map(_bounds, levels), strict=True) if levels else ((), ())
        axes.fill_between(shares, lows, highs, color=colour, alpha=0.18, lw=0)
        _line(axes, shares, levels, colour, line, marker, name)
    _frame(axes, (-1, -0.05), (1.05, 2))
    _legend(axes)


def components_panel(axes: Axes, comparison: Comparison) -> None:
    """The components that hold most of the importance in either member, by the larger of their two shares."""
    axes.set_title("Top components", pad=TITLE_PAD)
    axes.set_xlabel("share of importance")
    shares = [
        {component.name: component.share for component in member.top} for _, member in _members(comparison)
    ]
    names = sorted(
        shares[0].keys() | shares[1].keys(),
        key=lambda name: (-max(each.get(name, 0) for each in shares), name),
    )[:SHOWN]
    for offset, (label, colour, _, _), held in zip((-0.2, 0.2), _MEMBERS, shares, strict=True):
        places = [place + offset for place in range(len(names))]
        hatch = "////" if label == "MDM" else None
        bars = axes.barh(places, [held.get(name, 0) for name in names], 0.38, color=colour, label=label)
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white", linewidth=0)
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.invert_yaxis()
    axes.margins(y=0.01)
    if names:
        _legend(axes)
    else:
        axes.text(0.5, 0.5, "no component holds importance", ha="center", transform=axes.transAxes)


def _members(comparison: Comparison) -> tuple[tuple[tuple[str, str, str, str], MemberRecord], ...]:
    return (_MEMBERS[0], comparison.arm), (_MEMBERS[1], comparison.mdm)


def _ceiling(overlap: Overlap) -> float:
    """The geometric mean that normalises the overlap; NaN, not drawn, where it does not exceed the floor."""
    arm, mdm = overlap.ceiling_arm, overlap.ceiling_mdm
    if isinstance(arm, Missing) or isinstance(mdm, Missing):
        return math.nan
    # A mean over halves, centred, can lie slightly below 0.
    ceiling = math.sqrt(max(arm.value * mdm.value, 0))
    return ceiling if ceiling > overlap.floor else math.nan


def _budget_axis(axes: Axes, shares: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("share of all edges")
    axes.set_xticks(
        shares, [f"{100 * share:g} %" if index % 3 == 0 else "" for index, share in enumerate(shares)]
    )
    axes.minorticks_off()


def _line(
    axes: Axes,
    shares: Sequence[float],
    values: Sequence[Measured],
    colour: str,
    line: str,
    marker: str,
    label: str,
) -> None:
    """A line through the values that there are, broken where one is missing."""
    heights = [value.value if isinstance(value, Number) else math.nan for value in values]
    axes.plot(shares, heights, color=colour, ls=line, marker=marker, label=label)


def _whiskers(axes: Axes, shares: Sequence[float], values: Sequence[Measured], colour: str) -> None:
    for share, value in zip(shares, values, strict=True):
        axes.vlines(share, *_bounds(value), color=colour, lw=1)


def _bounds(value: Measured) -> tuple[float, float]:
    """The ends of the interval; NaN, which is not drawn, where there is none."""
    if isinstance(value, Missing) or value.low is None or value.high is None:
        return math.nan, math.nan
    return value.low, value.high


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, borderpad=0.2, columnspacing=1.4
    )


def _frame(axes: Axes, bottom: tuple[float, float], top: tuple[float, float]) -> None:
    """Limits of the y axis: the data's, but at least the inner ones and at most the outer ones."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(max(low, bottom[0]), bottom[1]), max(min(high, top[1]), top[0]))
