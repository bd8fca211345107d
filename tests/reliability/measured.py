"""Every estimator of how alike two models' circuits are, by one name each, and its limit in many prompts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechshift import metrics
from mechshift.metrics import Estimate, Undefined, Value
from mechshift.metrics.spread import POWER

Floats = NDArray[np.floating]
Estimates = Mapping[str, Estimate | Undefined]

SHARE = 0.02
"""Edges of a circuit, where a number of them has to be chosen."""
HEADLINE = "ρ, three quarters standardised"
POWERS = {"ρ": 0.0, "ρ, half standardised": 0.5, HEADLINE: POWER, "ρ, standardised": 1.0}
"""Of `inverse_spread`."""
COMPONENTS = "ρ of components"
WEIGHTED = ("weighted Jaccard", "weighted Jaccard, extrapolated")
OVERLAPS = ("J", "(J − floor)/(1 − floor)", "Ĵ")
ESTIMATORS = (*POWERS, COMPONENTS, *WEIGHTED, *OVERLAPS)


@dataclass(frozen=True)
class Sample:
    """Score sums of two models over the same groups [groups, sources, destinations]."""

    a: Floats
    b: Floats
    counts: Floats
    clusters: NDArray[np.int64]
    mask: NDArray[np.bool_]

    def chosen(self, groups: NDArray[np.bool_] | NDArray[np.int64]) -> "Sample":
        """Some of the groups."""
        return Sample(self.a[groups], self.b[groups], self.counts[groups], self.clusters[groups], self.mask)

    def added_up(self) -> "Sample":
        """One group for each template."""
        places = [self.clusters == template for template in np.unique(self.clusters)]
        a, b, counts = (
            np.stack([values[place].sum(axis=0) for place in places])
            for values in (self.a, self.b, self.counts)
        )
        return Sample(a, b, counts, np.arange(len(places)), self.mask)


def size(mask: NDArray[np.bool_]) -> int:
    """Edges of a circuit."""
    return round(SHARE * int(mask.sum()))


def estimates(sample: Sample, resamples: int, splits: int, cosine_resamples: int = 200) -> Estimates:
    """Every estimator; plain cosines have resamples of their own number, because they cost nothing."""
    labels = sample.counts, sample.clusters
    found: dict[str, Estimate | Undefined] = {}
    for name, power in POWERS.items():
        if power:
            found[name] = metrics.standardised_cosine(
                sample.a, sample.b, *labels, sample.mask, power, resamples
            )
        else:
            products = metrics.group_products(sample.a, sample.b, sample.mask)
            found[name] = metrics.disattenuated_cosine(products, *labels, cosine_resamples)
    # What a component writes, by all edges that leave it; the first source is the input, and none.
    written = [
        np.where(sample.mask, sums, 0)[:, 1:].sum(axis=2, dtype=np.float64) for sums in (sample.a, sample.b)
    ]
    found[COMPONENTS] = metrics.disattenuated_cosine(
        metrics.group_products(*written), *labels, cosine_resamples
    )
    weighted = metrics.extrapolated_jaccard(sample.a, sample.b, *labels, sample.mask, splits, resamples)
    found |= dict(zip(WEIGHTED, (weighted.sample, weighted.limit), strict=True))
    overlap = metrics.circuit_overlap(
        sample.a, sample.b, *labels, sample.mask, size(sample.mask), splits=splits, resamples=resamples
    )
    return found | dict(
        zip(OVERLAPS, (overlap.jaccard, overlap.above_floor, overlap.normalised), strict=True)
    )


def carriers(sample: Sample) -> dict[str, Value]:
    """For each cosine the smaller participation ratio of the two models."""
    found: dict[str, Value] = {}
    for name, power in POWERS.items():
        scale = metrics.inverse_spread(
            sample.a, sample.b, sample.counts, clusters_a=sample.clusters, mask=sample.mask, power=power
        )
        both = [
            metrics.carrying_edges(sums * scale, sample.counts, sample.mask) for sums in (sample.a, sample.b)
        ]
        numbers = [each for each in both if not isinstance(each, Undefined)]
        found[name] = min(numbers) if len(numbers) == 2 else Undefined("noise")
    return found


def limits(mean: Floats, spread: Floats, mask: NDArray[np.bool_]) -> dict[str, float]:
    """What every estimator comes to with any number of prompts, from means and spreads [2, edges]."""
    placed = np.zeros((2, *mask.shape))
    placed[:, mask] = mean
    unit = (spread**2 / (spread**2).sum(axis=1, keepdims=True)).sum(axis=0)
    # Edges that never differ between prompts have no unit, and take no part; plain ρ asks for none.
    inverse = np.divide(1, unit, out=np.zeros_like(unit), where=unit > 0)
    found = {
        name: _cosine(*(mean * (inverse ** (power / 2) if power else 1))) for name, power in POWERS.items()
    }
    found[COMPONENTS] = _cosine(*placed[:, 1:].sum(axis=2))
    found |= dict.fromkeys(WEIGHTED, _number(metrics.weighted_jaccard(*placed, mask)))
    edges, k = int(mask.sum()), size(mask)
    overlap = _number(metrics.jaccard(*(metrics.top_edges(scores, mask, k) for scores in placed)))
    floor = _number(metrics.chance_jaccard(k, k, edges))
    above = _number(metrics.normalised_overlap(overlap, 1, 1, floor))
    return found | dict(zip(OVERLAPS, (overlap, above, above), strict=True))


def _cosine(a: Floats, b: Floats) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _number(value: Value) -> float:
    assert not isinstance(value, Undefined)
    return value
