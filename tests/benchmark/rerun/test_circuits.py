"""How far the circuits of two cells lie apart, on scores and sweeps that are made up."""

from dataclasses import replace

import numpy as np
import pytest

from mechshift.benchmark.asking.pool import Prompts
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.rerun.deviation import circuit_deviation, deviation

GRAPH = Graph(layers=3, heads=2, kv_heads=1)
GRID = (0.001, 0.25, 1.0)
SIZE = int(0.25 * GRAPH.edges)
"""The only size of the grid with ten edges and more that does not take all of them."""


def scores(order: np.ndarray) -> ScoreSums:
    """Two groups of which every edge has a hundredth, but for the largest, plus a little by its place."""
    values = np.full(GRAPH.edges, 0.01)
    values[order] += 1e-4 * np.arange(len(order))[::-1]
    values[0] = 1.0
    sums = np.zeros((2, *GRAPH.mask.shape))
    sums[:, GRAPH.mask] = values
    measured = np.ones(2)
    attribution = Attribution(
        GRAPH, Integration("midpoint", 2), sums, np.array([1, 1]), measured, -measured, np.array([0, 1])
    )
    return ScoreSums(attribution, ("a", "a"), np.array([0, 1]))


def test_small_scores_that_change_places_change_the_circuits() -> None:
    assert SIZE >= 10
    places = np.arange(1, GRAPH.edges)
    submitted, found = scores(places), scores(places[::-1])
    # Within what is tolerated of bfloat16 by far, and hardly an edge of the circuit is the same.
    assert deviation(submitted, found, None) < 0.2
    mine = {0, *places[: SIZE - 1]}
    theirs = {0, *places[::-1][: SIZE - 1]}
    expected = 1 - len(mine & theirs) / len(mine | theirs)
    assert expected > 0.5
    assert circuit_deviation(submitted, found, None, GRID) == pytest.approx(expected)
    assert circuit_deviation(submitted, submitted, None, GRID) == 0


def test_circuits_below_ten_edges_are_left_out() -> None:
    places = np.arange(1, GRAPH.edges)
    assert circuit_deviation(scores(places), scores(places[::-1]), None, (0.001, 1.0)) == 0


def test_pruning_that_keeps_other_edges_deviates() -> None:
    values = np.zeros((2, 3, 2))
    sweep = Sweep(
        GRAPH,
        np.ones(2),
        np.zeros(2),
        values,
        np.array([[1, SIZE, GRAPH.edges], [0, SIZE - 2, GRAPH.edges]]),
        ("a", "a"),
        np.array([0, 1]),
    )
    kept = sweep.kept.copy()
    kept[1, 1] -= 3
    kept[0, 0] = 0  # of a single edge, which is not compared
    assert circuit_deviation(sweep, replace(sweep, kept=kept), None, GRID) == pytest.approx(3 / SIZE)
    assert circuit_deviation(sweep, replace(sweep, kept=kept[:, :2]), None, GRID) == 1


def test_other_cells_choose_no_circuits() -> None:
    assert circuit_deviation(Prompts(()), Prompts(()), None, GRID) is None
