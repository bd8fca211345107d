"""How attributions agree with exact patching, how faithful their circuits are, and what they cost.

    cd tests && python -m speed.methods --task ioi --task greater-than

On a random model with GPT-2 small's graph, and on both members of the reference pair. For each method: rank
correlation (Spearman) of its scores with exact patching over sampled edges, on the same prompts, and over
those among them that lead to no query and no key; the area under the faithfulness of its circuits (by
|score|, pruned, the grid of protocol v2, other prompts), over the logarithm of the budget; backward passes a
row, and seconds of one processor. Exact patching has an area only where all edges were sampled. `--json`
prints a list of these numbers instead of the table.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

import mechshift
from build.models import random_member
from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.states import ROWS, batches, questions
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.graph import Edges, Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.rules import CHAIN, GIM, RELP, Rules
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import V2
from mechshift.metrics import Undefined, faithfulness, log_area
from mechshift.tasks import get_task

T = TypeVar("T")
AT_CLEAN = Integration("eap", 1)
METHODS: dict[str, tuple[Integration, Rules]] = {
    "eap": (AT_CLEAN, CHAIN),
    "relp": (AT_CLEAN, RELP),
    "relp, q and k": (AT_CLEAN, dataclasses.replace(RELP, query=1.0, key=1.0)),
    "gim": (AT_CLEAN, GIM),
    "eap-ig, 5": (Integration(V2.scoring.rule, 5), CHAIN),
    "relp, 5": (Integration(V2.scoring.rule, 5), RELP),
    "gim, 5": (Integration(V2.scoring.rule, 5), GIM),
    "eap-ig, 20": (Integration(V2.scoring.rule, 20), CHAIN),
}
"""With a number: along the path between the prompts, at so many points; nobody has published rules so.

`relp, q and k` leaves attention patterns to the chain rule, as the authors' example for GPT-2 does.
"""

RANDOM = {"vocabulary": 1000, "positions": 64, "width": 192, "mlp_width": 768, "layers": 12, "heads": 12}
"""GPT-2 small's layers and heads, hence its graph, at a quarter of its width."""


@dataclass(frozen=True)
class Case:
    """A member, the prompts that scores come from, and the ones that circuits are run on."""

    name: str
    member: Member
    discovery: Sequence[Batch]
    evaluation: Sequence[Batch]


@dataclass(frozen=True)
class Line:
    """What is found of a method; `area` None where there is none."""

    case: str
    method: str
    backward: int
    seconds: float
    correlation: float
    without_patterns: float
    area: float | None


def random_case(prompts: int, spread: float) -> Case:
    """A random model on prompts of random tokens, of which the corrupted ones differ in three."""
    member = random_member("gpt2", spread=spread, frozen=True, **RANDOM)  # type: ignore[arg-type]
    both = [_random_batch(member, prompts, seed) for seed in (1, 2)]
    return Case(f"random GPT-2, spread {spread:g}", member, both[:1], both[1:])


def _random_batch(member: Member, prompts: int, seed: int, tokens: int = 12) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    clean, other = torch.randint(RANDOM["vocabulary"] - 1, (2, prompts, tokens), generator=generator)
    corrupted = torch.where(torch.arange(tokens) % 4 == 1, other, clean)
    with torch.no_grad():
        one, two = (member.logits(member.hidden(member.embed(each))[:, -1]) for each in (clean, corrupted))
        # A random model has no answer of its own; this is what it says more on the clean prompt.
        gained = (one - two)[:, : RANDOM["vocabulary"] - 1]
    index = torch.arange(prompts)
    metric = LogitDifference(index, gained.argmax(1), gained.argmin(1), prompts)
    return Batch(clean, corrupted, index, torch.full((prompts,), tokens - 1), metric, index * 0)


def reference_cases(prompts: int, tasks: Sequence[str]) -> Iterator[Case]:
    """Both members of the reference pair on tasks of protocol v2, where they solve enough examples."""
    pair = mechshift.load("tiny", device="cpu")
    protocol = V2.changed(pool=2 * prompts)
    for asked in protocol.tasks:
        if asked.name not in tasks:
            continue
        task, sampling = get_task(asked.name), protocol.sampling
        pool = find_pool(pair, task, asked.level, sampling, ROWS, lambda _: None)
        examples = pooled_examples(pair, task, asked.level, sampling, pool)
        halves = group_examples(pool.solved, protocol.halving)
        for member in pair.members:
            both = [
                list(batches(member, questions(member, examples, half, read=sampling.read), ROWS))
                for half in (halves.discovery, halves.evaluation)
            ]
            yield Case(f"tiny {member.called}, {asked.name}", member, *both)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """The processor time that the work takes, and what it gives."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def sampled(graph: Graph, most: int) -> Edges:
    """At most so many edges, drawn at random."""
    edges = np.argwhere(graph.mask)
    some = edges[np.random.default_rng(0).permutation(len(edges))[:most]]
    found = np.zeros_like(graph.mask)
    found[some[:, 0], some[:, 1]] = True
    return found


def area(case: Case, scores: NDArray[np.float64]) -> float | None:
    """The log area of faithfulness of the circuits that scores choose; None where the metric has no gap."""
    graph, grid = Graph.of(case.member.backbone.shape), V2.sweeping.grid
    circuits = np.stack([graph.prune(graph.select(scores, size)) for size in budgets(grid, graph.edges)])
    kept = np.concatenate([run_circuits(case.member, each, circuits) for each in case.evaluation], axis=1)
    runs = [whole_model(case.member, each) for each in case.evaluation]
    whole, empty = (float(np.concatenate(run).mean()) for run in zip(*runs, strict=True))
    curve = faithfulness(kept.mean(axis=1), empty, whole)
    return None if isinstance(curve, Undefined) else log_area(grid, curve)


def compare(case: Case, most: int) -> Iterator[Line]:
    """Every method on a case, exact patching last."""
    graph = Graph.of(case.member.backbone.shape)
    edges = sampled(graph, most)
    patching, exact = timed(lambda: exact_effects(case.member, case.discovery, 1, edges))
    others = edges & ~np.isin(graph.destination_kinds, ("q", "k"))
    of_others = others[edges]
    for name, (integration, rules) in METHODS.items():
        taken, found = timed(
            lambda at=integration, by=rules: attribute(case.member, case.discovery, at, 1, rules=by).scores()
        )
        agrees = [
            float(spearmanr(found[some], exact.effects()[among]).statistic)
            for some, among in ((edges, slice(None)), (others, of_others))
        ]
        yield Line(case.name, name, integration.steps, taken, *agrees, area(case, found))
    whole = area(case, exact.scores()) if edges.sum() == graph.edges else None
    yield Line(case.name, f"exact, {edges.sum():,} edges", 0, patching, 1.0, 1.0, whole)


def tell(line: Line) -> None:
    """Print a line of the table."""
    faithful = "–" if line.area is None else f"{line.area:.3f}"
    print(
        f"{line.case:30} {line.method:20} {line.correlation:10.3f} {line.without_patterns:11.3f} "
        f"{faithful:>6} {line.backward:8} {line.seconds:8.2f}",
        flush=True,
    )


def chosen(asked: argparse.Namespace) -> Iterator[Case]:
    """The cases that are asked for."""
    models = asked.model or ["random", "tiny"]
    if "random" in models:
        for spread in asked.spread or [0.02, 0.08]:
            yield random_case(max(1, asked.prompts // 2), spread)
    if "tiny" in models:
        yield from reference_cases(asked.prompts, asked.task or ["ioi"])


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", help="one of protocol v2's; ioi if left out")
    parser.add_argument("--prompts", type=int, default=8, help="for scores, and as many for circuits")
    parser.add_argument("--edges", type=int, default=2000, help="sampled for exact patching, at most")
    parser.add_argument("--model", choices=("random", "tiny"), action="append", help="both if left out")
    parser.add_argument("--spread", type=float, action="append", help="of the random model's weights")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not asked.json:
        titles = f"{'with exact':>10} {'without q,k':>11} {'area':>6} {'backward':>8} {'seconds':>8}"
        print(f"{'model':30} {'method':20} {titles}")
    found = []
    for case in chosen(asked):
        for line in compare(case, asked.edges):
            found.append(dataclasses.asdict(line))
            if not asked.json:
                tell(line)
    if asked.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
