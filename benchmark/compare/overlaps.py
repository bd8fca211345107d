"""Overlap of both members' circuits at several sizes, by any selection of edges."""

from collections.abc import Mapping, Sequence

from ...metrics import CircuitOverlap, chance_tail, overlap_curve, overlap_values, top_edges
from ...metrics.halves import OverlapValues
from ..circuits.components import Components
from ..measure.score_sums import ScoreSums
from ..record.comparison import Overlap, OverlapPoint
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.protocol import Statistics
from .selected import Selected

_NO_INTERVAL = (
    "circuits that are chosen by resamples have no intervals, which would tell whether the ceiling is clear "
    "of the floor"
)


def overlaps_of(
    arm: ScoreSums,
    mdm: ScoreSums,
    components: Components,
    shares: Mapping[int, float],
    selected: Selected,
    statistics: Statistics,
    threads: int = 1,
) -> dict[int, OverlapPoint]:
    """Overlap at each number of edges, whose share of all edges is given."""
    graph = components.graph
    ranked = [each.ranked(selected.selection) for each in (arm, mdm)]
    found = _found(arm, mdm, components, list(shares), selected, statistics, threads)
    points = {}
    for (size, share), (of_edges, of_nodes) in zip(shares.items(), found, strict=True):
        # From all discovery prompts, as published overlaps are.
        kept = [top_edges(each, graph.mask, size) for each in ranked]
        tail = chance_tail(int((kept[0] & kept[1]).sum()), size, size, graph.edges)
        points[size] = OverlapPoint(
            share=share,
            edges=size,
            edge=_overlap_record(of_edges, Number(value=tail)),
            node=_overlap_record(of_nodes, Missing(missing="defined for edges only")),
        )
    return points


def _found(
    arm: ScoreSums,
    mdm: ScoreSums,
    components: Components,
    sizes: list[int],
    selected: Selected,
    statistics: Statistics,
    threads: int,
) -> Sequence[tuple[CircuitOverlap | OverlapValues, CircuitOverlap | OverlapValues]]:
    """At each size the overlap of edges and that of components; without intervals if resamples choose."""
    of_groups = arm.attribution.score_sums, mdm.attribution.score_sums, arm.attribution.counts, arm.templates
    of_nodes = components.of_sources, components.of_destinations
    mask, splits, seed = components.graph.mask, statistics.splits, statistics.resampling_seed
    if selected.ranking is None:
        selection = selected.selection
        return overlap_values(*of_groups, mask, sizes, *of_nodes, selection, splits=splits, seed=seed)
    return overlap_curve(
        *of_groups,
        mask,
        sizes,
        *of_nodes,
        selected.ranking,
        splits=splits,
        resamples=statistics.resamples,
        seed=seed,
        threads=threads,
    )


def _overlap_record(found: CircuitOverlap | OverlapValues, tail: Measured) -> Overlap:
    normalised: Measured = Missing(missing=_NO_INTERVAL)
    if isinstance(found, CircuitOverlap):
        normalised = measured(found.normalised)
    return Overlap(
        jaccard=measured(found.jaccard),
        cross=measured(found.cross),
        ceiling_arm=measured(found.ceiling_a),
        ceiling_mdm=measured(found.ceiling_b),
        floor=found.floor,
        normalised=normalised,
        chance_tail=tail,
    )
