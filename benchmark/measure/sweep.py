"""Faithfulness of a member's circuits over budgets: what is measured, before any ratio is taken."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..asking.states import Question, batches, by_length, in_batch_order
from ..circuits.graph import Edges, Graph
from ..circuits.intervention import mean_outputs, run_circuits, whole_model
from ..pairs.member import Member
from ..record.protocol import Sweeping
from .budgets import budgets
from .evidence import RANKINGS, Sweep


def sweep(
    member: Member,
    questions: Sequence[Question],
    scores: NDArray[np.float64],
    sweeping: Sweeping,
    rows: int,
    advance: Callable[[int], None],
) -> Sweep:
    """Run the circuits of every budget and ranking on the questions.

    `scores`: [sources, destinations], what circuits are chosen by. `rows` bounds a batch; `advance` is told
    how many questions are done.
    """
    graph = Graph.of(member.backbone.shape)
    edges, kept = _circuits(graph, scores, sweeping)
    # Rankings agree on the largest circuits, and small ones can be pruned to the same edges.
    distinct, place = np.unique(
        np.concatenate([edges, np.zeros_like(edges[:1])]), axis=0, return_inverse=True
    )
    # The empty circuit is run like any other: only under `patch` does it equal the corrupted run.
    whole: list[NDArray[np.float64]] = []
    circuits: list[NDArray[np.float64]] = []
    # Means over prompts exist only for prompts of one length, position by position.
    for alike in by_length(questions):
        averaged = sweeping.intervention == "mean"
        means = mean_outputs(member, batches(member, alike, rows)) if averaged else None
        for batch in batches(member, alike, rows):
            circuits.append(run_circuits(member, batch, distinct, sweeping.intervention, means))
            whole.append(whole_model(member, batch)[0])
            advance(batch.examples)
    values = np.concatenate(circuits, axis=1)[place.reshape(-1)]
    by_ranking = values[:-1].reshape(len(RANKINGS), len(sweeping.grid), -1)
    ordered = in_batch_order(questions)
    return Sweep(
        graph,
        np.concatenate(whole),
        values[-1],
        by_ranking,
        kept,
        tuple(one.encoded.example.template for one in ordered),
        np.array([one.index for one in ordered], dtype=np.int64),
    )


def _circuits(
    graph: Graph, scores: NDArray[np.float64], sweeping: Sweeping
) -> tuple[Edges, NDArray[np.int64]]:
    """Pruned circuits [rankings × budgets, sources, destinations] and their sizes [rankings, budgets]."""
    edges = np.stack(
        [
            graph.prune(graph.select(scores, budget, by))
            for by in RANKINGS
            for budget in budgets(sweeping.grid, graph.edges)
        ]
    )
    return edges, edges.sum(axis=(1, 2)).reshape(len(RANKINGS), -1)
