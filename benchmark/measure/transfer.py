"""Function before structure: the other member's circuit, and those of other tasks, run in a member."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..asking.states import Question, in_batch_order
from ..circuits.graph import Edges, Graph, Scores
from ..circuits.shuffling import shuffled_scores
from ..pairs.member import Member
from ..record.protocol import Sweeping, Transferring
from .circuit_runs import (
    CROSS,
    CROSS_HALF,
    OTHER,
    OTHER_ALONE,
    OTHER_HALF,
    OTHER_MATCHED,
    OWN,
    OWN_ALONE,
    OWN_HALF,
    CircuitRuns,
    half_of,
)
from .running import run_on


@dataclass(frozen=True, eq=False)
class ChosenBy:
    """What circuits are chosen by (`ScoreSums.ranked` [sources, destinations]), and the compared size.

    `own`, `other`: of the host and of the other member, on this task; `matched`: of the other member, with
    the indices that its heads have in the host, None where they are the same; `tasks`: of the host on other
    tasks.
    """

    graph: Graph
    edges: int
    own: Scores
    other: Scores
    matched: Scores | None
    tasks: Mapping[str, Scores]


def run_transfer(
    host: Member,
    questions: Sequence[Question],
    shuffled_on: Collection[int],
    chosen_by: ChosenBy,
    sweeping: Sweeping,
    transferring: Transferring,
    seed: int,
    rows: int,
    advance: Callable[[int], None],
) -> CircuitRuns:
    """Run all circuits on the host's questions.

    `shuffled_on`: the examples, by index, that shuffled circuits are run on; `seed`: of the shuffling. `rows`
    bounds a batch; `advance` is told how many questions are done, of all and of those for the shuffled
    circuits.
    """
    graph = chosen_by.graph
    named = dict(_named(chosen_by))
    ran = run_on(host, questions, np.stack([*named.values()]), sweeping.intervention, rows, advance)
    ordered = in_batch_order(questions)
    some = frozenset(shuffled_on)
    at = np.array([place for place, one in enumerate(ordered) if one.index in some], dtype=np.int64)
    no_edge = np.zeros_like(graph.mask)
    known = {_key(no_edge): ran.empty[at], _key(graph.mask): ran.whole[at]}
    known |= {_key(edges): each[at] for edges, each in zip(named.values(), ran.circuits, strict=True)}
    dealt = [
        graph.prune(graph.select(scores, chosen_by.edges))
        for scores in shuffled_scores(graph, chosen_by.other, transferring.shuffled, seed)
    ]
    # A circuit that was run keeps the number that it had. Run again in other batches it would differ by
    # rounding, and of two equal ones one would be the larger.
    new = [edges for edges in dealt if _key(edges) not in known]
    few = [one for one in questions if one.index in some]
    stacked = np.array(new, dtype=np.bool_).reshape(-1, *graph.mask.shape)
    floor = run_on(host, few, stacked, sweeping.intervention, rows, advance).circuits
    known |= {_key(edges): values for edges, values in zip(new, floor, strict=True)}
    return CircuitRuns(
        graph,
        chosen_by.edges,
        tuple(named),
        ran.whole,
        ran.empty,
        ran.circuits,
        np.array([each.sum() for each in named.values()], dtype=np.int64),
        np.array([known[_key(edges)] for edges in dealt]),
        at,
        tuple(one.encoded.example.template for one in ordered),
        np.array([one.index for one in ordered], dtype=np.int64),
    )


def _key(edges: Edges) -> bytes:
    return np.packbits(edges).tobytes()


def _named(chosen_by: ChosenBy) -> Iterator[tuple[str, Edges]]:
    """The circuits by name, pruned."""
    graph, size, half = chosen_by.graph, chosen_by.edges, half_of(chosen_by.edges)
    # What only one has is told before pruning: an edge that leads nowhere in one circuit may be in both.
    ours, theirs = (graph.select(scores, size) for scores in (chosen_by.own, chosen_by.other))
    yield OWN, graph.prune(ours)
    yield OTHER, graph.prune(theirs)
    yield OWN_HALF, graph.prune(graph.select(chosen_by.own, half))
    yield OTHER_HALF, graph.prune(graph.select(chosen_by.other, half))
    yield OWN_ALONE, graph.prune(ours & ~theirs)
    yield OTHER_ALONE, graph.prune(theirs & ~ours)
    if chosen_by.matched is not None:
        yield OTHER_MATCHED, graph.prune(graph.select(chosen_by.matched, size))
    for before, edges in ((CROSS, size), (CROSS_HALF, half)):
        for task, scores in chosen_by.tasks.items():
            yield f"{before}{task}", graph.prune(graph.select(scores, edges))
