"""Pairs of models whose circuits are set by hand, so that it is known what a record has to say of them."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from build.by_hand import HEADS, LAYERS, Placed, cue_batch, placed_member
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.effects import component_drops, direct_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies, Evidence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import RANKINGS, Sweep
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.comparison import Comparison
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import Protocol

GRAPH = Graph(LAYERS, HEADS, HEADS)
GRID = (0.001, 0.05, 1.0)
LEFT, RIGHT = (1, 2), (1, 6)
"""Where the cues stand: left of the place that is read, or on either side of it."""

LATE = Placed(5, 0, 1), Placed(5, 1, 2)
EARLY = Placed(0, 0, 1), Placed(0, 1, 2)
MIDDLE = Placed(3, 1, 2)


def measure(member: Member, batch: Batch) -> Evidence:
    """What a run would have measured of a member on a batch."""
    found = attribute(member, [batch], Integration("staggered", 20), groups=8, places=True, neurons=True)
    scores = ScoreSums(found, ("cue",) * 8, np.arange(batch.examples))
    sizes = budgets(GRID, GRAPH.edges)
    circuits = [
        GRAPH.prune(GRAPH.select(found.scores(), size, ranking)) for ranking in RANKINGS for size in sizes
    ]
    run = run_circuits(member, batch, np.stack([*circuits, np.zeros_like(GRAPH.mask)]))
    shape = len(RANKINGS), len(sizes)
    kept = np.array([circuit.sum() for circuit in circuits]).reshape(shape)
    swept = run[:-1].reshape(*shape, -1)
    clean, _ = whole_model(member, batch)
    sweep = Sweep(GRAPH, clean, run[-1], swept, kept, ("cue",) * batch.examples, scores.examples)
    entropies = Entropies(components={}, counts=(6,) * 8, templates=("cue",) * 8)
    return Evidence(scores, sweep, entropies, effects_of(member, batch))


def effects_of(member: Member, batch: Batch) -> EffectSums:
    """Direct effects and drops on all examples of the batch."""
    direct, drops = direct_effects(member, [batch], 8), component_drops(member, [batch]).lost
    groups = batch.groups.numpy()

    def summed(values: np.ndarray) -> np.ndarray:
        found = np.zeros((8, *values.shape[1:]))
        np.add.at(found, groups, values)
        return found

    clean, corrupted = map(summed, whole_model(member, batch))
    counts = np.bincount(groups, minlength=8)
    changed = (direct.clean.astype(np.float32), direct.changed.astype(np.float32))
    dropped = summed(drops.T).astype(np.float32)
    examples = np.arange(batch.examples)
    return EffectSums(GRAPH, *changed, dropped, clean, corrupted, counts, ("cue",) * 8, groups, examples)


@cache
def evidence(parts: tuple[Placed, ...], attention: str, cues: tuple[int, int], seed: int) -> Evidence:
    return measure(placed_member(*parts, attention=attention, seed=seed), cue_batch(cues))


@pytest.fixture(scope="module")
def compared(small_protocol: Callable[..., Protocol]) -> Callable[..., Comparison]:
    """The comparison of a causal model of some parts with a bidirectional one of others."""

    def build(arm: tuple[Placed, ...], mdm: tuple[Placed, ...]) -> Comparison:
        size = len(set().union(*(part.edges for part in arm)))
        protocol = small_protocol(grid=GRID, circuit_edges=size)
        members = evidence(arm, "causal", LEFT, 0), evidence(mdm, "full", LEFT, 1)
        return compare(*members, protocol.sweeping, protocol.compared, protocol.statistics)

    return build


def value(measured: Measured) -> float:
    assert isinstance(measured, Number), measured
    return measured.value


def near(expected: float, within: float = 0.03) -> object:
    return pytest.approx(expected, abs=within)


@pytest.mark.parametrize("parts", [LATE, EARLY, (LATE[0], MIDDLE)])
@pytest.mark.parametrize("attention", ["causal", "full"])
def test_exactly_the_edges_and_neurons_of_the_construction_are_found(
    parts: tuple[Placed, ...], attention: str
) -> None:
    found = evidence(parts, attention, LEFT, 0).scores.attribution
    edges = set().union(*(part.edges for part in parts))
    scores = found.scores()
    assert set(GRAPH.edge_names(GRAPH.select(scores, len(edges)))) == edges
    assert set(GRAPH.edge_names(GRAPH.select(scores, len(edges), by="signed"))) == edges
    # No other edge comes near: the least of the circuit's has twenty times the score of any other.
    ordered = np.sort(np.abs(scores).ravel())[::-1]
    assert ordered[len(edges) - 1] > 20 * ordered[len(edges)]
    effects = found.neurons()
    neurons = set().union(*(part.neurons for part in parts))
    top = np.argsort(-effects.ravel(), kind="stable")[: len(neurons)]
    assert {divmod(int(place), effects.shape[1]) for place in top} == neurons


def test_a_part_carries_the_whole_gap_of_its_prompts_on_each_of_its_edges() -> None:
    """On every other prompt a part changes, so that each of its edges has half of the mean gap."""
    found = evidence((LATE[0], MIDDLE), "causal", LEFT, 0).scores.attribution
    gap = float((found.clean - found.corrupted).mean())
    scores = dict(zip(GRAPH.edge_names(GRAPH.mask), found.scores()[GRAPH.mask].tolist(), strict=True))
    for name in LATE[0].edges | MIDDLE.edges:
        assert scores[name] / gap == near(0.5)


def test_sources_are_where_the_construction_puts_them() -> None:
    """A cue left of the place that is read is between; one that is right of it is behind.

    What is written at that place lies before the first difference where the cue that differs is the right
    one.
    """
    parts = Placed(2, 0, RIGHT[0]), Placed(2, 1, RIGHT[1])
    found = evidence(parts, "full", RIGHT, 0).scores.attribution
    before, between, behind = (
        dict(zip(GRAPH.edge_names(GRAPH.mask), place[GRAPH.mask].tolist(), strict=True))
        for place in found.scores_by_place() / (found.clean - found.corrupted).mean()
    )
    expected = {
        "input->a2.h0<v>": (0, 0.5, 0),
        "a2.h0->m2": (0, 0.5, 0),
        "input->a2.h1<v>": (0, 0, 0.5),
        "a2.h1->m2": (0.5, 0, 0),
        "m2->logits": (0.5, 0.5, 0),
    }
    for name, shares in expected.items():
        assert (before[name], between[name], behind[name]) == near(shares), name


def test_the_record_tells_the_right_context_of_the_bidirectional_member(
    small_protocol: Callable[..., Protocol],
) -> None:
    """Of the six halves of the gap that the edges carry two are before and one is behind; all are equal."""
    parts = Placed(2, 0, RIGHT[0]), Placed(2, 1, RIGHT[1])
    protocol = small_protocol(grid=GRID, circuit_edges=5)
    arm, mdm = evidence(EARLY, "causal", LEFT, 0), evidence(parts, "full", RIGHT, 0)
    found = compare(arm, mdm, protocol.sweeping, protocol.compared, protocol.statistics)
    shares = {name: value(share) for name, share in found.mdm.direction.items()}
    halves = {"right_context": 1 / 2, "right_context_squared": 1 / 2}
    assert shares == near({"before": 1 / 3, "behind": 1 / 6, **halves}, 0.05)
    assert {value(share) for share in found.arm.direction.values()} == {0}


def test_a_circuit_moved_to_the_first_layer_is_an_early_shift_of_all_of_it(
    compared: Callable[..., Comparison],
) -> None:
    found = compared(LATE, EARLY)
    assert found.arm.profile == near((0, 0, 0, 0, 0, 1))
    assert found.mdm.profile == near((1, 0, 0, 0, 0, 0))
    assert found.arm.clean - found.arm.corrupted == pytest.approx(
        found.mdm.clean - found.mdm.corrupted, rel=0.02
    )
    shift = {name: value(each) for name, each in found.depth_shift.items() if isinstance(each, Number)}
    assert (shift["early_share"], shift["mean_depth"]) == (near(1), near(-1))
    assert shift["wasserstein"] == near(1)
    assert value(found.specialisation_shift["specialisation"]) == near(0)
    assert value(found.specialisation_shift["gini"]) == near(0)
    assert value(found.compared.edge.jaccard) == 0
    assert [value(found.structure[name]) for name in ("edges", "neurons")] == near([0, 0])


def test_half_of_a_circuit_moved_is_half_of_the_shift(compared: Callable[..., Comparison]) -> None:
    """One part is moved from the last to the first layer, its equal stays in the fourth."""
    found = compared((LATE[0], MIDDLE), (EARLY[0], MIDDLE))
    assert found.arm.profile == near((0, 0, 0, 0.5, 0, 0.5))
    assert found.mdm.profile == near((0.5, 0, 0, 0.5, 0, 0))
    shift = {name: value(each) for name, each in found.depth_shift.items() if isinstance(each, Number)}
    assert (shift["early_share"], shift["mean_depth"], shift["wasserstein"]) == near((0.5, -0.5, 0.5))
    assert value(found.specialisation_shift["specialisation"]) == near(0)
    # Three of six equal edges are the same ones, and four of eight equal neurons.
    assert value(found.structure["edges"]) == near(0.5)
    assert value(found.structure["neurons"]) == near(0.5)
    assert value(found.compared.edge.jaccard) == pytest.approx(1 / 3)
    # A head and an MLP of each part write one edge, and one part of two is the same.
    assert value(found.structure["components"]) == near((1 + 1) / (1 + 1 + 1 + 1))


@pytest.mark.parametrize(("stays", "moved"), [((LATE[1], EARLY[1]), 1.0), ((MIDDLE, MIDDLE), 0.5)])
def test_squared_mass_says_the_same(
    compared: Callable[..., Comparison], stays: tuple[Placed, Placed], moved: float
) -> None:
    found = compared((LATE[0], stays[0]), (EARLY[0], stays[1]))
    shift = found.depth_shift_squared
    places = value(shift["early_share"]), value(shift["mean_depth"]), value(shift["wasserstein"])
    assert places == near((moved, -moved, moved))
    assert value(found.specialisation_shift_squared["specialisation"]) == near(0)


def test_each_component_is_missed_on_the_prompts_whose_cue_it_serves() -> None:
    """Without a head its half of the gap is lost, without the MLP all; the MLP alone writes logits."""
    found = evidence(LATE, "causal", LEFT, 0).effects
    gap = float((found.clean - found.corrupted).sum())
    lost = dict(zip(Components(GRAPH).names, (found.drops.sum(axis=0) / gap).tolist(), strict=True))
    expected = {"a5.h0": 0.5, "a5.h1": 0.5, "m5": 1}
    assert lost == near({name: expected.get(name, 0) for name in lost})
    direct = dict(zip(Components(GRAPH).names, (found.direct.sum(axis=0) / gap).tolist(), strict=True))
    assert direct == near({name: float(name == "m5") for name in direct})


def test_two_models_of_one_construction_are_one_mechanism(compared: Callable[..., Comparison]) -> None:
    """Whatever the noise in all other weights."""
    found = compared(LATE, LATE)
    assert value(found.compared.edge.jaccard) == 1
    for name in ("edges", "components", "neurons"):
        assert value(found.structure[name]) == near(1)
    assert value(found.depth_shift["mean_depth"]) == near(0)


def test_the_circuit_of_the_construction_is_faithful_and_nothing_smaller_is(
    compared: Callable[..., Comparison],
) -> None:
    found = compared(LATE, EARLY)
    for member in (found.arm, found.mdm):
        one_edge, a_twentieth, everything = (value(point.faithfulness) for point in member.absolute.points)
        assert (one_edge, a_twentieth, everything) == near((0, 1, 1), 0.05)
        assert value(member.completeness) < 0.02
