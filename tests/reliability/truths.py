"""What the numbers of `quantities` come to with any number of prompts like those of a population.

From means over all of its prompts, by the formulas of docs/metrics.md and not by the estimators.
"""

import numpy as np
from reliability.measured import HEADLINE, limits
from reliability.population import WHOSE, Sample
from reliability.quantities import (
    COMPARED,
    CONTEXT,
    LESS,
    MASS,
    SHIFTS,
    SQUARED,
    STRUCTURE,
    TRANSFER,
    Floats,
    Sizes,
    of_mass,
    placed,
)

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.measure.circuit_runs import CROSS, OTHER, OWN, CircuitRuns
from mechshift.benchmark.measure.score_sums import ScoreSums


def truths(population: Sample, sizes: Sizes) -> dict[str, float]:
    """Every quantity that all prompts give, of the pair and of the pair less the control."""
    own = {}
    for who in WHOSE:
        second = population.second[who]
        found = _structure(population.arm, second) | _context(second)
        found |= {name: _transfer(population.runs[who, host]) for host, name in TRANSFER.items()}
        components = Components(second.graph)
        members = (population.arm, second)
        all_prompts = np.ones((1, len(second.templates)))
        by_mass = [of_mass(one, sizes.of(who), components, all_prompts) for one in members]
        by_squares = [placed(_squares(one, components), components) for one in members]
        for names, (before, after) in ((MASS, by_mass), (SQUARED, by_squares)):
            for name, one, other in zip(names, before, after, strict=True):
                found |= {name: float(other[0]), SHIFTS[name]: float(other[0] - one[0])}
        own[who] = found
    apart = {name + LESS: own["pair"][name] - own["control"][name] for name in COMPARED}
    return own["pair"] | apart


def _structure(arm: ScoreSums, second: ScoreSums) -> dict[str, float]:
    means = np.stack([_mean(one) for one in (arm, second)])
    spread = np.stack([_spread(one) for one in (arm, second)])
    found = limits(means, spread, arm.graph.mask)
    return {name: found[of] for name, of in zip(STRUCTURE, (HEADLINE, *STRUCTURE[1:]), strict=True)}


def _mean(of: ScoreSums) -> Floats:
    return of.attribution.scores()[of.graph.mask]


def _spread(of: ScoreSums) -> Floats:
    """Standard deviation of each edge's score over the prompts of a template [edges], but for a factor."""
    sums, counts = of.attribution.score_sums[:, of.graph.mask], of.attribution.counts[:, None]
    labels = np.array(of.templates)
    squares = np.zeros(sums.shape[1])
    for label in np.unique(labels):
        one, examples = sums[labels == label], counts[labels == label]
        squares += (examples * (one / examples - one.sum(axis=0) / examples.sum()) ** 2).sum(axis=0)
    found: Floats = np.sqrt(squares)
    return found


def _context(of: ScoreSums) -> dict[str, float]:
    outside = of.attribution.outside
    if outside is None or outside.sums is None:
        return dict.fromkeys(CONTEXT.values(), 0.0)
    before, between, behind = of.attribution.scores_by_place()[:, of.graph.mask]
    found = []
    for before_, between_, behind_ in (
        map(np.abs, (before, between, behind)),
        (before**2, between**2, behind**2),
    ):
        away = float(before_.sum() + behind_.sum())
        found.append(away / (away + float(between_.sum())))
    return dict(zip(CONTEXT.values(), found, strict=True))


def _transfer(runs: CircuitRuns) -> float:
    crossed = float(runs.crossed(CROSS).mean())
    return (float(runs[OTHER].mean()) - crossed) / (float(runs[OWN].mean()) - crossed)


def _squares(of: ScoreSums, components: Components) -> Floats:
    """Squared mean scores at either end of edges, [1, components]."""
    return components.importance(of.attribution.scores() ** 2, of.graph.mask)[None]
