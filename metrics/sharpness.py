"""Sharpness of what components write, with intervals that resample the entropies, not the weights alone."""

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate
from .group_means import group_mean
from .inputs import Floats, clusters_of, match, numbers
from .products import examples_of
from .resampling import bootstrap
from .specialisation import weighted_sharpness
from .undefined import Undefined, Value


def grouped_sharpness(
    entropies: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    importance: ArrayLike,
    resampled: ArrayLike | None = None,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """`weighted_sharpness` from entropies per group of prompts: 1 − Σ_v s(v) · H(v) / Σ_v s(v).

    A resample weighs the groups of the entropies. Importance, which may be of other prompts, is resampled by
    whoever has its scores.

    Args:
        entropies: mean normalised entropy of each component over the prompts of a group [groups, components],
            in [0, 1], from `output_entropy`.
        counts: prompts per group [groups].
        clusters: one label (template) per group [groups].
        importance: [components], ≥ 0.
        resampled: importance in each resample, [resamples, components], ≥ 0; a row with NaN has none. Where
            it is left out, importance stays what it is.
        resamples, seed, level: of the bootstrap. Take another seed than that of `resampled` where the two
            are of different prompts, unless the resamples of both draw the same templates.

    Returns:
        In [0, 1]; larger: sharper. With draws, so that two members are compared by `paired_difference`.
        Undefined where all importance is 0.

    Raises:
        ValueError: NaN, an entropy outside [0, 1], shapes that do not match, counts that are not positive.

    >>> import numpy as np
    >>> entropies = np.array([[0.2, 0.9], [0.4, 0.7], [0.3, 0.8], [0.3, 0.8]])
    >>> found = grouped_sharpness(entropies, [5, 5, 5, 5], clusters=[0, 0, 0, 0], importance=[1.0, 0.0])
    >>> round(found.value, 9), 0.5 < found.low < found.high < 0.9
    (0.7, True)
    """
    spread, examples = numbers("entropies", entropies, 2).astype(np.float64), examples_of(counts)
    match(("groups of entropies", "counts"), spread[:, 0], examples)
    if (spread < 0).any() or (spread > 1 + 1e-9).any():
        raise ValueError(f"entropies must lie in 0 to 1, and span {spread.min()} to {spread.max()}")
    cluster = clusters_of(clusters, groups=len(examples))
    # Scaled, because counts may be so small or so large that products with them are no numbers.
    examples = examples / examples.max()
    sums = np.minimum(spread, 1) * examples[:, None]
    # `bootstrap` asks for the value first, and then for the resamples in their order.
    held = iter([importance, *_rows(importance, resampled, resamples)])

    def statistic(weights: Floats) -> dict[str, Value]:
        masses = np.asarray(next(held))
        if masses.dtype.kind == "f" and np.isnan(masses).any():
            return {"sharpness": Undefined("a resample has no importance")}
        mean = np.clip(group_mean(sums, examples, weights), 0, 1)
        return {"sharpness": weighted_sharpness(mean, masses)}

    numbers("importance", importance, 1)
    found = bootstrap(statistic, cluster, resamples, seed, level)["sharpness"]
    return found if isinstance(found, Undefined) else found.clipped(0, 1)


def _rows(importance: ArrayLike, resampled: ArrayLike | None, resamples: int) -> list[ArrayLike]:
    if resampled is None:
        return [importance] * resamples
    rows = np.asarray(resampled)
    if rows.shape != (resamples, np.size(importance)):
        raise ValueError(f"resampled must be [{resamples} resamples, components] and has shape {rows.shape}")
    return list(rows)
