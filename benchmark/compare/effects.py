"""What single components of both members do, with no choice of edges but for which are set beside them."""

from ...metrics import ComponentEffects, compared_effects, top_edges, touched_components
from ..circuits.components import Components
from ..measure.evidence import Evidence
from ..record.number import Measured, measured
from ..record.protocol import Statistics


def component_effects(
    arm: Evidence, mdm: Evidence, components: Components, size: int, statistics: Statistics
) -> dict[str, dict[str, Measured]]:
    """By `arm`, `mdm` and `shift` the values of `compared_effects`, circuits of `size` edges beside them."""
    found = compared_effects(
        _of_member(arm, components, size),
        _of_member(mdm, components, size),
        arm.effects.templates,
        resamples=statistics.resamples,
        seed=statistics.resampling_seed,
    )
    by_member: dict[str, dict[str, Measured]] = {"arm": {}, "mdm": {}, "shift": {}}
    for (of, name), value in found.items():
        by_member[of][name] = measured(value)
    return by_member


def _of_member(evidence: Evidence, components: Components, size: int) -> ComponentEffects:
    effects, graph = evidence.effects, components.graph
    # Chosen on the discovery half; the effects are of the other.
    circuit = top_edges(evidence.scores.attribution.scores(), graph.mask, size)
    touched = touched_components(circuit, components.of_sources, components.of_destinations)
    return ComponentEffects(effects.direct, effects.drops, effects.clean, effects.corrupted, touched)
