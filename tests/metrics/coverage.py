"""How often 95 % intervals hold the true value, by simulation: `python tests/metrics/coverage.py`.

A command and not a test, because it takes minutes. It prints the table of docs/metrics.md. Two models share
part of their edge scores; every template moves the scores of both, and every group of prompts adds noise of
its own. The true value of a quantity is its mean over many samples of the *same* size: of the same templates
where templates are held fixed, of new ones where they are drawn. The last column asks instead for the
normalised overlap in the limit of many prompts, which intervals are not made for.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechshift import metrics
from mechshift.metrics import Estimate, Undefined, Value

Floats = NDArray[np.float64]
Estimates = Mapping[str, Estimate | Undefined]

NODES, LAYERS, KEPT = 24, 6, 30
EDGES = np.triu(np.ones((NODES, NODES), bool), 1)
LAYER = np.arange(NODES) * LAYERS // NODES
GRID = (0.001, 0.01, 0.1, 0.5, 1.0)
PROMPTS = 10
"""In each group, for faithfulness, whose resamples draw prompts."""
NOISE, TEMPLATE_NOISE = 1.5, 0.7
"""Standard deviations over groups and over templates, in units of a typical score."""
OVERLAPS = ("jaccard", "cross", "ceiling_a", "normalised")
QUANTITIES = (*OVERLAPS, "early share", "early shift", "specialisation", "log area")
LIMIT = "limit of normalised"


@dataclass(frozen=True)
class Design:
    """Templates, groups in each, and whether every sample has templates of its own."""

    templates: int
    groups: int
    drawn: bool

    @property
    def clusters(self) -> NDArray[np.int64]:
        """The template of each group."""
        return np.repeat(np.arange(self.templates), self.groups)


DESIGNS = (
    Design(1, 24, drawn=False),
    Design(4, 6, drawn=False),
    Design(6, 4, drawn=False),
    Design(12, 2, drawn=True),
    Design(30, 2, drawn=True),
)


def scores(design: Design, seed: int) -> Floats:
    """What both models would score without noise of prompts, [models, templates, sources, destinations]."""
    shared, own = np.random.default_rng(0).standard_t(3, (2, *EDGES.shape))
    effects = np.random.default_rng([1, seed if design.drawn else 0])
    models = np.stack([shared, 0.8 * shared + 0.6 * own])[:, None]
    return models + TEMPLATE_NOISE * effects.normal(size=(2, design.templates, *EDGES.shape))


def limit(design: Design) -> float:
    """Normalised overlap in the limit of many prompts, and of many templates where they are drawn."""
    seeds = range(200 if design.drawn else 1)
    models = np.mean([scores(design, seed).mean(axis=1) for seed in seeds], axis=0)
    overlap = metrics.jaccard(*(metrics.top_edges(model, EDGES, KEPT) for model in models))
    floor = metrics.chance_jaccard(KEPT, KEPT, int(EDGES.sum()))
    assert not isinstance(overlap, Undefined)
    assert not isinstance(floor, Undefined)
    value = metrics.normalised_overlap(overlap, 1, 1, floor)
    assert not isinstance(value, Undefined)
    return value


@dataclass(frozen=True)
class Sample:
    """Score sums of both models [groups, sources, destinations], and m(C), m(∅), m(N) of prompts."""

    sums: tuple[Floats, Floats]
    circuits: Floats
    empty: Floats
    whole: Floats
    templates: NDArray[np.int64]


def sample(design: Design, seed: int) -> Sample:
    """Data of a seed; template effects are those of the seed too where templates are drawn."""
    of_templates = np.random.default_rng([3, seed if design.drawn else 0])
    of_groups = np.random.default_rng([2, seed])
    clusters = design.clusters
    sums = scores(design, seed)[:, clusters]
    sums += NOISE * of_groups.normal(size=sums.shape)
    templates = np.repeat(clusters, PROMPTS)
    level = 4 + of_templates.normal(size=design.templates)[templates]
    # Lopsided, as logit differences of prompts are.
    whole = level * of_groups.gamma(4, 0.25, len(templates))
    kept = np.array([0.05, 0.3, 0.7, 0.95, 1.0])[:, None]
    bend = 0.1 * of_templates.normal(size=(1, design.templates))[:, templates]
    noise = 0.5 * of_groups.normal(size=(len(GRID), len(templates)))
    circuits = whole * (kept + bend * kept * (1 - kept) * 4) + noise * (kept < 1)
    return Sample((sums[0], sums[1]), circuits, of_groups.normal(size=len(templates)), whole, templates)


def placement(arm: Floats, mdm: Floats) -> dict[str, Value]:
    """Early share and specialisation of the MDM, and the shift of the early share."""
    nodes = np.eye(NODES)
    values: dict[str, Value] = {}
    early = []
    for model in (arm, mdm):
        importance = metrics.node_importance(model, metrics.top_edges(model, EDGES, KEPT), nodes, nodes)
        profile = metrics.depth_profile(importance, LAYER, LAYERS)
        assert not isinstance(profile, Undefined)
        early.append(metrics.early_share(profile))
        values["specialisation"] = metrics.specialisation(importance)
    return values | {"early share": early[1], "early shift": early[1] - early[0]}


def area(drawn: Sample) -> Callable[[Floats], dict[str, Value]]:
    """The log area of faithfulness of means, as a statistic of weighted prompts."""

    def statistic(weights: Floats) -> dict[str, Value]:
        share = weights / weights.sum()
        empty, whole = float(drawn.empty @ share), float(drawn.whole @ share)
        curve = metrics.faithfulness(drawn.circuits @ share, empty, whole)
        return {"log area": curve if isinstance(curve, Undefined) else metrics.log_area(GRID, curve)}

    return statistic


def estimates(design: Design, drawn: Sample, resamples: int, seed: int) -> Estimates:
    """Every quantity of a sample with its interval."""
    clusters, counts = design.clusters, np.ones(len(design.clusters))
    overlap = metrics.circuit_overlap(
        *drawn.sums, counts, clusters, EDGES, KEPT, resamples=resamples, seed=seed
    )
    named = {name: getattr(overlap, name) for name in OVERLAPS}
    named |= metrics.bootstrap_scores(placement, drawn.sums, counts, clusters, resamples, seed)
    return named | metrics.bootstrap(area(drawn), drawn.templates, resamples, seed)


@dataclass(frozen=True)
class Coverage:
    """Share of intervals that hold a value, and what they are like.

    `width`: mean width over 2 · 1.96 true standard errors; `undefined`: trials without an interval; `mean`:
    of the quantity over samples of this size.
    """

    held: float
    width: float
    undefined: int
    mean: float


def coverage(found: Sequence[Estimate | Undefined], points: Floats, true: float) -> Coverage:
    """The coverage of a value, by the intervals found; `points` are of samples drawn apart from them."""
    defined = [one for one in found if isinstance(one, Estimate)]
    held = np.mean([one.low <= true <= one.high for one in defined])
    width = np.mean([one.high - one.low for one in defined]) / (2 * 1.96 * points.std())
    return Coverage(float(held), float(width), len(found) - len(defined), float(points.mean()))


def measure(design: Design, trials: int, truths: int, resamples: int) -> dict[str, Coverage]:
    """The coverage of each quantity at this number of prompts, and of the normalised overlap's limit."""
    apart = [estimates(design, sample(design, 10**6 + n), 1, n) for n in range(truths)]
    trial = [estimates(design, sample(design, n), resamples, n) for n in range(trials)]
    measured = {}
    for name in QUANTITIES:
        points = np.array([one[name].value for one in apart if isinstance(one[name], Estimate)])
        measured[name] = coverage([one[name] for one in trial], points, points.mean())
        if name == "normalised":
            measured[LIMIT] = coverage([one[name] for one in trial], points, limit(design))
    return measured


def main() -> None:
    """Prints coverage in per cent and, in brackets, mean width over that of the true standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--truths", type=int, default=2000, help="samples that the true values are means of")
    parser.add_argument("--resamples", type=int, default=200)
    options = parser.parse_args()
    print("| templates × groups |", " | ".join((*QUANTITIES, LIMIT)), "|")
    print("|---" * (len(QUANTITIES) + 2) + "|")
    for design in DESIGNS:
        measured = measure(design, options.trials, options.truths, options.resamples)
        cells = [
            f"{100 * one.held:.0f} ({one.width:.2f})"
            + (f", {one.undefined} undefined" if one.undefined else "")
            for one in (measured[name] for name in QUANTITIES)
        ]
        cells.append(f"{100 * measured[LIMIT].held:.0f} ({measured[LIMIT].mean:.2f} → {limit(design):.2f})")
        rule = "drawn" if design.drawn else "fixed"
        print(f"| {design.templates} × {design.groups}, {rule} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
