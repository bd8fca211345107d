"""Circuits run on questions, each distinct one once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..asking.states import Question, batches, by_length
from ..circuits.graph import Edges
from ..circuits.intervention import Intervention, mean_outputs, run_with_whole
from ..pairs.member import Member


@dataclass(frozen=True, eq=False)
class Ran:
    """The metric of the whole model and of the empty circuit, and of each circuit [circuits, examples].

    Examples are in the order of the batches.
    """

    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    circuits: NDArray[np.float64]


def run_on(
    member: Member,
    questions: Sequence[Question],
    edges: Edges,
    intervention: Intervention,
    rows: int,
    advance: Callable[[int], None],
) -> Ran:
    """Run circuits [circuits, sources, destinations] on all questions.

    `rows` bounds a batch; `advance` is told how many questions are done.
    """
    # Rankings agree on the largest circuits, and small ones can be pruned to the same edges. The empty
    # circuit stands among them: only under `patch` does it equal the corrupted run.
    distinct, place = _distinct(np.concatenate([edges, np.zeros((1, *edges.shape[1:]), dtype=np.bool_)]))
    whole: list[NDArray[np.float64]] = []
    circuits: list[NDArray[np.float64]] = []
    # Means over prompts exist only for prompts of one length, position by position.
    for alike in by_length(questions):
        averaged = intervention == "mean"
        means = mean_outputs(member, batches(member, alike, rows)) if averaged else None
        for batch in batches(member, alike, rows):
            of_whole, of_circuits = run_with_whole(member, batch, distinct, intervention, means)
            whole.append(of_whole)
            circuits.append(of_circuits)
            advance(batch.examples)
    values = np.concatenate(circuits, axis=1)[place]
    return Ran(np.concatenate(whole), values[-1], values[:-1])


def _distinct(circuits: Edges) -> tuple[Edges, NDArray[np.int64]]:
    """Each of the circuits once, in the order of their edges, and the place of every one among these.

    As `np.unique` along an axis, which makes a field of every edge: that took as long as small models run.
    """
    packed = [row.tobytes() for row in np.packbits(circuits.reshape(len(circuits), -1), axis=1)]
    first = {row: packed.index(row) for row in sorted(set(packed))}
    places = {row: place for place, row in enumerate(first)}
    return circuits[[*first.values()]], np.array([places[row] for row in packed])
