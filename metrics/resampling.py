"""Intervals from stored per-group score sums: what another draw of templates and prompts would have given.

Resamples are weights of groups (`group_weights`), and every statistic is of weighted groups or of their mean
scores (`group_means`).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate, estimate_from
from .group_means import groups_of, weighted_mean
from .group_weights import cluster_weights, unit_freedom
from .inputs import Floats, clusters_of, level_of
from .undefined import Undefined, Value

K = TypeVar("K", bound=Hashable)


def bootstrap(
    statistic: Callable[[Floats], Mapping[K, Value]],
    clusters: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> dict[K, Estimate | Undefined]:
    """Intervals of any number of statistics of weighted groups, all from the same resamples.

    The interval is the bootstrap percentile interval moved so that its centre (the median of the
    resamples) lies at the estimate, and *expanded*: the distance of either quantile from the median counts
    t/z times, t Student's quantile for `unit_freedom` and z the normal one. Draws spread by a standard error
    that is itself estimated, from as few units as there are, and their own quantiles do not know that. The
    expanded percentile interval of Hesterberg (2015) takes quantiles further out for it, of which a few
    hundred draws say little. A resample repeats groups, so it is noisier than the sample, and a
    statistic that falls with noise, as every overlap of top edges does, falls in all resamples
    together. The estimate itself has no such bias: it is what the sample's own number of prompts gives.
    The median lies between the two quantiles whatever the resamples are, so that the estimate lies in its
    interval; their mean need not, where a statistic takes few values or is skewed.

    Args:
        statistic: from weights [groups] to values by name, or by any other key; called with all 1 for the
            estimates.
        clusters: one label per group, [groups].
        resamples: how many to draw; 200 or more for an interval worth printing.
        seed: of the generator.
        level: how often the interval is to hold the mean over samples of this size.

    Returns:
        For every name an Estimate, or Undefined where the estimate is undefined or more than 1 − level of
        the resamples are.

    Raises:
        ValueError: fewer than two groups, resamples below 1, level outside (0, 1), a statistic that
            returns NaN or an infinity.

    >>> import numpy as np
    >>> data = np.arange(20.0)
    >>> mean = bootstrap(lambda w: {"mean": float(w @ data / w.sum())}, clusters=np.arange(20))["mean"]
    >>> mean.value, 5 < mean.low < 9.5 < mean.high < 14
    (9.5, True)
    """
    return bootstrap_rows(lambda weights: map(statistic, weights), clusters, resamples, seed, level)


def bootstrap_rows(
    statistics: Callable[[Floats], Iterable[Mapping[K, Value]]],
    clusters: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> dict[K, Estimate | Undefined]:
    """`bootstrap` of statistics that are found of many resamples together.

    Args:
        statistics: from weights [rows, groups] to the values of each row, in their order. The first row is
            all 1 and gives the estimates, the others are the resamples.
        clusters, resamples, seed, level: as in `bootstrap`.

    Returns:
        As `bootstrap`.

    Raises:
        ValueError: as `bootstrap`.

    >>> data = np.arange(20.0)
    >>> def means(weights): return [{"mean": float(mean)} for mean in weights @ data / weights.sum(axis=1)]
    >>> bootstrap_rows(means, clusters=np.arange(20))["mean"].value
    9.5
    """
    level_of(level)
    # All names from one call: what is expensive (ranking edges) is done once for all of them.
    weights = cluster_weights(clusters, resamples, seed)
    estimates, *draws = statistics(np.concatenate([np.ones((1, weights.shape[1])), weights]))
    freedom = unit_freedom(clusters)
    return {
        name: estimate_from(name, value, [draw[name] for draw in draws], level, freedom)
        for name, value in estimates.items()
    }


def bootstrap_scores(
    statistic: Callable[..., Mapping[K, Value]],
    sums: Sequence[ArrayLike],
    counts: ArrayLike,
    clusters: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> dict[K, Estimate | Undefined]:
    """`bootstrap` of statistics of mean scores, paired over models.

    Args:
        statistic: called with one mean score array [...] per entry of `sums`, to named values.
        sums: for each model the per-group score sums [groups, ...] over the same examples.
        counts: examples per group [groups].
        clusters, resamples, seed, level: as in `bootstrap`.

    Returns:
        As `bootstrap`. Resamples are the same for all models, so differences are paired.

    Raises:
        ValueError: as `bootstrap` and `group_mean`; no sums.

    >>> import numpy as np
    >>> arm = np.random.default_rng(0).normal(size=(12, 3, 4))
    >>> def shift(arm, mdm): return {"shift": float((mdm - arm).mean())}
    >>> found = bootstrap_scores(shift, [arm, arm + 1.0], np.ones(12), clusters=range(12))["shift"]
    >>> round(found.low, 9), round(found.high, 9)
    (1.0, 1.0)
    """
    if not sums:
        raise ValueError("sums is empty: pass the score sums of at least one model")
    models = [groups_of(one, counts) for one in sums]
    clusters_of(clusters, groups=len(models[0][1]))

    def weighted(weights: Floats) -> Mapping[K, Value]:
        return statistic(*(weighted_mean(total, examples, weights) for total, examples in models))

    return bootstrap(weighted, clusters, resamples, seed, level)
