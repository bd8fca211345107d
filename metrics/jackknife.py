"""The jackknife: a value with each unit of the sample left out in turn; its bias and its interval from that.

For values that take a pass over all edges to compute. There are as many as units, and not as many as
resamples. It takes away the part of a bias that falls as one over the number of units, and its standard
error does not rest on samples in which a third of the units is missing, as resamples are.
"""

import math

import numpy as np

from .estimate import Estimate
from .group_weights import cluster_weights, strata, unit_freedom
from .inputs import Integers
from .products import Doubles
from .student import student_quantile
from .undefined import Undefined


def units_of(cluster: Integers) -> list[Integers]:
    """The groups of each unit, stratum after stratum: of a template where those are drawn, else one."""
    return [unit for units in strata(cluster) for unit in units]


def left_out_units(cluster: Integers) -> list[Integers]:
    """Those that are left out, in the order of the rows of `left_out`."""
    return [unit for units in strata(cluster) if len(units) > 1 for unit in units]


def left_out(cluster: Integers) -> Doubles:
    """Weights of units [1 + left out, units]: all 1, then with a 0 in turn, which its stratum makes up for.

    A unit that is alone in its stratum is never left out.

    >>> left_out(np.array([0, 0, 1, 1])).tolist()[:3]
    [[1.0, 1.0, 1.0, 1.0], [0.0, 2.0, 1.0, 1.0], [2.0, 0.0, 1.0, 1.0]]
    """
    sizes = [len(units) for units in strata(cluster)]
    rows, start = [np.ones((1, sum(sizes)))], 0
    for size in sizes:
        if size > 1:
            weights = np.ones((size, sum(sizes)))
            weights[:, start : start + size] = (1 - np.eye(size)) * (size / (size - 1))
            rows.append(weights)
        start += size
    return np.concatenate(rows)


def jackknife_estimate(
    values: Doubles, cluster: Integers, resamples: int, seed: int, level: float, reason: str
) -> Estimate | Undefined:
    """The estimate from values of the rows of `left_out`, NaN where a row gives none, for this reason.

    Its value is without the bias that falls with the number of units, its interval is Student's, of as many
    degrees of freedom as units left out less strata. Its draws are linear: a unit counts in them as often as
    in `cluster_weights`, and each time moves the value by as much as its absence did.
    """
    if np.isnan(values).any():
        return Undefined(f"{reason}, of all prompts or with some left out")
    weights = cluster_weights(cluster, resamples, seed)
    value, apart, start = float(values[0]), [0.0], 1
    draws = np.zeros(resamples)
    for units in strata(cluster):
        size = len(units)
        if size > 1:
            without = values[start : start + size]
            moves = without.mean() - without
            value += (size - 1) * float(values[0] - without.mean())
            apart += list(math.sqrt((size - 1) / size) * moves)
            draws += weights[:, [unit[0] for unit in units]] @ moves * ((size - 1) / size)
            start += size
    # Not by squares, which of small and large values would be 0 or beyond all numbers.
    freedom = unit_freedom(cluster)
    away = student_quantile((1 + level) / 2, freedom) * math.hypot(*apart)
    return Estimate(value, value - away, value + away, level, resamples, 0, value + draws, freedom)
