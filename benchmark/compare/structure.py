"""How alike both members' mean scores are: cosines without the noise of the prompts, of several units."""

from collections.abc import Callable

import numpy as np

from ...metrics import (
    Estimate,
    Undefined,
    Value,
    carrying_edges,
    disattenuated_cosine,
    group_products,
    inverse_spread,
    standardised_cosine,
)
from ...metrics.inputs import Floats
from ...metrics.spread import POWER
from ..circuits.graph import Edges
from ..measure.score_sums import ScoreSums
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import Statistics
from .neurons import effective_neurons

_CARRIED = ("carried_standardised_arm", "carried_standardised_mdm")
_NO_NEURONS = "effects of neurons were not measured of both members"


def structure(arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    """Cosines of both members' mean scores, in their consistent form, by what they are of.

    `edges`; `standardised`: the headline, edges in units of a power of their spread over prompts;
    `between`: edges without what the MDM's sources write before the first differing token and behind the
    place that is read; `components`: what each writes, by all of its edges; `neurons`. `carried_arm`,
    `carried_mdm`: how many edges carry a member's squared scores; `carried_standardised_arm`,
    `carried_standardised_mdm`: in the headline's units; `neurons_arm`, `neurons_mdm`: how many neurons carry
    its squared effects.
    """
    mask, counts = arm.graph.mask, arm.attribution.counts

    def cosine(one: Floats, other: Floats, among: Edges | None = None) -> Estimate | Undefined:
        products = group_products(one, other, among)
        return disattenuated_cosine(products, counts, arm.templates, *statistics.drawn)

    # With the mask everywhere: of a large model, sums of the edges alone would be hundreds of megabytes more.
    a, b = arm.attribution.score_sums, mdm.attribution.score_sums
    standardised = standardised_cosine(a, b, counts, arm.templates, mask, POWER, *statistics.drawn)
    found: dict[str, Estimate | Value] = {
        "edges": cosine(a, b, mask),
        "standardised": standardised,
        "components": cosine(_written(arm), _written(mdm)),
        "carried_arm": carrying_edges(a, counts, mask),
        "carried_mdm": carrying_edges(b, counts, mask),
    }
    if isinstance(standardised, Undefined):
        found |= dict.fromkeys(_CARRIED, standardised)
    else:
        scale = inverse_spread(a, b, counts, None, arm.templates, mask=mask)
        found |= {
            name: carrying_edges(sums, counts, mask, scale)
            for name, sums in zip(_CARRIED, (a, b), strict=True)
        }
    values = {name: measured(value) for name, value in found.items()}
    values |= {"between": _between(arm, mdm, cosine), "neurons": _neurons(arm, mdm, cosine)}
    return values | {f"neurons_{role}": effective_neurons(one) for role, one in (("arm", arm), ("mdm", mdm))}


_Cosine = Callable[[Floats, Floats], Estimate | Undefined]
"""Of sums of two members."""


def _written(scores: ScoreSums) -> Floats:
    """Sums by head and MLP [groups, components]: the score of all edges that leave it.

    Not of the input, the first source: embeddings are no component, and would carry most of the product.
    """
    written: Floats = scores.attribution.score_sums[:, 1:].sum(axis=2)
    return written


def _between(arm: ScoreSums, mdm: ScoreSums, cosine: _Cosine) -> Measured:
    outside = [each.attribution.outside for each in (arm, mdm)]
    if any(each is None for each in outside):
        return Missing(missing="the places of sources were not told apart")
    inner = []
    for scores, places in zip((arm, mdm), outside, strict=True):
        sums = scores.attribution.score_sums[:, arm.graph.mask]
        if places is not None and places.sums is not None:
            # Group by group: all at once would be as much as the scores again.
            for group, of_places in zip(sums, np.moveaxis(places.sums, 1, 0), strict=True):
                group -= of_places.sum(axis=0)[arm.graph.mask]
        inner.append(sums)
    return measured(cosine(*inner))


def _neurons(arm: ScoreSums, mdm: ScoreSums, cosine: _Cosine) -> Measured:
    sums = [each.attribution.neuron_sums for each in (arm, mdm)]
    if sums[0] is None or sums[1] is None:
        return Missing(missing=_NO_NEURONS)
    return measured(
        cosine(*(each.reshape(len(each), -1).astype(np.float64) for each in sums if each is not None))
    )
