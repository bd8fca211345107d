"""The cell of the reads beside the headline's: both members are asked at each, and what they do compared."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event
from typing import Any

from ..asking.beside import AskedBeside, ask_beside
from ..asking.encoding import Encoded
from ..asking.grouping import Grouping, evenly
from ..asking.states import Question
from ..asking.tokens import TokenQuestion, token_questions
from ..compare.at_read import MeasuredAt, at_read
from ..measure.metric_shares import ONE_GROUP, metric_shares
from ..measure.score_sums import ScoreSums
from ..measure.scores import score_edges
from ..pairs.member import Member
from ..record.missing import Missing
from ..record.number import Measured
from ..record.protocol import OtherReads, Sampling, Scoring, Statistics
from ..record.reads import AtRead, Stages
from .both import do_both, one_at_a_time
from .computing import Tell
from .plan import MEMBERS, Cell, MemberName, kind_name

Present = Callable[[MemberName], Member]
"""Has a member in memory, and gives it."""


def read_beside(
    members: Mapping[MemberName, Member],
    present: Present,
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    cell: Cell,
    needs: Mapping[str, Any],
    rows: int,
    tell: Tell,
    at_once: bool,
) -> Stages:
    """What is found at every read of the protocol beside the headline's, or why nothing is.

    `members`: who is asked; `present`: either of them, in memory and as the protocol runs it. `examples`: of
    the pool, by their index; `at_once`: whether both members run in two threads. One read
    after the other, so that the scores of one are held at a time. Raises what running the members raises.
    """
    reading, headline = cell.parts[OtherReads], cell.parts[Sampling].read
    pair = members["arm"], members["mdm"]
    asked = {
        read: ask_beside(pair, examples, grouping, read, headline, reading.beside_examples)
        for read in reading.beside
    }
    scores = {member: needs[kind_name("scores", member)] for member in MEMBERS}
    found: dict[Any, AtRead | Missing] = {}
    tokens = _tokens(members, examples, grouping, reading) if reading.beside else {}
    total = sum(map(_questions, asked.values())) + sum(map(len, tokens.values()))
    with tell(total) as told:
        stop = Event()
        advance = one_at_a_time(told, stop)
        for read, one in asked.items():
            if isinstance(one, str):
                found[read] = Missing(missing=one)
            elif len(one.groups) < 2:
                found[read] = Missing(missing=ONE_GROUP)
            else:
                beside = _measured(present, one, scores, cell.parts[Scoring], rows, advance, at_once, stop)
                found[read] = at_read(beside, cell.parts[Statistics])
        shares = partial(
            metric_shares,
            templates=grouping.templates,
            rows=rows,
            statistics=cell.parts[Statistics],
            advance=advance,
        )
        metric: dict[MemberName, dict[str, Measured]] = {}
        if tokens:

            def shared(name: MemberName) -> dict[str, Measured]:
                return shares(present(name), tokens[name])

            arm, mdm = (partial(shared, name) for name in MEMBERS)
            metric["arm"], metric["mdm"] = do_both(arm, mdm, at_once, stop)
    return Stages(reads=found, metric=metric)


def _tokens(
    members: Mapping[MemberName, Member],
    examples: Mapping[int, Encoded],
    grouping: Grouping,
    reading: OtherReads,
) -> dict[MemberName, list[TokenQuestion]]:
    """The tokens of both members' trajectories, on as many examples as a read has."""
    places = evenly(grouping.group, reading.beside_examples)
    return {name: token_questions(members[name], examples, grouping, places) for name in MEMBERS}


def _questions(asked: AskedBeside | str) -> int:
    if isinstance(asked, str) or asked.is_headline or len(asked.groups) < 2:
        return 0
    return len(asked.arm) + len(asked.mdm)


def _measured(
    present: Present,
    asked: AskedBeside,
    headline: Mapping[MemberName, ScoreSums],
    scoring: Scoring,
    rows: int,
    advance: Callable[[int], None],
    at_once: bool,
    stop: Event,
) -> MeasuredAt:
    if asked.is_headline:
        return MeasuredAt(headline["arm"], headline["mdm"], None, asked.groups, asked.masked)

    def score(name: MemberName, questions: Sequence[Question]) -> ScoreSums:
        return score_edges(
            present(name),
            questions,
            asked.templates,
            # As many points as at the headline's read: these have too few examples to find it anew.
            headline[name].attribution.integration,
            rows,
            advance,
            places=scoring.places,
            rules=headline["arm"].attribution.rules,
        )

    arm, mdm = do_both(partial(score, "arm", asked.arm), partial(score, "mdm", asked.mdm), at_once, stop)
    return MeasuredAt(arm, mdm, headline["mdm"], asked.groups, asked.masked)
