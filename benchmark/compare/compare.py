"""From the evidence on both members to a task's record: every number of it is put together here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics import (
    CircuitOverlap,
    Estimate,
    Undefined,
    chance_tail,
    group_mean,
    overlap_curve,
    random_specialisation,
    top_edges,
)
from ..circuits.attribution import Attribution
from ..circuits.components import Components
from ..measure.sweep import Sweep, budgets
from ..record.protocol import Protocol
from ..record.types import (
    Comparison,
    Component,
    Curve,
    Measured,
    MemberRecord,
    Missing,
    Number,
    Overlap,
    OverlapPoint,
    measured,
)
from .curves import curves, smallest_share
from .placement import Placement

Floats = NDArray[np.floating]
Estimates = Mapping[str, Estimate | Undefined]


@dataclass(frozen=True)
class Evidence:
    """What was measured of one member.

    Edge scores; circuits run, and the template of each example they ran on; the entropy of what the top
    components write, by component name.
    """

    attribution: Attribution
    sweep: Sweep
    templates: tuple[str, ...]
    entropies: Mapping[str, float]


def compared_size(arm: Sweep, mdm: Sweep, protocol: Protocol, edges: int) -> int:
    """Number of edges of the compared circuits in a graph of `edges`.

    The protocol's, or the smallest of its grid at which both members are faithful; where they nowhere are,
    the whole graph, of which no overlap is defined.
    """
    if protocol.circuit_edges is not None:
        return min(edges, protocol.circuit_edges)
    share = smallest_share(protocol, arm, mdm)
    return edges if isinstance(share, Undefined) else budgets(protocol, edges)[protocol.grid.index(share)]


def compare(
    arm: Evidence,
    mdm: Evidence,
    clusters: tuple[str, ...],
    size: int,
    protocol: Protocol,
) -> Comparison:
    """Every number of a task's comparison, from the evidence on both members.

    `clusters`: the template of each group of examples; `size`: edges of the compared circuits.
    """
    components = Components(arm.attribution.graph)
    edges = components.graph.edges
    found = [curves(one.sweep, one.templates, protocol, edges) for one in (arm, mdm)]
    grid = list(zip(budgets(protocol, edges), protocol.grid, strict=True))
    shares = {size: size / edges} | dict(grid)
    overlaps = _overlaps(arm, mdm, clusters, components, protocol, shares)
    placement = Placement(components, size, (arm.entropies, mdm.entropies))
    sums = arm.attribution.score_sums, mdm.attribution.score_sums
    values = placement.estimates(sums, arm.attribution.counts, clusters, protocol.resamples, protocol.seed)
    return Comparison(
        arm=_member("arm", arm, found[0], values, placement, components, protocol, size),
        mdm=_member("mdm", mdm, found[1], values, placement, components, protocol, size),
        compared=overlaps[size],
        # In a small graph several shares of the grid are one number of edges.
        curve=tuple(overlaps[budget].model_copy(update={"share": share}) for budget, share in grid),
        uniform_profile=tuple(placement.uniform.tolist()),
        depth_shift=_named(values, "mass.shift."),
        depth_shift_edges=_named(values, "edges.shift."),
        specialisation_shift=_named(values, "specialisation.shift."),
    )


def _overlaps(
    arm: Evidence,
    mdm: Evidence,
    clusters: tuple[str, ...],
    components: Components,
    protocol: Protocol,
    shares: Mapping[int, float],
) -> dict[int, OverlapPoint]:
    """Overlap at each number of edges, whose share of all edges is given."""
    sums = arm.attribution.score_sums, mdm.attribution.score_sums
    graph, counts = components.graph, arm.attribution.counts
    found = overlap_curve(
        *sums,
        counts,
        clusters,
        graph.mask,
        list(shares),
        components.of_sources,
        components.of_destinations,
        splits=protocol.splits,
        resamples=protocol.resamples,
        seed=protocol.seed,
    )
    means = [group_mean(one, counts) for one in sums]
    points = {}
    for (size, share), (of_edges, of_nodes) in zip(shares.items(), found, strict=True):
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


def _member(
    role: str,
    evidence: Evidence,
    found: tuple[Curve, Curve],
    values: Estimates,
    placement: Placement,
    components: Components,
    protocol: Protocol,
    size: int,
) -> MemberRecord:
    attribution, graph = evidence.attribution, components.graph
    scores = attribution.scores()
    circuit = top_edges(scores, graph.mask, size)
    importance = components.importance(scores, circuit)
    random = random_specialisation(
        scores, circuit, graph.mask, components.of_sources, components.of_destinations, seed=protocol.seed
    )
    residual = attribution.completeness_residual
    return MemberRecord(
        clean=float(attribution.clean.mean()),
        corrupted=float(attribution.corrupted.mean()),
        completeness=measured(
            Undefined("clean and corrupted score the same") if residual is None else residual
        ),
        absolute=found[0],
        signed=found[1],
        smallest_share=measured(smallest_share(protocol, evidence.sweep)),
        profile=_shares(placement.profile(importance)),
        profile_heads=_shares(placement.profile(importance, ~components.is_mlp)),
        profile_mlps=_shares(placement.profile(importance, components.is_mlp)),
        profile_edges=_shares(placement.profile(components.degree(circuit))),
        depth=_named(values, f"mass.{role}."),
        depth_edges=_named(values, f"edges.{role}."),
        specialisation=_named(values, f"specialisation.{role}.") | {"random": measured(random)},
        top=_top(importance, components, protocol.components),
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


def _named(values: Estimates, prefix: str) -> dict[str, Measured]:
    return {
        name.removeprefix(prefix): measured(value)
        for name, value in values.items()
        if name.startswith(prefix)
    }
