"""What it costs to find the number of integration points, and how far off the scores then are.

    cd tests && python -m speed.convergence --pair tiny --pool 100 --reference 160

For each task of protocol v2 and each member of a pair: the number of points that is found, whether it is
enough, the times of the search and of the scores, and, with `--reference`, the largest error of an edge
against so many points, in % of the largest score, beside that of five points by the midpoint rule. Run it on
a quiet machine.
"""

import argparse
from collections.abc import Iterator, Sequence

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
from speed.attribution import timed


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


def tell(name: str, member: Member, asked: Sequence[Question], reference: int) -> None:
    """Print what is found for a member on a task."""
    searching, found = timed(lambda: find_convergence(member, asked, V2.scoring, ROWS))
    integration = Integration(V2.scoring.rule, found.steps)
    scoring, values = timed(lambda: scores(member, asked, integration))
    enough = "" if found.converged else ", not enough"
    text = f"{name} {member.role}: {found.steps} points{enough}"
    text += f"; search {searching:.1f} s, scores {scoring:.1f} s"
    if reference:
        exact = scores(member, asked, Integration("staggered", reference))
        largest = np.abs(exact).max()
        off, before = (
            100 * np.abs(each - exact).max() / largest
            for each in (values, scores(member, asked, Integration("midpoint", 5)))
        )
        text += f"; largest error {off:.1f} %, with five midpoints {before:.1f} %"
    print(text, flush=True)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pair", default="tiny")
    parser.add_argument("--pool", type=int, default=V2.sampling.pool)
    parser.add_argument("--reference", type=int, default=0)
    parser.add_argument("--task", action="append", help="one of them; all if left out")
    chosen = parser.parse_args()
    pair, protocol = mechshift.load(chosen.pair, device="cpu"), V2.changed(pool=chosen.pool)
    for task in protocol.tasks:
        if chosen.task is None or task.name in chosen.task:
            for member, asked in asked_of(pair, task, protocol):
                tell(task.name, member, asked, chosen.reference)


if __name__ == "__main__":
    main()
