"""Whether a pool can have been filled as a run fills it, and is of the task's own examples."""

from collections.abc import Iterator, Sequence
from itertools import islice

from ...errors import MechshiftError
from ...tasks import Example, get_task
from ...tasks.export import fingerprint
from ..asking.pool import Pool
from ..record.number import Accuracy
from ..record.protocol import ProtocolTask, Sampling


def check_pool(pool: Pool, asked: ProtocolTask, sampling: Sampling) -> Iterator[str]:
    """What is wrong with a pool, a sentence each.

    Its places in the task's stream of examples are checked by the rounds in which a run draws them; its
    fingerprint and templates by drawing the examples again, which takes no tokenizer.
    """
    problems = list(_rounds(pool, sampling))
    yield from problems
    # Only then is it known to be of few examples.
    if not problems:
        yield from _examples(pool, asked, sampling)


def _rounds(pool: Pool, sampling: Sampling) -> Iterator[str]:
    places = [one.index for one in pool.solved]
    drawn = pool.arm.tried + sum(pool.unfit.values())
    if places != sorted(set(places)):
        yield "its examples are not in the order of the task's stream, each once"
    if min(pool.unfit.values(), default=1) < 1 or pool.other_form < 0:
        yield "a count of examples is negative"
    if pool.arm.tried != pool.mdm.tried:
        yield f"the members tried {pool.arm.tried} and {pool.mdm.tried} examples, not the same"
    if isinstance(pool.mdm_in_place, Accuracy) and pool.mdm_in_place.tried > pool.arm.tried:
        yield f"{pool.mdm_in_place.tried} examples were tried in place, of {pool.arm.tried}"
    if len(places) > sampling.pool or drawn > sampling.pool * sampling.candidates:
        yield (
            f"it has {len(places)} of {drawn} examples that were drawn, and the protocol "
            f"draws {sampling.candidates} rounds of {sampling.pool}"
        )
    if places and max(places) >= drawn:
        yield f"it has example {max(places)} of the stream, of which {drawn} were drawn"
    both = len(places) + pool.other_form
    solved = min(pool.arm.solved, pool.mdm.solved)
    if both > solved:
        yield f"{both} examples are said to be solved by both members, and one of them solves {solved}"
    # Rounds are drawn until the pool is full, so that it was not full before the last.
    before = (max(drawn, 1) - 1) // sampling.pool * sampling.pool
    if sum(place < before for place in places) >= sampling.pool:
        yield "it was full a round before the last that was drawn"
    empty = any(not one.order or min(one.order) < 0 for one in pool.solved)
    if empty:
        yield "an example has no order in which the MDM committed its answer"


def _examples(pool: Pool, asked: ProtocolTask, sampling: Sampling) -> Iterator[str]:
    drawn = pool.arm.tried + sum(pool.unfit.values())
    try:
        version = get_task(asked.name).card.version
        found, ended = draw_examples(asked.name, asked.level, sampling.seed, drawn)
    except MechshiftError as error:
        yield error.problem
        return
    if version != asked.version:
        yield f"it is of version {asked.version} of the task, and here is version {version}"
        return
    if len(found) < drawn:
        yield f"{drawn} examples were drawn, and the task has {len(found)} at this level"
        return
    if not ended:
        yield from _rounds_left(pool, sampling, drawn)
    examples = [found[one.index] for one in pool.solved]
    if any(one.template != example.template for one, example in zip(pool.solved, examples, strict=True)):
        yield "its templates are not those of the task's examples at these places"
    if fingerprint(examples) != pool.fingerprint:
        yield "its fingerprint is not that of the task's examples at these places"


def draw_examples(task: str, level: str, seed: int, number: int) -> tuple[Sequence[Example], bool]:
    """The first examples of a task's stream, and whether it ends with them. Raises what the task raises."""
    stream = get_task(task).examples(seed, "evaluation", level)
    return list(islice(stream, number)), next(stream, None) is None


def _rounds_left(pool: Pool, sampling: Sampling, drawn: int) -> Iterator[str]:
    """Of a task that has more examples whole rounds are drawn, and all of them unless the pool is full."""
    if drawn % sampling.pool:
        yield f"{drawn} examples were drawn, which are no whole rounds of {sampling.pool}"
    elif len(pool.solved) < sampling.pool and drawn < sampling.pool * sampling.candidates:
        yield f"it is not full, and only {drawn} examples were drawn"
