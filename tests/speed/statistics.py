"""What the statistics of one task cost: every number of a comparison, against the number of edges.

Made-up evidence on both members at graphs of 4, 8 and 16 layers of 32 heads: 24 groups of twelve templates,
ten sizes, sources told apart by place, neurons. Scores vary from edge to edge as those of the reference pairs
do: the logarithm of their spread over groups has a standard deviation of 1.5. What a comparison takes once,
and what each resample adds, is told apart by two numbers of resamples. `measured_whole`: LLaMA-2-7B's graph
(1,592,881 edges) and 1,000 resamples.
"""

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration, Outside
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies, Evidence, ScoreSums, Sweep
from mechshift.benchmark.record.protocol import V2
from speed.peak import peak, start_anew
from speed.results import Found, reading
from speed.timing import Asked, curve, in_turn

LLAMA = Graph(32, 32, 32)
GRAPHS = (Graph(4, 32, 32), Graph(8, 32, 32), Graph(16, 32, 32))
QUICK = (Graph(2, 8, 8), Graph(4, 8, 8))
GROUPS, EXAMPLES, NEURONS, READ = 24, 128, 11_008, 20
MOST_SECONDS, MOST_GIGABYTES = 60.0, 4.0
"""What LLaMA-2-7B's graph and 1,000 resamples are to take at the most."""
TEMPLATES = tuple(f"t{group // 2:02}" for group in range(GROUPS))
SPREAD = 1.5


def evidence(graph: Graph, mdm: bool) -> Evidence:
    """Made-up evidence on a member; that on the other has other scores at the same edges."""
    generator = np.random.default_rng(1 + mdm)
    sums = score_sums(graph, generator)
    ones, places = np.ones(GROUPS), np.arange(EXAMPLES)
    outside = Outside(np.stack([0.2 * sums, 0.1 * sums]).astype(np.float32) if mdm else None)
    neurons = generator.normal(size=(GROUPS, graph.layers, NEURONS)).astype(np.float32)
    attribution = Attribution(
        graph,
        Integration("midpoint", 5),
        sums,
        ones.astype(np.int64),
        ones,
        -ones,
        np.arange(GROUPS),
        outside,
        neurons,
    )
    scores = ScoreSums(attribution, TEMPLATES, np.arange(GROUPS))
    return Evidence(
        scores, swept(graph, generator, places), entropies(graph, generator), effects(graph, generator)
    )


def score_sums(graph: Graph, generator: np.random.Generator) -> NDArray[np.float64]:
    """Sums of scores whose size varies from edge to edge, half of it noise of the prompts."""
    shared = np.random.default_rng(0).normal(size=graph.edges)
    size = np.exp(SPREAD * (0.8 * shared + 0.6 * generator.normal(size=graph.edges)))
    mean = size * generator.normal(size=graph.edges)
    sums = np.zeros((GROUPS, *graph.mask.shape))
    for group in sums:
        group[graph.mask] = mean + size * generator.normal(size=graph.edges)
    return sums


def swept(graph: Graph, generator: np.random.Generator, places: NDArray[np.int64]) -> Sweep:
    """Circuits that are faithful from a tenth of the edges on."""
    grid = np.array(V2.sweeping.grid)
    level = np.minimum(1, grid / 0.1)[None, :, None]
    circuits = level * generator.normal(1, 0.01, (2, len(grid), EXAMPLES))
    kept = np.ones((2, len(grid)), dtype=np.int64)
    templates = tuple(TEMPLATES[place % GROUPS] for place in places)
    return Sweep(graph, np.ones(EXAMPLES), np.zeros(EXAMPLES), circuits, kept, templates, places)


def entropies(graph: Graph, generator: np.random.Generator) -> Entropies:
    """Entropies of what the first components write."""
    names = graph.source_names[1 : 1 + READ]
    by_name = {name: tuple(generator.random(GROUPS).tolist()) for name in names}
    return Entropies(components=by_name, counts=(1,) * GROUPS, templates=TEMPLATES)


def effects(graph: Graph, generator: np.random.Generator) -> EffectSums:
    """Effects of single components."""
    drawn = generator.normal(size=(3, GROUPS, graph.sources)).astype(np.float32)
    ones, groups = np.ones(GROUPS), np.arange(GROUPS)
    counts = ones.astype(np.int64)
    return EffectSums(
        graph, drawn[0], drawn[1], drawn[2, :, 1:], ones, -ones, counts, TEMPLATES, groups, groups
    )


def compared(pair: tuple[Evidence, Evidence], resamples: int) -> None:
    """All numbers of a comparison."""
    statistics = V2.statistics.model_copy(update={"resamples": resamples})
    compare(*pair, V2.sweeping, V2.compared, statistics)


def measured(asked: Asked) -> Found:
    """Seconds once and for each resample, against edges."""
    graphs, resamples, rounds = (QUICK, 4, 1) if asked.quick else (GRAPHS, 20, 2)
    pairs = {graph.edges: (evidence(graph, mdm=False), evidence(graph, mdm=True)) for graph in graphs}
    times = in_turn(
        {
            f"{edges} {number}": lambda pair=pair, number=number: compared(pair, number)  # type: ignore[misc]
            for edges, pair in pairs.items()
            for number in (1, 1 + resamples)
        },
        rounds,
        asked.seconds,
    )
    once: dict[float, list[float]] = {}
    each: dict[float, list[float]] = {}
    for edges in pairs:
        few, many = times[f"{edges} 1"], times[f"{edges} {1 + resamples}"]
        each[edges] = [(b - a) / resamples for a, b in zip(few, many, strict=True)]
        # With one resample the sample itself is ranked too.
        once[edges] = [a - 2 * more for a, more in zip(few, each[edges], strict=True)]
    return Found(
        curves=(
            curve("a comparison without its resamples", "edges", "s", once),
            curve("each resample", "edges", "s", each),
        ),
        notes=(f"24 groups, ten sizes, edges and components, {resamples} resamples.",),
    )


def measured_whole(asked: Asked) -> Found:
    """Seconds and memory of one comparison at LLaMA-2-7B's graph."""
    graph, resamples = (QUICK[-1], 50) if asked.quick else (LLAMA, 1000)
    pair = evidence(graph, mdm=False), evidence(graph, mdm=True)
    start_anew()
    seconds = asked.seconds(lambda: compared(pair, resamples))
    return Found(
        readings=(
            reading(f"{graph.edges:,} edges, {resamples:,} resamples", [seconds], "s", most=MOST_SECONDS),
            reading("at the most, with the evidence", [peak() / 1e9], "GB", most=MOST_GIGABYTES),
        )
    )
