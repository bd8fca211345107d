"""What an overlap of circuits is made of: halves of the groups, views of circuits, one bootstrap for all.

The public functions that put these together are in `ceiling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from .components import touched_components
from .inputs import Flags, Floats, clusters_of, edge_scores, match, numbers, whole, within
from .overlap import Ranking, chance_jaccard, chance_node_jaccard, largest, strength
from .resampling import Estimate, bootstrap, half_splits, weighted_mean
from .undefined import Undefined, Value


@dataclass(frozen=True)
class CircuitOverlap:
    """Overlap of the circuits of two models, with everything needed to read it.

    `jaccard`: circuits from all prompts, as it is usually published. `cross`, `ceiling_a`, `ceiling_b`:
    circuits from disjoint halves, averaged over splits. `floor`: expectation for random circuits of the
    same size. `normalised`: (cross − floor) / (√(ceiling_a · ceiling_b) − floor); 0 = chance, 1 = as
    alike as two samples of one model; undefined where the interval of the denominator
    reaches below half of it.
    """

    jaccard: Estimate | Undefined
    cross: Estimate | Undefined
    ceiling_a: Estimate | Undefined
    ceiling_b: Estimate | Undefined
    floor: float
    normalised: Estimate | Undefined


def normalised_overlap(cross: float, ceiling_a: float, ceiling_b: float, floor: float) -> Value:
    """Overlap between chance and the best possible: Ĵ = (J_cross − J_floor) / (√(J_A · J_B) − J_floor).

    Args:
        cross: Jaccard index between the models, from disjoint halves of the prompts.
        ceiling_a, ceiling_b: split-half Jaccard index within each model.
        floor: expected Jaccard index of random circuits of the same sizes.

    Returns:
        0: chance, 1: as alike as two samples of one model; noise may carry it below 0 and above 1.
        Undefined when the ceiling does not exceed the floor. Only the ends are free of noise: between
        them the value rises as ceilings fall, so compare it where ceilings are alike.

    Raises:
        ValueError: an argument outside [0, 1] or NaN.

    >>> round(normalised_overlap(cross=0.3, ceiling_a=0.5, ceiling_b=0.5, floor=0.1), 9)
    0.5
    >>> print(normalised_overlap(cross=0.1, ceiling_a=0.1, ceiling_b=0.1, floor=0.1))
    undefined: the split-half ceiling 0.1000 does not exceed the floor 0.1000
    """
    values = {"cross": cross, "ceiling_a": ceiling_a, "ceiling_b": ceiling_b, "floor": floor}
    for name, value in values.items():
        within(name, value, 0, 1)
    # The geometric mean, as in the correction for attenuation: noise takes from both models.
    ceiling = float(np.sqrt(ceiling_a * ceiling_b))
    if ceiling <= floor + 1e-12:
        return Undefined(f"the split-half ceiling {ceiling:.4f} does not exceed the floor {floor:.4f}")
    return (cross - floor) / (ceiling - floor)


@dataclass(frozen=True)
class View:
    """What is compared of circuits of k edges: the members of sets [rows, members], and their floor."""

    k: int
    members: Callable[[Flags], Flags]
    floor: float


def edge_view(edges: Flags, k: int) -> View:
    """The edges themselves of circuits of k edges. Raises ValueError for k outside 1..edges."""
    size = whole("k", k, 1, int(edges.sum()))
    floor = chance_jaccard(size, size, int(edges.sum()))
    assert not isinstance(floor, Undefined), "k is at least 1"
    return View(size, lambda circuits: circuits, floor)


def node_view(edges: Flags, k: int, matrices: tuple[Floats, Floats], seed: int) -> View:
    """The components that circuits of k edges touch, by incidence matrices; raises as `edge_view`."""
    size = whole("k", k, 1, int(edges.sum()))

    # Circuits are ranked as rows of edges; which components they touch takes the matrix back.
    def touched(circuits: Flags) -> Flags:
        placed = np.zeros((len(circuits), *edges.shape), dtype=np.bool_)
        placed[:, edges] = circuits
        return touched_components(placed, *matrices)

    return View(size, touched, chance_node_jaccard(edges, size, size, *matrices, seed=seed))


@dataclass(frozen=True)
class _Ranked:
    """What edges are ranked by, [rows, edges]: on all groups, and on the first and the second halves."""

    everything: Floats
    first: Floats
    second: Floats


@dataclass(frozen=True)
class Halves:
    """The groups, their halves, and how scores are ranked."""

    edges: Flags
    counts: Floats
    first: Flags
    by: Ranking

    @classmethod
    def of(
        cls, counts: ArrayLike, clusters: ArrayLike, edges: Flags, by: Ranking, splits: int, seed: int
    ) -> "Halves":
        """Groups with their numbers of examples and clusters, halved. Raises ValueError for bad counts."""
        examples = numbers("counts", counts, 1)
        if not (examples > 0).all():
            raise ValueError("counts must be positive: leave out groups without examples")
        if not edges.any():
            raise ValueError("edges holds no edge at all")
        clusters_of(clusters, groups=len(examples))
        return cls(edges, examples, half_splits(clusters, splits, seed), by)

    def ranked(self, sums: Floats, weights: Floats) -> _Ranked:
        """Strength of the edges under weights [groups]; the halves are empty where there is no split."""
        # All rows at once: one product of matrices takes as long as reading the sums once.
        rows = [weights[None], self.first * weights, ~self.first * weights]
        values = strength(weighted_mean(sums, self.counts, np.concatenate(rows)), self.by)
        splits = len(self.first)
        return _Ranked(values[:1], values[1 : 1 + splits], values[1 + splits :])

    def usable(self, weights: Floats) -> "Halves":
        """The same without the splits of which the resample has left one half empty."""
        # Few groups leave few splits; a resample is lost only where none of them is usable.
        filled = (self.first * weights).any(axis=1) & (~self.first * weights).any(axis=1)
        return self if filled.all() else replace(self, first=self.first[filled])


def flat_sums(name: str, sums: ArrayLike, halves: Halves) -> Floats:
    """Score sums [groups, sources, destinations] as [groups, edges]. Raises ValueError for another shape."""
    array = np.asarray(sums)
    if array.ndim != 3 or len(array) != len(halves.counts):
        expected = f"[{len(halves.counts)} groups, sources, destinations]"
        raise ValueError(f"{name} must be {expected} and has shape {array.shape}")
    match((f"one group of {name}", "edges"), array[0], halves.edges)
    # Entries without an edge are dropped here, so that none of them is ever ranked.
    everywhere = np.broadcast_to(halves.edges, array.shape)
    return edge_scores(name, array, everywhere).reshape(len(array), -1)


def mean_jaccard(a: Flags, b: Flags) -> Value:
    """Mean over rows [rows, members] of the Jaccard index, over those where a set is not empty."""
    union = (a | b).sum(axis=-1)
    filled = union > 0
    if not filled.any():
        return Undefined("both sets are empty")
    return float(((a & b).sum(axis=-1)[filled] / union[filled]).mean())


def overlaps(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    halves: Halves,
    clusters: ArrayLike,
    resamples: int,
    seed: int,
    views: Sequence[View],
) -> list[CircuitOverlap]:
    """The overlap of two models in every view, all from the same resamples, see `circuit_overlap`."""
    a, b = flat_sums("sums_a", sums_a, halves), flat_sums("sums_b", sums_b, halves)
    match(("sums_a", "sums_b"), a, b)

    def statistic(weights: Floats) -> dict[tuple[int, str], Value]:
        split = halves.usable(weights)
        ranked = split.ranked(a, weights), split.ranked(b, weights)
        return {
            (index, name): value
            for index, view in enumerate(views)
            for name, value in _view_overlap(*ranked, view).items()
        }

    found = bootstrap(statistic, clusters, resamples, seed)
    return [
        CircuitOverlap(
            floor=view.floor,
            normalised=_clear(found[index, "normalised"], found[index, "gap"]),
            **{name: _share(found[index, name]) for name in ("jaccard", "cross", "ceiling_a", "ceiling_b")},
        )
        for index, view in enumerate(views)
    ]


def _view_overlap(a: _Ranked, b: _Ranked, view: View) -> dict[str, Value]:
    def members(values: Floats) -> Flags:
        return view.members(largest(values, view.k))

    jaccard = mean_jaccard(members(a.everything), members(b.everything))
    if len(a.first) == 0:
        nothing = dict.fromkeys(
            ("cross", "ceiling_a", "ceiling_b", "gap", "normalised"), Undefined("a half is empty")
        )
        return {"jaccard": jaccard, **nothing}
    a1, a2, b1, b2 = (members(half) for half in (a.first, a.second, b.first, b.second))
    # Opposite halves, both ways: on one half the models would share the noise of its prompts.
    cross = mean_jaccard(np.concatenate([a1, a2]), np.concatenate([b2, b1]))
    ceilings = mean_jaccard(a1, a2), mean_jaccard(b1, b2)
    return {
        "jaccard": jaccard,
        "cross": cross,
        "ceiling_a": ceilings[0],
        "ceiling_b": ceilings[1],
        "gap": _gap(*ceilings, view.floor),
        "normalised": _normalised(cross, *ceilings, view.floor),
    }


def _gap(ceiling_a: Value, ceiling_b: Value, floor: float) -> Value:
    """By how much the ceiling exceeds the floor."""
    if isinstance(ceiling_a, Undefined):
        return ceiling_a
    return ceiling_b if isinstance(ceiling_b, Undefined) else float(np.sqrt(ceiling_a * ceiling_b)) - floor


def _clear(normalised: Estimate | Undefined, gap: Estimate | Undefined) -> Estimate | Undefined:
    """The normalised overlap where its denominator is known to within half of itself.

    A ratio to a number that may be nothing has an interval that says nothing.
    """
    if isinstance(normalised, Undefined) or isinstance(gap, Undefined) or gap.low > gap.value / 2:
        return normalised
    return Undefined(
        f"the split-half ceiling does not clearly exceed the floor: by {gap.value:.4f} "
        f"[{gap.low:.4f}, {gap.high:.4f}]"
    )


def _normalised(cross: Value, ceiling_a: Value, ceiling_b: Value, floor: float) -> Value:
    if isinstance(cross, Undefined):
        return cross
    if isinstance(ceiling_a, Undefined):
        return ceiling_a
    if isinstance(ceiling_b, Undefined):
        return ceiling_b
    return normalised_overlap(cross, ceiling_a, ceiling_b, floor)


def _share(estimate: Estimate | Undefined) -> Estimate | Undefined:
    return estimate if isinstance(estimate, Undefined) else estimate.clipped(0, 1)
