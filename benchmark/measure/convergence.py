"""The number of integration points where a protocol does not fix it: found on some of a task's examples."""

from collections import Counter
from collections.abc import Sequence

from ..asking.states import Question, batches
from ..circuits.convergence import converge
from ..circuits.graph import Graph
from ..circuits.points import Convergence, top_size
from ..pairs.member import Member
from ..record.protocol import Scoring


def find_convergence(
    member: Member, questions: Sequence[Question], scoring: Scoring, rows: int
) -> Convergence:
    """How many points the member's scores need on these questions, found on about as many as a protocol says.

    `rows` bounds a batch and moves no number beyond rounding.
    """
    chosen = list(batches(member, spread(questions, scoring.convergence), rows))
    top = top_size(Graph.of(member.backbone.shape).edges)
    return converge(member, chosen, scoring.rule, top, scoring.most)


def spread(questions: Sequence[Question], number: int) -> list[Question]:
    """So many of the questions, of every template as many as can be: the first of each, the second, and on.

    Every template is in, even if they are more than `number`.
    """
    seen: Counter[str] = Counter()
    placed = []
    for asked in questions:
        template = asked.encoded.example.template
        placed.append((seen[template], asked))
        seen[template] += 1
    ordered = sorted(placed, key=lambda each: each[0])
    return [asked for _, asked in ordered[: max(number, len(seen))]]
