"""Which of an answer's tokens a member is asked for, and what of the answer it sees meanwhile.

The *plan* token is the first one, asked for with nothing of the answer in sight. *Copy* tokens follow from
what stands before them and a local rule. A *trajectory* is all of a decoding: an ARM is asked once,
teacher-forced, an MDM once per step, which was recorded on the clean prompt and is replayed on the corrupted
one, so that only the semantic context differs. *Stages* are single steps of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..pairs.member import Member
from .encoding import DoesNotFit, Encoded

Read = Literal["plan", "copy", "trajectory", "start", "half", "last"]
"""`start`, `half` and `last` are stages: of the steps that commit a token which tells answer from foil, the
first, the one whose share of masked tokens is nearest one half, and the last."""

STAGES: tuple[Read, ...] = ("start", "half", "last")


@dataclass(frozen=True)
class State:
    """One forward pass: the answer tokens that are visible, and the indices of those read now.

    `length`: how many of the answer's tokens the row has room for; what is not visible is masked.
    """

    visible: dict[int, int]
    read: tuple[int, ...]
    length: int


def states_of(member: Member, encoded: Encoded, order: Sequence[int], read: Read) -> tuple[State, ...]:
    """The states of an example for a member; `order`: the step at which the MDM committed each answer token.

    A logit difference is read where answer and foil differ. Sets of answers and foils are read at once, or,
    over two-token continuations, the second token with the boundary token (the foil's first) in place,
    whatever the read. None where the example has no such read.
    """
    if encoded.answers:
        return () if read == "copy" else _of_sets(member, encoded)
    return _STATES[read](member, encoded, order) if read in _STATES else _stage(member, encoded, order, read)


def _plan(member: Member, encoded: Encoded, order: Sequence[int]) -> tuple[State, ...]:
    return (_with_all_before(member, encoded, encoded.plan),)


def _copies(member: Member, encoded: Encoded, order: Sequence[int]) -> tuple[State, ...]:
    copied = tuple(index for index in encoded.decisions if index in encoded.copied)
    if member.autoregressive:
        return (_teacher_forced(encoded, copied),) if copied else ()
    return tuple(_with_all_before(member, encoded, index) for index in copied)


def _with_all_before(member: Member, encoded: Encoded, index: int) -> State:
    """One token, asked for with those before it in sight and nothing behind it."""
    visible = dict(enumerate(encoded.answer[:index]))
    # What stands behind a place does not reach a causal model, and an ARM need not have a mask token.
    return State(visible, (index,), index if member.autoregressive else len(encoded.answer))


def _teacher_forced(encoded: Encoded, read: tuple[int, ...]) -> State:
    return State(dict(enumerate(encoded.answer)), read, len(encoded.answer))


def _trajectory(member: Member, encoded: Encoded, order: Sequence[int]) -> tuple[State, ...]:
    if member.autoregressive:
        return (_teacher_forced(encoded, encoded.decisions),)
    return tuple(_step(encoded, order, now) for now in _deciding_steps(encoded, order))


def stage_step(encoded: Encoded, order: Sequence[int], stage: Read) -> int:
    """The step of the decoding that a stage is."""
    steps = _deciding_steps(encoded, order)
    if stage == "half":
        return min(steps, key=lambda step: abs(masked_share(order, step) - 0.5))
    return steps[0] if stage == "start" else steps[-1]


def _stage(member: Member, encoded: Encoded, order: Sequence[int], stage: Read) -> tuple[State, ...]:
    state = _step(encoded, order, stage_step(encoded, order, stage))
    # The ARM is asked for the same tokens, each with all those before it.
    return (_teacher_forced(encoded, state.read) if member.autoregressive else state,)


def _deciding_steps(encoded: Encoded, order: Sequence[int]) -> list[int]:
    """Steps that commit a token at which answer and foil differ; others say nothing of the counterfactual."""
    return sorted({order[index] for index in encoded.decisions})


def masked_share(order: Sequence[int], step: int) -> float:
    """Share of the answer's tokens that are masked when a step begins."""
    return sum(each >= step for each in order) / len(order)


def _step(encoded: Encoded, order: Sequence[int], now: int) -> State:
    visible = {index: encoded.answer[index] for index, step in enumerate(order) if step < now}
    read = tuple(index for index in encoded.decisions if order[index] == now)
    return State(visible, read, len(encoded.answer))


_STATES: dict[Read, Callable[[Member, Encoded, Sequence[int]], tuple[State, ...]]] = {
    "plan": _plan,
    "copy": _copies,
    "trajectory": _trajectory,
}


def _of_sets(member: Member, encoded: Encoded) -> tuple[State, ...]:
    boundary, length = encoded.foil[0], len(encoded.answer)
    if length == 1:
        # An ARM need not have a mask token, and what stands at the last position does not reach the readout.
        return (State({}, (0,), 0 if member.autoregressive else 1),)
    if member.autoregressive:
        return (State({0: boundary}, (0, 1), 1),)
    return (State({}, (0,), length), State({0: boundary}, (1,), length))


def check_plan(encoded: Encoded) -> None:
    """Raises DoesNotFit where the plan token does not tell answer from foil, or is not the first one.

    An answer of a set is read as a set. A tokenizer may write the space before an answer as a token.
    """
    if not encoded.answers and encoded.decisions[0] != encoded.plan:
        raise DoesNotFit("answer and foil begin with the same token")
