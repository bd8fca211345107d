"""ρ between all tasks as heat maps: within the ARM, within the MDMs, within the controls."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from ...benchmark.record.number import Number
from ..structure.family import FamilyStructure
from ..structure.roster import RECIPES
from ..structure.scores import ARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {"ARM": (ARM,), "MDM": RECIPES["mdm"], "control": RECIPES["control"]}
"""Whose matrices are drawn; of several seeds the mean."""


def task_order(family: FamilyStructure) -> list[str]:
    """The tasks by surface and, within each, by suite, so that what belongs together lies together."""
    kinds = family.kinds
    return sorted(kinds, key=lambda task: (kinds[task].surface != "words", kinds[task].suite != "local"))


def mean_matrix(family: FamilyStructure, members: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Mean ρ over those of the members that are there, by both orders of two tasks.

    Left out where one of them has no value.
    """
    found: dict[tuple[str, str], list[float | None]] = {}
    for member in members:
        for each in family.between_tasks.get(member, ()):
            value = each.cosine.value if isinstance(each.cosine, Number) else None
            found.setdefault((each.first, each.second), []).append(value)
    means = {
        pair: fmean(known)
        for pair, values in found.items()
        if len(known := [value for value in values if value is not None]) == len(values)
    }
    return means | {(second, first): mean for (first, second), mean in means.items()}


def heat_maps(family: FamilyStructure) -> Figure:
    """A panel for the ARM, for the MDMs and for the controls, on one scale from 0 to 1."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    panels: list[Axes] = list(figure.subplots(1, len(PANELS), sharey=True))
    for axes, (title, members) in zip(panels, PANELS.items(), strict=True):
        _draw(axes, title, task_order(family), mean_matrix(family, members))
    figure.colorbar(panels[0].images[0], ax=panels, shrink=0.7, label="ρ between two tasks")
    return figure


def _draw(axes: Axes, title: str, tasks: list[str], values: dict[tuple[str, str], float]) -> None:
    grid = [
        [1.0 if one == other else values.get((one, other), float("nan")) for other in tasks] for one in tasks
    ]
    axes.imshow(grid, cmap="cividis", vmin=0, vmax=1)
    axes.set_title(title)
    axes.set_xticks(range(len(tasks)), tasks, rotation=90)
    axes.set_yticks(range(len(tasks)), tasks)
    for row, one in enumerate(tasks):
        for column, other in enumerate(tasks):
            value = values.get((one, other))
            if value is not None:
                colour = "black" if value > 0.55 else "white"
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
