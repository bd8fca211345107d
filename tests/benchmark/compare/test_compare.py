"""Every number of a comparison, put together again from the metrics."""

from collections.abc import Callable
from dataclasses import replace
from math import floor

import numpy as np
import pytest

from mechshift import metrics
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.compare import compare, compared_size
from mechshift.benchmark.compare.curves import curves
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.record.comparison import Comparison, Overlap
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import GRID, Protocol
from mechshift.metrics import CircuitOverlap, Estimate, Undefined, Value

CLUSTERS = tuple("aabbccdd")
SIZE = 30

Make = Callable[..., Evidence]


@pytest.fixture(scope="module")
def members(evidence: Make) -> tuple[Evidence, Evidence]:
    arm, other = evidence(1), evidence(2)
    found = other.scores.attribution
    mixed = 0.7 * arm.scores.attribution.score_sums + 0.3 * found.score_sums
    return arm, replace(other, scores=replace(other.scores, attribution=replace(found, score_sums=mixed)))


@pytest.fixture(scope="module")
def protocol(small_protocol: Callable[..., Protocol]) -> Protocol:
    return small_protocol(components=5, circuit_edges=SIZE)


@pytest.fixture(scope="module")
def comparison(members: tuple[Evidence, Evidence], protocol: Protocol) -> Comparison:
    return compared(*members, protocol)


def compared(arm: Evidence, mdm: Evidence, protocol: Protocol) -> Comparison:
    return compare(arm, mdm, protocol.sweeping, protocol.compared, protocol.statistics)


def same(found: Measured, expected: Estimate | Value) -> bool:
    if isinstance(expected, Undefined):
        return found == Missing(missing=expected.reason)
    assert isinstance(found, Number)
    if isinstance(expected, Estimate):
        bounds = found.value, found.low, found.high
        return bounds == pytest.approx((expected.value, expected.low, expected.high))
    return found.low is None and found.value == pytest.approx(expected)


def assert_same_overlap(found: Overlap, expected: CircuitOverlap) -> None:
    assert same(found.jaccard, expected.jaccard)
    assert same(found.cross, expected.cross)
    assert same(found.ceiling_arm, expected.ceiling_a)
    assert same(found.ceiling_mdm, expected.ceiling_b)
    assert same(found.normalised, expected.normalised)
    assert found.floor == expected.floor


def test_overlaps_at_every_size(
    comparison: Comparison, members: tuple[Evidence, Evidence], protocol: Protocol
) -> None:
    arm, mdm = (one.scores.attribution for one in members)
    components, graph = Components(arm.graph), arm.graph
    drawn = protocol.statistics
    options = {"splits": drawn.splits, "resamples": drawn.resamples, "seed": drawn.resampling_seed}
    everything = arm.score_sums, mdm.score_sums, arm.counts, CLUSTERS, graph.mask
    sizes = [max(1, floor(share * graph.edges)) for share in GRID]
    assert [point.edges for point in comparison.curve] == sizes
    assert [point.share for point in comparison.curve] == list(GRID)
    assert comparison.compared.edges == SIZE
    assert comparison.compared.share == SIZE / graph.edges
    for point in (comparison.compared, comparison.curve[4], comparison.curve[7], comparison.curve[-1]):
        size = point.edges
        assert_same_overlap(point.edge, metrics.circuit_overlap(*everything, size, **options))
        nodes = components.of_sources, components.of_destinations
        assert_same_overlap(point.node, metrics.node_overlap(*everything, size, *nodes, **options))
        kept = [metrics.top_edges(one.scores(), graph.mask, size) for one in (arm, mdm)]
        shared = int((kept[0] & kept[1]).sum())
        assert same(point.edge.chance_tail, metrics.chance_tail(shared, size, size, graph.edges))
        assert isinstance(point.node.chance_tail, Missing)


def test_the_members_own_numbers(
    comparison: Comparison, members: tuple[Evidence, Evidence], protocol: Protocol
) -> None:
    for found, one in zip((comparison.arm, comparison.mdm), members, strict=True):
        attribution = one.scores.attribution
        assert found.clean == pytest.approx(attribution.clean.mean())
        assert found.corrupted == pytest.approx(attribution.corrupted.mean())
        total = attribution.score_sums[:, 0].sum() / attribution.counts.sum()
        difference = (attribution.clean - attribution.corrupted).mean()
        assert same(found.completeness, abs(total - difference) / abs(difference))
        assert (found.absolute, found.signed) == curves(one.sweep, GRID, protocol.statistics)
        faithful = metrics.faithfulness(
            one.sweep.circuits[0].mean(axis=1), one.sweep.empty.mean(), one.sweep.whole.mean()
        )
        assert same(found.smallest_share, metrics.smallest_budget(GRID, faithful, threshold=0.85))


def test_where_the_members_circuits_lie(
    comparison: Comparison, members: tuple[Evidence, Evidence], protocol: Protocol
) -> None:
    for found, one in zip((comparison.arm, comparison.mdm), members, strict=True):
        graph, components = one.scores.graph, Components(one.scores.graph)
        scores = one.scores.attribution.score_sums.sum(axis=0) / one.scores.attribution.counts.sum()
        circuit = metrics.top_edges(scores, graph.mask, SIZE)
        ends = components.of_sources, components.of_destinations
        importance = metrics.node_importance(scores, circuit, *ends)
        degree = metrics.node_degree(circuit, *ends)
        mlp = np.array([name.startswith("m") for name in components.names])
        of_layer = np.array([[int(name[1]) == layer for name in components.names] for layer in range(4)])
        for profile, mass in (
            (found.profile, importance),
            (found.profile_heads, importance * ~mlp),
            (found.profile_mlps, importance * mlp),
            (found.profile_edges, degree),
        ):
            assert profile == pytest.approx(of_layer @ mass / mass.sum())
        assert found.depth["early_share"].value == pytest.approx(metrics.early_share(found.profile))
        assert found.depth_edges["mean_depth"].value == pytest.approx(
            metrics.mean_relative_depth(found.profile_edges)
        )
        ranked = sorted(zip(-importance, range(len(importance)), strict=True))[:5]
        assert [component.name for component in found.top] == [components.names[i] for _, i in ranked]
        assert [c.share for c in found.top] == pytest.approx([-mass / importance.sum() for mass, _ in ranked])
        drawn = protocol.statistics
        random = metrics.random_specialisation(scores, circuit, graph.mask, *ends, seed=drawn.resampling_seed)
        assert same(found.specialisation["random"], random)
        for name, value in {
            "specialisation": metrics.specialisation(importance),
            "entropy": metrics.importance_entropy(importance),
            "effective_components": metrics.effective_components(importance),
            "gini": metrics.gini(importance),
            "top_1": metrics.top_share(importance, 1),
            "top_10": metrics.top_share(importance, 10),
        }.items():
            assert found.specialisation[name].value == pytest.approx(value)
        entropies = one.entropies.components
        weights = [importance[components.names.index(name)] for name in entropies]
        means = [np.average(values, weights=one.entropies.counts) for values in entropies.values()]
        spread = float(np.average(means, weights=weights))
        assert found.specialisation["output_sharpness"].value == pytest.approx(1 - spread)


def test_shifts_are_mdm_less_arm(comparison: Comparison) -> None:
    arm, mdm = comparison.arm, comparison.mdm
    for shift, before, after in (
        (comparison.depth_shift, arm.depth, mdm.depth),
        (comparison.depth_shift_edges, arm.depth_edges, mdm.depth_edges),
        (comparison.depth_shift_squared, arm.depth_squared, mdm.depth_squared),
        (comparison.specialisation_shift, arm.specialisation, mdm.specialisation),
        (comparison.effects_shift, arm.effects, mdm.effects),
    ):
        both = shift.keys() & before.keys()
        assert len(both) >= 4
        for name in both:
            assert shift[name].value == pytest.approx(after[name].value - before[name].value)
    moved = metrics.signed_wasserstein(arm.profile, mdm.profile)
    assert comparison.depth_shift["wasserstein"].value == pytest.approx(moved)


def test_the_uniform_profile_is_that_of_all_edges(
    comparison: Comparison, members: tuple[Evidence, ...]
) -> None:
    components = Components(members[0].scores.graph)
    degree = components.degree(components.graph.mask)
    expected = [degree[components.layers == layer].sum() / degree.sum() for layer in range(4)]
    assert comparison.uniform_profile == pytest.approx(expected)


def test_a_member_compared_with_itself(evidence: Make, protocol: Protocol) -> None:
    one = evidence(1)
    found = compared(one, one, protocol)
    assert found.arm == found.mdm
    assert found.compared.edge.jaccard.value == 1
    assert found.compared.edge.normalised.value == pytest.approx(1)
    for shift in (found.depth_shift, found.depth_shift_edges, found.specialisation_shift):
        for name, value in shift.items():
            expected = 1 if name == "early_share_ratio" else 0
            assert (value.value, value.low, value.high) == (expected, expected, expected), name


def test_scores_of_zero_and_no_gap_are_reasons_and_not_numbers(evidence: Make, protocol: Protocol) -> None:
    one = evidence(1)
    nothing = replace(
        one.scores.attribution,
        score_sums=np.zeros_like(one.scores.attribution.score_sums),
        corrupted=one.scores.attribution.clean,
    )
    level = replace(one.sweep, whole=one.sweep.empty)
    nowhere = one.entropies.model_copy(update={"components": {}})
    empty = replace(one, scores=replace(one.scores, attribution=nothing), sweep=level, entropies=nowhere)
    found = compared(empty, one, protocol)
    assert found.arm.top == ()
    assert found.arm.profile == found.arm.profile_heads == ()
    for value in (
        found.arm.completeness,
        found.arm.smallest_share,
        found.arm.absolute.log_area,
        found.arm.specialisation["specialisation"],
        found.arm.specialisation["output_sharpness"],
        found.arm.depth["early_share"],
        found.depth_shift["early_share"],
        found.specialisation_shift["gini"],
    ):
        assert isinstance(value, Missing)
    assert isinstance(found.mdm.depth_edges["early_share"], Number)
    Comparison.model_validate_json(found.model_dump_json())


def test_the_compared_size(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    arm, mdm = evidence(1).sweep, evidence(2).sweep
    # Of four layers of four heads: 9 inputs a layer read 1, 6, 11 and 16 sources, the MLP 4 more, logits 21.
    edges = 9 * (1 + 6 + 11 + 16) + 4 * 4 + 21

    def size(mdm: Sweep = mdm, **changes: object) -> int:
        return compared_size(arm, mdm, GRID, small_protocol(**changes).compared)

    assert size(circuit_edges=40) == 40
    assert size(circuit_edges=1000) == edges == 343
    levels = [
        (one.circuits[0].mean(axis=1) - one.empty.mean()) / (one.whole.mean() - one.empty.mean())
        for one in (arm, mdm)
    ]
    first = next(index for index in range(10) if min(level[index] for level in levels) >= 0.6)
    assert size(faithful=0.6) == floor(GRID[first] * edges) < edges
    assert size(faithful=2.0) == edges
    assert size(replace(mdm, whole=mdm.empty)) == edges


def test_circuits_are_compared_at_the_size_at_which_both_are_faithful(
    members: tuple[Evidence, Evidence], small_protocol: Callable[..., Protocol]
) -> None:
    protocol = small_protocol(faithful=0.6)
    size = compared_size(members[0].sweep, members[1].sweep, GRID, protocol.compared)
    assert 1 < size < 343
    found = compared(*members, protocol)
    assert found.compared.edges == size
    assert found.compared.share in GRID
    at_size = compared(*members, protocol.changed(circuit_edges=size))
    assert at_size.compared.edge == found.compared.edge
    assert (at_size.arm.top, at_size.depth_shift) == (found.arm.top, found.depth_shift)


def test_the_whole_graph_has_no_overlap(members: tuple[Evidence, Evidence], protocol: Protocol) -> None:
    found = compared(*members, protocol.changed(circuit_edges=343))
    assert found.compared.share == 1
    assert found.compared.edge.jaccard.value == found.compared.edge.floor == 1
    assert isinstance(found.compared.edge.normalised, Missing)
