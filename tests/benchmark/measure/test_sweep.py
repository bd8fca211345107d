"""Circuits over budgets: what the ends of a sweep have to be, and its file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, in_batch_order, question
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.compare.curves import curves
from mechshift.benchmark.measure.sweep import budgets, load_sweep, save_sweep, sweep
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import Protocol
from mechshift.errors import NotComputable, OutputError

GRID = (0.001, 0.05, 0.4, 1.0)
TEMPLATES = tuple("aabbbc")


@pytest.fixture(scope="module")
def mdm(member: Callable[..., Member]) -> Member:
    return member("mdm", "full")


@pytest.fixture(scope="module")
def asked(mdm: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Three lengths, one to three states, not in the order of the batches."""
    orders = [(0, 1, 2), (0, 0, 1), (2, 1, 0), (1, 0, 0), (0, 0, 0)]
    asked = [
        question(mdm, encoded(6 - seed % 2, (11, 12, 13), (14, 15, 16), seed), order, 0)
        for seed, order in enumerate(orders)
    ]
    # As many tokens as the longer ones in all, and its answer begins one earlier.
    return [*asked, question(mdm, encoded(5, (11, 12, 13, 14), (14, 12, 16, 11), 5), (0, 0, 1, 2), 0)]


@pytest.fixture(scope="module")
def scores(mdm: Member) -> np.ndarray:
    graph = Graph.of(mdm.backbone.shape)
    return np.random.default_rng(0).normal(size=graph.mask.shape) * graph.mask


def still(done: int) -> None:
    """Nobody is told."""


def test_budgets_are_shares_of_the_edges_and_at_least_one(small_protocol: Callable[..., Protocol]) -> None:
    assert budgets(small_protocol(), 3628) == [4, 7, 18, 36, 73, 181, 363, 726, 1814, 3628]
    assert budgets(small_protocol(grid=(0.001, 1.0)), 100) == [1, 100]


def test_every_budget_and_ranking_is_run(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    protocol, graph = small_protocol(grid=GRID), Graph.of(mdm.backbone.shape)
    told: list[int] = []
    found = sweep(mdm, asked, scores, protocol, 4, told.append)
    assert sum(told) == len(asked)
    one_by_one = [batch for each in in_batch_order(asked) for batch in batches(mdm, [each], 1)]
    assert found.whole == pytest.approx([whole_model(mdm, batch)[0].item() for batch in one_by_one], abs=1e-5)
    for ranking, by in enumerate((np.abs(scores), scores)):
        ranked = np.argsort(-by[graph.mask], kind="stable")
        for index, budget in enumerate(max(1, round(share * graph.edges)) for share in GRID):
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
    found = sweep(mdm, asked, scores, protocol, 64, still)
    assert found.circuits[:, -1] == pytest.approx(np.stack([found.whole] * 2), abs=1e-5)
    for curve in curves(found, TEMPLATES, protocol, Graph.of(mdm.backbone.shape).edges):
        assert curve.points[-1].faithfulness.value == pytest.approx(1.0, abs=1e-4)
        assert curve.points[-1].median.value == pytest.approx(1.0, abs=1e-4)
        assert curve.points[-1].kept == curve.points[-1].edges == Graph.of(mdm.backbone.shape).edges


def test_the_empty_circuit_under_patch_is_the_corrupted_run(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    found = sweep(mdm, asked, scores, small_protocol(grid=GRID), 64, still)
    corrupted = np.concatenate([whole_model(mdm, batch)[1] for batch in batches(mdm, asked, 64)])
    assert found.empty == pytest.approx(corrupted, abs=1e-5)


def test_the_empty_circuit_under_zero_says_nothing(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    found = sweep(mdm, asked, scores, small_protocol(grid=GRID, intervention="zero"), 64, still)
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
    assert sweep(mdm, asked, scores, protocol, rows, still).empty == pytest.approx(expected, abs=1e-4)


def test_a_sweep_does_not_depend_on_the_rows_run_at_once(
    mdm: Member, asked: list[Question], scores: np.ndarray, small_protocol: Callable[..., Protocol]
) -> None:
    small, large = (sweep(mdm, asked, scores, small_protocol(), rows, still) for rows in (1, 64))
    assert small.circuits == pytest.approx(large.circuits, abs=1e-5)
    assert small.whole == pytest.approx(large.whole, abs=1e-5)
    assert np.array_equal(small.kept, large.kept)


def test_a_sweep_is_read_back_as_it_was_written(
    mdm: Member,
    asked: list[Question],
    scores: np.ndarray,
    small_protocol: Callable[..., Protocol],
    tmp_path: Path,
) -> None:
    made = sweep(mdm, asked, scores, small_protocol(grid=GRID), 64, still)
    save_sweep(made, tmp_path / "folder" / "sweep.safetensors")
    found = load_sweep(tmp_path / "folder" / "sweep.safetensors")
    for name in ("whole", "empty", "circuits", "kept"):
        before, after = getattr(made, name), getattr(found, name)
        assert before.dtype == after.dtype
        assert np.array_equal(before, after)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_that_is_no_sweep_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "sweep.safetensors").write_bytes(content)
    with pytest.raises(NotComputable, match=r"sweep\.safetensors cannot be read"):
        load_sweep(tmp_path / "sweep.safetensors")


def test_a_sweep_that_cannot_be_written_is_an_output_error(
    mdm: Member,
    asked: list[Question],
    scores: np.ndarray,
    small_protocol: Callable[..., Protocol],
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    made = sweep(mdm, asked, scores, small_protocol(grid=GRID), 64, still)
    with pytest.raises(OutputError, match="cannot be written"):
        save_sweep(made, tmp_path / "file" / "sweep.safetensors")
