"""From the evidence on both members to a task's record: every number of it is put together here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...metrics import (
    CircuitOverlap,
    Undefined,
    chance_tail,
    group_mean,
    overlap_curve,
    random_specialisation,
    top_edges,
)
from ...metrics.inputs import Floats
from ..circuits.components import Components
from ..measure.budgets import budgets
from ..measure.evidence import Evidence, Sweep
from ..record.comparison import Comparison, Component, MemberRecord, Overlap, OverlapPoint
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.protocol import Compared, Statistics
from .curves import Swept, smallest_share
from .direction import direction
from .effects import component_effects
from .integration import integration
from .neurons import neuron_depth
from .placement import Estimates, Placement, Weighting, in_range
from .sharpness import output_sharpness
from .squared import squared_mass
from .structure import structure


def compared_size(arm: Sweep, mdm: Sweep, grid: Sequence[float], compared: Compared) -> int:
    """Number of edges of the compared circuits.

    The protocol's, or the smallest of its grid at which both members are faithful; where they nowhere are,
    the whole graph, of which no overlap is defined.
    """
    edges = arm.graph.edges
    if compared.circuit_edges is not None:
        return min(edges, compared.circuit_edges)
    share = smallest_share(grid, compared.faithful, arm, mdm)
    return edges if isinstance(share, Undefined) else budgets(grid, edges)[grid.index(share)]


def compare(
    arm: Evidence,
    mdm: Evidence,
    grid: Sequence[float],
    compared: Compared,
    statistics: Statistics,
    at_all_sizes: bool = True,
) -> Comparison:
    """Every number of a task's comparison, from the evidence on both members.

    `at_all_sizes`: whether overlap is found at every budget, most of the work, and not at the compared size
    alone; then there is no curve of it.
    """
    components = Components(arm.scores.graph)
    size = compared_size(arm.sweep, mdm.sweep, grid, compared)
    points = list(zip(budgets(grid, components.graph.edges), grid, strict=True)) if at_all_sizes else []
    overlaps = _overlaps(arm, mdm, components, _shares_of(size, points, components.graph.edges), statistics)
    read = tuple(arm.entropies.components), tuple(mdm.entropies.components)
    placement = Placement(components, size, read)
    values = placement.estimates(arm.scores, mdm.scores, statistics)
    sharpness = output_sharpness(values, arm, mdm, statistics)
    squared = squared_mass(arm.scores, mdm.scores, components, placement.uniform, statistics)
    effects = component_effects(arm, mdm, components, size, statistics)
    members = [
        _member(
            role,
            one,
            Swept.of(one.sweep, grid, compared.faithful, statistics),
            _Together(measured(sharpness[role]), squared[role], effects[role]),
            values,
            placement,
            compared.components,
            statistics,
        )
        for role, one in (("arm", arm), ("mdm", mdm))
    ]
    return Comparison(
        arm=members[0],
        mdm=members[1],
        structure=structure(arm.scores, mdm.scores, statistics),
        compared=overlaps[size],
        # In a small graph several shares of the grid are one number of edges.
        curve=tuple(overlaps[budget].model_copy(update={"share": share}) for budget, share in points),
        uniform_profile=tuple(placement.uniform.tolist()),
        depth_shift=_of(values, "mass", "shift"),
        depth_shift_edges=_of(values, "edges", "shift"),
        depth_shift_squared=squared["shift"]["depth"],
        specialisation_shift=_of(values, "specialisation", "shift")
        | {"output_sharpness": measured(sharpness["shift"])},
        specialisation_shift_squared=squared["shift"]["specialisation"],
        effects_shift=effects["shift"],
        neuron_depth=neuron_depth(arm.scores, mdm.scores, statistics),
    )


def _shares_of(size: int, points: Sequence[tuple[int, float]], edges: int) -> dict[int, float]:
    """Every budget of the grid and the compared size, which a protocol may fix off the grid: by edges, share.

    They are for one bootstrap. Of several shares that are one size, as in a small graph, the smallest names
    it.
    """
    return {size: size / edges} | dict(reversed(points))


def _overlaps(
    arm: Evidence,
    mdm: Evidence,
    components: Components,
    shares: Mapping[int, float],
    statistics: Statistics,
) -> dict[int, OverlapPoint]:
    """Overlap at each number of edges, whose share of all edges is given."""
    sums = arm.scores.attribution.score_sums, mdm.scores.attribution.score_sums
    graph, counts = components.graph, arm.scores.attribution.counts
    found = overlap_curve(
        *sums,
        counts,
        arm.scores.templates,
        graph.mask,
        list(shares),
        components.of_sources,
        components.of_destinations,
        splits=statistics.splits,
        resamples=statistics.resamples,
        seed=statistics.resampling_seed,
    )
    means = [group_mean(one, counts) for one in sums]
    points = {}
    for (size, share), (of_edges, of_nodes) in zip(shares.items(), found, strict=True):
        # From all discovery prompts, as published overlaps are.
        kept = [top_edges(mean, graph.mask, size) for mean in means]
        tail = chance_tail(int((kept[0] & kept[1]).sum()), size, size, graph.edges)
        points[size] = OverlapPoint(
            share=share,
            edges=size,
            edge=_overlap_record(of_edges, Number(value=tail)),
            node=_overlap_record(of_nodes, Missing(missing="defined for edges only")),
        )
    return points


def _overlap_record(found: CircuitOverlap, tail: Measured) -> Overlap:
    return Overlap(
        jaccard=measured(found.jaccard),
        cross=measured(found.cross),
        ceiling_arm=measured(found.ceiling_a),
        ceiling_mdm=measured(found.ceiling_b),
        floor=found.floor,
        normalised=measured(found.normalised),
        chance_tail=tail,
    )


@dataclass(frozen=True)
class _Together:
    """What is found of a member together with the other, in resamples of both."""

    sharpness: Measured
    squared: Mapping[str, dict[str, Measured]]
    effects: dict[str, Measured]


def _member(
    role: str,
    evidence: Evidence,
    swept: Swept,
    together: _Together,
    values: Estimates,
    placement: Placement,
    top: int,
    statistics: Statistics,
) -> MemberRecord:
    attribution, components = evidence.scores.attribution, placement.components
    graph = components.graph
    scores = attribution.scores()
    # Not pruned: the floor and the random circuit have exactly as many edges as were selected.
    circuit = top_edges(scores, graph.mask, placement.size)
    importance = components.importance(scores, circuit)
    # The same scores on random edges, for any small circuit looks specialised.
    random = random_specialisation(
        scores,
        circuit,
        graph.mask,
        components.of_sources,
        components.of_destinations,
        seed=statistics.resampling_seed,
    )
    residual = attribution.completeness_residual
    return MemberRecord(
        clean=float(attribution.clean.mean()),
        corrupted=float(attribution.corrupted.mean()),
        gap=swept.gap,
        completeness=measured(
            Undefined("clean and corrupted score the same") if residual is None else residual
        ),
        integration=integration(evidence.scores),
        absolute=swept.absolute,
        signed=swept.signed,
        smallest_share=swept.smallest_share,
        profile=_shares(placement.profile(importance)),
        profile_heads=_shares(placement.profile(importance, ~components.is_mlp)),
        profile_mlps=_shares(placement.profile(importance, components.is_mlp)),
        profile_edges=_shares(placement.profile(components.degree(circuit))),
        depth=_of(values, "mass", role),
        depth_edges=_of(values, "edges", role),
        depth_squared=together.squared["depth"],
        specialisation=_of(values, "specialisation", role)
        | {"random": measured(random), "output_sharpness": together.sharpness},
        specialisation_squared=together.squared["specialisation"],
        effects=together.effects,
        direction=direction(evidence.scores, statistics),
        top=_top(importance, components, top),
    )


def _shares(profile: Floats | Undefined) -> tuple[float, ...]:
    """A profile as a record holds it: empty where no layer holds importance."""
    return () if isinstance(profile, Undefined) else tuple(profile.tolist())


def _top(importance: Floats, components: Components, number: int) -> tuple[Component, ...]:
    total = importance.sum()
    return tuple(
        Component(name=components.names[index], share=float(importance[index] / total))
        for index in components.top(importance, number)
    )


def _of(values: Estimates, weighting: Weighting, of: str) -> dict[str, Measured]:
    """Of all values those by one weighting of one member, or of the shift."""
    return {
        place.name: measured(in_range(of, place.name, value))
        for place, value in values.items()
        if (place.weighting, place.of) == (weighting, of)
    }
