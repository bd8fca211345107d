"""Of the effects of neurons: how many carry them, and where in the layers they lie."""

from collections.abc import Mapping

import numpy as np

from ...metrics import Estimate, Undefined, carrying_edges, clipped_profile, mean_product, squared_placement
from ...metrics.inputs import Floats
from ..measure.score_sums import ScoreSums
from ..record.comparison import NeuronDepth
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import Statistics
from .placement import in_range

UNMEASURED = "effects of neurons were not measured"


def effective_neurons(scores: ScoreSums) -> Measured:
    """How many equal neurons would have the member's squared effects: (Σ s²)² / Σ s⁴, without noise."""
    sums = scores.attribution.neuron_sums
    if sums is None:
        return Missing(missing=UNMEASURED)
    return measured(carrying_edges(sums.reshape(len(sums), -1), scores.attribution.counts))


def neuron_depth(arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> NeuronDepth | Missing:
    """Where the squared effects of both members' neurons lie, from products of different groups."""
    sums = [each.attribution.neuron_sums for each in (arm, mdm)]
    if sums[0] is None or sums[1] is None:
        return Missing(missing=UNMEASURED)
    counts, products = arm.attribution.counts, [_by_layer(each) for each in sums if each is not None]
    layers = len(products[0])
    found = squared_placement(
        products[0],
        products[1],
        counts,
        arm.templates,
        np.arange(layers),
        layers,
        np.full(layers, 1 / layers),
        *statistics.drawn,
    )
    profiles = [clipped_profile(mean_product(each, counts), np.arange(layers), layers) for each in products]
    return NeuronDepth(
        profile_arm=tuple(profiles[0].tolist()) if isinstance(profiles[0], np.ndarray) else (),
        profile_mdm=tuple(profiles[1].tolist()) if isinstance(profiles[1], np.ndarray) else (),
        early_share_arm=_early_share(found, "arm"),
        early_share_mdm=_early_share(found, "mdm"),
        early_shift=_early_share(found, "shift"),
    )


def _early_share(found: Mapping[tuple[str, str], Estimate | Undefined], of: str) -> Measured:
    return measured(in_range(of, "early_share", found[of, "early_share"]))


def _by_layer(sums: Floats) -> Floats:
    """Products of effects between groups, summed over the neurons of each layer, [layers, groups, groups]."""
    each = np.moveaxis(sums.astype(np.float64), 1, 0)
    products: Floats = each @ np.swapaxes(each, 1, 2)
    return products
