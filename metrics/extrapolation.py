"""The weighted Jaccard index, and what it would be with any number of prompts, if its error fell as 1/√N.

Noise puts mass on every edge. With N prompts that mass is about c/√N, and so would be the error. Between a
sample and its halves, an error of that form can be read off and taken away. docs/metrics.md shows where that
holds and where it does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate
from .group_weights import half_splits
from .inputs import Floats, clusters_of, match, unit_scale
from .products import BLOCK, Doubles, blocks_of, examples_of, mask_of
from .resampling import bootstrap
from .undefined import Undefined, Value

ROOM = 16 * BLOCK
"""Mean scores of both models that are held at once, one block of rows."""


@dataclass(frozen=True)
class ExtrapolatedJaccard:
    """Weighted Jaccard index of all N prompts, of halves of them, and what the two point to.

    `sample`: of all groups, θ_N. `half`: mean over splits and halves, θ_{N/2}, both models on the same half.
    `limit`: θ_N + (θ_N − θ_{N/2}) / (√2 − 1), not confined to [0, 1].
    """

    sample: Estimate | Undefined
    half: Estimate | Undefined
    limit: Estimate | Undefined


def extrapolated_jaccard(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    mask: ArrayLike | None = None,
    splits: int = 10,
    resamples: int = 200,
    seed: int = 0,
) -> ExtrapolatedJaccard:
    """`weighted_jaccard` of mean scores, extrapolated in the number of prompts from halves of the groups.

    Args:
        sums_a, sums_b: score sums [groups, ...] of two models over the same examples.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        mask: bool [...], what exists.
        splits: random splits into halves to average over.
        resamples: of the bootstrap.
        seed: of splits and resamples.

    Returns:
        Larger: more alike; 1: proportional absolute scores. Not corrected for what unrelated models share.
        Undefined where all scores of one model are 0.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, fewer than two groups.

    >>> import numpy as np
    >>> sums = np.tile([4.0, 1.0, 0.0], (6, 1))
    >>> found = extrapolated_jaccard(sums, sums[:, ::-1], np.ones(6), clusters=np.zeros(6))
    >>> round(found.sample.value, 6), round(found.limit.value, 6)
    (0.111111, 0.111111)
    """
    a, b = np.asarray(sums_a), np.asarray(sums_b)
    existing = mask_of(a, mask)
    match(("sums_a", "sums_b"), a, b)
    examples = examples_of(counts)
    cluster = clusters_of(clusters, groups=len(examples))
    match(("groups of sums", "counts"), a.reshape(len(a), -1)[:, 0], examples)
    x, y = (
        unit_scale(np.concatenate(list(blocks_of(name, sums, existing)), axis=1))
        for name, sums in (("sums_a", a), ("sums_b", b))
    )
    first = half_splits(cluster, splits, seed)
    rows = np.concatenate([np.ones((1, len(cluster))), first, ~first])

    def statistic(weights: Floats) -> dict[str, Value]:
        # A half that the resample left empty is left out; its other half stays.
        drawn = (rows * weights)[(rows * weights).any(axis=1)]
        return _extrapolated(np.concatenate(list(_indices(x, y, drawn))))

    found = bootstrap(statistic, cluster, resamples, seed)
    return ExtrapolatedJaccard(**found)


def _indices(x: Floats, y: Floats, rows: Floats) -> Iterator[Doubles]:
    """The index for each row of weights; NaN where a model has no scores."""
    at_once = max(1, ROOM // (2 * x.shape[1]))
    for start in range(0, len(rows), at_once):
        shares = []
        for sums in (x, y):
            mass = np.abs(rows[start : start + at_once] @ sums)
            # By the largest first, so that no sum is beyond all numbers.
            with np.errstate(invalid="ignore", divide="ignore"):
                mass /= mass.max(axis=1, keepdims=True)
            shares.append(mass / mass.sum(axis=1, keepdims=True))
        least = np.minimum(*shares).sum(axis=1)
        # Of two distributions, the larger parts sum to 2 less the smaller ones.
        yield least / (2 - least)


def _extrapolated(indices: Doubles) -> dict[str, Value]:
    if np.isnan(indices[0]):
        return dict.fromkeys(("sample", "half", "limit"), Undefined("all scores of one model are 0"))
    halves = indices[1:][~np.isnan(indices[1:])]
    sample = min(1.0, float(indices[0]))
    if len(halves) == 0:
        nothing = Undefined("a half is empty")
        return {"sample": sample, "half": nothing, "limit": nothing}
    half = min(1.0, float(halves.mean()))
    return {"sample": sample, "half": half, "limit": sample + (sample - half) / (np.sqrt(2) - 1)}
