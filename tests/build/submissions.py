"""A small submission as `mechshift submit` writes it, of made-up evidence on the tasks' own examples."""

import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from build.records import a_pair, an_environment, number
from mechshift.benchmark.asking.grouping import Grouping, group_examples, swept_examples
from mechshift.benchmark.asking.pool import Pool, Prompts, Solved
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.points import Convergence
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.compare.at_read import MeasuredAt, at_read
from mechshift.benchmark.measure.ablations import Ablations, nodes_of
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.measure.circuit_runs import CircuitRuns
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies
from mechshift.benchmark.measure.node_sets import node_sets
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import RANKINGS, Sweep
from mechshift.benchmark.record.cards import CardsCell
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy, Measured
from mechshift.benchmark.record.protocol import V2, Ablating, Protocol, ProtocolTask, Transferring
from mechshift.benchmark.record.provenance import Environment, PairProvenance
from mechshift.benchmark.record.reads import AtRead, Stages
from mechshift.benchmark.record.task_record import Prompt
from mechshift.benchmark.run.assembly import assemble, describe_task
from mechshift.benchmark.run.computing import Other
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.numbers import circuit_size, compute_numbers
from mechshift.benchmark.run.plan import (
    MEMBERS,
    Cell,
    Subject,
    alone,
    kind_name,
    kind_named,
    kinds_of,
    plan_run,
)
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.store import Store
from mechshift.benchmark.submission.write import Request, submit
from mechshift.metrics import top_edges
from mechshift.metrics.inputs import Floats
from mechshift.tasks import Example, get_task
from mechshift.tasks.export import fingerprint

GRAPH = Graph(layers=3, heads=2, kv_heads=1)
TASKS = ("agreement", "star-path")
MADE = date(2026, 11, 29)

SMALL = V2.changed(
    tasks=tuple(task for task in V2.tasks if task.name in TASKS),
    pool=12,
    candidates=3,
    minimum=4,
    groups=4,
    grid=(0.001, 0.3, 1.0),
    swept=5,
    components=3,
    resamples=8,
    splits=2,
    transferring=Transferring(crossed=5, shuffled=3, shuffled_examples=2),
    ablating=Ablating(ablated=5, ablated_heads=2, ablated_mlps=1, ablated_neurons=4, random_sets=3),
)
"""Protocol v2 with as little work as it can have: validation of a submission takes hundredths of a second."""

SEARCH = Convergence((0.06, 0.011, 0.01), (0.1, 0.02))
"""How the made-up scores came to their number of integration points, 10."""

CARD = """\
authors = ["Ada Lovelace", "Grace Hopper"]
contact = "ada@example.org"
pair = "small"
date = 2026-11-29
description = "Two members that nobody has trained."
confounds = "none known"
weights_licence = "Apache-2.0"
licence = "CC-BY-4.0"

[checkpoints]
arm = "nobody/arm@main"
mdm = "nobody/mdm@main"
"""


def write_run(
    folder: Path,
    protocol: Protocol = SMALL,
    tasks: Sequence[ProtocolTask] | None = None,
    **changes: Any,
) -> Path:
    """A run's folder with its cells and record; the path of the record.

    `tasks`: the ones that are run, None for all of the protocol; `changes`: of the pair.
    """
    pair, environment = _pair(protocol, **changes), _environment()
    members: dict[Any, Any] = {"arm": pair.arm, "mdm": pair.mdm}
    software = {"torch": environment.torch, "transformers": environment.transformers, "device": "cpu"}
    subject = Subject.of(
        members,
        tokenizer=pair.tokenizer,
        mask_id=pair.mask_id,
        autoregressive=pair.autoregressive,
        software=software,
    )
    asked = protocol.tasks if tasks is None else tasks
    first = [kind.name for kind in alone(kinds_of(protocol))]
    for wanted in (first, None):
        plan = plan_run(subject, protocol, asked, wanted)
        outcomes = [*execute(plan, protocol, Store(folder), made_up, Silent())]
    results = [describe_task(outcome, protocol) for outcome in outcomes]
    path = folder / f"{pair.name}-{protocol.name}.json"
    write_model(assemble(pair, environment, protocol, results), path)
    return path


def write_submission(folder: Path, exact: bool = False) -> Path:
    """The folder of a valid submission; the protocol that it is of has to be v2 where it is read."""
    record = write_run(folder / "run")
    card = folder / "card.toml"
    card.write_text(CARD)
    return submit(record, folder, Request(size=None if exact else 1.0, made=MADE, card=card)).path


def _pair(protocol: Protocol, **changes: Any) -> PairProvenance:
    kv_heads = GRAPH.kv_heads
    sizes = {"layers": GRAPH.layers, "heads": GRAPH.heads, "kv_heads": kv_heads, "edges": GRAPH.edges}
    return a_pair("small", **{**sizes, **changes})


def _environment() -> Environment:
    return an_environment().model_copy(update={"numpy": np.__version__})


def made_up(
    cell: Cell, needs: Any, tell: Callable[[int], AbstractContextManager[Callable[[int], None]]]
) -> Any:
    """The content of a cell, of made-up evidence where a model would run."""
    if not cell.kind.members:
        return compute_numbers(cell, needs, tell)
    return _MADE_UP[cell.kind.stage](cell, needs)


def _pool(cell: Cell, needs: Any) -> Pool:
    """Both members solve every second example, so that the pool is full in the second round."""
    sampling = SMALL.sampling
    stream = get_task(cell.task.name).examples(sampling.seed, "evaluation", cell.task.level)
    drawn = [next(stream) for _ in range(2 * sampling.pool)]
    places = range(0, len(drawn), 2)
    return Pool(
        arm=Accuracy(solved=15, tried=23),
        mdm=Accuracy(solved=14, tried=23),
        mdm_in_place=Missing(missing="the task has no form that is filled in place"),
        unfit={"clean and corrupted differ in length": 1},
        other_form=1,
        solved=tuple(Solved(index=i, order=(0, 1), template=drawn[i].template) for i in places),
        fingerprint=fingerprint([drawn[i] for i in places]),
    )


def _prompts(cell: Cell, needs: Any) -> Prompts:
    """The first two examples, their words as tokens, and the other prompt as long as words go."""
    solved = needs["pool"].solved[:2]
    stream = get_task(cell.task.name).examples(SMALL.sampling.seed, "evaluation", cell.task.level)
    drawn = [next(stream) for _ in range(solved[-1].index + 1)]
    return Prompts(tuple(_prompt(one, drawn[one.index]) for one in solved))


def _prompt(solved: Solved, example: Example) -> Prompt:
    clean, corrupted = (tuple(text.split()) for text in (example.clean, example.corrupted))
    length = min(len(clean), len(corrupted))
    return Prompt(
        index=solved.index,
        template=solved.template,
        clean=clean[:length],
        corrupted=corrupted[:length],
        answer=("yes",),
        foil=("no",),
    )


def _drawn(cell: Cell) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(text.encode()) for text in (cell.name, cell.task.name)])


def _grouping(needs: Any) -> Grouping:
    return group_examples(needs["pool"].solved, SMALL.halving)


def _scores(cell: Cell, needs: Any) -> ScoreSums:
    grouping, generator = _grouping(needs), _drawn(cell)
    groups = np.array(grouping.group)
    counts = np.bincount(groups)
    # Both members have much in common, and their groups too, so that overlaps and ceilings are defined.
    shared = np.random.default_rng(7).standard_t(2, GRAPH.mask.shape)
    own = shared + 0.3 * generator.normal(size=GRAPH.mask.shape)
    noise = 0.2 * generator.normal(size=(len(counts), *GRAPH.mask.shape))
    clean, corrupted = generator.normal(3, 0.1, (2, len(groups)))
    attribution = Attribution(
        GRAPH,
        Integration(SMALL.scoring.rule, SEARCH.steps),
        (own + noise) * counts[:, None, None] * GRAPH.mask,
        counts,
        clean,
        corrupted - 5,
        groups,
    )
    examples = np.array([one.index for one in grouping.discovery])
    return ScoreSums(attribution, grouping.templates, examples, SEARCH)


def _sweep(cell: Cell, needs: Any) -> Sweep:
    """Circuits that do more of what the model does the larger they are, and all of it with all edges."""
    evaluation, generator = swept_examples(_grouping(needs), SMALL.sweeping.swept), _drawn(cell)
    scores = needs[kind_name("scores", cell.kind.member)].attribution.scores()
    sizes = budgets(SMALL.sweeping.grid, GRAPH.edges)
    whole, empty = _whole_and_empty(generator, len(evaluation))
    level = np.array([0.1, 0.9, 1.0])[None, :, None] + np.zeros((len(RANKINGS), 1, len(evaluation)))
    level[:, :-1] += 0.05 * generator.normal(size=(len(RANKINGS), len(sizes) - 1, len(evaluation)))
    kept = [
        [GRAPH.prune(top_edges(scores, GRAPH.mask, size, ranking)).sum() for size in sizes]
        for ranking in RANKINGS
    ]
    return Sweep(
        GRAPH,
        whole,
        empty,
        (empty + level * (whole - empty)).astype(np.float32).astype(float),
        np.array(kept),
        tuple(one.template for one in evaluation),
        np.array([one.index for one in evaluation]),
    )


def _whole_and_empty(generator: np.random.Generator, examples: int) -> tuple[Floats, Floats]:
    """The first that is drawn for a sweep, rounded to what float32 holds."""
    whole, empty = (generator.normal(mean, 0.3, examples).astype(np.float32) for mean in (3, -2))
    return whole.astype(float), empty.astype(float)


def _ablation(cell: Cell, needs: Any) -> Ablations:
    """Early sets lose most, random ones little, on the examples of the sweep."""
    evaluation = swept_examples(_grouping(needs), SMALL.ablating.ablated)
    of_sweep = replace(cell, kind=kind_named(kind_name("sweep", cell.kind.member)))
    whole, empty = _whole_and_empty(_drawn(of_sweep), len(evaluation))
    sets = node_sets(needs[kind_name("scores", cell.kind.member)], SMALL.ablating, SMALL.sampling.seed)
    generator = _drawn(cell)
    kept = np.array([0.2 if "early" in name else 0.7 for name in sets])[:, None]
    kept = kept + 0.05 * generator.normal(size=(len(sets), len(evaluation)))
    return Ablations(
        GRAPH,
        tuple(sets),
        nodes_of(sets),
        whole,
        empty,
        empty + kept * (whole - empty),
        np.ones(len(evaluation), dtype=bool),
        generator.random((len(sets), len(evaluation))) < 0.7,
        tuple(one.template for one in evaluation),
        np.array([one.index for one in evaluation]),
    )


def _transfer(cell: Cell, needs: Any) -> CircuitRuns:
    """Own circuits do what they did in the sweep, the other member's nearly as much, other tasks' little."""
    host, generator = needs[kind_name("sweep", cell.kind.member)], _drawn(cell)
    edges, gap = circuit_size(cell, needs), host.whole - host.empty
    own = host.circuits[0, budgets(SMALL.sweeping.grid, GRAPH.edges).index(edges)]
    tasks = [need.cell.task.name for need in needs.values() if isinstance(need, Other)]
    levels = {"other": 0.7, "own, half": 0.5, "other, half": 0.4, "own alone": 0.1, "other alone": 0.0}
    levels |= {f"task {task}": 0.2 for task in tasks} | {f"half, task {task}": 0.1 for task in tasks}
    noise = 0.05 * generator.normal(size=(len(levels), len(gap)))
    circuits = host.empty + (np.array([*levels.values()])[:, None] + noise) * gap
    few = np.arange(SMALL.transferring.shuffled_examples)
    shuffled = 0.1 * generator.normal(size=(SMALL.transferring.shuffled, len(few))) * gap[few]
    return CircuitRuns(
        GRAPH,
        edges,
        ("own", *levels),
        host.whole,
        host.empty,
        np.concatenate([own[None], circuits]),
        np.full(1 + len(levels), edges // 2),
        host.empty[few] + shuffled,
        few,
        host.templates,
        host.examples,
    )


def _entropies(cell: Cell, needs: Any) -> Entropies:
    components = Components(GRAPH)
    scores = needs[kind_name("scores", cell.kind.member)].attribution.scores()
    circuit = top_edges(scores, GRAPH.mask, circuit_size(cell, needs))
    top = components.top(components.importance(scores, circuit), SMALL.compared.components)
    grouping = _grouping(needs)
    counts = np.bincount(grouping.evaluation_group).tolist()
    drawn = _drawn(cell).random((len(top), len(counts))).tolist()
    return Entropies(
        components={components.names[i]: tuple(values) for i, values in zip(top, drawn, strict=True)},
        counts=tuple(counts),
        templates=grouping.evaluation_templates,
    )


def _effects(cell: Cell, needs: Any) -> EffectSums:
    grouping, generator = _grouping(needs), _drawn(cell)
    number = len(grouping.evaluation_templates)
    sums = generator.normal(1, 0.5, (3, number, GRAPH.sources)).astype(np.float32)
    return EffectSums(
        GRAPH,
        *sums[:2],
        sums[2, :, 1:],
        generator.normal(3, 0.3, number),
        generator.normal(-2, 0.3, number),
        np.full(number, SMALL.removing.removed),
        grouping.evaluation_templates,
        np.array(grouping.evaluation_group),
        np.array([one.index for one in grouping.evaluation]),
    )


def _cards(cell: Cell, needs: Any) -> CardsCell:
    return CardsCell(Missing(missing="effects of neurons were not made up"))


def _stages(cell: Cell, needs: Any) -> Stages:
    """One read on the examples of the headline's scores, half masked; the others are missing."""
    arm, mdm = (needs[kind_name("scores", member)] for member in MEMBERS)
    groups = tuple(range(len(mdm.attribution.counts)))
    found = at_read(MeasuredAt(arm, mdm, mdm, groups, 0.5), SMALL.statistics)
    reads: dict[Any, AtRead | Missing] = dict.fromkeys(
        SMALL.reading.beside, Missing(missing="no answer has copied tokens")
    )
    return Stages(reads=reads | {"start": found}, metric={name: _shares() for name in MEMBERS})


def _shares() -> dict[str, Measured]:
    return {"plan": number(0.7, 0.1), "copied": number(0.2, 0.1), "other": number(0.1, 0.1)}


_MADE_UP: dict[str, Callable[[Cell, Any], Any]] = {
    "pool": _pool,
    "prompts": _prompts,
    "scores": _scores,
    "sweep": _sweep,
    "entropies": _entropies,
    "effects": _effects,
    "cards": _cards,
    "stages": _stages,
    "ablation": _ablation,
    "transfer": _transfer,
}
