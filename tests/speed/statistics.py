"""Made-up evidence on both members of a pair, and what the parts of a comparison of it take.

24 groups of twelve templates, ten sizes, sources told apart by place, neurons. Scores vary from edge to edge
as those of the reference pairs do: the logarithm of their spread over groups has a standard deviation of 1.5.
"""

import cProfile
import pstats
import time

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration, Outside
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies, Evidence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.record.protocol import V2
from speed.results import Found, reading
from speed.timing import Asked

LLAMA = Graph(32, 32, 32)
GRAPHS = (Graph(4, 32, 32), Graph(8, 32, 32), Graph(16, 32, 32))
GROUPS, EXAMPLES, NEURONS, READ = 24, 128, 11_008, 20
TEMPLATES = tuple(f"t{group // 2:02}" for group in range(GROUPS))
SPREAD = 1.5

Pair = tuple[Evidence, Evidence]


def pair_of(graph: Graph) -> Pair:
    """Evidence on both members."""
    return evidence(graph, mdm=False), evidence(graph, mdm=True)


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


PARTS = {
    "overlaps": "overlap_curve",
    "of these, floors of components": "chance_node_jaccard",
    "depth and specialisation": "circuit_masses",
    "places": "direction",
    "cosines": "structure",
    "clusters of groups": "heterogeneity",
    "specialisation of random circuits": "random_specialisation",
    "squares": "squared_mass",
    "all": "compare",
}
"""What is told of a comparison, by the function that finds it."""


def parts(pair: Pair, resamples: int) -> dict[str, float]:
    """Processor seconds of the parts of a comparison in one thread, under a profiler."""
    profile = cProfile.Profile(time.process_time)
    statistics = V2.statistics.model_copy(update={"resamples": resamples})
    profile.runcall(compare, *pair, V2.sweeping, V2.compared, statistics, threads=1)
    found = dict.fromkeys(PARTS, 0.0)
    # By line, because the profile by name has one function of several with the same.
    for (file, _, name), (_, _, _, total, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for part, wanted in PARTS.items():
            if name == wanted and "mechshift" in file:
                found[part] += total
    return found


def measured(asked: Asked) -> Found:
    """Processor seconds of the parts of a comparison, once and for each further resample."""
    graph, resamples = (Graph(2, 8, 8), 4) if asked.quick else (GRAPHS[-1], 20)
    pair = pair_of(graph)
    once, many = parts(pair, 1), parts(pair, 1 + resamples)
    readings = [reading(f"{part}: with one resample", [once[part]], "s") for part in PARTS]
    for part, total in many.items():
        readings.append(reading(f"{part}: each further one", [(total - once[part]) / resamples], "s"))
    return Found(readings=tuple(readings), notes=(f"{graph.edges:,} edges, one thread, under a profiler.",))
