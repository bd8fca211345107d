"""What single components of both members do, with no choice of edges but for which are set beside them."""

from ...metrics import ComponentEffects, compared_effects, touched_components
from ..circuits.components import Components
from ..circuits.graph import Edges
from ..measure.evidence import Evidence
from ..record.number import Measured, measured
from ..record.protocol import Statistics


def component_effects(
    arm: Evidence,
    mdm: Evidence,
    components: Components,
    circuits: tuple[Edges, Edges],
    statistics: Statistics,
) -> dict[str, dict[str, Measured]]:
    """By `arm`, `mdm` and `shift` the values of `compared_effects`, both members' circuits beside them.

    These are chosen on the discovery half; the effects are of the other.
    """
    found = compared_effects(
        _of_member(arm, components, circuits[0]),
        _of_member(mdm, components, circuits[1]),
        arm.effects.templates,
        resamples=statistics.resamples,
        seed=statistics.resampling_seed,
    )
    by_member: dict[str, dict[str, Measured]] = {"arm": {}, "mdm": {}, "shift": {}}
    for (of, name), value in found.items():
        by_member[of][name] = measured(value)
    return by_member


def _of_member(evidence: Evidence, components: Components, circuit: Edges) -> ComponentEffects:
    effects = evidence.effects
    touched = touched_components(circuit, components.of_sources, components.of_destinations)
    return ComponentEffects(effects.direct, effects.drops, effects.clean, effects.corrupted, touched)
