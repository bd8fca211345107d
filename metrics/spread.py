"""By how much each edge's score differs from prompt to prompt: a unit to measure it in.

Squared scores are carried by very few edges. In units of its own spread, an edge of large scores that vary as
much counts no more than one of small scores that do not, and so most of what counts is edges that do next to
nothing. Between the two lies a weight by size: docs/metrics.md shows how the power was chosen.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from .cosine import ratio, why_unclear
from .estimate import Estimate
from .inputs import Flags, Floats, Integers, clusters_of, level_of, match, within
from .jackknife import jackknife_estimate, left_out, left_out_units, units_of
from .products import Doubles, blocks_of, examples_of, mask_of, quotient
from .undefined import Undefined

POWER = 0.75
"""Of the spread, which grows about as the size of a score to the power .7: s²/σ^1.5 grows as the size."""
ROUNDING = 1e-10
"""A variance of at most this share of the squared mean is rounding, of sums in float32, and counts as 0."""


def inverse_spread(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts_a: ArrayLike,
    counts_b: ArrayLike | None = None,
    clusters_a: ArrayLike | None = None,
    clusters_b: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    power: float = POWER,
) -> Doubles:
    """1/σ^power for each edge, the `scale` of `group_products` that standardises scores.

    σ² = v_a/Σv_a + v_b/Σv_b, with v the variance of a model's scores over examples of one template, estimated
    between groups, from Σ_g n_g (x_g/n_g − m)² and the mean m of the template. Both models are given one
    unit, so that a cosine of scaled scores is 1 where the scores are proportional. All units are divided by
    that of the typical edge, the median.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models, over the same examples or not.
        counts_a: examples per group of A [groups].
        counts_b: those of B; as of A when left out.
        clusters_a: one label (template) per group of A; one template when left out. Where no template has two
            groups, they count as one.
        clusters_b: those of B; as of A when left out, which is an error where B has counts of its own and A
            labels.
        mask: bool [...], what exists.
        power: 1 for units of spread, 0 for none; between them weak edges gain less.

    Returns:
        [...], ≥ 0; 0 where the mask is False and where the scores do not differ between groups: they have no
        unit, and in practice are 0.

    Raises:
        ValueError: NaN, shapes that do not match, fewer than two groups, counts that are not positive, power
            outside [0, 1], labels of A alone with counts of B, a model whose scores do not differ anywhere.

    >>> sums = [[1.0, 3.0, 0.0], [3.0, 11.0, 0.0]]
    >>> scale = inverse_spread(sums, sums, counts_a=[1, 1], power=1)
    >>> round(float(scale[0] / scale[1]), 9), float(scale[2])
    (4.0, 0.0)
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("a group of sums_a", "a group of sums_b"), a[0], b[0] if b.ndim else b)
    own = within("power", power, 0, 1)
    n_a = examples_of(counts_a)
    n_b = n_a if counts_b is None else examples_of(counts_b)
    if clusters_b is None:
        if counts_b is not None and clusters_a is not None:
            raise ValueError(
                "clusters_b must be given with counts_b: labels of A are not those of B's groups"
            )
        clusters_b = clusters_a
    total = np.zeros((1, int(existing.sum())))
    for name, sums, counts, clusters in (("sums_a", a, n_a, clusters_a), ("sums_b", b, n_b, clusters_b)):
        labels, everything = spread_strata(clusters, len(counts)), np.ones((1, len(counts)))
        if not _add_shares(total, name, sums, existing, counts, labels, everything):
            raise ValueError(f"{name} does not differ between groups: there is no spread to divide by")
    found = np.zeros(existing.shape)
    found[existing] = _inverse(_typical(total)[0], own / 2)
    return found


def standardised_cosine(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    power: float = POWER,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """Cosine of two models' mean scores in units of their spread over prompts, without the prompts' noise.

    ρ of `disattenuated_cosine`, of scores times `inverse_spread`: products are of different groups, and where
    `templates_drawn` of different templates. Units known from few groups are noisy. The jackknife takes away
    what that does to the value, and measures what it adds to the interval: with one template, or one group
    where templates stay, left out in turn, units and products are found anew.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models over the same examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        mask: bool [...], what exists.
        power: see `inverse_spread`; the default is the headline's.
        resamples: draws of the estimate, with the weights of `cluster_weights`: two calls with the same seed
            and clusters are paired.
        seed: of the draws.
        level: of the interval, which is Student's: the draws leave no trace in it.

    Returns:
        1: proportional scores, 0: nothing in common, −1: opposite; noise may carry it a little beyond.
        Undefined where the squared scores U_aa or U_bb are not clearly above 0 (`Estimate.clear`), or not
        above 0 with a unit left out, and where a model's scores do not differ anywhere.

    Raises:
        ValueError: as `group_products` and `inverse_spread`, but for scores without a spread.

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> a, b = generator.standard_t(3, size=200) + generator.normal(size=(2, 24, 200))
    >>> rho = standardised_cosine(a, b, np.ones(24), clusters=np.zeros(24))
    >>> rho.low < 1 < rho.high
    True
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing, examples = mask_of(a, mask), examples_of(counts)
    match(("sums_a", "sums_b"), a, b)
    cluster = clusters_of(clusters, groups=len(examples))
    own = within("power", power, 0, 1)
    labels, distances = spread_strata(cluster, len(examples)), _without(cluster, examples)
    units = np.zeros((len(distances), int(existing.sum())))
    for model, name, sums in (("first", "sums_a", a), ("second", "sums_b", b)):
        if not _add_shares(units, name, sums, existing, examples, labels, distances):
            return Undefined(f"the {model} model's scores do not differ between groups: they have no unit")
    scale = _inverse(_typical(units), own)
    parts = a, b, existing, examples, cluster
    drawn = cluster, resamples, seed, level_of(level)
    # In units that are the same in all rows: whether there are scores does not depend on how large units are.
    with np.errstate(over="ignore", invalid="ignore"):
        squares = _mean_products(*parts, np.broadcast_to(scale[:1], scale.shape))
    for name, squared in zip(("first", "second"), squares, strict=False):
        unclear = why_unclear(squared[0], jackknife_estimate(squared, *drawn, "there is one unit"))
        if unclear:
            return Undefined(f"the {name} model's scores are not clear of its prompts' noise: {unclear}")
    with np.errstate(over="ignore", invalid="ignore"):
        aa, bb, ab = _mean_products(*parts, scale)
    return jackknife_estimate(ratio(aa, bb, ab), *drawn, "a squared score is not above 0")


def spread_strata(clusters: ArrayLike | None, groups: int) -> Integers:
    """The templates within which `inverse_spread` compares groups: one of all groups where none has two.

    Args:
        clusters: one label (template) per group; one template when left out.
        groups: how many there are.

    Returns:
        Integers from 0 up [groups], alike for groups that are compared.

    Raises:
        ValueError: another number of labels than groups, fewer than two of them.

    >>> spread_strata(["a", "a", "b"], 3).tolist(), spread_strata(["a", "b", "c"], 3).tolist()
    ([0, 0, 1], [0, 0, 0])
    """
    one = np.zeros(groups, np.int64)
    if clusters is None:
        return one
    labels = clusters_of(clusters, groups)
    return labels if labels.max() + 1 < groups else one


def _without(cluster: Integers, counts: Floats) -> Doubles:
    """By how much squared distances of groups from means count in each row of `left_out`, [rows, groups].

    They are from the means of all groups. Added up with these numbers, they are of the groups that are left,
    from the means of those.
    """
    labels = spread_strata(cluster, len(counts))
    rows = np.ones((len(left_out(cluster)), len(counts)))
    examples = np.bincount(labels, counts)[labels]
    others = examples - counts
    alone = np.bincount(labels)[labels] == 1
    leaving = np.where(alone, 0, -counts / np.where(alone, 1, others))
    for row, unit in zip(rows[1:], left_out_units(cluster), strict=True):
        # A template that is left out as a whole leaves nothing.
        row[unit] = leaving[unit] if len(unit) == 1 else 0
    return rows


def _add_shares(
    into: Doubles,
    name: str,
    sums: Floats,
    mask: Flags,
    counts: Floats,
    labels: Integers,
    rows: Doubles,
) -> bool:
    """Add the variance of each edge over examples, by that of all edges together, to [rows, edges].

    False, and nothing added, where no edge has any.
    """
    match((f"groups of {name}", "counts"), sums.reshape(len(sums), -1)[:, 0], counts)
    if len(counts) < 2:
        raise ValueError(f"{name} has one group: a spread takes two or more")

    def variances() -> Iterator[Doubles]:
        return (_variance(block, counts, labels, rows) for block in blocks_of(name, sums, mask))

    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum([block.sum(axis=1) for block in variances()], axis=0)
        if not np.isfinite(total).all():
            raise ValueError(f"variances of {name} are beyond all numbers: scale the sums down")
        if total[0] == 0:
            return False
        start = 0
        for block in variances():
            # With a unit left out there may be none.
            into[:, start : start + block.shape[1]] += block / np.where(total > 0, total, np.inf)[:, None]
            start += block.shape[1]
    return True


def _variance(block: Doubles, counts: Floats, labels: Integers, rows: Doubles) -> Doubles:
    """Variance of each edge between the groups of a template [rows, edges], but for a factor of each row."""
    member = (np.arange(labels.max() + 1)[:, None] == labels).astype(np.float64)
    mean = member @ block / (member @ counts)[:, None]
    distance = counts[:, None] * (block / counts[:, None] - mean[labels]) ** 2
    size = (block.sum(axis=0) / counts.sum()) ** 2
    if not np.isfinite(size).all():
        raise ValueError("scores are beyond all numbers when squared: scale the sums down")
    found = rows @ distance
    return np.asarray(np.where(found > ROUNDING * counts.sum() * size, found, 0))


def _typical(variance: Doubles) -> Doubles:
    """Variances [rows, edges] in units of the row's median, of edges that have any."""
    for row in variance:
        spread = row[row > 0]
        if len(spread):
            row /= np.median(spread)
    return variance


def _inverse(values: Doubles, power: float) -> Doubles:
    """1/values^power, 0 where the value is 0, in the place of the values."""
    if power != 1:
        np.power(values, power, out=values, where=values > 0)
    return np.divide(1, values, out=values, where=values > 0)


def _mean_products(
    a: Floats, b: Floats, mask: Flags, counts: Floats, cluster: Integers, scale: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """U of A, of B and of both in each row of `left_out` [rows], of scores times the root of a scale."""
    weights = left_out(cluster)
    member = np.zeros((weights.shape[1], len(counts)))
    for row, unit in zip(member, units_of(cluster), strict=True):
        row[unit] = 1
    aa, bb, ab = (np.zeros(len(weights)) for _ in range(3))
    start = 0
    for x, y in zip(blocks_of("sums_a", a, mask), blocks_of("sums_b", b, mask), strict=True):
        left, right = member @ x, member @ y
        means, factor = (weights @ left, weights @ right), scale[:, start : start + x.shape[1]]
        for found, one, other, pair in (
            (aa, left, left, (0, 0)),
            (bb, right, right, (1, 1)),
            (ab, left, right, (0, 1)),
        ):
            different = means[pair[0]] * means[pair[1]] - weights**2 @ (one * other)
            found += np.einsum("re,re->r", factor, different)
        start += x.shape[1]
    if not all(np.isfinite(found).all() for found in (aa, bb, ab)):
        raise ValueError("products of the sums are beyond all numbers: scale the sums down")
    examples = member @ counts
    pairs = (weights @ examples) ** 2 - weights**2 @ examples**2
    return quotient(aa, pairs, 2), quotient(bb, pairs, 2), quotient(ab, pairs, 2)
