"""Estimates of ρ combined: over tasks, over seeds, and over pairs of seeds."""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...benchmark.record.number import Measured, Number, measured
from ...metrics import (
    Estimate,
    Undefined,
    across_seeds,
    paired_statistic,
    pairs_of_seeds,
    seeds_difference,
    seeds_mean,
)
from .family import BothIntervals, OverTasks
from .tasks import Weights

U = TypeVar("U", bound=Hashable)

Found = Estimate | Undefined
ByTask = Mapping[str, Found]

DECIMALS = 6
"""Of the numbers in the data file: beyond them, machines that add up in another order differ."""


def kept(value: Found | float) -> Measured:
    """The value as it stands in the data file."""
    found = measured(value)
    if not isinstance(found, Number):
        return found
    bounds = {name: getattr(found, name) for name in ("value", "low", "high")}
    return Number(**{name: None if each is None else round(each, DECIMALS) for name, each in bounds.items()})


def combined(values: Mapping[U, Found], weights: Mapping[U, float]) -> Found:
    """Σ weight · value, by the resamples that the values share; the first reason where one is undefined."""
    chosen = []
    for name in weights:
        value = values[name]
        if isinstance(value, Undefined):
            return value
        chosen.append(value)
    shares = list(weights.values())
    return paired_statistic(lambda *of: float(np.dot(shares, of)), chosen)


def over_tasks(
    units: Mapping[U, ByTask],
    groups: Mapping[str, Weights],
    span: Callable[[Mapping[U, Found]], BothIntervals],
) -> OverTasks:
    """What `span` makes of the units' values on each task, and of their means over each group of tasks.

    `units` are the trainings, or pairs of them, each with an estimate a task; their resamples are paired.
    """
    tasks = dict.fromkeys(task for of in units.values() for task in of)
    return OverTasks(
        tasks={task: span({unit: of[task] for unit, of in units.items()}) for task in tasks},
        groups={
            name: span({unit: combined(of, weights) for unit, of in units.items()})
            for name, weights in groups.items()
        },
    )


def mean_span(values: Mapping[U, Found]) -> BothIntervals:
    """The mean over seeds."""
    return _spanned(values, _equal(values), lambda of: seeds_mean(list(of.values())))


def difference_span(values: Mapping[tuple[str, str], Found]) -> BothIntervals:
    """The mean over the MDM's seeds less that over the control's; keys are (recipe, pair)."""
    mdm, control = ([unit for unit in values if unit[0] == recipe] for recipe in ("mdm", "control"))
    weights = dict.fromkeys(mdm, 1 / len(mdm)) | dict.fromkeys(control, -1 / len(control))

    def seeds(of: Mapping[tuple[str, str], float]) -> Found:
        return seeds_difference([of[unit] for unit in mdm], [of[unit] for unit in control])

    return _spanned(values, weights, seeds)


def pairs_span(values: Mapping[tuple[str, str], Found]) -> BothIntervals:
    """The mean over the pairs of one recipe's seeds; keys are the pairs, each once."""
    return _spanned(values, _equal(values), lambda of: pairs_of_seeds(_matrix(of, same=True)))


def across_span(values: Mapping[tuple[str, str], Found]) -> BothIntervals:
    """The mean over the pairs of a seed of one recipe and a seed of another; keys are the pairs."""
    return _spanned(values, _equal(values), lambda of: across_seeds(_matrix(of, same=False)))


def _spanned(
    values: Mapping[U, Found], weights: Mapping[U, float], seeds: Callable[[Mapping[U, float]], Found]
) -> BothIntervals:
    if not values:
        return BothIntervals(prompts=kept(_NO_PAIR), seeds=kept(_NO_PAIR))
    prompts = combined(values, weights)
    if isinstance(prompts, Undefined):
        return BothIntervals(prompts=kept(prompts), seeds=kept(prompts))
    numbers = {unit: one.value for unit, one in values.items() if isinstance(one, Estimate)}
    return BothIntervals(prompts=kept(prompts), seeds=kept(seeds(numbers)))


_NO_PAIR = Undefined("there is one seed, and no pair of seeds")


def _equal(values: Mapping[U, Found]) -> dict[U, float]:
    return dict.fromkeys(values, 1 / max(1, len(values)))


def _matrix(values: Mapping[tuple[str, str], float], same: bool) -> NDArray[np.float64]:
    """Values of pairs as a matrix [firsts, seconds], of pairs of one recipe [seeds, seeds]; NaN elsewhere."""
    firsts, seconds = (list(dict.fromkeys(pair[side] for pair in values)) for side in (0, 1))
    if same:
        firsts = seconds = list(dict.fromkeys([*firsts, *seconds]))
    found = np.full((len(firsts), len(seconds)), np.nan)
    for (first, second), value in values.items():
        found[firsts.index(first), seconds.index(second)] = value
    return found
