"""Both members at a read beside the headline's: what their scores there say, by no choice of edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...metrics import (
    Estimate,
    Undefined,
    Value,
    bootstrap_scores,
    component_products,
    depth_profile,
    early_share,
    effective_components,
    mean_relative_depth,
    specialisation,
    squared_placement,
    standardised_cosine,
)
from ...metrics.inputs import Floats
from ...metrics.masses import fixed_masses
from ...metrics.resampling import bootstrap_rows
from ...metrics.spread import POWER
from ...metrics.undefined import minus
from ..circuits.components import Components
from ..measure.score_sums import ScoreSums
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.protocol import Statistics
from ..record.reads import AtRead, MembersAndShift
from .direction import direction
from .placement import in_range
from .structure import structure

_AUTOREGRESSIVE = "the second member is autoregressive: it sees no masked token"
_THE_SAME = "this read is the headline's"

NAMES = ("early_share", "mean_depth", "specialisation", "effective_components")
"""What is said of depth and concentration, by either weighting."""


@dataclass(frozen=True, eq=False)
class MeasuredAt:
    """What was measured at a read: scores of both members, on the same examples in the same groups.

    `headline`: the MDM's scores at the headline's read, `groups` which of its groups these are; None where
    the two reads are one. `masked` as in a record, None where the second member is autoregressive.
    """

    arm: ScoreSums
    mdm: ScoreSums
    headline: ScoreSums | None
    groups: tuple[int, ...]
    masked: float | None


def at_read(beside: MeasuredAt, statistics: Statistics) -> AtRead:
    """Every number of a read, from the scores of both members there."""
    arm, mdm = beside.arm, beside.mdm
    alike = structure(arm, mdm, statistics) | {"headline": _with_headline(beside, statistics)}
    masked = beside.masked
    return AtRead(
        examples=len(mdm.examples),
        masked=Missing(missing=_AUTOREGRESSIVE) if masked is None else Number(value=masked),
        gap=_gap(arm, mdm, statistics),
        structure=alike,
        squared=_by_member(_squared(arm, mdm, statistics)),
        mass=_by_member(_mass(arm, mdm, statistics)),
        direction=direction(mdm, statistics),
    )


_Named = Mapping[tuple[str, str], Estimate | Undefined]


def _by_member(values: _Named) -> MembersAndShift:
    def named(owner: str) -> dict[str, Measured]:
        return {
            name: measured(in_range(owner, name, value))
            for (of, name), value in values.items()
            if of == owner and name in NAMES
        }

    return MembersAndShift(arm=named("arm"), mdm=named("mdm"), shift=named("shift"))


def _gap(arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> dict[str, Measured]:
    """Mean metric on clean prompts less that on corrupted ones."""
    sums = []
    for each in (arm, mdm):
        found = each.attribution
        gaps = found.clean - found.corrupted
        sums.append(np.bincount(found.groups, gaps, minlength=len(found.counts)))

    def statistic(of_arm: Floats, of_mdm: Floats) -> dict[str, Value]:
        return {"arm": float(of_arm), "mdm": float(of_mdm)}

    counts = arm.attribution.counts
    gap = bootstrap_scores(statistic, sums, counts, arm.templates, *statistics.drawn)
    return {name: measured(value) for name, value in gap.items()}


def _with_headline(beside: MeasuredAt, statistics: Statistics) -> Measured:
    """The headline's ρ, of the MDM's scores at this read with its own at the headline's."""
    if beside.headline is None:
        return Missing(missing=_THE_SAME)
    here, there = beside.mdm.attribution, beside.headline.attribution
    groups, mask = list(beside.groups), beside.mdm.graph.mask
    # The headline has more examples in a group, and a cosine one number of examples on both sides.
    scale = here.counts / there.counts[groups]
    sides = here.score_sums[:, mask], scale[:, None] * there.score_sums[groups][:, mask]
    return measured(
        standardised_cosine(*sides, here.counts, beside.mdm.templates, None, POWER, *statistics.drawn)
    )


def _squared(arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> _Named:
    components = Components(arm.graph)
    nodes = components.of_sources, components.of_destinations
    uniform = _profile(components.degree(components.graph.mask), components)
    assert not isinstance(uniform, Undefined), "every graph has edges in its layers"
    of_arm, of_mdm = (
        component_products(each.attribution.score_sums, arm.graph.mask, *nodes) for each in (arm, mdm)
    )
    return squared_placement(
        of_arm,
        of_mdm,
        arm.attribution.counts,
        arm.templates,
        components.layers,
        arm.graph.layers,
        uniform,
        *statistics.drawn,
    )


def _profile(importance: Floats, components: Components) -> Floats | Undefined:
    return depth_profile(importance, components.layers, components.graph.layers)


def _mass(arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> _Named:
    components, counts = Components(arm.graph), arm.attribution.counts
    nodes = components.of_sources, components.of_destinations

    def of_rows(weights: Floats) -> Iterator[dict[tuple[str, str], Value]]:
        masses = [
            fixed_masses(each.attribution.score_sums, counts, weights, arm.graph.mask, *nodes)
            for each in (arm, mdm)
        ]
        for row in zip(*masses, strict=True):
            before, after = (_placed(importance, components) for importance in row)
            shift = {name: minus(after[name], before[name]) for name in NAMES}
            by_member = {"arm": before, "mdm": after, "shift": shift}
            yield {(of, name): value for of, values in by_member.items() for name, value in values.items()}

    return bootstrap_rows(of_rows, arm.templates, *statistics.drawn)


def _placed(importance: Floats, components: Components) -> dict[str, Value]:
    """Depth and concentration of the absolute scores of all edges, by what of them is at each component."""
    profile = _profile(importance, components)
    return {
        "early_share": profile if isinstance(profile, Undefined) else early_share(profile),
        "mean_depth": profile if isinstance(profile, Undefined) else mean_relative_depth(profile),
        "specialisation": specialisation(importance),
        "effective_components": effective_components(importance),
    }
