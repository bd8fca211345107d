"""What the statistics of one task cost: every number of a comparison, against the number of edges.

    cd tests && python -m speed.statistics [--whole] [--threads 2] [--parts]

Made-up evidence on both members at graphs of 4, 8 and 16 layers of 32 heads: 24 groups of twelve templates,
ten sizes, sources told apart by place, neurons. Scores vary from edge to edge as those of the reference pairs
do: the logarithm of their spread over groups has a standard deviation of 1.5. Printed are, for each graph,
processor and clock seconds of `compare` with one resample and what each further resample adds; the law of
both in edges; and how much faster a resample of the overlaps is than circuits found one by one
(`speed.overlaps`).

`--whole`: LLaMA-2-7B's graph (1,592,881 edges) and 1,000 resamples instead, with the peak of memory. With
fewer `--resamples`, what a thousand would take is told too: from a comparison with one and what each further
one adds. `--parts`: processor seconds of the parts of a comparison, in one thread.
"""

import argparse
import cProfile
import pstats
import time

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration, Outside
from mechshift.benchmark.compare.compare import compare, shared_threads
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies, Evidence, ScoreSums, Sweep
from mechshift.benchmark.record.protocol import V2
from speed import overlaps
from speed.memory import Peaks

LLAMA = Graph(32, 32, 32)
GRAPHS = (Graph(4, 32, 32), Graph(8, 32, 32), Graph(16, 32, 32))
GROUPS, EXAMPLES, NEURONS, READ = 24, 128, 11_008, 20
TEMPLATES = tuple(f"t{group // 2:02}" for group in range(GROUPS))
SPREAD = 1.5
THOUSAND = 1000

Pair = tuple[Evidence, Evidence]


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


def seconds(pair: Pair, resamples: int, threads: int) -> tuple[float, float]:
    """Processor and clock seconds of a comparison."""
    statistics = V2.statistics.model_copy(update={"resamples": resamples})
    began = time.process_time(), time.perf_counter()
    compare(*pair, V2.sweeping, V2.compared, statistics, threads=threads)
    return time.process_time() - began[0], time.perf_counter() - began[1]


def law(edges: list[int], found: list[float]) -> str:
    """The power of the number of edges that fits best."""
    power, factor = np.polyfit(np.log(edges), np.log(found), 1)
    return f"{np.exp(factor):.2e} s · edges^{power:.2f}"


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
    profile.runcall(seconds, pair, resamples, 1)
    found = dict.fromkeys(PARTS, 0.0)
    # By line, because the profile by name has one function of several with the same.
    for (file, _, name), (_, _, _, total, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for part, wanted in PARTS.items():
            if name == wanted and "mechshift" in file:
                found[part] += total
    return found


def print_parts(pair: Pair, resamples: int) -> None:
    """Print them, once and by resample."""
    once, many = parts(pair, 1), parts(pair, 1 + resamples)
    for part, total in many.items():
        each = (total - once[part]) / resamples
        print(f"{part:34} {once[part]:6.2f} s with one resample, {1e3 * each:7.1f} ms for a further one")


def against_edges(resamples: int, threads: int, divided: bool) -> None:
    """Print what comparisons take at several graphs."""
    once, each = [], []
    for graph in GRAPHS:
        pair = evidence(graph, mdm=False), evidence(graph, mdm=True)
        (few, _), (many, clock) = seconds(pair, 1, threads), seconds(pair, 1 + resamples, threads)
        once.append(few)
        each.append((many - few) / resamples)
        print(
            f"{graph.edges:9,} edges: {once[-1]:6.2f} s once, {1e3 * each[-1]:7.1f} ms a resample "
            f"({clock:.1f} s on the clock for {resamples + 1})",
            flush=True,
        )
        if divided:
            print_parts(pair, resamples)
    edges = [graph.edges for graph in GRAPHS]
    print(f"once {law(edges, once)}; a resample {law(edges, each)}")


def whole(resamples: int, threads: int, divided: bool) -> None:
    """Print what a comparison takes at LLaMA-2-7B's graph."""
    pair = evidence(LLAMA, mdm=False), evidence(LLAMA, mdm=True)
    peaks = Peaks()
    processor, clock = seconds(pair, resamples, threads)
    peaks.note("comparison")
    print(f"{LLAMA.edges:,} edges, {resamples:,} resamples: {processor:.1f} s of processor, {clock:.1f} s")
    print(f"at most {peaks.of['comparison'] / 1e9:.2f} GB", flush=True)
    if resamples < THOUSAND:
        # What loads libraries is over by now.
        once = seconds(pair, 1, threads)
        of_thousand = (
            one + (THOUSAND - 1) * (many - one) / (resamples - 1)
            for one, many in zip(once, seconds(pair, resamples, threads), strict=True)
        )
        print("{:.1f} s of processor, {:.1f} s for 1,000, projected".format(*of_thousand))
    if divided:
        print_parts(pair, resamples)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--whole", action="store_true", help="LLaMA-2-7B's graph")
    parser.add_argument("--resamples", type=int, help="20, and 1,000 with --whole, if left out")
    parser.add_argument("--threads", type=int, default=shared_threads(), help="that share the resamples")
    parser.add_argument("--parts", action="store_true", help="what takes the time")
    arguments = parser.parse_args()
    if arguments.whole:
        whole(arguments.resamples or THOUSAND, arguments.threads, arguments.parts)
    else:
        against_edges(arguments.resamples or 20, arguments.threads, arguments.parts)
        overlaps.compare("GPT-2-small", repeats=2)


if __name__ == "__main__":
    main()
