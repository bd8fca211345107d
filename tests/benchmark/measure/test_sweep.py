"""Circuits over budgets: what the ends of a sweep have to be."""

from collections.abc import Callable
from dataclasses import replace
from math import floor

import numpy as np
import pytest
import torch

from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, in_batch_order, question
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.compare.curves import curves
from mechshift.benchmark.measure.sweep import sweep
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import Protocol

GRID = (0.001, 0.05, 0.4, 1.0)


@pytest.fixture(scope="module")
def mdm(member: Callable[..., Member]) -> Member:
    return member("mdm", "full")


@pytest.fixture(scope="module")
def asked(mdm: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Three lengths, one to three states, not in the order of the batches."""
    orders = [(0, 1, 2), (0, 0, 1), (2, 1, 0), (1, 0, 0), (0, 0, 0)]
    asked = [
        question(
            mdm, encoded(6 - seed % 2, (11, 12, 13), (14, 15, 16), seed), order, 0, 10 * seed, "trajectory"
        )
        for seed, order in enumerate(orders)
    ]
    # As many tokens as the longer ones in all, and its answer begins one earlier.
    return [
        *asked,
        question(mdm, encoded(5, (11, 12, 13, 14), (14, 12, 16, 11), 5), (0, 0, 1, 2), 0, 7, "trajectory"),
    ]


@pytest.fixture(scope="module")
def scores(mdm: Member) -> np.ndarray:
    graph = Graph.of(mdm.backbone.shape)
    return np.random.default_rng(0).normal(size=graph.mask.shape) * graph.mask


def still(done: int) -> None:
    """Nobody is told."""


def test_every_budget_and_ranking_is_run(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    protocol, graph = small_protocol(grid=GRID), Graph.of(mdm.backbone.shape)
    told: list[int] = []
    found = sweep(mdm, asked, np.abs(scores), scores, protocol.sweeping, 4, told.append)
    assert sum(told) == len(asked)
    one_by_one = [batch for each in in_batch_order(asked) for batch in batches(mdm, [each], 1)]
    assert found.whole == pytest.approx([whole_model(mdm, batch)[0].item() for batch in one_by_one], abs=1e-5)
    for ranking, by in enumerate((np.abs(scores), scores)):
        ranked = np.argsort(-by[graph.mask], kind="stable")
        for index, budget in enumerate(max(1, floor(share * graph.edges)) for share in GRID):
            edges = np.zeros_like(graph.mask)
            edges.flat[np.flatnonzero(graph.mask)[ranked[:budget]]] = True
            assert found.kept[ranking, index] == graph.prune(edges).sum()
            expected = [run_circuits(mdm, batch, edges[None]).item() for batch in one_by_one]
            assert found.circuits[ranking, index] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("intervention", ["patch", "zero", "mean"])
def test_the_whole_graph_is_the_whole_model(
    intervention: str,
    mdm: Member,
    asked: list[Question],
    scores: np.ndarray,
    small_protocol: Callable[..., Protocol],
) -> None:
    protocol = small_protocol(intervention=intervention)
    found = sweep(mdm, asked, np.abs(scores), scores, protocol.sweeping, 64, still)
    assert found.circuits[:, -1] == pytest.approx(np.stack([found.whole] * 2), abs=1e-5)
    for curve in curves(found, protocol.sweeping.grid, protocol.statistics):
        assert curve.points[-1].faithfulness.value == pytest.approx(1.0, abs=1e-4)
        assert curve.points[-1].median.value == pytest.approx(1.0, abs=1e-4)
        assert curve.points[-1].kept == curve.points[-1].edges == Graph.of(mdm.backbone.shape).edges


def test_the_empty_circuit_under_patch_is_the_corrupted_run(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    found = sweep(mdm, asked, np.abs(scores), scores, small_protocol(grid=GRID).sweeping, 64, still)
    corrupted = np.concatenate([whole_model(mdm, batch)[1] for batch in batches(mdm, asked, 64)])
    assert found.empty == pytest.approx(corrupted, abs=1e-5)


def test_the_empty_circuit_under_zero_says_nothing(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    found = sweep(
        mdm, asked, np.abs(scores), scores, small_protocol(grid=GRID, intervention="zero").sweeping, 64, still
    )
    assert found.empty.tolist() == [0.0] * len(asked)  # RMSNorm of nothing, and no bias anywhere


@pytest.mark.parametrize("rows", [1, 4, 64])
def test_the_empty_circuit_under_mean_reads_mean_streams(
    rows: int,
    mdm: Member,
    asked: list[Question],
    scores: np.ndarray,
    small_protocol: Callable[..., Protocol],
    raw_logits: Callable[..., torch.Tensor],
) -> None:
    """By state and position, over the corrupted prompts of one length."""
    streams: list[torch.Tensor] = []
    norm = mdm.backbone.final_norm.module
    streams_of: dict[tuple[int, int, int], list[torch.Tensor]] = {}
    handle = norm.register_forward_pre_hook(lambda _, inputs: streams.append(inputs[0][0].double()))
    for each in asked:
        for state, now in enumerate(each.states):
            answer = [now.visible.get(index, mdm.mask_id) for index in range(len(each.encoded.answer))]
            raw_logits(mdm, [*each.encoded.corrupted, *answer])
            alike = len(each.encoded.clean), len(answer), state
            streams_of.setdefault(alike, []).append(streams[-1])
    handle.remove()
    expected = []
    for each in in_batch_order(asked):
        length, of_states = len(each.encoded.clean), []
        for state, now in enumerate(each.states):
            mean = torch.stack(streams_of[length, len(each.encoded.answer), state]).mean(0).float()
            with torch.no_grad():
                logits = mdm.backbone.head(norm(mean))
            differences = [
                float(logits[length + i - 1, each.encoded.answer[i]] - logits[length + i - 1, foil])
                for i, foil in enumerate(each.encoded.foil)
                if i in now.read
            ]
            of_states.append(np.mean(differences))
        expected.append(np.mean(of_states))
    protocol = small_protocol(grid=GRID, intervention="mean")
    assert sweep(mdm, asked, np.abs(scores), scores, protocol.sweeping, rows, still).empty == pytest.approx(
        expected, abs=1e-4
    )


def test_a_sweep_does_not_depend_on_the_rows_run_at_once(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    small, large = (
        sweep(mdm, asked, np.abs(scores), scores, small_protocol().sweeping, rows, still) for rows in (1, 64)
    )
    assert small.circuits == pytest.approx(large.circuits, abs=1e-5)
    assert small.whole == pytest.approx(large.whole, abs=1e-5)
    assert np.array_equal(small.kept, large.kept)


def test_examples_are_named_in_the_order_of_the_batches(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    """Prompts of five tokens and an answer of three, then five and four, then six and three."""
    found = sweep(mdm, asked, np.abs(scores), scores, small_protocol(grid=GRID).sweeping, 4, still)
    assert found.graph == Graph.of(mdm.backbone.shape)
    assert found.examples.tolist() == [10, 30, 7, 0, 20, 40]
    by_index = {one.index: one.encoded.example.template for one in asked}
    assert found.templates == tuple(by_index[index] for index in (10, 30, 7, 0, 20, 40))
    alone = [
        sweep(
            mdm, [replace(one, group=0)], np.abs(scores), scores, small_protocol(grid=GRID).sweeping, 4, still
        )
        for index in (10, 30, 7, 0, 20, 40)
        for one in asked
        if one.index == index
    ]
    assert found.whole == pytest.approx([one.whole.item() for one in alone], abs=1e-5)
    assert found.empty == pytest.approx([one.empty.item() for one in alone], abs=1e-5)
