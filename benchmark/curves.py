"""Faithfulness curves of a member, from what its sweep measured."""

import numpy as np
from numpy.typing import NDArray

from ..metrics import (
    Undefined,
    Value,
    cmd,
    cpr,
    faithfulness,
    log_area,
    prompt_faithfulness,
    smallest_budget,
)
from .protocol import Protocol
from .record import Curve, CurvePoint, Measured, Number, measured
from .sweep import Sweep, budgets

Floats = NDArray[np.floating]


def curves(sweep: Sweep, protocol: Protocol, edges: int) -> tuple[Curve, Curve]:
    """The curves of circuits ranked by absolute and by signed score, in a graph of `edges` edges."""
    absolute, signed = (
        _curve(sweep, circuits, kept, protocol, edges)
        for circuits, kept in zip(sweep.circuits, sweep.kept, strict=True)
    )
    return absolute, signed


def smallest_share(protocol: Protocol, *found: Curve) -> Value:
    """The smallest share of edges on the grid at which all curves are faithful enough for the protocol."""
    levels = [_levels(curve) for curve in found]
    defined = [level for level in levels if level is not None]
    if len(defined) < len(levels):
        return Undefined("faithfulness is not defined")
    return smallest_budget(protocol.grid, *defined, threshold=protocol.faithful)


def _curve(sweep: Sweep, circuits: Floats, kept: NDArray[np.int64], protocol: Protocol, edges: int) -> Curve:
    means = faithfulness(circuits.mean(axis=1), float(sweep.empty.mean()), float(sweep.whole.mean()))
    prompts = prompt_faithfulness(circuits, sweep.empty, sweep.whole)
    medians = prompts if isinstance(prompts, Undefined) else prompts.median
    points = tuple(
        CurvePoint(
            share=share,
            edges=budget,
            kept=int(kept[index]),
            faithfulness=_entry(means, index),
            median=_entry(medians, index),
        )
        for index, (share, budget) in enumerate(zip(protocol.grid, budgets(protocol, edges), strict=True))
    )
    log, ratio, distance = (
        measured(means if isinstance(means, Undefined) else area(protocol.grid, means))
        for area in (log_area, cpr, cmd)
    )
    dropped = len(sweep.whole) if isinstance(prompts, Undefined) else prompts.dropped
    return Curve(points=points, log_area=log, cpr=ratio, cmd=distance, dropped=dropped)


def _entry(values: Floats | Undefined, index: int) -> Measured:
    return measured(values if isinstance(values, Undefined) else float(values[index]))


def _levels(curve: Curve) -> list[float] | None:
    """Faithfulness at each budget, None where it is not defined."""
    levels = [point.faithfulness.value for point in curve.points if isinstance(point.faithfulness, Number)]
    return levels if len(levels) == len(curve.points) else None
