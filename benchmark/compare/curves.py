"""Faithfulness curves of a member, from what its sweep measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...metrics import (
    Estimate,
    Undefined,
    Value,
    bootstrap,
    cmd,
    cpr,
    log_area,
    prompt_faithfulness,
    smallest_budget,
)
from ...metrics.faithfulness import weighted_faithfulness
from ...metrics.inputs import Floats
from ..measure.budgets import budgets
from ..measure.swept import Sweep
from ..record.comparison import Curve, CurvePoint
from ..record.number import Measured, measured
from ..record.protocol import Statistics

AREAS: dict[str, Callable[[ArrayLike, ArrayLike], float]] = {"log_area": log_area, "cpr": cpr, "cmd": cmd}


def curves(sweep: Sweep, grid: Sequence[float], statistics: Statistics) -> tuple[Curve, Curve]:
    """The curves of circuits ranked by absolute and by signed score, at the shares of edges of a grid.

    Intervals are of templates where there are ten or more, else of examples within each.
    """
    absolute, signed = (
        _curve(sweep, circuits, kept, grid, statistics)
        for circuits, kept in zip(sweep.circuits, sweep.kept, strict=True)
    )
    return absolute, signed


@dataclass(frozen=True)
class Swept:
    """What a member's sweep says of it: curves by either ranking, metric gap, smallest faithful share."""

    absolute: Curve
    signed: Curve
    gap: Measured
    smallest_share: Measured

    @classmethod
    def of(cls, sweep: Sweep, grid: Sequence[float], faithful: float, statistics: Statistics) -> "Swept":
        """`faithful`: what a circuit of the smallest share reaches, and all larger ones do."""
        gap, share = metric_gap(sweep, statistics), smallest_share(grid, faithful, sweep)
        return cls(*curves(sweep, grid, statistics), gap, measured(share))


def levels(sweep: Sweep) -> Floats | Undefined:
    """Faithfulness of the circuits ranked by absolute score, at each budget."""
    return _levels(sweep, sweep.circuits[0], np.ones(len(sweep.whole)))


def metric_gap(sweep: Sweep, statistics: Statistics) -> Measured:
    """Mean metric of the whole model less that of the empty circuit, with its interval as the curves have."""

    def statistic(weights: Floats) -> dict[str, Value]:
        return {"gap": float((sweep.whole - sweep.empty) @ (weights / weights.sum()))}

    return measured(bootstrap(statistic, sweep.templates, *statistics.drawn)["gap"])


def smallest_share(grid: Sequence[float], faithful: float, *sweeps: Sweep) -> Value:
    """The smallest share of edges on the grid at which the circuits of all sweeps are that faithful."""
    found = [levels(sweep) for sweep in sweeps]
    for one in found:
        if isinstance(one, Undefined):
            return one
    return smallest_budget(grid, *found, threshold=faithful)  # type: ignore[arg-type]


def _curve(
    sweep: Sweep,
    circuits: Floats,
    kept: NDArray[np.int64],
    grid: Sequence[float],
    statistics: Statistics,
) -> Curve:
    prompts = prompt_faithfulness(circuits, sweep.empty, sweep.whole)
    # The median shows whether a few prompts carry the mean.
    medians = prompts if isinstance(prompts, Undefined) else prompts.median
    values = _estimates(sweep, circuits, grid, statistics)
    points = tuple(
        CurvePoint(
            share=share,
            edges=budget,
            kept=int(kept[index]),
            faithfulness=measured(values[index]),
            median=_entry(medians, index),
        )
        for index, (share, budget) in enumerate(zip(grid, budgets(grid, sweep.graph.edges), strict=True))
    )
    log, ratio = measured(values["log_area"]), measured(values["cpr"])
    distance = measured(_not_negative(values["cmd"]))
    dropped = len(sweep.whole) if isinstance(prompts, Undefined) else prompts.dropped
    return Curve(points=points, log_area=log, cpr=ratio, cmd=distance, dropped=dropped)


def _estimates(
    sweep: Sweep, circuits: Floats, grid: Sequence[float], statistics: Statistics
) -> dict[int | str, Estimate | Undefined]:
    """Faithfulness by the budget's index and areas by name, with intervals."""
    keys: list[int | str] = [*range(len(grid)), *AREAS]

    def statistic(weights: Floats) -> dict[int | str, Value]:
        curve = _levels(sweep, circuits, weights)
        if isinstance(curve, Undefined):
            return dict.fromkeys(keys, curve)
        values: dict[int | str, Value] = {index: float(level) for index, level in enumerate(curve)}
        return values | {name: area(grid, curve) for name, area in AREAS.items()}

    return bootstrap(statistic, sweep.templates, *statistics.drawn)


def _levels(sweep: Sweep, circuits: Floats, weights: Floats) -> Floats | Undefined:
    """Faithfulness of weighted means at each budget."""
    return weighted_faithfulness(circuits, sweep.empty, sweep.whole, weights)


def _not_negative(value: Estimate | Undefined) -> Estimate | Undefined:
    """An area of distances with its interval cut at 0, beyond which one that is centred anew may reach."""
    return value if isinstance(value, Undefined) else value.clipped(0, float("inf"))


def _entry(values: Floats | Undefined, index: int) -> Measured:
    return measured(values if isinstance(values, Undefined) else float(values[index]))
