"""Made-up evidence on a member, as a run would have measured it."""

import numpy as np

from mechshift.benchmark.circuits.attribution import Attribution, Integration
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.compare.compare import Evidence
from mechshift.benchmark.measure.sweep import Sweep

GRAPH = Graph(layers=4, heads=4, kv_heads=2)
GROUPS = 8


def evidence(seed: int, reach: float = 1.0) -> Evidence:
    """Made-up evidence on a graph of four layers: eight groups, five examples run, faithful up to `reach`."""
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
    swept = Sweep(whole, empty, empty + rising * noise * (whole - empty), generator.integers(1, 90, (2, 10)))
    entropies = {f"a1.h{head}": float(generator.random()) for head in range(3)}
    return Evidence(attribution, swept, tuple("aabbb"), entropies)
