"""Edge scores of a member on the discovery examples."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ..asking.states import Question, batches, in_batch_order
from ..circuits.attribution import attribute
from ..circuits.batch import Batch
from ..circuits.rules import CHAIN, Rules
from ..circuits.scores import Integration
from ..pairs.member import Member
from .evidence import ScoreSums


def score_edges(
    member: Member,
    questions: Sequence[Question],
    templates: Sequence[str],
    integration: Integration,
    rows: int,
    advance: Callable[[int], None],
    places: bool = False,
    neurons: bool = False,
    rules: Rules = CHAIN,
) -> ScoreSums:
    """Score every edge on the questions, summed over each of their groups, of which `templates` names all.

    `places` also splits scores by the position of their source, `neurons` adds the effects of MLP neurons,
    `rules` are those of the backward pass. `rows` bounds a batch and moves no number beyond rounding;
    `advance` is told how many questions are done.
    """
    batched = _told(batches(member, questions, rows), advance)
    found = attribute(
        member, batched, integration, len(templates), places=places, neurons=neurons, rules=rules
    )
    examples = np.array([one.index for one in in_batch_order(questions)], dtype=np.int64)
    return ScoreSums(found, tuple(templates), examples)


def _told(batched: Iterable[Batch], advance: Callable[[int], None]) -> Iterator[Batch]:
    for batch in batched:
        yield batch
        advance(batch.examples)
