"""Circuits of the other member and of other tasks in a host: each is the one that its name says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, in_batch_order, question
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.shuffling import edge_cells, shuffled_scores
from mechshift.benchmark.measure.circuit_runs import CircuitRuns
from mechshift.benchmark.measure.transfer import ChosenBy, run_transfer
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import Protocol, Transferring
from mechshift.errors import NotComputable

TRANSFERRING = Transferring(crossed=6, shuffled=4, shuffled_examples=2)
SIZE = 31
FEW = (10, 40)


@pytest.fixture(scope="module")
def host(member: Callable[..., Member]) -> Member:
    return member("mdm", "full")


@pytest.fixture(scope="module")
def asked(host: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Two lengths, not in the order of the batches."""
    return [
        question(host, encoded(6 - seed % 2, (11, 12), (14, 15), seed), (0, 1), 0, 10 * seed, "plan")
        for seed in range(5)
    ]


@pytest.fixture(scope="module")
def chosen_by(host: Member) -> ChosenBy:
    graph = Graph.of(host.backbone.shape)
    own, noise, first, second, moved = (
        np.random.default_rng(0).normal(size=(5, *graph.mask.shape)) * graph.mask
    )
    # A circuit that has much in common with the host's own.
    return ChosenBy(graph, SIZE, own, own + 0.5 * noise, moved, {"ioi": first, "sudoku": second})


@pytest.fixture(scope="module")
def runs(
    host: Member, asked: list[Question], chosen_by: ChosenBy, small_protocol: Callable[..., Protocol]
) -> CircuitRuns:
    told: list[int] = []
    found = run_transfer(
        host, asked, FEW, chosen_by, small_protocol().sweeping, TRANSFERRING, 3, 2, told.append
    )
    assert sum(told) == len(asked) + len(FEW)
    return found


def ranked(graph: Graph, scores: np.ndarray, size: int) -> np.ndarray:
    edges = np.zeros_like(graph.mask)
    order = np.argsort(-np.abs(scores[graph.mask]), kind="stable")
    edges.flat[np.flatnonzero(graph.mask)[order[:size]]] = True
    return edges


def test_every_circuit_is_the_one_that_its_name_says(
    runs: CircuitRuns, host: Member, asked: list[Question], chosen_by: ChosenBy
) -> None:
    graph, half = chosen_by.graph, SIZE // 2
    own, other = (ranked(graph, scores, SIZE) for scores in (chosen_by.own, chosen_by.other))
    expected = {
        "own": own,
        "other": other,
        "own, half": ranked(graph, chosen_by.own, half),
        "other, half": ranked(graph, chosen_by.other, half),
        "own alone": own & ~other,
        "other alone": other & ~own,
        "other, heads matched": ranked(graph, chosen_by.matched, SIZE),
        "task ioi": ranked(graph, chosen_by.tasks["ioi"], SIZE),
        "task sudoku": ranked(graph, chosen_by.tasks["sudoku"], SIZE),
        "half, task ioi": ranked(graph, chosen_by.tasks["ioi"], half),
        "half, task sudoku": ranked(graph, chosen_by.tasks["sudoku"], half),
    }
    assert (own & other).any()
    assert runs.names == tuple(expected)
    one_by_one = [batch for each in in_batch_order(asked) for batch in batches(host, [each], 1)]
    for (name, edges), kept in zip(expected.items(), runs.kept, strict=True):
        assert kept == graph.prune(edges).sum()
        assert runs[name] == pytest.approx(
            [run_circuits(host, batch, edges[None]).item() for batch in one_by_one], abs=1e-4
        )
    assert runs.whole == pytest.approx([whole_model(host, batch)[0].item() for batch in one_by_one], abs=1e-5)
    assert runs.empty == pytest.approx([whole_model(host, batch)[1].item() for batch in one_by_one], abs=1e-5)


def test_shuffled_circuits_are_of_the_other_members_scores_on_the_examples_named(
    runs: CircuitRuns, host: Member, asked: list[Question], chosen_by: ChosenBy
) -> None:
    assert runs.examples[runs.shuffled_at].tolist() == [
        each.index for each in in_batch_order(asked) if each.index in FEW
    ]
    few = [batch for each in in_batch_order(asked) if each.index in FEW for batch in batches(host, [each], 1)]
    dealt = shuffled_scores(chosen_by.graph, chosen_by.other, TRANSFERRING.shuffled, 3)
    for found, scores in zip(runs.shuffled, dealt, strict=True):
        edges = ranked(chosen_by.graph, scores, SIZE)
        assert found == pytest.approx(
            [run_circuits(host, batch, edges[None]).item() for batch in few], abs=1e-4
        )


def test_a_shuffled_circuit_that_was_run_already_has_the_number_that_it_had(
    host: Member, asked: list[Question], chosen_by: ChosenBy, small_protocol: Callable[..., Protocol]
) -> None:
    """To the last bit, in other batches too: edges of a cell have one score, so that shuffling moves none."""
    graph = chosen_by.graph
    alike = np.zeros(graph.mask.shape)
    alike[graph.mask] = 1 + edge_cells(graph)
    moves_nothing = replace(chosen_by, other=alike, edges=graph.edges // 2)
    found = run_transfer(
        host, asked, FEW, moves_nothing, small_protocol().sweeping, TRANSFERRING, 3, 2, lambda done: None
    )
    assert (found.shuffled == found["other"][found.shuffled_at]).all()
    assert not (found["other"] == found.empty).any()


def test_tasks_are_told_apart_by_size(runs: CircuitRuns) -> None:
    assert runs.tasks() == ("ioi", "sudoku")
    assert (runs.crossed()[1] == runs["task sudoku"]).all()
    assert (runs.crossed("half, task ")[0] == runs["half, task ioi"]).all()


def test_without_another_task_there_is_none(
    host: Member, asked: list[Question], chosen_by: ChosenBy, small_protocol: Callable[..., Protocol]
) -> None:
    alone = replace(chosen_by, tasks={})
    found = run_transfer(
        host, asked, FEW, alone, small_protocol().sweeping, TRANSFERRING, 3, 64, lambda _: None
    )
    assert (found.tasks(), found.crossed().shape) == ((), (0, len(asked)))


def test_what_is_kept_is_read_back(runs: CircuitRuns, tmp_path: Path) -> None:
    runs.save(tmp_path / "runs.safetensors")
    found = CircuitRuns.load(tmp_path / "runs.safetensors")
    for name in ("whole", "empty", "circuits", "kept", "shuffled", "shuffled_at", "examples"):
        assert np.array_equal(getattr(found, name), getattr(runs, name))
    assert (found.graph, found.edges, found.names) == (runs.graph, runs.edges, runs.names)
    assert found.templates == runs.templates


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whole": lambda runs: runs.whole[:-1]}, "its whole have shape"),
        ({"circuits": lambda runs: runs.circuits[:-1]}, "its circuits have shape"),
        ({"shuffled": lambda runs: runs.shuffled[:, :-1]}, "its shuffled have shape"),
        ({"empty": lambda runs: np.full_like(runs.empty, np.inf)}, "one of its empty is not finite"),
        ({"shuffled_at": lambda runs: runs.shuffled_at + 9}, "on examples that it does not have"),
        ({"shuffled_at": lambda runs: runs.shuffled_at * 0}, "on examples that it does not have"),
        ({"kept": lambda runs: runs.kept + 1000}, "more edges than the 31 compared"),
        ({"edges": lambda runs: 10**6}, "more edges than the 1000000 compared, or its graph fewer"),
        ({"names": lambda runs: ("own",) * len(runs.names)}, "not the host's and the other member's"),
    ],
    ids=[
        "whole too short",
        "a circuit too few",
        "shuffled too short",
        "infinite",
        "beyond the examples",
        "an example twice",
        "too many edges",
        "a size beyond the graph",
        "names twice",
    ],
)
def test_what_does_not_fit_together_is_broken(
    changes: dict[str, Callable[[CircuitRuns], object]], message: str, runs: CircuitRuns, tmp_path: Path
) -> None:
    replace(runs, **{name: change(runs) for name, change in changes.items()}).save(tmp_path / "runs")
    with pytest.raises(NotComputable, match=message):
        CircuitRuns.load(tmp_path / "runs")


def test_a_file_of_no_example_is_broken(runs: CircuitRuns, tmp_path: Path) -> None:
    nothing = replace(
        runs,
        templates=(),
        whole=runs.whole[:0],
        empty=runs.empty[:0],
        examples=runs.examples[:0],
        circuits=runs.circuits[:, :0],
        shuffled=runs.shuffled[:, :0],
        shuffled_at=runs.shuffled_at[:0],
    )
    nothing.save(tmp_path / "runs")
    with pytest.raises(NotComputable, match="it has no example"):
        CircuitRuns.load(tmp_path / "runs")
