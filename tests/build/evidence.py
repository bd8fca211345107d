"""Made-up evidence on a member, as a run would have measured it."""

import numpy as np

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.evidence import Evidence, ScoreSums, Sweep

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
    entropies = {f"a1.h{head}": float(generator.random()) for head in range(3)}
    scores = ScoreSums(attribution, tuple("aabbccdd"), np.arange(0, 2 * counts.sum(), 2))
    return Evidence(scores, swept, entropies)
