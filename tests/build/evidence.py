"""Made-up evidence on a member, as a run would have measured it."""

import numpy as np

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.effect_sums import EffectSums
from mechshift.benchmark.measure.evidence import Entropies, Evidence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.swept import Sweep

GRAPH = Graph(layers=4, heads=4, kv_heads=2)
GROUPS = 8


def evidence(seed: int, reach: float = 1.0) -> Evidence:
    """Made-up evidence on a graph of four layers, faithful up to `reach`.

    Eight groups of four templates, two each; five examples run.
    """
    generator = np.random.default_rng(seed)
    sums = generator.standard_t(3, (1, *GRAPH.mask.shape)) + 0.5 * generator.normal(
        size=(GROUPS, *GRAPH.mask.shape)
    )
    counts = np.random.default_rng(0).integers(1, 4, GROUPS)
    clean, corrupted = generator.normal(3, 1, (2, counts.sum()))
    attribution = Attribution(
        GRAPH,
        Integration("midpoint", 5),
        sums * counts[:, None, None] * GRAPH.mask,
        counts,
        clean,
        corrupted - 4,
        np.repeat(np.arange(GROUPS), counts),
    )
    whole, empty = generator.normal(3, 0.3, 5), generator.normal(-2, 0.3, 5)
    rising = reach * np.linspace(0, 1, 10)[None, :, None] ** np.array([1.0, 2.0])[:, None, None]
    noise = generator.normal(1, 0.02, (2, 10, 5))
    swept = Sweep(
        GRAPH,
        whole,
        empty,
        empty + rising * noise * (whole - empty),
        generator.integers(1, 90, (2, 10)),
        tuple("aabbb"),
        np.arange(1, 11, 2),
    )
    scores = ScoreSums(attribution, tuple("aabbccdd"), np.arange(0, 2 * counts.sum(), 2))
    return Evidence(scores, swept, some_entropies(generator), some_effects(generator))


def some_entropies(generator: np.random.Generator) -> Entropies:
    """Of three heads, by six groups of three templates."""
    drawn = generator.random((3, 6)).tolist()
    by_name = {f"a1.h{head}": tuple(values) for head, values in enumerate(drawn)}
    return Entropies(components=by_name, counts=(1, 2, 1, 3, 1, 1), templates=tuple("aabbcc"))


def some_effects(generator: np.random.Generator) -> EffectSums:
    """Of six groups of three templates, two examples each, of which one was measured without components."""
    sums = generator.normal(size=(3, 6, GRAPH.sources)).astype(np.float32)
    return EffectSums(
        GRAPH,
        *sums[:2],
        sums[2, :, 1:],
        generator.normal(5, 0.3, 6),
        generator.normal(-3, 0.3, 6),
        np.ones(6, np.int64),
        tuple("aabbcc"),
        np.repeat(np.arange(6), 2),
        np.arange(1, 25, 2),
    )
