"""Similarity of two models by loops over groups of prompts: slow, and nothing of `metrics` in it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sums = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


def by_loops(one: Sums, other: Sums) -> float:
    """ρ of sums [groups, …] from products of two different groups."""
    inner = {}
    for name, (x, y) in {"ab": (one, other), "aa": (one, one), "bb": (other, other)}.items():
        total = 0.0
        for first in range(len(x)):
            for second in range(len(y)):
                if first != second:
                    total += float((x[first] * y[second]).sum())
        inner[name] = total
    return float(inner["ab"] / np.sqrt(inner["aa"] * inner["bb"]))


def spread_by_loops(a: Sums, b: Sums, counts: Counts, templates: Sequence[str], mask: Mask) -> Sums:
    """σ of each edge [sources, destinations], infinite where no edge is: over groups of a template."""
    labels = np.array(templates)
    total = np.zeros(a.shape[1:])
    for sums in (a, b):
        found = np.zeros_like(total)
        for template in set(templates):
            of, n = sums[labels == template], counts[labels == template][:, None, None]
            found += (n * (of / n - of.sum(axis=0) / n.sum()) ** 2).sum(axis=0)
        total += found / found.sum()
    return np.where(mask, np.sqrt(total / np.median(total[mask])), np.inf)


def jackknifed(a: Sums, b: Sums, counts: Counts, templates: Sequence[str], mask: Mask) -> float:
    """The headline with each group of a template left out in turn, whose bias is taken away."""
    labels = np.array(templates)

    def rho(chosen: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
        scale = spread_by_loops(a[chosen], b[chosen], counts[chosen], labels[chosen].tolist(), mask) ** -0.75
        return by_loops(*(weights[chosen, None, None] * each[chosen] * scale for each in (a, b)))

    everything = np.ones(len(a), bool)
    whole = rho(everything, np.ones(len(a)))
    value = whole
    for template in set(templates):
        own = labels == template
        size = int(own.sum())
        without = []
        for group in np.flatnonzero(own):
            # What is left of a template stands for all of it.
            weights = np.where(own, size / (size - 1), 1.0)
            without.append(rho(everything & (np.arange(len(a)) != group), weights))
        value += (size - 1) * (whole - float(np.mean(without)))
    return value
