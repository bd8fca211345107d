"""Every method of scoring edges, and every selection, through a whole run: cells against calls by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from build.cue_tasks import cue_pair, cue_task, known_member
from build.protocols import small_quick
from mechshift.benchmark.asking.attempts import pooled_examples
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.pool import Pool
from mechshift.benchmark.asking.states import batches, questions
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.circuits.rules import CHAIN, GIM, RELP, Rules
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Method, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.record_file import record_path
from mechshift.benchmark.run.rescore import rescore
from mechshift.benchmark.run.run import run
from mechshift.benchmark.run.store import find_cell
from mechshift.benchmark.tables.show import render
from mechshift.metrics import Selection, edge_priority, jaccard, top_edges
from mechshift.tasks import get_task, registry

TASKS = {"exact": "first-cue"}
"""Exact patching takes a pass for every edge and prompt, so that its models and prompts are small ones."""
AT_CLEAN = Integration("eap", 1)
BY_HAND: dict[Method, tuple[Integration, Rules]] = {
    "eap": (AT_CLEAN, CHAIN),
    "relp": (AT_CLEAN, RELP),
    "gim": (AT_CLEAN, GIM),
}
RUNS: tuple[tuple[Method, Selection], ...] = (
    ("eap", "positive"),
    ("relp", "absolute"),
    ("gim", "consistent"),
    ("exact", "frequent"),
)
"""Each method and each selection once."""

Measured = tuple[Record, Path, Pair]


def task_of(method: Method) -> str:
    return TASKS.get(method, "greater-than")


def protocol(method: Method, selection: Selection) -> Protocol:
    """As small as a task allows."""
    settings = {"pool": 8, "groups": 4, "components": 2, "beside": (), "crossed": 2, "shuffled": 2}
    return small_quick(**settings).varied(method, selection)


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def measured(
    request: pytest.FixtureRequest, tiny: Pair, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Measured]:
    out, name = tmp_path_factory.mktemp("run"), task_of(request.param[0])
    with pytest.MonkeyPatch.context() as patch:
        pair = tiny
        if name in TASKS.values():
            patch.setitem(registry._TASKS, name, cue_task(name))
            pair = cue_pair(known_member(), known_member(seed=1))
        yield run(pair, protocol(*request.param), out, [name]), out, pair


def cell(measured: Measured, name: str) -> Path:
    record, out, _ = measured
    return find_cell(record_path(out, record), record, record.tasks[0].task, name)


def scores_of(measured: Measured, role: str) -> ScoreSums:
    return ScoreSums.load(cell(measured, f"scores-{role}"))


def test_the_protocol_says_so(measured: Measured) -> None:
    record, out, _ = measured
    method, selection = record.protocol.scoring.method, record.protocol.sweeping.selection
    suffix = f"-{method}" + ("" if selection == "absolute" else f"-{selection}")
    assert record.protocol.name == f"quick{suffix}"
    assert (record.protocol.board, record.protocol.scoring.steps) == (False, 1)
    assert f"-quick{suffix}-" in record_path(out, record).name
    assert record.protocol.name in render(record)
    assert read_model(record_path(out, record), Record) == record


def test_scores_are_those_of_a_call_by_hand(measured: Measured) -> None:
    record, _, pair = measured
    asked, method = record.protocol, record.protocol.scoring.method
    pool = read_model(cell(measured, "pool"), Pool)
    (task,) = record.tasks
    examples = pooled_examples(pair, get_task(task.task), task.level, asked.sampling, pool)
    halves = group_examples(pool.solved, asked.halving)
    for role, member in zip(("arm", "mdm"), pair.members, strict=True):
        found = scores_of(measured, role)
        together = questions(member, examples, halves.discovery, halves.group, asked.sampling.read)
        batched = list(batches(member, together, 3))
        if method == "exact":
            exact = exact_effects(member, batched, len(halves.templates))
            expected = exact.sums
            by_batch = [whole_model(member, one) for one in batched]
            runs = [np.concatenate(each) for each in zip(*by_batch, strict=True)]
            kept_runs = found.attribution.clean, found.attribution.corrupted
            for mine, theirs in zip(kept_runs, runs, strict=True):
                assert sorted(mine) == pytest.approx(sorted(theirs), abs=1e-5)
            assert found.attribution.integration is None
        else:
            integration, rules = BY_HAND[method]
            hand = attribute(member, batched, integration, len(halves.templates), rules=rules, neurons=True)
            expected = hand.score_sums[:, found.graph.mask]
            assert (found.attribution.integration, found.attribution.rules) == (integration, rules)
            assert found.attribution.neuron_sums is not None
            assert hand.neuron_sums is not None
            largest = np.abs(hand.neuron_sums).max()
            assert np.abs(found.attribution.neuron_sums - hand.neuron_sums).max() < 1e-4 * largest
        kept = found.attribution.score_sums[:, found.graph.mask]
        assert np.abs(kept - expected).max() < 1e-4 * np.abs(expected).max()
        assert found.attribution.counts.tolist() == np.bincount(halves.group).tolist()


def test_circuits_are_the_first_of_the_selection(measured: Measured) -> None:
    record = measured[0]
    selection, grid = record.protocol.sweeping.selection, record.protocol.sweeping.grid
    (task,) = record.tasks
    circuits = []
    for role in ("arm", "mdm"):
        found, circuit = scores_of(measured, role), Circuit.load(cell(measured, f"circuit-{role}"))
        sums, mask = found.attribution.score_sums, found.graph.mask
        ranked = edge_priority(sums, found.attribution.counts, found.templates, mask, selection)
        size = task.comparison.compared.edges
        circuits.append(top_edges(ranked, mask, size))
        assert (circuit.edges == found.graph.prune(circuits[-1])).all()
        assert circuit.about.get("selection", "absolute") == selection
        sweep = Sweep.load(cell(measured, f"sweep-{role}"))
        for column, budget in enumerate(budgets(grid, found.graph.edges)):
            pruned = found.graph.prune(top_edges(ranked, mask, budget))
            assert sweep.kept[0, column] == pruned.sum()
    (point,) = (one for one in task.comparison.curve if one.edges == task.comparison.compared.edges)
    assert isinstance(point.edge.jaccard, Number)
    assert point.edge.jaccard.value == pytest.approx(jaccard(*circuits))


def test_what_the_method_does_not_define_has_a_reason(measured: Measured) -> None:
    record = measured[0]
    (task,) = record.tasks
    method = record.protocol.scoring.method
    reasons = {
        "relp": "by rules of the backward pass, scores need not add up to the difference of the two runs",
        "gim": "by rules of the backward pass, scores need not add up to the difference of the two runs",
        "exact": "what single edges do when patched need not add up to what all do",
    }
    for member in (task.comparison.arm, task.comparison.mdm):
        if method in reasons:
            assert member.completeness == Missing(missing=reasons[method])
        else:
            assert isinstance(member.completeness, Number)
        assert member.integration.points == (None if method == "exact" else 1)
        assert member.integration.converged is None
    neurons = task.comparison.structure["neurons"]
    if method == "exact":
        assert neurons == Missing(missing="effects of neurons were not measured of both members")


def test_under_relp_patterns_are_constants(measured: Measured) -> None:
    if measured[0].protocol.scoring.method != "relp":
        return
    found = scores_of(measured, "mdm")
    of_patterns = np.isin(found.graph.destination_kinds, ("q", "k"))
    scores = found.attribution.scores()
    assert (scores[:, of_patterns] == 0).all()
    assert (scores[:, ~of_patterns] != 0).any()


def test_circuits_by_resamples_have_values_and_no_intervals(measured: Measured) -> None:
    record = measured[0]
    (task,) = record.tasks
    asks = record.protocol.sweeping.selection in ("consistent", "frequent")
    (point,) = (one for one in task.comparison.curve if one.share == 0.1)
    values = [point.edge.jaccard, point.edge.cross, task.comparison.arm.depth_edges["mean_depth"]]
    for value in values:
        assert isinstance(value, Number)
        assert value.bounded != asks
    if asks:
        assert isinstance(point.edge.normalised, Missing)
        assert "chosen by resamples" in point.edge.normalised.missing
    mass = task.comparison.arm.depth["mean_depth"]
    assert isinstance(mass, Number)
    assert mass.bounded


def test_a_record_is_scored_again_from_its_cells(measured: Measured) -> None:
    record, out, _ = measured
    assert rescore(record_path(out, record)).differences == ()


def test_every_method_and_selection_is_run_here() -> None:
    methods, selections = zip(*RUNS, strict=True)
    assert {*methods, "eap-ig"} == set(get_args(Method))
    assert set(selections) == set(get_args(Selection))
