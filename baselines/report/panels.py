"""The panels of the report's figures, each drawn into matplotlib axes that it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...benchmark.record.missing import Missing
from ...benchmark.record.task_record import FailedTask
from ..structure.roster import BASE, RECIPES
from .quantities import overlap_of_size
from .records import Pairs, tasks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#767676"
BY_RECIPE = {
    "mdm": ("#d55e00", "-"),
    "noshift": ("#0072b2", "-"),
    "block": ("#009e73", "-"),
    "control": (GREY, "-."),
    "low": ("#cc79a7", "--"),
    "scratch": ("#56b4e9", ":"),
}
MARKERS = "s^D><"
LOOKS = {
    pair: (*BY_RECIPE[recipe], MARKERS[seed])
    for recipe, pairs in RECIPES.items()
    for seed, pair in enumerate(pairs)
}
"""Colour and line of every recipe, marker of every seed; Okabe and Ito's colours, told apart by all."""


def profile_panel(axes: Axes, pairs: Pairs, task: str) -> None:
    """Share of importance by layer of the ARM and of every second member; names those without a profile."""
    layers = pairs.base.pair.layers
    profiles = {pair: _profiles(pairs, pair, task) for pair in pairs.records}
    axes.set_title(task)
    axes.set_xlabel("layer")
    axes.set_ylabel("share of importance")
    axes.axvspan(-0.5, layers / 3 - 0.5, color="0.93", lw=0, zorder=0)
    arm = profiles[BASE][0]
    axes.plot(range(len(arm)), arm, color="black", ls="-", marker="o", lw=2, label="ARM")
    for pair in pairs.records:
        colour, line, marker = LOOKS[pair]
        shares = profiles[pair][1]
        axes.plot(range(len(shares)), shares, color=colour, ls=line, marker=marker, label=pair)
    axes.set_xlim(-0.5, layers - 0.5)
    axes.set_xticks(range(0, layers, max(1, layers // 8)))
    axes.set_ylim(bottom=0)
    without = [
        name for name, each in (("ARM", arm), *((pair, profiles[pair][1]) for pair in profiles)) if not each
    ]
    if without:
        words = "no profile:\n" + "\n".join(without)
        axes.text(0.98, 0.98, words, ha="right", va="top", fontsize=8, transform=axes.transAxes)


def overlap_panel(axes: Axes, pairs: Pairs) -> None:
    """Ĵ at the one size: tasks from top to bottom, and in each the pairs with their intervals."""
    quantity = overlap_of_size(pairs.edges)
    step = 0.8 / len(pairs.records)
    for number, (pair, record) in enumerate(pairs.records.items()):
        tasks, (colour, _, marker) = tasks_of(record), LOOKS[pair]
        axes.plot([], [], color=colour, marker=marker, label=pair)
        for row, task in enumerate(pairs.tasks):
            place = row + (number - (len(pairs.records) - 1) / 2) * step
            value = quantity.of(tasks[task])
            if isinstance(value, Missing):
                where = axes.get_yaxis_transform()
                axes.text(0.01, place, "no value", color=colour, va="center", fontsize=7, transform=where)
                continue
            axes.plot(value.value, place, color=colour, marker=marker, ls="")
            if value.low is not None and value.high is not None:
                axes.hlines(place, value.low, value.high, color=colour, lw=1)
    for border in range(1, len(pairs.tasks)):
        axes.axhline(border - 0.5, color="0.85", lw=0.6, zorder=0)
    for bound in (0, 1):
        axes.axvline(bound, color=GREY, ls=":", lw=1, zorder=0)
    axes.set_xlabel(f"Ĵ at {pairs.edges:,} edges (0: chance, 1: two samples of one model)")
    axes.set_yticks(range(len(pairs.tasks)), [f"{task}\n{suite}" for task, suite in pairs.tasks.items()])
    axes.set_ylim(len(pairs.tasks) - 0.5, -0.5)


def _profiles(pairs: Pairs, pair: str, task: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of the ARM and of the second member; empty where the task has no comparison."""
    found = tasks_of(pairs.records[pair])[task]
    if isinstance(found, FailedTask):
        return (), ()
    return found.comparison.arm.profile, found.comparison.mdm.profile
