"""What it costs to find the number of integration points, and how far off the scores then are.

For each task of protocol v2 and each member of `tiny`: the number of points that is found, how long the
search takes beside the scores, and the largest error of an edge against many points, in % of the largest
score, beside that of five points by the midpoint rule.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import mechshift
from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.states import ROWS, Question, questions
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.convergence import find_convergence
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import V2, Protocol, ProtocolTask
from mechshift.tasks import get_task
from speed.results import Found, Reading, reading
from speed.timing import Asked, Work

POOL, REFERENCE = 100, 160
"""Examples of a task, and the points that errors are told against."""


def asked_of(pair: Pair, asked: ProtocolTask, protocol: Protocol) -> Iterator[tuple[Member, list[Question]]]:
    """What each member is asked on the discovery half; nothing where too few examples are solved."""
    task, sampling = get_task(asked.name), protocol.sampling
    pool = find_pool(pair, task, asked.level, sampling, ROWS, lambda _: None)
    if len(pool.solved) < protocol.minimum:
        return
    examples = pooled_examples(pair, task, asked.level, sampling, pool)
    half = group_examples(pool.solved, protocol.halving)
    for member in pair.members:
        yield member, questions(member, examples, half.discovery, half.group, sampling.read)


def scores(member: Member, asked: Sequence[Question], integration: Integration) -> np.ndarray:
    """Mean scores of all edges."""
    templates = [""] * (1 + max(one.group for one in asked))
    found = score_edges(
        member, asked, templates, integration, ROWS, lambda _: None, places=True, neurons=True
    )
    return found.attribution.scores()


def found_of(name: str, member: Member, questions_: Sequence[Question], asked: Asked) -> Iterator[Reading]:
    """What is found for a member on a task."""
    kept: list[Any] = []

    def timed(work: Work) -> float:
        return asked.seconds(lambda: kept.append(work()))

    searching = timed(lambda: find_convergence(member, questions_, V2.scoring, ROWS))
    found = kept.pop()
    integration = Integration(V2.scoring.rule, found.steps)
    scoring = timed(lambda: scores(member, questions_, integration))
    values = kept.pop()
    of = f"{name}, {member.role}"
    yield reading(f"{of}: points{'' if found.converged else ', not enough'}", [found.steps])
    yield reading(f"{of}: search / scores", [searching / scoring], "×")
    if not asked.quick:
        exact = scores(member, questions_, Integration("staggered", REFERENCE))
        five = scores(member, questions_, Integration("midpoint", 5))
        for points, each in (("found points", values), ("five midpoints", five)):
            off = 100 * float(np.abs(each - exact).max() / np.abs(exact).max())
            yield reading(f"{of}: largest error with {points}", [off], "%")


def measured(asked: Asked) -> Found:
    """All of that on every task."""
    protocol = V2.changed(pool=24, minimum=8) if asked.quick else V2.changed(pool=POOL)
    pair = mechshift.load("tiny", device="cpu")
    readings = [
        each
        for task in (protocol.tasks[:1] if asked.quick else protocol.tasks)
        for member, questions_ in asked_of(pair, task, protocol)
        for each in found_of(task.name, member, questions_, asked)
    ]
    return Found(readings=tuple(readings), notes=(f"`tiny`, {protocol.sampling.pool} examples a task.",))
