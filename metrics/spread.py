"""By how much each edge's score differs from prompt to prompt: a unit to measure it in.

Squared scores are carried by very few edges. Measured in units of its own spread, an edge of large scores
that vary as much counts no more than one of small scores that do not.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from .cosine import cosine_of
from .inputs import Flags, Floats, clusters_of, level_of, match, within
from .products import BLOCK, Doubles, blocks_of, examples_of, group_products, mask_of, paired_sum
from .resampling import Estimate, cluster_weights
from .undefined import Undefined

ROUNDING = 1e-10
"""A variance of at most this share of the squared mean is rounding, of sums in float32, and counts as 0."""


def inverse_spread(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts_a: ArrayLike,
    counts_b: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    power: float = 1.0,
) -> Doubles:
    """1/σ^power for each edge, the `scale` of `group_products` that standardises scores.

    σ² = v_a/Σv_a + v_b/Σv_b, with v the variance of a model's scores over examples, estimated between groups:
    v = Σ_g n_g (x_g/n_g − m)² / (G − 1). Both models are given one unit, so that a cosine of scaled scores is
    1 where the scores are proportional. It says where scores lie and not how large they are, as far as
    spread follows size.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models, over the same examples or not.
        counts_a: examples per group of A [groups].
        counts_b: those of B; as of A when left out.
        mask: bool [...], what exists.
        power: 1 for units of spread, 0 for none; between them weak edges gain less.

    Returns:
        [...], ≥ 0; 0 where the mask is False and where the scores do not differ between groups: they have no
        unit, and in practice are 0.

    Raises:
        ValueError: NaN, shapes that do not match, fewer than two groups, counts that are not positive, power
            outside [0, 1], a model whose scores do not differ anywhere.

    >>> sums = [[1.0, 3.0, 0.0], [3.0, 11.0, 0.0]]
    >>> scale = inverse_spread(sums, sums, counts_a=[1, 1])
    >>> round(float(scale[0] / scale[1]), 9), float(scale[2])
    (4.0, 0.0)
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("a group of sums_a", "a group of sums_b"), a[0], b[0] if b.ndim else b)
    own = within("power", power, 0, 1)
    total = np.zeros(int(existing.sum()))
    for name, sums, counts in (("a", a, counts_a), ("b", b, counts_a if counts_b is None else counts_b)):
        total += _shares(f"sums_{name}", sums, examples_of(counts), existing)
    found = np.zeros(existing.shape)
    found[existing] = _inverse(np.sqrt(total), own)
    return found


def _shares(name: str, sums: Floats, counts: Floats, mask: Flags) -> Doubles:
    """Variance of each edge over examples, by that of all edges together."""
    match((f"groups of {name}", "counts"), sums.reshape(len(sums), -1)[:, 0], counts)
    if len(counts) < 2:
        raise ValueError(f"{name} has one group: a spread takes two or more")
    weight = (counts / counts.sum())[:, None]
    spreads = []
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks_of(name, sums, mask):
            apart = block / counts[:, None]
            mean = (weight * apart).sum(axis=0)
            spread = (weight * (apart - mean) ** 2).sum(axis=0)
            spreads.append(np.where(spread <= ROUNDING * mean**2, 0, spread))
            if not np.isfinite(mean**2).all():
                raise ValueError(f"scores of {name} are beyond all numbers when squared: scale the sums down")
        variance = np.concatenate(spreads)
        total = variance.sum()
    if not np.isfinite(total):
        raise ValueError(f"variances of {name} are beyond all numbers: scale the sums down")
    if total == 0:
        raise ValueError(f"{name} does not differ between groups: there is no spread to divide by")
    return np.asarray(variance / total)


def standardised_cosine(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    power: float = 1.0,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """`disattenuated_cosine` of scores in units of their spread over prompts, which resamples measure anew.

    With units held fixed (`group_products` with `inverse_spread` as scale) the value is the same, and the
    interval leaves out that units are known from few groups: too short by half and more. Here every resample
    takes a few products of matrices over all edges.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models over the same examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        mask: bool [...], what exists.
        power: see `inverse_spread`.
        resamples, seed, level: as in `disattenuated_cosine`.

    Returns:
        1: proportional scores, 0: nothing in common; otherwise as `disattenuated_cosine`.

    Raises:
        ValueError: as `group_products` and `inverse_spread`.

    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> a, b = generator.standard_t(3, size=200) + generator.normal(size=(2, 24, 200))
    >>> rho = standardised_cosine(a, b, np.ones(24), clusters=np.zeros(24))
    >>> rho.low < 1 < rho.high
    True
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing, examples = mask_of(a, mask), examples_of(counts)
    # Looked at here for what is wrong with them; the products give the variance of all edges together.
    inverse_spread(a, b, examples, mask=existing, power=power)
    products = group_products(a, b, existing)
    cluster = clusters_of(clusters, groups=len(examples))
    weights = np.concatenate([np.ones((1, len(cluster))), cluster_weights(cluster, resamples, seed)])
    totals = [_total_variance(each, examples, weights) for each in (products.aa, products.bb)]
    aa, bb, ab = (np.zeros(len(weights)) for _ in range(3))
    squares = weights**2
    for x, y in _pieces(a, b, existing, len(weights)):
        means = [weights @ each for each in (x, y)]
        unit = np.zeros((len(weights), x.shape[1]))
        for each, mean, total in zip((x, y), means, totals, strict=True):
            unit += _variance(each, mean, examples, weights) / total[:, None]
        scale = _inverse(unit, power)
        for found, (left, right), of in ((aa, (x, x), (0, 0)), (bb, (y, y), (1, 1)), (ab, (x, y), (0, 1))):
            different = means[of[0]] * means[of[1]] - squares @ (left * right)
            found += np.einsum("re,re->r", scale, different)
    return cosine_of(aa, bb, ab, level_of(level))


def _inverse(values: Doubles, power: float) -> Doubles:
    """1/values^power, 0 where the value is 0."""
    # A quotient takes a tenth of the time of a power, and resamples of large graphs take little else.
    raised = values if power == 1 else values**power
    return np.divide(1, raised, out=np.zeros_like(raised), where=values > 0)


def _pieces(a: Floats, b: Floats, mask: Flags, rows: int) -> Iterator[tuple[Doubles, Doubles]]:
    """Sums of both models [groups, edges], of as few edges as leave room for a number per row and edge."""
    width = max(1, BLOCK // rows)
    for x, y in zip(blocks_of("sums_a", a, mask), blocks_of("sums_b", b, mask), strict=True):
        for start in range(0, x.shape[1], width):
            yield x[:, start : start + width], y[:, start : start + width]


def _variance(sums: Doubles, total: Doubles, counts: Floats, weights: Floats) -> Doubles:
    """Variance of each edge over examples in each resample [rows, edges], but for a factor of all edges."""
    examples = (weights @ counts)[:, None]
    mean_square = (total / examples) ** 2
    spread = weights @ (sums**2 / counts[:, None]) / examples - mean_square
    return np.asarray(np.where(spread > ROUNDING * mean_square, spread, 0))


def _total_variance(own: Doubles, counts: Floats, weights: Floats) -> Doubles:
    """The same, summed over edges [rows], from a model's products with itself."""
    examples = weights @ counts
    total = weights @ (np.diag(own) / counts) / examples - paired_sum(own, weights, weights) / examples**2
    # A resample of one group has no variance, and no product of different groups either.
    return np.where(total > 0, total, np.inf)
