"""What an example asks of a member: its token rows, one for each state, and where they are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from ..circuits.batch import Batch, LogitDifference, LogOdds, Metric, ProbabilityDifference
from ..pairs.member import Member
from .encoding import DoesNotFit, Encoded, Ids
from .pool import Solved
from .reads import Read, State, states_of

ROWS = 64
"""Token rows that are run at once unless told otherwise; no number depends on it beyond rounding."""


@dataclass(frozen=True)
class Question:
    """An example with the states in which a member is asked it.

    `group`: where its scores are summed; `index`: its place in the task's stream.
    """

    encoded: Encoded
    states: tuple[State, ...]
    group: int
    index: int = 0


def question(
    member: Member,
    encoded: Encoded,
    order: Sequence[int],
    group: int,
    index: int = 0,
    read: Read = "plan",
) -> Question:
    """What a member is asked about an example at a read; without states where it has no such read."""
    return Question(encoded, states_of(member, encoded, order, read), group, index)


def questions(
    member: Member,
    examples: Mapping[int, Encoded],
    solved: Sequence[Solved],
    groups: Sequence[int] | None = None,
    read: Read = "plan",
) -> list[Question]:
    """What a member is asked about solved examples, given encoded by their index, at a read.

    Scores are summed in their groups, one number an example (all 0 when left out). Examples without such a
    read are left out.
    """
    numbers = [0] * len(solved) if groups is None else groups
    found = [
        question(member, examples[one.index], one.order, group, one.index, read)
        for one, group in zip(solved, numbers, strict=True)
    ]
    return [asked for asked in found if asked.states]


def check_answer_sets(encoded: Encoded) -> None:
    """Raises DoesNotFit where the sets cannot be read from one token, or probabilities from two in turn."""
    if encoded.answers:
        if len(encoded.answer) > 2:
            raise DoesNotFit("a continuation of the answer set has more than two tokens")
        if _by_log_odds(encoded) and len(encoded.answer) > 1:
            raise DoesNotFit("a continuation of the answer set has more than one token")
        _signs(encoded)


def _by_log_odds(encoded: Encoded) -> bool:
    return encoded.example.metric == "log odds"


def batches(member: Member, questions: Iterable[Question], rows: int) -> Iterator[Batch]:
    """Batches of questions of one token length, put together as `packed` does.

    The result of a question depends on those beside it by rounding only; groups are kept side by side.
    """
    for together in packed(questions, rows):
        yield _batch(member, together)


def packed(questions: Iterable[Question], rows: int) -> Iterator[list[Question]]:
    """Questions of one token length that are asked at once: at most `rows` token rows, one at the least."""
    for alike in by_length(questions):
        pending: list[Question] = []
        for asked in alike:
            if pending and sum(len(q.states) for q in (*pending, asked)) > rows:
                yield pending
                pending = []
            pending.append(asked)
        yield pending


def by_length(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """The questions of one length of prompt and one of what stands behind it after the other."""
    for _, alike in groupby(in_batch_order(questions), key=_length):
        yield list(alike)


def in_batch_order(questions: Iterable[Question]) -> list[Question]:
    """The questions in the order in which `batches` takes them."""
    return sorted(questions, key=lambda asked: (_length(asked), asked.group))


def _length(asked: Question) -> tuple[int, int]:
    return len(asked.encoded.clean), asked.states[0].length


def _batch(member: Member, questions: list[Question]) -> Batch:
    rows = [(number, asked, state) for number, asked in enumerate(questions) for state in asked.states]
    reads = [
        (row, member.readout(asked.encoded.targets[index]))
        for row, (_, asked, state) in enumerate(rows)
        for index in state.read
    ]
    read_row, read_position = zip(*reads, strict=True)
    return Batch(
        clean=_tokens(
            member, [asked.encoded.clean + _answer(member, asked.encoded, state) for _, asked, state in rows]
        ),
        corrupted=_tokens(
            member,
            [asked.encoded.corrupted + _answer(member, asked.encoded, state) for _, asked, state in rows],
        ),
        read_row=_tokens(member, read_row),
        read_position=_tokens(member, read_position),
        metric=_metric(member, questions),
        groups=_tokens(member, [asked.group for asked in questions]),
        row_example=_tokens(member, [number for number, _, _ in rows]),
    )


def _answer(member: Member, encoded: Encoded, state: State) -> Ids:
    return tuple(state.visible.get(index, member.mask_id) for index in range(state.length))


def _tokens(member: Member, values: object) -> Tensor:
    return torch.as_tensor(values, device=member.device)


def _metric(member: Member, questions: list[Question]) -> Metric:
    if questions[0].encoded.answers:
        if _by_log_odds(questions[0].encoded):
            return _log_odds(member, questions)
        return _probability_difference(member, questions)
    reads = [
        (
            number,
            asked.encoded.answer[index],
            asked.encoded.foil[index],
            # The mean over a state's reads, then over states, so that a state with many reads does not
            # outweigh the others.
            1 / len(state.read) / len(asked.states),
        )
        for number, asked in enumerate(questions)
        for state in asked.states
        for index in state.read
    ]
    example, answer, foil, weight = zip(*reads, strict=True)
    return LogitDifference(
        _tokens(member, example),
        _tokens(member, answer),
        _tokens(member, foil),
        len(questions),
        _tokens(member, weight),
    )


def _log_odds(member: Member, questions: list[Question]) -> LogOdds:
    sign, _ = _sign_rows(member, questions)
    return LogOdds(torch.arange(len(questions), device=member.device), sign > 0, sign < 0)


def _probability_difference(member: Member, questions: list[Question]) -> ProbabilityDifference:
    first, second = _sign_rows(member, questions)
    numbers = torch.arange(len(questions), device=member.device)
    if len(questions[0].encoded.answer) == 1:
        return ProbabilityDifference(numbers, first)
    boundary = _tokens(member, [asked.encoded.foil[0] for asked in questions])
    # `_batch` lists the reads example by example, and here each example has two.
    return ProbabilityDifference(2 * numbers, first, 2 * numbers + 1, second, boundary)


def _sign_rows(member: Member, questions: list[Question]) -> tuple[Tensor, Tensor]:
    """Signs of first and of second tokens, each [questions, vocabulary]: 1 answer, −1 foil, 0 neither."""
    rows = torch.zeros(2, len(questions), member.backbone.shape.vocabulary)
    for number, asked in enumerate(questions):
        for place, signs in enumerate(_signs(asked.encoded)):
            rows[place, number, list(signs)] = torch.tensor(list(signs.values()))
    first, second = rows.to(member.device)
    return first, second


def _signs(encoded: Encoded) -> tuple[dict[int, float], dict[int, float]]:
    """Signs of first tokens, and of second tokens behind the boundary (the foil's first token).

    Raises DoesNotFit where another first token begins both answers and foils.
    """
    boundary = encoded.foil[0] if len(encoded.answer) == 2 else None
    first: dict[int, float] = {}
    second: dict[int, float] = {}
    for ids, sign in [(a, 1.0) for a in encoded.answers] + [(f, -1.0) for f in encoded.foils]:
        # Behind the boundary token the second token decides; for every other first token the first decides
        # alone.
        if ids[0] == boundary:
            second[ids[1]] = sign
        elif first.setdefault(ids[0], sign) != sign:
            raise DoesNotFit("more than one first token begins both answers and foils")
    return first, second
