"""Faithfulness of a member's circuits over budgets: what is measured, before any ratio is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ...errors import NotComputable
from ...files import replacing
from ...metrics import Ranking
from ..asking.states import Question, batches, by_length
from ..circuits.graph import Edges, Graph
from ..circuits.intervention import mean_outputs, run_circuits, whole_model
from ..pairs.member import Member
from ..record.protocol import Protocol

RANKINGS: tuple[Ranking, ...] = ("absolute", "signed")


@dataclass(frozen=True)
class Sweep:
    """Metrics of the whole model, of the empty circuit, and of the circuits of a sweep.

    `whole`, `empty`: [examples]; `circuits`: [rankings, budgets, examples]; `kept`: edges after pruning
    [rankings, budgets]. Examples are in the order of the batches.
    """

    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    circuits: NDArray[np.float64]
    kept: NDArray[np.int64]


def save_sweep(found: Sweep, path: Path) -> None:
    """Write a sweep as safetensors, whole or not at all. Raises OutputError where that fails."""
    with replacing(path) as partial:
        save_file({field.name: getattr(found, field.name) for field in fields(Sweep)}, partial)


def load_sweep(path: Path) -> Sweep:
    """Read a sweep back. Raises NotComputable for a file that is broken or holds something else."""
    try:
        return Sweep(**load_file(path))
    except (SafetensorError, OSError, TypeError) as error:
        raise NotComputable(f"{path} cannot be read: {error}", "delete it and run again") from error


def budgets(protocol: Protocol, edges: int) -> list[int]:
    """Number of edges at each share of the grid, at least one."""
    return [max(1, round(share * edges)) for share in protocol.grid]


def sweep(
    member: Member,
    questions: Sequence[Question],
    scores: NDArray[np.float64],
    protocol: Protocol,
    rows: int,
    advance: Callable[[int], None],
) -> Sweep:
    """Run the circuits of every budget and ranking on the questions.

    `scores`: [sources, destinations], what circuits are chosen by. `rows` bounds a batch; `advance` is told
    how many questions are done.
    """
    graph = Graph.of(member.backbone.shape)
    edges, kept = _circuits(graph, scores, protocol)
    # Rankings agree on the largest circuits, and small ones can be pruned to the same edges.
    distinct, place = np.unique(
        np.concatenate([edges, np.zeros_like(edges[:1])]), axis=0, return_inverse=True
    )
    whole: list[NDArray[np.float64]] = []
    circuits: list[NDArray[np.float64]] = []
    for alike in by_length(questions):
        averaged = protocol.intervention == "mean"
        means = mean_outputs(member, batches(member, alike, rows)) if averaged else None
        for batch in batches(member, alike, rows):
            circuits.append(run_circuits(member, batch, distinct, protocol.intervention, means))
            whole.append(whole_model(member, batch)[0])
            advance(batch.examples)
    values = np.concatenate(circuits, axis=1)[place.reshape(-1)]
    by_ranking = values[:-1].reshape(len(RANKINGS), len(protocol.grid), -1)
    return Sweep(np.concatenate(whole), values[-1], by_ranking, kept)


def _circuits(
    graph: Graph, scores: NDArray[np.float64], protocol: Protocol
) -> tuple[Edges, NDArray[np.int64]]:
    """Pruned circuits [rankings × budgets, sources, destinations] and their sizes [rankings, budgets]."""
    edges = np.stack(
        [
            graph.prune(graph.select(scores, budget, by))
            for by in RANKINGS
            for budget in budgets(protocol, graph.edges)
        ]
    )
    return edges, edges.sum(axis=(1, 2)).reshape(len(RANKINGS), -1)
