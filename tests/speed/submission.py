"""How large the cells of a 7B model are in a submission, at every precision.

Score sums over the graph of Dream-7B, made up: heavy-tailed means over several orders of magnitude, and
deviations of groups with heavy tails. For tasks of 24 groups, and of the numbers of groups that the tasks
of protocol v2 have: bytes of an edge's score, megabytes of a member's edges on one task, megabytes of all
that both members keep on ten tasks, and how far restored deviations correlate with the exact ones. Every
template has four groups, which differ as much as templates do. It fails where a mean, or the variance within
templates, is not kept. A sweep of 250 examples is measured too.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.reduced import (
    PRECISIONS,
    Reduced,
    ScorePrecision,
    pack,
    reduce_sums,
    restore_sums,
)
from mechshift.benchmark.measure.swept import Sweep
from speed.results import Found, Reading, reading
from speed.timing import Asked

GRAPH = Graph(28, 28, 4)
V2_GROUPS = (60, 20, 32, 24, 24, 95, 24, 24, 20, 20)
"""Groups of the ten tasks of protocol v2 in the run of `tiny`."""

TASKS = 10
COLUMNS = 4 * GRAPH.edges + 2 * GRAPH.layers * 18_944
"""Of both members and each group: scores, the MDM's two shares from outside, neurons' effects."""
Floats = NDArray[np.float64]


def made_up(groups: int) -> tuple[Floats, NDArray[np.int64]]:
    """Score sums [groups, edges], and the number of examples of each group."""
    generator = np.random.default_rng(groups)
    counts = np.full(groups, 250 // groups)
    counts[: 250 % groups] += 1
    scale = np.exp(generator.normal(0, 2.5, GRAPH.edges)) * 1e-4
    mean = scale * generator.standard_t(3, GRAPH.edges)
    # Of examples as spread as scores are, the more a group has.
    noise = scale * generator.standard_t(5, (groups, GRAPH.edges))
    strata = strata_of_groups(groups)
    of_templates = 0.3 * scale * generator.standard_t(5, (strata.max() + 1, GRAPH.edges))
    found = counts[:, None] * (mean + of_templates[strata]) + np.sqrt(counts)[:, None] * noise
    return found, counts


def strata_of_groups(groups: int) -> NDArray[np.int64]:
    """The template of each group: four have one."""
    return np.arange(groups) // 4


def size(kept: Reduced) -> int:
    """Bytes of what a file of scores keeps for its edges."""
    scales = (kept.scales.view(np.uint32) >> 16).astype(np.uint16)
    return sum(pack(each).size for each in (kept.means, scales, kept.codes))


def within(sums: Floats, counts: NDArray[np.int64]) -> Floats:
    """The root mean square of deviations from the means of templates, by edge."""
    strata = strata_of_groups(len(counts))
    starts = np.flatnonzero(np.diff(strata, prepend=-1))
    means = np.add.reduceat(sums, starts) / np.add.reduceat(counts, starts)[:, None]
    return np.sqrt(np.square(sums - counts[:, None] * means[strata]).mean(axis=0))


def check(sums: Floats, found: Floats, kept: Reduced, counts: NDArray[np.int64]) -> float:
    """Correlation of deviations; an AssertionError where a mean or the variance in templates is not kept."""
    total = kept.means.astype(np.float64) * counts.sum()
    assert (found.sum(axis=0) == total).all()
    assert (found[::-1].sum(axis=0) == total).all()
    before = sums - counts[:, None] * (sums.sum(axis=0) / counts.sum())
    after = found - counts[:, None] * (total / counts.sum())
    assert (np.abs(within(found, counts) / within(sums, counts) - 1) < 2**-8).all()
    weight = 1 / np.square(before).mean(axis=0)
    return float((before * after * weight).mean() / np.sqrt((after**2 * weight).mean()))


def rows(groups: tuple[int, ...]) -> Iterator[tuple[ScorePrecision, float, float]]:
    """By precision the mean bytes of one member on tasks of so many groups, and the least correlation."""
    scores = {number: made_up(number) for number in sorted(set(groups))}
    for precision in PRECISIONS:
        sizes, correlations = {}, {}
        for number, (sums, counts) in scores.items():
            strata = strata_of_groups(number)
            kept = reduce_sums(sums, counts, strata, precision)
            sizes[number] = size(kept)
            correlations[number] = check(sums, restore_sums(kept, counts, strata), kept, counts)
        yield precision, float(np.mean([sizes[each] for each in groups])), min(correlations.values())


def sweep_bytes() -> int:
    """Of a reduced sweep of 250 examples at ten budgets."""
    generator = np.random.default_rng(0)
    whole, empty = generator.normal(3, 1, (2, 250)).astype(np.float32).astype(np.float64)
    circuits = generator.normal(2, 1, (2, 10, 250)).astype(np.float32).astype(np.float64)
    kept = np.ones((2, 10), np.int64)
    found = Sweep(GRAPH, whole, empty, circuits, kept, ("a template",) * 250, np.arange(250))
    with tempfile.TemporaryDirectory() as folder:
        found.save_reduced(Path(folder, "sweep"))
        return Path(folder, "sweep").stat().st_size


def measured(asked: Asked) -> Found:
    """The sizes, at every precision."""
    readings: list[Reading] = []
    kinds = {"24 groups": (24,)} if asked.quick else {"24 groups": (24,), "groups of v2's tasks": V2_GROUPS}
    for name, groups in kinds.items():
        for precision, found, correlation in rows(groups):
            of = f"{name}, step {precision.step:g}, {precision.bits} bits"
            readings += [
                reading(f"{of}: of an edge's score", [found / GRAPH.edges], "bytes"),
                reading(f"{of}: of a member's edges", [found / 1e6], "MB"),
                reading(f"{of}: of {TASKS} tasks", [TASKS * COLUMNS * found / GRAPH.edges / 1e6], "MB"),
                reading(f"{of}: correlation of deviations", [correlation]),
            ]
    readings.append(reading("a sweep", [sweep_bytes() / 1e6], "MB"))
    exact = f"{GRAPH.edges:,} edges; exact scores of 24 groups: {24 * 8 * GRAPH.edges / 1e6:.1f} MB."
    return Found(readings=tuple(readings), notes=(exact,))
