"""Faithfulness curves from what was measured, by hand."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.compare.curves import curves, metric_gap, smallest_share
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol
from mechshift.metrics import Undefined, cluster_weights

GRID = (0.001, 0.1, 1.0)
GRAPH = Graph(3, 2, 2)
"""Of 100 edges: 7 inputs a layer read 1, 4 and 7 sources, the MLP 2 more, and the logits 10."""


def measured(
    whole: NDArray[np.float64],
    empty: NDArray[np.float64],
    circuits: NDArray[np.float64],
    templates: Sequence[str],
    kept: NDArray[np.int64] | None = None,
) -> Sweep:
    kept = np.ones((2, 3), np.int64) if kept is None else kept
    return Sweep(GRAPH, whole, empty, circuits, kept, tuple(templates), np.arange(len(whole)))


def sweep_of(levels: list[float], signed: list[float], whole: float = 3.0) -> Sweep:
    """Two prompts of unequal gaps: m(∅) = 1 and 2, m(N) = 3 and 8; f is the same for both."""
    empty = np.array([1.0, 2.0])
    full = np.array([whole, 1 + 3.5 * (whole - 1)])
    circuits = empty + np.array([levels, signed])[..., None] * (full - empty)
    return measured(full, empty, circuits, "ab", np.array([[0, 9, 100], [1, 8, 100]]))


def test_points_are_faithfulness_at_each_budget(small_protocol: Callable[..., Protocol]) -> None:
    absolute, signed = curves(sweep_of([0.0, 0.5, 1.0], [0.2, 0.9, 1.0]), GRID, small_protocol().statistics)
    assert [(p.share, p.edges, p.kept) for p in absolute.points] == [
        (0.001, 1, 0),
        (0.1, 10, 9),
        (1.0, 100, 100),
    ]
    assert [point.faithfulness.value for point in absolute.points] == pytest.approx([0, 0.5, 1])
    assert [point.faithfulness.value for point in signed.points] == pytest.approx([0.2, 0.9, 1])
    assert [point.kept for point in signed.points] == [1, 8, 100]
    # On the logarithm of the budget the two intervals are as 2 to 1.
    assert absolute.log_area.value == pytest.approx((2 * 0.25 + 0.75) / 3)
    assert signed.cpr.value == pytest.approx(0.099 * 0.55 + 0.9 * 0.95)
    assert absolute.cmd.value == pytest.approx(0.099 * 0.75 + 0.9 * 0.25)
    assert absolute.dropped == signed.dropped == 0


def test_the_gap_is_the_mean_over_prompts_with_the_curves_resamples(
    small_protocol: Callable[..., Protocol],
) -> None:
    whole, empty, templates = np.array([3.0, 8.0, 4.0, 6.0]), np.array([1.0, 2.0, 1.0, 2.5]), "aaaa"
    statistics = small_protocol().statistics
    found = metric_gap(measured(whole, empty, np.zeros((2, 3, 4)), templates), statistics)
    assert isinstance(found, Number)
    assert found.value == pytest.approx((2 + 6 + 3 + 3.5) / 4)
    weights = cluster_weights(list(templates), statistics.resamples, statistics.resampling_seed)
    drawn = [np.average(whole - empty, weights=each) for each in weights]
    low, middle, high = np.percentile(drawn, [2.5, 50, 97.5])
    wider = stats.t.isf(0.025, 3) / stats.norm.isf(0.025)  # four prompts of one template
    assert found.low == pytest.approx(found.value + wider * (low - middle))
    assert found.high == pytest.approx(found.value + wider * (high - middle))


def test_the_headline_is_of_means_and_the_median_of_prompts(small_protocol: Callable[..., Protocol]) -> None:
    whole, empty = np.array([1.0, 1.0, 10.0, 0.001]), np.zeros(4)
    circuits = np.array([[0.2, 0.4, 8.0, 5.0], [0.2, 0.4, 8.0, 5.0], whole])
    swept = measured(whole, empty, np.stack([circuits] * 2), "aabb")
    absolute, _ = curves(swept, GRID, small_protocol().statistics)
    assert absolute.points[0].faithfulness.value == pytest.approx(13.6 / 12.001)
    assert absolute.points[0].median.value == pytest.approx(0.4)  # of .2, .4, .8: the last has no gap
    assert absolute.dropped == 1


def test_no_gap_leaves_no_curve(small_protocol: Callable[..., Protocol]) -> None:
    level = np.array([2.0, 2.0])
    swept = measured(level, level, np.full((2, 3, 2), 2.0), "ab")
    absolute, _ = curves(swept, GRID, small_protocol().statistics)
    everything = [absolute.log_area, absolute.cpr, absolute.cmd]
    everything += [value for point in absolute.points for value in (point.faithfulness, point.median)]
    assert all(isinstance(value, Missing) for value in everything)
    assert absolute.dropped == 2
    share = smallest_share(GRID, 0.85, swept)
    assert isinstance(share, Undefined)
    assert "nothing to keep" in share.reason


def test_smallest_share_is_where_all_circuits_are_faithful() -> None:
    early, late = sweep_of([0.9, 0.86, 1.0], [0, 0, 0]), sweep_of([0.1, 0.85 + 1e-9, 1.0], [1, 1, 1])
    assert smallest_share(GRID, 0.85, early) == 0.001
    assert smallest_share(GRID, 0.85, early, late) == 0.1
    nowhere = smallest_share(GRID, 0.85, early, sweep_of([0.1, 0.2, 0.8], [1, 1, 1]))
    assert isinstance(nowhere, Undefined)
    assert "0.800 at best" in nowhere.reason


def test_intervals_are_over_templates_then_prompts(small_protocol: Callable[..., Protocol]) -> None:
    generator = np.random.default_rng(0)
    empty, whole = generator.normal(0, 1, 7), generator.normal(5, 1, 7)
    circuits = empty + generator.uniform(0, 1, (2, 3, 7)) * (whole - empty)
    templates = tuple("aabbbcc")
    statistics = small_protocol(resamples=50, resampling_seed=3).statistics
    absolute, _ = curves(measured(whole, empty, circuits, templates), GRID, statistics)
    draws = []
    for weight in cluster_weights(templates, resamples=50, seed=3):
        low, high = np.average(empty, weights=weight), np.average(whole, weights=weight)
        draws.append((np.average(circuits[0, 1], weights=weight) - low) / (high - low))
    value = (circuits[0, 1].mean() - empty.mean()) / (whole.mean() - empty.mean())
    # Seven prompts within three templates.
    wider = stats.t.isf(0.025, 4) / stats.norm.isf(0.025)
    bounds = value + wider * (np.quantile(draws, [0.025, 0.975]) - np.median(draws))
    found = absolute.points[1].faithfulness
    assert (found.value, found.low, found.high) == pytest.approx((value, *bounds))
    assert absolute.log_area.low < absolute.log_area.value < absolute.log_area.high
