"""What both members are asked at a read beside the headline's: of which examples, and in which groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..pairs.member import Member
from .encoding import Encoded
from .grouping import Grouping, evenly
from .pool import Solved
from .reads import Read, State, stage_step
from .states import Question, question


@dataclass(frozen=True)
class AskedBeside:
    """Both members' questions at a read, of the same examples and in one order.

    `groups`: which of the headline's groups have any, ascending; the questions' own groups count from 0 in
    this order, and `templates` are theirs. `masked`: mean share of the answer's tokens that are masked, None
    where no member masks any. `is_headline`: whether both members are asked the very same at the headline.
    """

    arm: tuple[Question, ...]
    mdm: tuple[Question, ...]
    groups: tuple[int, ...]
    templates: tuple[str, ...]
    masked: float | None
    is_headline: bool


def ask_beside(
    members: tuple[Member, Member],
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    read: Read,
    headline: Read,
    most: int,
) -> AskedBeside | str:
    """What the members are asked at a read of discovery examples, or why there is nothing to ask.

    At most `most` examples, drawn evenly from the groups; all of them where the read is the headline's, which
    has been run. A stage counts for an example only where it is a step of its own.
    """
    found = [
        (one, group)
        for one, group in zip(grouping.discovery, grouping.group, strict=True)
        if _has_own(examples[one.index], one, read)
    ]
    asked = [_both(members, examples[one.index], one, group, read) for one, group in found]
    asked = [each for each in asked if all(one.states for one in each)]
    if not asked:
        return _ABSENT[read]
    is_headline = len(asked) == len(grouping.discovery) and all(
        _alike(member, mine, at_headline)
        for (one, group), each in zip(found, asked, strict=True)
        for member, mine, at_headline in zip(
            members, each, _both(members, examples[one.index], one, group, headline), strict=True
        )
    )
    if not is_headline:
        asked = [asked[place] for place in evenly([arm.group for arm, _ in asked], most)]
    return _asked(members, asked, grouping, is_headline)


_Both = tuple[Question, Question]

_ABSENT: Mapping[Read, str] = {
    "start": "there is no discovery example",
    "copy": "no answer has a copied token that tells it from its foil",
    "half": "no answer has a deciding step between its first and its last",
    "last": "every answer is decided in one step, which is `start`",
}


def _both(members: tuple[Member, Member], encoded: Encoded, one: Solved, group: int, read: Read) -> _Both:
    arm, mdm = (question(member, encoded, one.order, group, one.index, read) for member in members)
    return arm, mdm


def _has_own(encoded: Encoded, one: Solved, read: Read) -> bool:
    """Whether a stage is another step than those before it; of reads that are no stages always."""
    if read not in ("half", "last"):
        return True
    if encoded.answers:  # of a set, which is read in one way alone
        return False
    others: tuple[Read, ...] = ("start", "last") if read == "half" else ("start",)
    return stage_step(encoded, one.order, read) not in [
        stage_step(encoded, one.order, other) for other in others
    ]


def _alike(member: Member, one: Question, other: Question) -> bool:
    """Whether a member is asked the same: what an autoregressive one sees behind a read does not count."""
    if not member.autoregressive:
        return one.states == other.states
    return [_seen(state) for state in one.states] == [_seen(state) for state in other.states]


def _seen(state: State) -> tuple[tuple[int, ...], dict[int, int]]:
    return state.read, {index: token for index, token in state.visible.items() if index < state.read[-1]}


def _asked(
    members: tuple[Member, Member], asked: Sequence[_Both], grouping: Grouping, is_headline: bool
) -> AskedBeside:
    groups = sorted({arm.group for arm, _ in asked})
    # Counted anew, because sums of a group without examples are sums of nothing.
    number = {group: place for place, group in enumerate(groups)}
    arm, mdm = (
        tuple(Question(one.encoded, one.states, number[one.group], one.index) for one in each)
        for each in zip(*asked, strict=True)
    )
    masked = None if members[1].autoregressive else sum(map(_masked, mdm)) / len(mdm)
    templates = tuple(grouping.templates[group] for group in groups)
    return AskedBeside(arm, mdm, tuple(groups), templates, masked, is_headline)


def _masked(asked: Question) -> float:
    """Share of the answer's tokens that are masked, over the states of a question."""
    shares = [1 - len(state.visible) / state.length for state in asked.states]
    return sum(shares) / len(shares)
