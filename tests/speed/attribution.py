"""What attribution and a sweep of circuits cost beside the model's own passes, on GPT-2 small's shape.

`measured`: both beside bare passes over as many tokens, and beside what the law of `--dry-run` says from the
speed of those passes. `measured_parts`: what places and neurons cost on top. `measured_graph`: what it costs
to make a large graph, and to choose a circuit in it.
"""

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from build.models import random_member as member_of
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.capture import measure
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.forecast.probe import Growth, Speeds
from mechshift.benchmark.forecast.seconds import Work, seconds_of
from mechshift.benchmark.forecast.sizes import Sizes
from mechshift.benchmark.forecast.workload import Passes
from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import V2
from speed.memory import SHAPES
from speed.results import Found, reading
from speed.timing import Asked, in_turn, ratio

GROUPS, NO_TIME = 5, Growth(0.0, 0.0)
MOST_OVER_PASSES, MOST_OF_CIRCUITS = 1.08, 1.5
"""What attribution and ten circuits are to cost at the most, in bare passes."""
MOST_OF_PARTS = 1.1
"""What attribution with places and neurons is to cost at the most, in attributions without."""


def random_member(attention: str = "causal") -> Member:
    """A GPT-2 small (12 layers, 12 heads, width 768) with random weights."""
    return member_of("gpt2", attention, mask_id=50_257, spread=None, frozen=True, **SHAPES["gpt2"])


def random_batch(prompts: int, tokens: int) -> Batch:
    """Prompts of random tokens, clean and corrupted, read at the last position."""
    generator = torch.Generator().manual_seed(1)
    clean, corrupted = torch.randint(50_000, (2, prompts, tokens), generator=generator)
    answer, foil = torch.randint(50_000, (2, prompts), generator=generator)
    index = torch.arange(prompts)
    metric = LogitDifference(index, answer, foil, prompts)
    return Batch(clean, corrupted, index, torch.full((prompts,), tokens - 1), metric, index % GROUPS)


def parted(batch: Batch, borders: int) -> Batch:
    """The batch with so many pairs of a first token that differs and a last position that is read."""
    rows, tokens = batch.clean.shape
    corrupted, read = batch.corrupted.clone(), batch.read_position.clone()
    for row in range(rows):
        first = tokens // 4 + row % borders
        corrupted[row, :first] = batch.clean[row, :first]
        read[row] = tokens - 1 - row % borders
    return dataclasses.replace(batch, corrupted=corrupted, read_position=read)


def bare_passes(member: Member, batch: Batch, steps: int) -> None:
    """The passes that attribution needs, and nothing else: two forward, and `steps` forward and backward."""
    bare_forwards(member, batch, 2)
    for _ in range(steps):
        hidden = member.hidden(member.embed(batch.clean).requires_grad_(), batch.clean)
        logits = member.logits(hidden[batch.read_row, batch.read_position])
        batch.metric(logits).sum().backward()


def bare_forwards(member: Member, batch: Batch, number: int) -> None:
    """So many forward passes over the prompts, clean and corrupted in turn, and nothing else."""
    with torch.no_grad():
        for index in range(number):
            tokens = batch.corrupted if index % 2 else batch.clean
            measure(member, batch, member.hidden(member.embed(tokens), tokens))


def circuits_of(member: Member, batch: Batch) -> NDArray[np.bool_]:
    """The circuits of all sizes of protocol v2 by the batch's own scores, pruned as a sweep runs them."""
    graph = Graph.of(member.backbone.shape)
    scores = attribute(member, [batch], Integration("eap", 1), GROUPS).scores()
    return np.stack(
        [graph.prune(graph.select(scores, size)) for size in budgets(V2.sweeping.grid, graph.edges)]
    )


def measured(asked: Asked) -> Found:
    """Attribution and ten circuits beside bare passes over as many tokens, and beside the law's seconds."""
    prompts, tokens, steps, rounds = (2, 8, 2, 2) if asked.quick else (20, 20, 5, 5)
    member, batch, few = random_member(), random_batch(prompts, tokens), random_batch(prompts // 2, tokens)
    circuits = circuits_of(member, few)
    integration = Integration("midpoint", steps)
    times = in_turn(
        {
            "passes": lambda: bare_passes(member, batch, steps),
            "attribution": lambda: attribute(member, [batch], integration, GROUPS),
            "forwards": lambda: bare_forwards(member, few, len(circuits)),
            "circuits": lambda: run_circuits(member, few, circuits),
        },
        rounds,
        asked.seconds,
    )
    sizes = Sizes.of(member.backbone, itemsize=4)
    of_law = [
        law_ratios(
            sizes, batch, few, steps, len(circuits), {name: each[index] for name, each in times.items()}
        )
        for index in range(rounds)
    ]
    attribution, swept = zip(*of_law, strict=True)
    return Found(
        readings=(
            ratio("attribution / bare passes", times["attribution"], times["passes"], most=MOST_OVER_PASSES),
            ratio(
                f"{len(circuits)} circuits / bare forward passes",
                times["circuits"],
                times["forwards"],
                most=MOST_OF_CIRCUITS,
            ),
            reading("attribution / the law", attribution, "×"),
            reading(f"{len(circuits)} circuits / the law", swept, "×"),
            reading("attribution", times["attribution"], "s"),
            reading("bare passes", times["passes"], "s"),
        ),
        notes=(
            f"GPT-2 small's shape, random weights. Attribution: {prompts} prompts of {tokens} tokens, "
            f"m = {steps}. Circuits: {len(few.clean)} prompts, the sizes of v2.",
        ),
    )


def law_ratios(
    sizes: Sizes, batch: Batch, few: Batch, steps: int, circuits: int, times: dict[str, float]
) -> tuple[float, float]:
    """Seconds of attribution and of circuits over those of the law, at the speed of the bare passes.

    `times`: seconds of what `measured` runs. The speed of passes without a way back is that of the bare
    forwards; what the bare passes take beyond two such, their `steps` passes forward and back take.
    """
    positions, reads = batch.clean.numel(), len(batch.clean)
    smaller, fewer = few.clean.numel(), len(few.clean)
    without = _forward(sizes, circuits * smaller, circuits * fewer) / times["forwards"]
    graded = Passes(
        tokens=steps * positions, reads=steps * reads, differentiated=steps * positions, graded=steps * reads
    ).graded_flop(sizes)
    back = times["passes"] - _forward(sizes, 2 * positions, 2 * reads) / without
    speeds = Speeds(without, graded / back, NO_TIME, NO_TIME)
    both, extracted = _forward(sizes, 2 * positions, 2 * reads), Passes(extracted=positions)
    law = seconds_of(Work(both + extracted.extraction_flop(sizes), graded), speeds)
    multiplied = Passes(extracted=circuits * smaller).extraction_flop(sizes)
    # What the sources wrote in the corrupted run comes once besides, and is read nowhere.
    forward = _forward(sizes, (1 + circuits) * smaller, circuits * fewer)
    law_of_circuits = seconds_of(Work(forward + multiplied, 0), speeds)
    return times["attribution"] / law, times["circuits"] / law_of_circuits


def _forward(sizes: Sizes, tokens: int, reads: int) -> int:
    return Passes(tokens=tokens, reads=reads).forward_flop(sizes)


def measured_parts(asked: Asked) -> Found:
    """What places and neurons cost beside attribution without them, in a bidirectional model."""
    prompts, tokens, steps, rounds = (2, 12, 1, 2) if asked.quick else (20, 20, 5, 2)
    member, batch = random_member("full"), parted(random_batch(prompts, tokens), borders=4)
    integration = Integration("midpoint", steps)

    def run(**parts: bool) -> object:
        return attribute(member, [batch], integration, GROUPS, **parts)

    times = in_turn(
        {
            "without": run,
            "places": lambda: run(places=True),
            "neurons": lambda: run(neurons=True),
            "places and neurons": lambda: run(places=True, neurons=True),
        },
        rounds,
        asked.seconds,
    )
    without = times.pop("without")
    return Found(
        readings=tuple(
            ratio(f"with {name} / without", each, without, most=MOST_OF_PARTS) for name, each in times.items()
        ),
        notes=(
            f"GPT-2 small's shape, bidirectional, {prompts} prompts of {tokens} tokens, m = {steps}; prompts "
            "differ from four positions on.",
        ),
    )


def measured_graph(asked: Asked) -> Found:
    """How long LLaMA-2-7B's graph takes to build, and its top 1000 edges to select and prune."""
    shape = (4, 8, 8) if asked.quick else (32, 32, 32)
    rounds = 2 if asked.quick else 3
    scores = np.random.default_rng(0).standard_normal(Graph(*shape).mask.shape)

    def build() -> Graph:
        graph = Graph(*shape)
        assert graph.mask.any()
        assert graph.source_names
        assert graph.destination_names
        return graph

    graph = build()
    times = in_turn(
        {"build": build, "prune": lambda: graph.prune(graph.select(scores, 1000))}, rounds, asked.seconds
    )
    return Found(
        readings=(
            reading("the graph is built", times["build"], "s"),
            reading("its top 1,000 edges are selected and pruned", times["prune"], "s"),
        ),
        notes=(f"{shape[0]} layers of {shape[1]} heads, {graph.edges:,} edges.",),
    )
