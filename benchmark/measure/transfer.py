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
    dealt = np.stack(
        [
            graph.prune(graph.select(scores, chosen_by.edges))
            for scores in shuffled_scores(graph, chosen_by.other, transferring.shuffled, seed)
        ]
    )
    few = [one for one in questions if one.index in some]
    floor = run_on(host, few, dealt, sweeping.intervention, rows, advance)
    return CircuitRuns(
        graph,
        chosen_by.edges,
        tuple(named),
        ran.whole,
        ran.empty,
        ran.circuits,
        np.array([each.sum() for each in named.values()], dtype=np.int64),
        floor.circuits,
        np.array([place for place, one in enumerate(ordered) if one.index in some], dtype=np.int64),
        tuple(one.encoded.example.template for one in ordered),
        np.array([one.index for one in ordered], dtype=np.int64),
    )


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
