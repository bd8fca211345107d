"""Depth and specialisation under the second weighting: squared scores, without the noise of the prompts.

Mass |S| holds the noise of every edge, most of all where there are many weak ones. A squared score from
products of different groups does not. The two weightings differ in kind: squares ask where the few
strongest edges lie. What both agree on is said; what they disagree on is not.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from .depth import depth_profile, depth_shift
from .estimate import Estimate
from .inputs import Floats, clusters_of, match, numbers, whole
from .products import mean_product
from .resampling import bootstrap
from .specialisation import effective_components, specialisation
from .undefined import Undefined, Value, minus

_Named = dict[str, Value]


def clipped_profile(mass: ArrayLike, layer: ArrayLike, layers: int) -> Floats | Undefined:
    """`depth_profile` of masses that noise may have made negative: clipped at 0 per layer, and at the end.

    Masses are summed over each layer first, where the noise of single components cancels; what is still
    negative then counts as 0. Clipping every component would add up the noise of all that have none.

    Args:
        mass: [components], of any sign, from `mean_product` of `component_products`.
        layer: whole numbers [components]; those outside 0..layers−1 are left out.
        layers: number of layers.

    Returns:
        [layers], ≥ 0, sum 1. Undefined where the masses of all layers together are not above 0.

    Raises:
        ValueError: NaN, lengths that differ, layers below 1.

    >>> clipped_profile([-1.0, 4.0, -1.0, 1.0], layer=[0, 0, 1, 2], layers=3).tolist()
    [0.75, 0.0, 0.25]
    """
    masses, place = numbers("mass", mass, 1), numbers("layer", layer, 1)
    match(("mass", "layer"), masses, place)
    if (place != np.floor(place)).any():
        raise ValueError("layer must hold whole numbers")
    inside = (place >= 0) & (place < whole("layers", layers, 1))
    with np.errstate(over="ignore"):
        held = np.array([masses[inside & (place == each)].sum() for each in range(layers)])
        total = held.sum()
    if not np.isfinite(total):
        raise ValueError("masses are so large that their sums are beyond all numbers: scale them down")
    # Asked of the sum, which has no bias: clipped masses of noise alone are above 0 too.
    if total <= 0:
        return Undefined("the squared mass of all layers is not above 0: it is noise")
    return depth_profile(np.maximum(held, 0), np.arange(layers), layers)


def squared_placement(
    products_a: ArrayLike,
    products_b: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    layer: ArrayLike,
    layers: int,
    uniform: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
) -> dict[tuple[str, str], Estimate | Undefined]:
    """Depth and specialisation of two models by squared mass, with intervals, paired.

    The mass of component v is v = Σ over the edges at either of its ends of s², from products of different
    groups. Depth is of `clipped_profile`; specialisation is of the masses of components within the layers,
    clipped at 0, so that components without any effect add a little of their noise.

    Args:
        products_a, products_b: from `component_products`, [components, groups, groups], of ARM and MDM.
        counts: examples per group [groups].
        clusters: one label (template) per group [groups].
        layer: whole numbers [components]; those outside 0..layers−1 are left out.
        layers: number of layers.
        uniform: [layers], profile of uniformly drawn edges, see `depth_shift`.
        resamples, seed: of the bootstrap.

    Returns:
        By (`arm`, `mdm` or `shift`, name) the values of `depth_shift`, and `specialisation` and
        `effective_components` with their differences MDM − ARM under `shift`. In their own ranges but for
        interval bounds.

    Raises:
        ValueError: NaN, shapes that do not match, counts that are not positive, fewer than two groups.

    >>> import numpy as np
    >>> scores = 1 + 0.1 * np.random.default_rng(0).normal(size=(2, 12, 4))
    >>> arm, mdm = scores * np.array([[[1, 1, 1, 3.0]], [[3.0, 1, 1, 1]]])
    >>> products = [np.stack([np.outer(x, x) for x in sums.T]) for sums in (arm, mdm)]
    >>> found = squared_placement(*products, np.ones(12), np.zeros(12), range(4), 4, [0.25] * 4)
    >>> found["shift", "wasserstein"].low > 0.6
    True
    """
    pair = [numbers(name, each, 3) for name, each in (("products_a", products_a), ("products_b", products_b))]
    match(("products_a", "products_b"), *pair)
    places = numbers("layer", layer, 1)
    clusters_of(clusters, groups=pair[0].shape[-1])

    def statistic(weights: Floats) -> dict[tuple[str, str], Value]:
        masses = [mean_product(each, counts, weights) for each in pair]
        found = _placed([_of_one(mass, places, layers) for mass in masses], uniform)
        return {(of, name): value for of, values in found.items() for name, value in values.items()}

    return bootstrap(statistic, clusters, resamples, seed)


def _of_one(mass: Floats, layer: Floats, layers: int) -> tuple[Floats | Undefined, _Named]:
    """Depth profile and specialisation of the masses of one model's components."""
    if np.isnan(mass).any():
        profile: Floats | Undefined = Undefined("fewer than two groups were drawn")
    else:
        profile = clipped_profile(mass, layer, layers)
    if isinstance(profile, Undefined):
        return profile, dict.fromkeys(("specialisation", "effective_components"), profile)
    within = np.maximum(mass[(layer >= 0) & (layer < layers)], 0)
    concentration = {
        "specialisation": specialisation(within),
        "effective_components": effective_components(within),
    }
    return profile, concentration


def _placed(pair: list[tuple[Floats | Undefined, _Named]], uniform: ArrayLike) -> Mapping[str, _Named]:
    (before, arm), (after, mdm) = pair
    missing = next((one for one in (before, after) if isinstance(one, Undefined)), None)
    # Every resample has to give the same names, so they are taken from a profile that is always defined.
    if isinstance(before, Undefined) or isinstance(after, Undefined):
        names = depth_shift(uniform, uniform, uniform)
        assert missing is not None
        depth: Mapping[str, _Named] = {of: dict.fromkeys(values, missing) for of, values in names.items()}
    else:
        depth = depth_shift(before, after, uniform)
    shift = {name: minus(mdm[name], arm[name]) for name in arm}
    return {of: {**depth[of], **values} for of, values in (("arm", arm), ("mdm", mdm), ("shift", shift))}
