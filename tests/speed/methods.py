"""How attributions agree with exact patching, how faithful their circuits are, and what they cost.

On random models with GPT-2 small's graph, and on both members of the reference pair. For each method: rank
correlation (Spearman) of its scores with exact patching over sampled edges, on the same prompts, and over
those among them that lead to no query and no key; by each selection of edges the area under the
faithfulness f of its circuits (pruned, the grid of protocol v2, other prompts), over the logarithm of the
budget, and that of |1 − f|; and seconds. Exact patching has areas only where all edges were sampled. Beside
the numbers stands the rule of docs/protocol.md by which protocol v2 would take another method or selection:
what each has more than EAP-IG, and whether that is enough.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr, t

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
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import V2
from mechshift.metrics import Selection, Undefined, edge_priority, faithfulness, log_area
from mechshift.tasks import get_task
from speed.results import Found, Reading, reading
from speed.timing import Asked, Work

AT_CLEAN = Integration("eap", 1)
USUAL, COST = "eap-ig, 10", 10
"""What v2 has, with as many points as most tasks need, and so many backward passes a row."""
METHODS: dict[str, tuple[Integration, Rules]] = {
    "eap": (AT_CLEAN, CHAIN),
    "relp": (AT_CLEAN, RELP),
    "relp, q and k": (AT_CLEAN, dataclasses.replace(RELP, query=1.0, key=1.0)),
    "gim": (AT_CLEAN, GIM),
    "eap-ig, 5": (Integration(V2.scoring.rule, 5), CHAIN),
    "relp, 5": (Integration(V2.scoring.rule, 5), RELP),
    "gim, 5": (Integration(V2.scoring.rule, 5), GIM),
    USUAL: (Integration(V2.scoring.rule, COST), CHAIN),
    "gim, 10": (Integration(V2.scoring.rule, COST), GIM),
    "eap-ig, 20": (Integration(V2.scoring.rule, 20), CHAIN),
}
"""With a number: along the path between the prompts, at so many points; nobody has published rules so.

`relp, q and k` leaves attention patterns to the chain rule, as the authors' example for GPT-2 does.
"""

SELECTIONS: tuple[Selection, ...] = get_args(Selection)

RANDOM = {"vocabulary": 1000, "positions": 64, "width": 192, "mlp_width": 768, "layers": 12, "heads": 12}
"""GPT-2 small's layers and heads, hence its graph, at a quarter of its width."""

TASKS = ("ioi", "agreement", "greater-than", "infilling", "countdown")
PROMPTS, EDGES, SPREADS = 4, 2000, (0.02, 0.08)
"""Of the reference pair; for scores and for circuits; that are patched at most; of random models' weights."""

MARGIN = 0.05
"""By how much the area has to be larger in the mean, and may be smaller nowhere (docs/protocol.md)."""


@dataclass(frozen=True)
class Case:
    """A member, the prompts that scores come from, and the ones that circuits are run on.

    `clusters`: the template of each group of the former; `task`: None for a random model.
    """

    name: str
    task: str | None
    member: Member
    discovery: Sequence[Batch]
    evaluation: Sequence[Batch]
    clusters: Sequence[str]


@dataclass(frozen=True)
class Line:
    """What is found of a method; `areas`, `off`: of f and of |1 − f| by selection, empty where none is."""

    case: str
    task: str | None
    method: str
    backward: int
    seconds: float
    correlation: float
    without_patterns: float
    areas: dict[str, float]
    off: dict[str, float]


def random_case(prompts: int, spread: float) -> Case:
    """A random model on prompts of random tokens, of which the corrupted ones differ in three."""
    member = random_member("gpt2", spread=spread, frozen=True, **RANDOM)  # type: ignore[arg-type]
    both = [_random_batch(member, prompts, seed) for seed in (1, 2)]
    return Case(f"random GPT-2, spread {spread:g}", None, member, both[:1], both[1:], ["one"] * prompts)


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
    return Batch(clean, corrupted, index, torch.full((prompts,), tokens - 1), metric, index)


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
                list(batches(member, questions(member, examples, half, groups, read=sampling.read), ROWS))
                for half, groups in ((halves.discovery, halves.group), (halves.evaluation, None))
            ]
            yield Case(f"tiny {member.called}, {asked.name}", asked.name, member, *both, halves.templates)


def sampled(graph: Graph, most: int) -> Edges:
    """At most so many edges, drawn at random."""
    edges = np.argwhere(graph.mask)
    some = edges[np.random.default_rng(0).permutation(len(edges))[:most]]
    found = np.zeros_like(graph.mask)
    found[some[:, 0], some[:, 1]] = True
    return found


def areas(
    case: Case, sums: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[dict[str, float], dict[str, float]]:
    """By selection the log areas of f and of |1 − f| of the circuits; none where the metric has no gap."""
    graph, grid = Graph.of(case.member.backbone.shape), V2.sweeping.grid
    circuits = np.stack(
        [
            graph.prune(graph.select(ranked, size))
            for ranked in (edge_priority(sums, counts, case.clusters, graph.mask, by) for by in SELECTIONS)
            for size in budgets(grid, graph.edges)
        ]
    )
    # Selections often agree on the largest circuits and the smallest.
    distinct, place = np.unique(circuits, axis=0, return_inverse=True)
    runs = [whole_model(case.member, each) for each in case.evaluation]
    whole, empty = (float(np.concatenate(run).mean()) for run in zip(*runs, strict=True))
    kept = np.concatenate([run_circuits(case.member, each, distinct) for each in case.evaluation], axis=1)
    curves = kept.mean(axis=1)[place.reshape(-1)].reshape(len(SELECTIONS), len(grid))
    of_f: dict[str, float] = {}
    off: dict[str, float] = {}
    for by, values in zip(SELECTIONS, curves, strict=True):
        curve = faithfulness(values, empty, whole)
        if not isinstance(curve, Undefined):
            of_f[by], off[by] = log_area(grid, curve), log_area(grid, np.abs(1 - curve))
    return of_f, off


def compare(case: Case, most: int, methods: Sequence[str], asked: Asked) -> Iterator[Line]:
    """These methods on a case, exact patching last."""
    kept: list[Any] = []

    def timed(work: Work) -> tuple[float, Any]:
        return asked.seconds(lambda: kept.append(work())), kept.pop()

    graph, groups = Graph.of(case.member.backbone.shape), len(case.clusters)
    edges = sampled(graph, most)
    patching, exact = timed(lambda: exact_effects(case.member, case.discovery, groups, edges))
    others = edges & ~np.isin(graph.destination_kinds, ("q", "k"))
    of_others = others[edges]

    def scored(at: Integration, by: Rules) -> Attribution:
        return attribute(case.member, case.discovery, at, groups, rules=by)

    for name in methods:
        integration, rules = METHODS[name]
        taken, found = timed(lambda at=integration, by=rules: scored(at, by))
        agrees = [
            float(spearmanr(found.scores()[some], exact.effects()[among]).statistic)
            for some, among in ((edges, slice(None)), (others, of_others))
        ]
        both = areas(case, found.score_sums, found.counts)
        yield Line(case.name, case.task, name, integration.steps, taken, *agrees, *both)
    both = ({}, {})
    if edges.sum() == graph.edges:
        sums = np.zeros((groups, *graph.mask.shape))
        sums[:, edges] = exact.sums
        both = areas(case, sums, exact.counts)
    yield Line(case.name, case.task, f"exact, {edges.sum():,} edges", 0, patching, 1.0, 1.0, *both)


def told(line: Line) -> Iterator[Reading]:
    """A line as readings."""
    of = f"{line.case}: {line.method}"
    values = {
        "Spearman with exact": line.correlation,
        "Spearman without q and k": line.without_patterns,
        **{f"area of faithfulness, {by}": area for by, area in line.areas.items()},
        **{f"area of the distance from 1, {by}": area for by, area in line.off.items()},
    }
    for name, value in values.items():
        yield reading(f"{of}, {name}", [value])
    yield reading(f"{of}, backward passes", [line.backward])
    yield reading(f"{of}, seconds", [line.seconds], "s")


def decide(lines: Sequence[Line]) -> Iterator[str]:
    """What every method and selection has more than EAP-IG by |score|, and whether that is enough.

    By docs/protocol.md, "Method and selection": in the mean over members and tasks, with an interval over
    tasks; where least; how much more of |1 − f|; and the least on random models.
    """
    usual = {line.case: line for line in lines if line.method == USUAL}
    for method in METHODS:
        own = [line for line in lines if line.method == method and line.areas and line.case in usual]
        for by in SELECTIONS:
            more = {line.case: line.areas[by] - usual[line.case].areas["absolute"] for line in own}
            over = [line.off[by] - usual[line.case].off["absolute"] for line in own if line.task is not None]
            of_random = [more[line.case] for line in own if line.task is None]
            tasks = sorted({line.task for line in own if line.task is not None})
            by_task = np.array(
                [np.mean([more[line.case] for line in own if line.task == task]) for task in tasks]
            )
            if len(by_task) < 2:
                return
            wide = float(t.ppf(0.975, len(by_task) - 1) * by_task.std(ddof=1) / len(by_task) ** 0.5)
            mean, least = float(by_task.mean()), min(more[line.case] for line in own if line.task)
            enough = (
                METHODS[method][0].steps <= COST
                and mean >= MARGIN
                and mean - wide > 0
                and min([least, *of_random]) >= -MARGIN
                and np.mean(over) <= 0
            )
            yield (
                f"{method:20} {by:11} {mean:+.3f} [{mean - wide:+.3f}, {mean + wide:+.3f}] "
                f"least {least:+.3f} random {min(of_random, default=float('nan')):+.3f} "
                f"|1-f| {np.mean(over):+.3f} {'enough' if enough else 'not enough'}"
            )


def measured(asked: Asked) -> Found:
    """All methods on random models and on the reference pair; of few of them if quick."""
    prompts, most, tasks, spreads = PROMPTS, EDGES, TASKS, SPREADS
    methods: Sequence[str] = list(METHODS)
    if asked.quick:
        prompts, most, tasks, spreads, methods = 4, 20, (), SPREADS[:1], ("eap", USUAL)
    cases = [random_case(max(2, prompts // 4), spread) for spread in spreads]
    if tasks:
        cases += reference_cases(prompts, tasks)
    lines = [line for case in cases for line in compare(case, most, methods, asked)]
    return Found(
        readings=tuple(each for line in lines for each in told(line)),
        notes=(
            f"At most {most} edges patched, {prompts} prompts for scores and as many for circuits.",
            *decide(lines),
        ),
    )
