"""A trajectory token by token: where in an answer the metric is, by what a token asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..pairs.member import Member
from .encoding import Encoded
from .grouping import Grouping
from .reads import State
from .states import Question, question

TokenPart = Literal["plan", "copied", "other"]
PARTS: tuple[TokenPart, ...] = ("plan", "copied", "other")
"""What a token of an answer is: the plan token, a copied one, or neither."""


@dataclass(frozen=True)
class TokenQuestion:
    """One token of a trajectory by itself, with its `weight` in the metric of its example."""

    question: Question
    part: TokenPart
    weight: float


def token_questions(
    member: Member, examples: Mapping[int, Encoded], grouping: Grouping, places: Sequence[int]
) -> list[TokenQuestion]:
    """The deciding tokens of discovery examples, each with what the trajectory shows when it is read.

    `places`: which of the discovery examples. An answer of a set is read at once, as its plan token.
    """
    found = []
    for place in places:
        one, group = grouping.discovery[place], grouping.group[place]
        encoded = examples[one.index]
        whole = question(member, encoded, one.order, group, one.index, "trajectory")
        if encoded.answers:
            found.append(TokenQuestion(whole, "plan", 1.0))
            continue
        for state in whole.states:
            # A mean over the reads of a state, then over states.
            weight = 1 / len(state.read) / len(whole.states)
            for index in state.read:
                alone = State(state.visible, (index,), state.length)
                asked = Question(encoded, (alone,), group, one.index)
                found.append(TokenQuestion(asked, _part(encoded, index), weight))
    return found


def _part(encoded: Encoded, index: int) -> TokenPart:
    if index == encoded.plan:
        return "plan"
    return "copied" if index in encoded.copied else "other"
