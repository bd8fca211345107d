"""A comparison of circuits by other selections: overlaps, places and intervals, put together by hand."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest

from mechshift import metrics
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.comparison import Comparison
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import Protocol
from mechshift.metrics import Selection
from mechshift.metrics.inputs import Flags, Floats

SIZE = 30


@pytest.fixture(scope="module")
def members(evidence: Callable[..., Evidence]) -> tuple[Evidence, Evidence]:
    return evidence(1), evidence(2)


@pytest.fixture(scope="module", params=get_args(Selection))
def selection(request: pytest.FixtureRequest) -> Selection:
    found: Selection = request.param
    return found


@pytest.fixture(scope="module")
def protocol(small_protocol: Callable[..., Protocol], selection: Selection) -> Protocol:
    return small_protocol(components=5, circuit_edges=SIZE, selection=selection)


@pytest.fixture(scope="module")
def comparison(members: tuple[Evidence, Evidence], protocol: Protocol) -> Comparison:
    return compare(*members, protocol.sweeping, protocol.compared, protocol.statistics)


def circuit(one: Evidence, selection: Selection, size: int = SIZE) -> Flags:
    found, mask = one.scores.attribution, one.scores.graph.mask
    ranked = metrics.edge_priority(found.score_sums, found.counts, one.scores.templates, mask, selection)
    return metrics.top_edges(ranked, mask, size)


def number(measured: Measured) -> Number:
    assert isinstance(measured, Number)
    return measured


def test_jaccard_is_that_of_the_selected_circuits(
    comparison: Comparison, members: tuple[Evidence, Evidence], selection: Selection
) -> None:
    for point in (comparison.compared, *comparison.curve[:-1]):
        arm, mdm = (circuit(one, selection, point.edges) for one in members)
        assert number(point.edge.jaccard).value == pytest.approx(metrics.jaccard(arm, mdm))
        graph_edges = members[0].scores.graph.edges
        tail = metrics.chance_tail(int((arm & mdm).sum()), point.edges, point.edges, graph_edges)
        assert number(point.edge.chance_tail).value == pytest.approx(tail)


def test_ceilings_are_of_halves_that_select_by_themselves(
    comparison: Comparison, members: tuple[Evidence, Evidence], selection: Selection, protocol: Protocol
) -> None:
    one = members[0].scores
    found, label = one.attribution, np.array(one.templates)
    halves = metrics.half_splits(label, protocol.statistics.splits, protocol.statistics.resampling_seed)

    def of_half(half: Flags) -> Flags:
        sums, counts = found.score_sums[half], found.counts[half]
        ranked = metrics.edge_priority(sums, counts, label[half], one.graph.mask, selection)
        return metrics.top_edges(ranked, one.graph.mask, SIZE)

    alike = [metrics.jaccard(of_half(half), of_half(~half)) for half in halves]
    expected = float(np.mean(np.array(alike, dtype=float)))
    assert number(comparison.compared.edge.ceiling_arm).value == pytest.approx(expected)


def test_where_resamples_choose_circuits_are_held_fixed_in_intervals(
    comparison: Comparison, members: tuple[Evidence, Evidence], selection: Selection, protocol: Protocol
) -> None:
    asks = selection in metrics.RESAMPLED
    overlap = comparison.compared.edge
    assert number(overlap.jaccard).bounded != asks
    assert isinstance(overlap.normalised, Missing) == asks
    assert number(comparison.arm.depth_edges["mean_depth"]).bounded != asks
    assert number(comparison.depth_shift_edges["mean_depth"]).bounded != asks
    one = members[0].scores
    components, fixed = Components(one.graph), circuit(members[0], selection)

    def statistic(scores: Floats) -> dict[str, metrics.Value]:
        importance = components.importance(scores, fixed)
        profile = metrics.depth_profile(importance, components.layers, one.graph.layers)
        assert not isinstance(profile, metrics.Undefined)
        return {"depth": metrics.mean_relative_depth(profile)}

    drawn = protocol.statistics.drawn
    found = metrics.bootstrap_scores(
        statistic, [one.attribution.score_sums], one.attribution.counts, one.templates, *drawn
    )["depth"]
    assert isinstance(found, metrics.Estimate)
    told = number(comparison.arm.depth["mean_depth"])
    assert told.value == pytest.approx(found.value)
    assert ((told.low, told.high) == pytest.approx((found.low, found.high))) == asks


def test_what_needs_no_circuit_is_the_same_by_every_selection(
    comparison: Comparison, members: tuple[Evidence, Evidence], small_protocol: Callable[..., Protocol]
) -> None:
    usual = small_protocol(components=5, circuit_edges=SIZE)
    expected = compare(*members, usual.sweeping, usual.compared, usual.statistics)
    assert comparison.structure == expected.structure
    assert comparison.arm.depth_squared == expected.arm.depth_squared
    assert comparison.arm.signed == expected.arm.signed
