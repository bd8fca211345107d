"""Sharpness of what components write, with intervals that resample the entropies, not the weights alone."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, clusters_of, match, numbers
from .products import examples_of
from .resampling import Estimate, bootstrap, group_mean
from .specialisation import weighted_sharpness
from .undefined import Undefined, Value


def grouped_sharpness(
    entropies: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    importance: ArrayLike | Callable[[Floats], ArrayLike],
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate | Undefined:
    """`weighted_sharpness` from entropies per group of prompts: 1 − Σ_v s(v) · H(v) / Σ_v s(v).

    A resample weighs the groups of the entropies, and with a function also the scores that the importance
    is made of, by the same weights.

    Args:
        entropies: mean normalised entropy of each component over the prompts of a group [groups, components],
            in [0, 1], from `output_entropy`.
        counts: prompts per group [groups].
        clusters: one label (template) per group [groups].
        importance: [components], ≥ 0; or a function from weights [groups] to these.
        resamples, seed, level: of the bootstrap.

    Returns:
        In [0, 1]; larger: sharper. With draws, so that two members are compared by `paired_difference`.
        Undefined where all importance is 0.

    Raises:
        ValueError: NaN, an entropy outside [0, 1], shapes that do not match, counts that are not positive.

    >>> import numpy as np
    >>> entropies = np.array([[0.2, 0.9], [0.4, 0.7], [0.3, 0.8], [0.3, 0.8]])
    >>> found = grouped_sharpness(entropies, [5, 5, 5, 5], clusters=[0, 0, 0, 0], importance=[1.0, 0.0])
    >>> round(found.value, 9), 0.6 < found.low < found.high < 0.8
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

    def statistic(weights: Floats) -> dict[str, Value]:
        held = importance(weights) if callable(importance) else importance
        mean = np.clip(group_mean(sums, examples, weights), 0, 1)
        return {"sharpness": weighted_sharpness(mean, held)}

    found = bootstrap(statistic, cluster, resamples, seed, level)["sharpness"]
    return found if isinstance(found, Undefined) else found.clipped(0, 1)
