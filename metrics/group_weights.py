"""How much groups of prompts count in each resample, and halves of them: what is drawn, for any statistic.

Scores are kept as sums per group of examples; groups belong to clusters (templates). A resample is a vector
of weights over the groups, so that no model has to run again, and one vector for both members of a pair keeps
the comparison paired.
"""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, Integers, clusters_of, whole

TEMPLATES_DRAWN = 10
"""From how many templates on resamples draw them: fewer say too little about the spread of templates."""


def templates_drawn(clusters: ArrayLike) -> bool:
    """Whether resamples draw the templates (clusters), so that intervals speak of templates like these.

    They do where there are `TEMPLATES_DRAWN` or more, and where every template is a single group, so that
    nothing else can be drawn. Elsewhere templates are held fixed, and intervals speak of these alone.

    Args:
        clusters: one label per group, [groups].

    Raises:
        ValueError: fewer than two groups.

    >>> templates_drawn([0, 0, 1, 1]), templates_drawn(range(12)), templates_drawn(range(4))
    (False, True, True)
    """
    cluster = clusters_of(clusters)
    templates = int(cluster.max()) + 1
    return templates >= TEMPLATES_DRAWN or templates == len(cluster)


def cluster_weights(clusters: ArrayLike, resamples: int = 200, seed: int = 0) -> Floats:
    """How much each group counts in each resample, by the rescaled bootstrap (Rao & Wu 1988).

    Where `templates_drawn`, whole clusters are drawn with all of their groups: what varies between the groups
    of a cluster varies between clusters too and must not be drawn a second time. Elsewhere every cluster
    stays, and groups are drawn within each. Of n clusters or groups, n − 1 are drawn with replacement and
    count n/(n − 1) times: drawing n of n makes the variance of a mean (n − 1)/n of what it should be, half of
    it for two groups.

    Args:
        clusters: one label per group, [groups].
        resamples: how many to draw.
        seed: of the generator.

    Returns:
        Weights [resamples, groups], ≥ 0, 1 on average. Where all clusters have the same number of groups each
        row sums to the number of groups. Where clusters stay, those of a single group are drawn from among
        each other, which errs on the wide side; if there is only one such cluster it has weight 1 in every
        row, and an interval leaves out what its prompts contribute.

    Raises:
        ValueError: fewer than two groups, resamples below 1.

    >>> cluster_weights([0, 0, 0, 1, 1, 1], resamples=2).sum(axis=1).tolist()
    [6.0, 6.0]
    """
    cluster = clusters_of(clusters)
    generator = np.random.default_rng([seed, 0])
    weights = np.ones((whole("resamples", resamples, 1), len(cluster)))
    for units in strata(cluster):
        size = len(units)
        if size > 1:
            drawn = generator.multinomial(size - 1, np.full(size, 1 / size), resamples) * (size / (size - 1))
            for unit, column in zip(units, drawn.T, strict=True):
                weights[:, unit] = column[:, None]
    return weights


def strata(cluster: Integers) -> list[list[Integers]]:
    """What is drawn from among each other: of each stratum the units, of each unit the groups."""
    members = [np.flatnonzero(cluster == index) for index in range(int(cluster.max()) + 1)]
    if templates_drawn(cluster):
        return [members]
    within = [list(groups[:, None]) for groups in members if len(groups) > 1]
    # A single group has nothing to be exchanged for but the group of another template ("collapsed strata").
    return [*within, [groups for groups in members if len(groups) == 1]]


def unit_freedom(clusters: ArrayLike) -> int:
    """Degrees of freedom between the units that resamples draw: their number less strata.

    A standard error from resamples is known with as many, and an interval reaches their Student's t times it.

    Args:
        clusters: one label per group, [groups].

    Returns:
        Templates − 1 where `templates_drawn`; else groups less the templates that have several, and less one
        for all that have a single group, which are drawn from among each other. At least 1.

    Raises:
        ValueError: fewer than two groups.

    >>> unit_freedom([0, 0, 0, 1, 1, 1]), unit_freedom(range(12)), unit_freedom([0, 0, 1, 2])
    (4, 11, 2)
    """
    # Of two groups at least: either a template has several, or all are drawn from among each other.
    return sum(len(units) - 1 for units in strata(clusters_of(clusters)) if units)


def half_splits(clusters: ArrayLike, splits: int = 10, seed: int = 0) -> Flags:
    """Random splits of the groups into two halves, each cluster divided as evenly as it can be.

    Both halves then see the same templates where a template has several groups: they are what two
    independent draws of prompts from one task would be.

    Args:
        clusters: one label per group, [groups].
        splits: how many.
        seed: of the generator.

    Returns:
        bool [splits, groups], True for the first half; halves differ by at most one group, in total and
        within every cluster.

    Raises:
        ValueError: fewer than two groups, splits below 1.

    >>> half_splits(["ABBA", "ABBA", "BABA", "BABA"], splits=2)[:, :2].sum(axis=1).tolist()
    [1, 1]
    """
    cluster = clusters_of(clusters)
    # Not the generator of the resamples, so that neither depends on how many the other draws.
    generator = np.random.default_rng([seed, 1])
    halves = np.zeros((whole("splits", splits, 1), len(cluster)), dtype=np.bool_)
    for half in halves:
        # Dealt like cards, cluster after cluster, in random order: an odd group may go to either half.
        order_of_clusters = generator.permutation(int(cluster.max()) + 1)
        dealt = np.lexsort((generator.random(len(cluster)), order_of_clusters[cluster]))
        half[dealt[generator.integers(2) :: 2]] = True
    return halves
