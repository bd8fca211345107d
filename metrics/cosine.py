"""The cosine between two models' scores without the noise of the prompts: *disattenuated*.

A cosine of two finite samples is too low, as a correlation of two noisy measurements is (Spearman 1904).
Here every product is of different groups of prompts, so that noise has expectation 0 in all three products
of which the cosine is made, and nothing has to be known of the noise.
"""

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate, estimate_of, paired_statistic
from .group_weights import cluster_weights, unit_freedom
from .inputs import Floats, clusters_of, level_of, numbers
from .products import Doubles, GroupProducts, added_up, examples_of, mean_product, paired_sum, quotient
from .undefined import Undefined, Value

LEAST_DRIFT = 1e-9
"""Below this 1 − ρ_A1 · ρ_A2 is rounding."""


def disattenuated_cosine(
    products: GroupProducts,
    counts: ArrayLike,
    clusters: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """ρ = U_ab / √(U_aa · U_bb): cosine of two models' mean scores, from products of different groups.

    U_xy is `mean_product`. The estimate does not drift with the number of prompts, as overlaps of circuits
    do, and has no threshold. It weighs by squared scores: see `carrying_edges` for how many edges that is.

    Where `templates_drawn`, groups of one template are added up first, so that products are of different
    templates.

    Args:
        products: from `group_products`, of two models over the same examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        resamples: of the bootstrap; two calls with the same seed and clusters are paired.
        seed: of the resamples.
        level: of the interval.

    Returns:
        1: proportional scores, 0: nothing in common, −1: opposite signs; noise may carry it a little
        beyond. Undefined where U_aa or U_bb is not clearly above 0: the bound of its bootstrap interval is
        at or below half of it (`Estimate.clear`), or it is at or below 0 in more than 1 − level of the
        resamples.

    Raises:
        ValueError: matrices that do not match counts and clusters, NaN, counts that are not positive, fewer
            than two groups, resamples below 1.

    >>> import numpy as np
    >>> from mechshift.metrics import group_products
    >>> generator = np.random.default_rng(0)
    >>> scores = generator.standard_t(3, size=200)
    >>> a, b = (10 * scores + 10 * generator.normal(size=(2, 24, 200)))
    >>> rho = disattenuated_cosine(group_products(a, b), np.full(24, 10), clusters=np.zeros(24))
    >>> rho.low < 1 < rho.high
    True
    """
    examples = examples_of(counts)
    cluster = clusters_of(clusters, groups=len(examples))
    units, labels = added_up(cluster)
    weights = np.concatenate([np.ones((1, len(labels))), cluster_weights(labels, resamples, seed)])
    aa, bb, ab = (
        mean_product(units @ _square(each, len(examples)) @ units.T, units @ examples, weights)
        for each in (products.aa, products.bb, products.ab)
    )
    return cosine_of(aa, bb, ab, level_of(level), unit_freedom(labels))


def unpaired_cosine(
    products: GroupProducts,
    counts_a: ArrayLike,
    counts_b: ArrayLike,
    clusters_a: ArrayLike,
    clusters_b: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """`disattenuated_cosine` of scores from *different* examples: of two tasks, or of two samples of one.

    No group is on both sides, so that U_ab takes all pairs. U_aa and U_bb are as there. Resamples of the two
    are drawn independently. Intervals are for the fewer degrees of freedom of the two, since the sample with
    these may be what the spread comes from.

    Args:
        products: from `group_products`, of sums over different examples.
        counts_a, counts_b: examples per group [groups of A], [groups of B].
        clusters_a, clusters_b: one label (template) per group, likewise.
        resamples, seed, level: as in `disattenuated_cosine`.

    Returns:
        As `disattenuated_cosine`.

    Raises:
        ValueError: as `disattenuated_cosine`.

    >>> import numpy as np
    >>> from mechshift.metrics import group_products
    >>> generator = np.random.default_rng(0)
    >>> first, second = generator.normal(size=(2, 300))
    >>> a, b = first + generator.normal(size=(12, 300)), second + generator.normal(size=(8, 300))
    >>> rho = unpaired_cosine(group_products(a, b), np.ones(12), np.ones(8), range(12), range(8))
    >>> -0.2 < rho.low < rho.high < 0.2
    True
    """
    n_a, n_b = examples_of(counts_a), examples_of(counts_b)
    units, drawn, freedom = [], [], []
    # Another seed, because equal numbers of groups would be given equal weights.
    for examples, clusters, own in ((n_a, clusters_a, seed), (n_b, clusters_b, seed + 1)):
        of, labels = added_up(clusters_of(clusters, groups=len(examples)))
        units.append(of)
        freedom.append(unit_freedom(labels))
        drawn.append(np.concatenate([np.ones((1, len(labels))), cluster_weights(labels, resamples, own)]))
    (of_a, of_b), (left, right) = units, drawn
    across = numbers("products of a and b", products.ab, 2).astype(np.float64)
    if across.shape != (len(n_a), len(n_b)):
        raise ValueError(f"products of a and b must be [{len(n_a)}, {len(n_b)}] and are {across.shape}")
    aa, bb = (
        mean_product(of @ _square(own, len(n)) @ of.T, of @ n, weights)
        for own, of, n, weights in ((products.aa, of_a, n_a, left), (products.bb, of_b, n_b, right))
    )
    total = paired_sum(of_a @ across @ of_b.T, left, right)
    ab = quotient(total, (left @ (of_a @ n_a)) * (right @ (of_b @ n_b)), 2)
    return cosine_of(aa, bb, ab, level_of(level), min(freedom))


def _square(products: Floats, groups: int) -> Doubles:
    matrix = numbers("products", products, 2).astype(np.float64)
    if matrix.shape != (groups, groups):
        raise ValueError(f"products must be [groups, groups] for {groups} groups: {matrix.shape}")
    return matrix


def cosine_of(aa: Doubles, bb: Doubles, ab: Doubles, level: float, freedom: float) -> Estimate | Undefined:
    """Of products [1 + resamples], the first of which is of all groups as they are.

    `freedom`: `unit_freedom` of what was resampled.
    """
    for name, own in (("first", aa), ("second", bb)):
        of_draws = estimate_of(float(own[0]), own[1:], level, "fewer than two groups were drawn", freedom)
        unclear = why_unclear(own[0], of_draws)
        if unclear:
            return Undefined(f"the {name} model's scores are not clear of its prompts' noise: {unclear}")
    rho = ratio(aa, bb, ab)
    return estimate_of(float(rho[0]), rho[1:], level, "a squared score was not above 0", freedom)


def ratio(aa: Doubles, bb: Doubles, ab: Doubles) -> Doubles:
    """ρ of products, NaN where a squared score is not above 0."""
    with np.errstate(all="ignore"):
        # Roots first: the product of two small numbers may be 0.
        return np.where((aa > 0) & (bb > 0), ab / np.sqrt(aa) / np.sqrt(bb), np.nan)


def why_unclear(squared: float, found: Estimate | Undefined) -> str:
    """Why a squared score is not clearly above 0, from its value and its estimate; empty where it is."""
    if np.isnan(squared) or squared <= 0:
        return f"from different groups, the sum of squared scores is {squared:.4g}"
    if isinstance(found, Undefined):
        return found.reason
    interval = f"{found.value:.4g} [{found.low:.4g}, {found.high:.4g}]"
    if found.clear:
        return ""
    return f"the sum of squared scores, {interval}, is not known to within half of itself"


def systematic_change(between: float, first: float, second: float) -> Value:
    """What two second members have in common of their change: (ρ_12 − ρ_A1·ρ_A2) / (1 − ρ_A1·ρ_A2).

    Two members that leave A in directions of their own have ρ_12 = ρ_A1 · ρ_A2.

    Args:
        between: ρ_12, of the two second members.
        first, second: ρ_A1 and ρ_A2, of each with the model A that both were trained from.

    Returns:
        0: they changed independently, 1: they changed the same way; below 0: away from each other.
        Undefined where they did not change.

    Raises:
        ValueError: NaN, infinite.

    >>> round(systematic_change(0.9, 0.8, 0.9), 6)
    0.642857
    """
    both, of_first, of_second = (float(each) for each in numbers("ρ", [between, first, second], 1))
    with np.errstate(over="ignore"):
        kept = of_first * of_second
    if not np.isfinite(kept):
        raise ValueError(f"no cosines: {of_first} and {of_second}")
    if 1 - kept <= LEAST_DRIFT:
        return Undefined("the second members have not changed: ρ_A1 · ρ_A2 is 1")
    return (both - kept) / (1 - kept)


def systematic_change_estimate(between: Estimate, first: Estimate, second: Estimate) -> Estimate | Undefined:
    """`systematic_change` with an interval over prompts, from estimates of ρ with the same resamples.

    Returns:
        An Estimate, or Undefined where the change 1 − ρ_A1 · ρ_A2 is not clearly above 0 (`Estimate.clear`).

    Raises:
        ValueError: no draws, no degrees of freedom, levels or numbers of resamples that differ.

    >>> import numpy as np
    >>> draws = np.linspace(-0.01, 0.01, 101)
    >>> def rho(value): return Estimate(value, value - .01, value + .01, .95, 101, 0, value + draws, 22)
    >>> found = systematic_change_estimate(rho(.9), rho(.8), rho(.9))
    >>> round(found.low, 2), round(found.value, 2), round(found.high, 2)
    (0.63, 0.64, 0.66)
    """
    change = paired_statistic(lambda of_first, of_second: 1 - of_first * of_second, [first, second])
    if isinstance(change, Undefined):
        return change
    if not change.clear:
        return Undefined(
            f"the change is not clear of 0: 1 − ρ_A1 · ρ_A2 = {change.value:.4g} "
            f"[{change.low:.4g}, {change.high:.4g}]"
        )
    return paired_statistic(systematic_change, [between, first, second])
