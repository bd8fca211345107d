"""Edge scores of a member on the discovery examples."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..asking.states import Question, batches, in_batch_order
from ..circuits.attribution import attribute
from ..circuits.batch import Batch
from ..circuits.exact import exact_effects
from ..circuits.intervention import whole_model
from ..circuits.rules import CHAIN, Rules
from ..circuits.scores import Attribution, Integration
from ..pairs.member import Member
from .score_sums import ScoreSums


def score_edges(
    member: Member,
    questions: Sequence[Question],
    templates: Sequence[str],
    integration: Integration | None,
    rows: int,
    advance: Callable[[int], None],
    places: bool = False,
    neurons: bool = False,
    rules: Rules = CHAIN,
) -> ScoreSums:
    """Score every edge on the questions, summed over each of their groups, of which `templates` names all.

    `integration` None patches every edge by itself. `places` also splits scores by the position of their
    source, `neurons` adds the effects of MLP neurons, neither of which patching gives; `rules` are those of
    the backward pass. `rows` bounds a batch and moves no number beyond rounding; `advance` is told
    how many questions are done.
    """
    batched, groups = _told(batches(member, questions, rows), advance), len(templates)
    if integration is None:
        found = _patched(member, batched, groups)
    else:
        found = attribute(member, batched, integration, groups, places=places, neurons=neurons, rules=rules)
    examples = np.array([one.index for one in in_batch_order(questions)], dtype=np.int64)
    return ScoreSums(found, tuple(templates), examples)


def _patched(member: Member, batched: Iterable[Batch], groups: int) -> Attribution:
    """What every edge does when it alone is patched, as scores."""
    clean: list[NDArray[np.float64]] = []
    corrupted: list[NDArray[np.float64]] = []
    of_example: list[NDArray[np.int64]] = []

    def kept() -> Iterator[Batch]:
        for batch in batched:
            for values, run in zip((clean, corrupted), whole_model(member, batch), strict=True):
                values.append(run)
            of_example.append(batch.groups.cpu().numpy())
            yield batch

    found = exact_effects(member, kept(), groups)
    sums = np.zeros((groups, *found.graph.mask.shape))
    sums[:, found.edges] = found.sums
    return Attribution(
        found.graph,
        None,
        sums,
        found.counts,
        np.concatenate(clean),
        np.concatenate(corrupted),
        np.concatenate(of_example),
    )


def _told(batched: Iterable[Batch], advance: Callable[[int], None]) -> Iterator[Batch]:
    for batch in batched:
        yield batch
        advance(batch.examples)
