"""Faithfulness of a member's circuits over budgets: what is measured, before any ratio is taken."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...metrics import Ranking
from ..asking.states import Question, in_batch_order
from ..circuits.graph import Edges, Graph
from ..pairs.member import Member
from ..record.protocol import Sweeping
from .budgets import budgets
from .running import run_on
from .swept import RANKINGS, Sweep


def sweep(
    member: Member,
    questions: Sequence[Question],
    ranked: NDArray[np.float64],
    scores: NDArray[np.float64],
    sweeping: Sweeping,
    rows: int,
    advance: Callable[[int], None],
) -> Sweep:
    """Run the circuits of every budget and ranking on the questions.

    What circuits are chosen by [sources, destinations]: `ranked` by the protocol's selection
    (`ScoreSums.ranked`), and `scores`. `rows` bounds a batch; `advance` is told how many questions are done.
    """
    graph = Graph.of(member.backbone.shape)
    edges, kept = _circuits(graph, dict(zip(RANKINGS, (ranked, scores), strict=True)), sweeping)
    ran = run_on(member, questions, edges, sweeping.intervention, rows, advance)
    ordered = in_batch_order(questions)
    return Sweep(
        graph,
        ran.whole,
        ran.empty,
        ran.circuits.reshape(len(RANKINGS), len(sweeping.grid), -1),
        kept,
        tuple(one.encoded.example.template for one in ordered),
        np.array([one.index for one in ordered], dtype=np.int64),
    )


def _circuits(
    graph: Graph, by_ranking: Mapping[Ranking, NDArray[np.float64]], sweeping: Sweeping
) -> tuple[Edges, NDArray[np.int64]]:
    """Pruned circuits [rankings × budgets, sources, destinations] and their sizes [rankings, budgets]."""
    edges = np.stack(
        [
            graph.prune(graph.select(ranked, budget, by))
            for by, ranked in by_ranking.items()
            for budget in budgets(sweeping.grid, graph.edges)
        ]
    )
    return edges, edges.sum(axis=(1, 2)).reshape(len(RANKINGS), -1)
