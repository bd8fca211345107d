"""From the evidence on both members to a task's record: every number of it is put together here."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...metrics import Undefined
from ...metrics.inputs import Floats
from ..circuits.components import Components
from ..measure.budgets import budgets
from ..measure.evidence import Evidence
from ..measure.swept import Sweep
from ..record.comparison import Comparison, Component, MemberRecord
from ..record.number import Measured, measured
from ..record.protocol import Compared, Statistics, Sweeping
from .curves import Swept, smallest_share
from .direction import direction
from .effects import component_effects
from .integration import completeness, integration
from .neurons import neuron_depth
from .overlaps import overlaps_of
from .placement import Estimates, Placement, Weighting, in_range
from .selected import Selected
from .sharpness import output_sharpness
from .whole_scores import OfMember, WholeScores

MOST_THREADS = 8
"""Threads that share the resamples at most: each holds circuits of its own."""


def shared_threads() -> int:
    """How many share the resamples of a comparison: as many as torch has, up to `MOST_THREADS`.

    As many as there are processors where torch is not imported: checking a submission takes no torch.
    """
    torch = sys.modules.get("torch")
    return min(MOST_THREADS, os.cpu_count() or 1 if torch is None else torch.get_num_threads())


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
    sweeping: Sweeping,
    compared: Compared,
    statistics: Statistics,
    at_all_sizes: bool = True,
    threads: int = 1,
) -> Comparison:
    """Every number of a task's comparison, from the evidence on both members.

    `at_all_sizes`: whether overlap is found at every budget, most of the work, and not at the compared size
    alone; then there is no curve of it. `threads`: how many share the resamples, which changes no number.
    """
    components, grid = Components(arm.scores.graph), sweeping.grid
    size = compared_size(arm.sweep, mdm.sweep, grid, compared)
    selected = Selected.of(arm.scores, mdm.scores, sweeping.selection, size)
    points = list(zip(budgets(grid, components.graph.edges), grid, strict=True)) if at_all_sizes else []
    shares = _shares_of(size, points, components.graph.edges)
    overlaps = overlaps_of(arm.scores, mdm.scores, components, shares, selected, statistics, threads)
    read = tuple(arm.entropies.components), tuple(mdm.entropies.components)
    placement = selected.placement(components, read)
    values = placement.estimates(arm.scores, mdm.scores, statistics, threads)
    sharpness = output_sharpness(values, arm, mdm, statistics)
    whole = WholeScores.of(arm.scores, mdm.scores, placement, selected, statistics, threads)
    effects = component_effects(arm, mdm, components, selected.circuits, statistics)
    members = [
        _member(
            role,
            one,
            Swept.of(one.sweep, grid, compared.faithful, statistics),
            _Together(measured(sharpness[role]), whole.squared[role], whole.members[role], effects[role]),
            values,
            placement,
            selected,
            compared.components,
            statistics,
            threads,
        )
        for role, one in (("arm", arm), ("mdm", mdm))
    ]
    return Comparison(
        arm=members[0],
        mdm=members[1],
        structure=whole.structure,
        compared=overlaps[size],
        # In a small graph several shares of the grid are one number of edges.
        curve=tuple(overlaps[budget].model_copy(update={"share": share}) for budget, share in points),
        uniform_profile=tuple(placement.uniform.tolist()),
        depth_shift=_of(values, "mass", "shift"),
        depth_shift_edges=selected.of_fixed(_of(values, "edges", "shift")),
        depth_shift_squared=whole.squared["shift"]["depth"],
        specialisation_shift=_of(values, "specialisation", "shift")
        | {"output_sharpness": measured(sharpness["shift"])},
        specialisation_shift_squared=whole.squared["shift"]["specialisation"],
        effects_shift=effects["shift"],
        neuron_depth=neuron_depth(arm.scores, mdm.scores, statistics),
    )


def _shares_of(size: int, points: Sequence[tuple[int, float]], edges: int) -> dict[int, float]:
    """Every budget of the grid and the compared size, which a protocol may fix off the grid: by edges, share.

    They are for one bootstrap. Of several shares that are one size, as in a small graph, the smallest names
    it.
    """
    return {size: size / edges} | dict(reversed(points))


@dataclass(frozen=True)
class _Together:
    """What is found of a member together with the other: in resamples of both, or beside it in time."""

    sharpness: Measured
    squared: Mapping[str, dict[str, Measured]]
    alone: OfMember
    effects: dict[str, Measured]


def _member(
    role: str,
    evidence: Evidence,
    swept: Swept,
    together: _Together,
    values: Estimates,
    placement: Placement,
    selected: Selected,
    top: int,
    statistics: Statistics,
    threads: int,
) -> MemberRecord:
    attribution, components = evidence.scores.attribution, placement.components
    scores, circuit = attribution.scores(), selected.circuits[role == "mdm"]
    importance = components.importance(scores, circuit)
    return MemberRecord(
        clean=float(attribution.clean.mean()),
        corrupted=float(attribution.corrupted.mean()),
        gap=swept.gap,
        completeness=completeness(evidence.scores),
        integration=integration(evidence.scores),
        absolute=swept.absolute,
        signed=swept.signed,
        smallest_share=swept.smallest_share,
        profile=_shares(placement.profile(importance)),
        profile_heads=_shares(placement.profile(importance, ~components.is_mlp)),
        profile_mlps=_shares(placement.profile(importance, components.is_mlp)),
        profile_edges=_shares(placement.profile(components.degree(circuit))),
        depth=_of(values, "mass", role),
        depth_edges=selected.of_fixed(_of(values, "edges", role)),
        depth_squared=together.squared["depth"],
        specialisation=_of(values, "specialisation", role)
        | {"random": together.alone.random, "output_sharpness": together.sharpness},
        specialisation_squared=together.squared["specialisation"],
        effects=together.effects,
        direction=direction(evidence.scores, statistics, threads),
        heterogeneity=together.alone.heterogeneity,
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
