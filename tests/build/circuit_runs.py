"""Circuits that were run in a host, made up: of every circuit a faithfulness by name."""

from collections.abc import Mapping

import numpy as np

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.circuit_runs import CircuitRuns

LEVELS = {
    "own": 0.9,
    "other": 0.6,
    "own, half": 0.7,
    "other, half": 0.5,
    "own alone": 0.1,
    "other alone": 0.05,
    "task ioi": 0.2,
    "task sudoku": 0.4,
    "half, task ioi": 0.1,
    "half, task sudoku": 0.3,
}
"""Faithfulness of every circuit."""


def made_up_runs(
    levels: Mapping[str, float] = LEVELS, shuffled: tuple[float, ...] = (0.1, 0.7, 0.2)
) -> CircuitRuns:
    """On 20 examples of one template, with shuffled circuits on every fourth."""
    generator = np.random.default_rng(0)
    empty, gap = generator.normal(-2, 0.3, 20), generator.normal(5, 0.5, 20)
    at = np.arange(0, 20, 4)
    return CircuitRuns(
        Graph(3, 2, 2),
        31,
        tuple(levels),
        empty + gap,
        empty,
        empty + np.array([*levels.values()])[:, None] * gap,
        np.full(len(levels), 20),
        (empty + np.array(shuffled)[:, None] * gap)[:, at],
        at,
        ("one",) * 20,
        np.arange(20),
    )
