"""Intervals from stored per-group score sums: what another draw of templates and prompts would have given.

Scores are kept as sums per group of examples, [groups, ...] with the number of examples of each
[groups]; groups belong to clusters (templates). A resample is a vector of weights over the groups, so
that no model has to run again, and one vector for both members of a pair keeps the comparison paired.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Flags, Floats, Integers, clusters_of, level_of, numbers, whole
from .student import student_quantile
from .undefined import Undefined, Value

K = TypeVar("K", bound=Hashable)

TEMPLATES_DRAWN = 10
"""From how many templates on resamples draw them: fewer say too little about the spread of templates."""


@dataclass(frozen=True)
class Estimate:
    """A number and its interval, in which it lies.

    `value` is computed on all groups; `low` and `high` bound the central `level` of the resamples (see
    `bootstrap`); `resamples` is how many were drawn and `undefined` how many of them gave no number and
    are left out. `draws`: the value in each resample, [resamples], NaN where it gave none; None where the
    estimate was not made of resamples of its own. `freedom`: the degrees of freedom of the Student's t that
    the interval reaches, in standard errors, where those of a normal sample of many would be a normal
    quantile: of an estimate from resamples `unit_freedom`. It is infinite for the normal quantile, and None
    where the interval was put together from others. Two estimates whose resamples have the same weights are
    compared by the differences of their draws (`paired_difference`).

    Raises:
        ValueError: not low ≤ value ≤ high, one of them NaN or infinite, level outside (0, 1).
    """

    value: float
    low: float
    high: float
    level: float
    resamples: int
    undefined: int = 0
    # How an estimate came about, and not what it is: equal estimates may have been drawn differently.
    draws: Floats | None = field(default=None, compare=False, repr=False)
    freedom: float | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Checked here and not where estimates are made, so that no way of making one can get round it.
        if not all(map(math.isfinite, (self.low, self.value, self.high))):
            raise ValueError(f"an estimate must be finite: {self.value} [{self.low}, {self.high}]")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an estimate must lie in its interval: {self.value} [{self.low}, {self.high}]")
        level_of(self.level)

    @property
    def clear(self) -> bool:
        """Whether the value is above 0 and known to within half of itself: low > value / 2.

        What is divided by has to be: a ratio to a number that may be nothing has an interval that says
        nothing.

        >>> Estimate(1.0, 0.6, 1.5, 0.95, 200).clear, Estimate(1.0, 0.4, 1.5, 0.95, 200).clear
        (True, False)
        """
        return self.value > 0 and self.low > self.value / 2

    def clipped(self, least: float, most: float) -> "Estimate":
        """The same estimate with its interval cut to the range that the metric can take.

        Raises:
            ValueError: a value outside the range. It is not cut: it shows that the range is wrong.

        >>> Estimate(0.9, 0.8, 1.1, 0.95, 200).clipped(0, 1).high
        1.0
        """
        if not least <= self.value <= most:
            raise ValueError(f"the value {self.value} lies outside the range {least} to {most}")
        return replace(self, low=max(self.low, float(least)), high=min(self.high, float(most)))


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


def group_mean(sums: ArrayLike, counts: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Mean score over examples: Σ_g w_g · sums_g / Σ_g w_g · counts_g.

    Args:
        sums: per-group score sums [groups, ...].
        counts: examples per group [groups], positive.
        weights: [groups] or [rows, groups]; all 1 when left out.

    Returns:
        [...] or [rows, ...], in the units of a score, every example weighing the same.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, weights that are
            negative or all 0, a mean beyond all numbers.

    >>> group_mean([[2.0, 4.0], [6.0, 0.0]], counts=[1, 3]).tolist()
    [2.0, 1.0]
    """
    total, examples = _groups(sums, counts)
    weight = np.ones(len(examples)) if weights is None else numbers("weights", weights)
    if weight.shape[-1] != len(examples) or weight.ndim > 2:
        raise ValueError(f"weights must be [..., {len(examples)} groups] and has shape {weight.shape}")
    if (weight < 0).any() or not weight.any(axis=-1).all():
        raise ValueError("weights must not be negative, nor all 0")
    return weighted_mean(total, examples, weight)


def weighted_mean(sums: Floats, counts: Floats, weights: NDArray[Any]) -> Floats:
    """`group_mean` of input that is known to be well-formed, without looking at all of it again."""
    with np.errstate(all="ignore"):
        share = weights / (weights @ counts)[..., None]
        mean = np.tensordot(share.astype(sums.dtype), sums, axes=1)
    # Ranking NaN would pass for a ranking, so that the result is looked at and not every sum before it.
    if not np.isfinite(mean).all():
        raise ValueError("mean scores are beyond all numbers: scale the sums down")
    return mean


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
    level_of(level)
    # All names from one call per resample: what is expensive (ranking edges) is done once for all of them.
    weights = cluster_weights(clusters, resamples, seed)
    estimates = statistic(np.ones(weights.shape[1]))
    draws = [statistic(row) for row in weights]
    freedom = unit_freedom(clusters)
    return {
        name: _estimate(name, value, [draw[name] for draw in draws], level, freedom)
        for name, value in estimates.items()
    }


def paired_difference(minuend: Estimate, subtrahend: Estimate) -> Estimate | Undefined:
    """Minuend − subtrahend of two estimates whose resamples have the same weights.

    What the two share, the luck of the prompts, cancels in every resample. The interval is that of the
    differences, as `bootstrap` makes it.

    Returns:
        An Estimate in the units of the two, or Undefined where more than 1 − level of the resamples lack one
        of the values. Its `freedom` is the smaller of theirs.

    Raises:
        ValueError: levels or numbers of resamples that differ, no draws, no degrees of freedom.

    >>> def drawn(data): return bootstrap(lambda w: {"": float(w @ data / w.sum())}, range(20))[""]
    >>> noisy = np.random.default_rng(0).normal(size=20)
    >>> found = paired_difference(drawn(noisy + 1.0), drawn(noisy))
    >>> round(found.value, 9), round(found.low, 9), round(found.high, 9)
    (1.0, 1.0, 1.0)
    """
    return paired_statistic(lambda a, b: a - b, [minuend, subtrahend])


def paired_statistic(statistic: Callable[..., Value], estimates: Sequence[Estimate]) -> Estimate | Undefined:
    """A function of several estimates whose resamples have the same weights, by the same resamples.

    Args:
        statistic: called with one float per estimate: with the values, and with the draws of each resample.
        estimates: with draws, and with degrees of freedom.

    Returns:
        An Estimate, or Undefined where the values give none, or more than 1 − level of the resamples do. Its
        `freedom` is the least of theirs: the one that is known worst may be what all of it rests on.

    Raises:
        ValueError: no estimates, levels or numbers of resamples that differ, no draws, no degrees of freedom,
            a statistic that returns NaN or an infinity.

    >>> def drawn(data): return bootstrap(lambda w: {"": float(w @ data / w.sum())}, range(20))[""]
    >>> noisy = np.random.default_rng(0).normal(10, 1, size=20)
    >>> found = paired_statistic(lambda a, b: a / b, [drawn(noisy), drawn(2 * noisy)])
    >>> round(found.low, 9), round(found.value, 9), round(found.high, 9)
    (0.5, 0.5, 0.5)
    """
    drawn = [one.draws for one in estimates if one.draws is not None]
    if not drawn or len(drawn) < len(estimates):
        raise ValueError("there must be estimates, and all must have their draws")
    freedom = [one.freedom for one in estimates if one.freedom is not None]
    if len(freedom) < len(estimates):
        raise ValueError("all estimates must have degrees of freedom: infinite where units are many")
    if len({(one.level, len(draws)) for one, draws in zip(estimates, drawn, strict=True)}) > 1:
        raise ValueError("all estimates must have one level and as many resamples")
    reason = Undefined("one of the values is undefined")
    with np.errstate(over="ignore"):
        value = statistic(*(one.value for one in estimates))
        draws = [reason if any(map(math.isnan, row)) else statistic(*row) for row in zip(*drawn, strict=True)]
    return _estimate("of paired estimates", value, draws, estimates[0].level, min(freedom))


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
    models = [_groups(one, counts) for one in sums]
    clusters_of(clusters, groups=len(models[0][1]))

    def weighted(weights: Floats) -> Mapping[K, Value]:
        return statistic(*(weighted_mean(total, examples, weights) for total, examples in models))

    return bootstrap(weighted, clusters, resamples, seed, level)


def _groups(sums: ArrayLike, counts: ArrayLike) -> tuple[Floats, Floats]:
    total, examples = numbers("sums", sums), numbers("counts", counts, 1)
    if total.ndim < 1 or total.shape[0] != len(examples):
        raise ValueError(f"sums {total.shape} must have one entry per group, and counts has {len(examples)}")
    if (examples <= 0).any():
        raise ValueError("counts must be positive: leave out groups without examples")
    return total, examples


def _estimate(
    name: Hashable, value: Value, draws: list[Value], level: float, freedom: float
) -> Estimate | Undefined:
    if isinstance(value, Undefined):
        return value
    undefined = [draw.reason for draw in draws if isinstance(draw, Undefined)]
    defined = np.array([draw for draw in draws if not isinstance(draw, Undefined)], dtype=np.float64)
    if not np.isfinite(value) or not np.isfinite(defined).all():
        raise ValueError(
            f"the statistic {name!r} returned NaN or an infinity: return Undefined with a reason instead"
        )
    kept = np.array([math.nan if isinstance(draw, Undefined) else draw for draw in draws], dtype=np.float64)
    return estimate_of(value, kept, level, undefined[0] if undefined else "", freedom)


def estimate_of(
    value: float, draws: Floats, level: float, reason: str, freedom: float
) -> Estimate | Undefined:
    """The estimate of a value from its draws [resamples], NaN where a resample has none for this reason.

    Its interval is that of `bootstrap`, for so many degrees of freedom. Value and other draws are finite.
    Undefined where more than 1 − level of the draws are NaN.
    """
    defined = draws[~np.isnan(draws)]
    undefined = len(draws) - len(defined)
    if undefined > (1 - level) * len(draws) or len(defined) == 0:
        return Undefined(f"in {undefined} of {len(draws)} resamples {reason}")
    # Of halves, because the quantile of two draws at opposite ends of the range takes their difference.
    low, centre, high = (
        float(each) for each in np.quantile(defined / 2, [(1 - level) / 2, 0.5, (1 + level) / 2])
    )
    # Distances first: moving the bounds themselves would round them across the estimate.
    wider = 2 * expansion(level, freedom)
    below, above = max(0.0, wider * (centre - low)), max(0.0, wider * (high - centre))
    value = float(value)
    return Estimate(value, value - below, value + above, level, len(draws), undefined, draws, freedom)


def expansion(level: float, freedom: float) -> float:
    """How many times as far Student's quantile reaches as the normal one, at the bounds of that level.

    >>> round(expansion(0.95, 9), 6), expansion(0.95, math.inf)
    (1.154183, 1.0)
    """
    share = (1 + level) / 2
    return student_quantile(share, freedom) / student_quantile(share, math.inf)
