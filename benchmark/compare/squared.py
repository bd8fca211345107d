"""Depth and specialisation under the second weighting: squared scores without the noise of the prompts."""

from ...metrics import component_products, squared_placement
from ...metrics.inputs import Floats
from ..circuits.components import Components
from ..measure.score_sums import ScoreSums
from ..record.number import Measured, measured
from ..record.protocol import Statistics
from .placement import in_range

SPECIALISATION = ("specialisation", "effective_components")


def squared_mass(
    arm: ScoreSums, mdm: ScoreSums, components: Components, uniform: Floats, statistics: Statistics
) -> dict[str, dict[str, dict[str, Measured]]]:
    """By `arm`, `mdm` and `shift` the values of `depth` and of `specialisation`.

    Of all edges: squares leave little to the weak ones, and no circuit has to be chosen. `uniform`: the
    profile of uniformly drawn edges.
    """
    found = squared_placement(
        _products(arm, components),
        _products(mdm, components),
        arm.attribution.counts,
        arm.templates,
        components.layers,
        components.graph.layers,
        uniform,
        *statistics.drawn,
    )
    values: dict[str, dict[str, dict[str, Measured]]] = {}
    for (of, name), value in found.items():
        kind = "specialisation" if name in SPECIALISATION else "depth"
        values.setdefault(of, {}).setdefault(kind, {})[name] = measured(in_range(of, name, value))
    return values


def _products(scores: ScoreSums, components: Components) -> Floats:
    found: Floats = component_products(
        scores.attribution.score_sums,
        components.graph.mask,
        components.of_sources,
        components.of_destinations,
    )
    return found
