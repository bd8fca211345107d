"""The number of integration points where a protocol does not fix it: found on some of a task's examples."""

from collections import Counter
from collections.abc import Sequence

from ..asking.states import Question, batches
from ..circuits.convergence import converge
from ..circuits.graph import Graph
from ..circuits.points import Convergence, top_size
from ..circuits.scores import Rule
from ..pairs.member import Member


def find_convergence(
    member: Member, questions: Sequence[Question], rule: Rule, examples: int, rows: int
) -> Convergence:
    """How many points the member's scores need on these questions, found on about so many of them.

    `rows` bounds a batch and moves no number beyond rounding.
    """
    chosen = list(batches(member, spread(questions, examples), rows))
    return converge(member, chosen, rule, top_size(Graph.of(member.backbone.shape).edges))


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
