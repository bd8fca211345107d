"""ρ over a family of models: of any two of them, on prompts that they share or not, by given resamples."""

import numpy as np
from numpy.typing import ArrayLike

from .cosine import cosine_of
from .estimate import Estimate
from .inputs import flags, level_of, numbers
from .products import GroupProducts, examples_of, mean_product, paired_sum, quotient, weights_of
from .undefined import Undefined


def resampled_cosine(
    products: GroupProducts,
    counts_a: ArrayLike,
    counts_b: ArrayLike,
    weights_a: ArrayLike,
    weights_b: ArrayLike,
    freedom: float,
    shared: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate | Undefined:
    """`disattenuated_cosine` of two models whose prompts are the same, others, or partly the same.

    U_ab leaves out every pair of groups that have a prompt in common, so that its expectation is ⟨mean a,
    mean b⟩ whatever the two share. The weights are given and not drawn: those of one resample can be used for
    many models, whose estimates are then paired.

    Args:
        products: from `group_products`.
        counts_a, counts_b: examples per group [groups of A], [groups of B].
        weights_a, weights_b: [1 + resamples, groups], those of `cluster_weights` below a row of ones.
        freedom: of the intervals, `unit_freedom` of the clusters that the weights were drawn from; of two
            different ones the smaller.
        shared: bool [groups of A, groups of B], which pairs have a prompt in common; none when left out.
        level: of the interval.

    Returns:
        As `disattenuated_cosine`; Undefined also where every pair of groups has a prompt in common.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, negative weights, fewer than
            two rows of weights, fewer than one degree of freedom.

    >>> import numpy as np
    >>> from mechshift.metrics import cluster_weights, group_products
    >>> generator = np.random.default_rng(0)
    >>> a, b = generator.normal(size=200) + generator.normal(size=(2, 12, 200)) / 2
    >>> weights = np.concatenate([np.ones((1, 12)), cluster_weights(range(12))])
    >>> products, ones = group_products(a, b), np.ones(12)
    >>> rho = resampled_cosine(products, ones, ones, weights, weights, 11, shared=np.eye(12) > 0)
    >>> rho.low < rho.value < rho.high, abs(rho.value - 1) < 0.1
    (True, True)
    """
    n_a, n_b = (examples_of(counts).astype(np.float64) for counts in (counts_a, counts_b))
    left = weights_of(weights_a, len(n_a)).astype(np.float64)
    right = weights_of(weights_b, len(n_b)).astype(np.float64)
    if left.ndim != 2 or left.shape[0] != right.shape[0] or right.ndim != 2 or len(left) < 2:
        raise ValueError(
            f"weights must have one row each for all and each resample: {left.shape, right.shape}"
        )
    across = numbers("products of a and b", products.ab, 2).astype(np.float64)
    common = np.zeros(across.shape, np.bool_) if shared is None else flags("shared", shared, 2)
    if across.shape != (len(n_a), len(n_b)) or common.shape != across.shape:
        raise ValueError(
            f"products of a and b and shared must be [{len(n_a)}, {len(n_b)}] and are {across.shape} and "
            f"{common.shape}"
        )
    if not freedom >= 1:
        raise ValueError(f"freedom must be at least 1, not {freedom}")
    if common.all():
        return Undefined("every group of the one model has a prompt in common with every group of the other")
    apart = (~common).astype(np.float64)
    ab = quotient(paired_sum(across * apart, left, right), paired_sum(apart, left * n_a, right * n_b), 2)
    aa, bb = mean_product(products.aa, n_a, left), mean_product(products.bb, n_b, right)
    return cosine_of(aa, bb, ab, level_of(level), float(freedom))
