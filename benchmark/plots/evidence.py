"""What a page shows beyond the numbers of a record: the circuits themselves, from the cells beside it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import MechshiftError
from ...metrics import top_edges
from ..circuits.components import Components
from ..circuits.graph import Graph
from ..measure.score_sums import ScoreSums
from ..record.record import Record
from ..record.task_record import TaskRecord
from ..run.store import digest_of, find_cell

STRONGEST = 300
"""Edges of each member that a page holds: more would be a drawing that nobody can read."""

ROLES = ("arm", "mdm")


@dataclass(frozen=True, eq=False)
class RankedEdges:
    """A member's first edges on one task, as circuits take them, and where its importance lies.

    `sources`, `destinations`, `scores`: [edges]; `shares`: [components], of the importance of the circuit of
    the compared size.
    """

    graph: Graph
    sources: NDArray[np.int64]
    destinations: NDArray[np.int64]
    scores: NDArray[np.float64]
    shares: NDArray[np.float64]

    def ranks(self) -> dict[tuple[int, int], int]:
        """By source and destination the rank of an edge, from 1."""
        pairs = zip(self.sources.tolist(), self.destinations.tolist(), strict=True)
        return {pair: index + 1 for index, pair in enumerate(pairs)}


@dataclass(frozen=True)
class Circuits:
    """Both members' edges, ranked."""

    arm: RankedEdges
    mdm: RankedEdges


@dataclass(frozen=True)
class NoCircuits:
    """Why there is nothing to draw."""

    reason: str


def read_circuits(place: Path | None, record: Record, task: TaskRecord) -> Circuits | NoCircuits:
    """The circuits of a task, from the scores in the cells beside the record at `place`.

    Where they cannot be read, or are not those that the record was made of, the reason why.
    """
    if place is None:
        return NoCircuits(
            "Circuits are drawn from the scores in a run's cells, and this page was made without."
        )
    try:
        arm, mdm = (_read(place, record, task, role) for role in ROLES)
    except MechshiftError as error:
        return NoCircuits(f"There are no scores to draw circuits from: {error.problem}.")
    except OSError as error:
        return NoCircuits(f"The scores cannot be read: {error.strerror}.")
    if arm.graph != mdm.graph:
        return NoCircuits("The scores of the two members are of different graphs.")
    return Circuits(arm, mdm)


def _read(place: Path, record: Record, task: TaskRecord, role: str) -> RankedEdges:
    name = f"scores-{role}"
    file = find_cell(place, record, task.task, name)
    # A page must not show other circuits than those whose numbers stand beside them.
    if digest_of(file) != task.cells[name].digest:
        raise MechshiftError(f"{file.name} is not what the record was made of", "run the pair again")
    sums = ScoreSums.load(file)
    ranked = sums.ranked(record.protocol.sweeping.selection)
    return rank(sums.graph, sums.attribution.scores(), task.comparison.compared.edges, ranked)


def rank(
    graph: Graph, scores: NDArray[np.float64], compared: int, ranked: NDArray[np.float64] | None = None
) -> RankedEdges:
    """Edges in the order in which circuits take them, the first of equals in row order.

    `ranked`: what circuits are chosen by, the largest first; None: |score|.
    """
    chosen_by = np.abs(scores) if ranked is None else ranked
    sources, destinations = np.nonzero(graph.mask)
    of_edges = scores[graph.mask]
    order = np.argsort(-chosen_by[graph.mask], kind="stable")[:STRONGEST]
    circuit = top_edges(chosen_by, graph.mask, min(max(compared, 1), graph.edges))
    importance = np.asarray(Components(graph).importance(scores, circuit), dtype=np.float64)
    total = importance.sum()
    shares = importance / total if total > 0 else importance
    return RankedEdges(graph, sources[order], destinations[order], of_edges[order], shares)
