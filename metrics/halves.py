"""What an overlap of circuits is made of: halves of the groups, views of circuits, one bootstrap for all.

The public functions that put these together are in `ceiling`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, clusters_of, edge_scores, match, numbers, whole, within
from .nested import Entries, Nested, Touching, entries, held, mean_jaccards
from .overlap import Ranking, chance_jaccard, chance_node_jaccard, strength
from .resampling import Estimate, bootstrap, half_splits, weighted_mean
from .selection import Selection, priority
from .undefined import Undefined, Value

BLOCK = 2**25
"""Bytes of mean scores that are held and ranked at once: ten halves of a graph of 400,000 edges."""


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

    @property
    def above_floor(self) -> Estimate | Undefined:
        """(J − floor) / (1 − floor) of the circuits from all prompts; 0: chance, 1: the same circuit.

        It depends on the number of prompts as J does: a ceiling below 1 stays in it. Undefined where J is,
        and where random circuits are the same circuit.

        >>> one = Estimate(0.55, 0.45, 0.65, 0.95, 200)
        >>> round(CircuitOverlap(one, one, one, one, 0.1, one).above_floor.value, 9)
        0.5
        """
        if isinstance(self.jaccard, Undefined):
            return self.jaccard
        if self.floor >= 1:
            return Undefined("random circuits of this size are all the same")

        def scaled(jaccard: Floats | float) -> Any:
            return (jaccard - self.floor) / (1 - self.floor)

        of = self.jaccard
        draws = None if of.draws is None else scaled(of.draws)
        return replace(of, value=scaled(of.value), low=scaled(of.low), high=scaled(of.high), draws=draws)


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
    """What is compared of circuits: sets by the circuits' entries [rows, edges], and their floor by size."""

    sets: Callable[[Entries], Nested]
    floors: Mapping[int, float]


def edge_view(edges: Flags, sizes: Sequence[int]) -> View:
    """The edges themselves of circuits of each size."""
    number = int(edges.sum())

    def sets(entry: Entries) -> Nested:
        return Nested(entry, np.broadcast_to(sizes, (len(entry), len(sizes))))

    floors = {}
    for size in sizes:
        floor = chance_jaccard(size, size, number)
        assert not isinstance(floor, Undefined), "a size is at least 1"
        floors[size] = floor
    return View(sets, floors)


def node_view(edges: Flags, sizes: Sequence[int], matrices: tuple[Floats, Floats], seed: int) -> View:
    """The components that circuits of each size touch, by incidence matrices."""
    floors = {size: chance_node_jaccard(edges, size, size, *matrices, seed=seed) for size in sizes}
    touching = Touching.of(edges, matrices)

    def sets(entry: Entries) -> Nested:
        of_components = touching.entries(entry, len(sizes))
        return Nested(of_components, held(of_components, len(sizes)))

    return View(sets, floors)


def ascending(sizes: Iterable[int], edges: Flags) -> list[int]:
    """The sizes in ascending order, each once. Raises ValueError for one outside 1..edges."""
    number = int(edges.sum())
    return sorted({whole("k", size, 1, number) for size in sizes})


@dataclass(frozen=True)
class OverlapValues:
    """The values of a `CircuitOverlap` without intervals and so without the normalised one."""

    jaccard: Value
    cross: Value
    ceiling_a: Value
    ceiling_b: Value
    floor: float


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

    def entries(self, sums: Floats, weights: Floats, sizes: Sequence[int]) -> Entries:
        """Entries of the edges into circuits of ascending sizes, under weights [groups].

        Rows: all groups, then the first half of every split, then the second; [1 + 2 · splits, edges].
        """
        rows = np.concatenate([weights[None], self.first * weights, ~self.first * weights])
        # Many rows at once: one product of matrices takes as long as reading the sums once.
        at_once = max(1, BLOCK // sums[0].nbytes)
        blocks = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
        return np.concatenate([self._entries_of_block(sums, block, sizes) for block in blocks])

    def _entries_of_block(self, sums: Floats, weights: Floats, sizes: Sequence[int]) -> Entries:
        return entries(strength(weighted_mean(sums, self.counts, weights), self.by), sizes)

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


def overlaps(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    halves: Halves,
    clusters: ArrayLike,
    resamples: int,
    seed: int,
    sizes: Sequence[int],
    views: Sequence[View],
) -> list[dict[int, CircuitOverlap]]:
    """The overlap of two models in every view, by size, all from the same resamples, see `circuit_overlap`.

    `sizes`: ascending, those of the views.
    """
    a, b = flat_sums("sums_a", sums_a, halves), flat_sums("sums_b", sums_b, halves)
    match(("sums_a", "sums_b"), a, b)

    def statistic(weights: Floats) -> dict[tuple[int, int, str], Value]:
        split = halves.usable(weights)
        # One ranking of each model for every view and every size.
        first, second = split.entries(a, weights, sizes), split.entries(b, weights, sizes)
        return {
            (index, size, name): value
            for index, view in enumerate(views)
            for size, values in by_size(view.sets(first), view.sets(second), view.floors).items()
            for name, value in values.items()
        }

    found = bootstrap(statistic, clusters, resamples, seed)
    return [
        {
            size: _circuit_overlap({name: found[index, size, name] for name in _NAMES}, view.floors[size])
            for size in sizes
        }
        for index, view in enumerate(views)
    ]


def values_by_priority(
    sums: tuple[ArrayLike, ArrayLike],
    halves: Halves,
    clusters: ArrayLike,
    by: Selection,
    sizes: Sequence[int],
    views: Sequence[View],
) -> list[dict[int, OverlapValues]]:
    """The values of two models' circuits in every view, by size, where `priority` ranks their edges.

    Every half ranks by its own groups alone, as if there were no others. `sizes`: ascending, of the views.
    """
    label = np.asarray(clusters)
    everything = np.ones((1, len(halves.counts)), np.bool_)
    rows = np.concatenate([everything, halves.first, ~halves.first])
    sides = []
    for name, one in zip(("sums_a", "sums_b"), sums, strict=True):
        flat = flat_sums(name, one, halves)
        ranked = [priority(flat[row], halves.counts[row], label[row], by, seed=0) for row in rows]
        sides.append(entries(np.stack(ranked), sizes))
    match(("sums_a", "sums_b"), *sides)
    return [
        {
            size: OverlapValues(**{name: found[name] for name in _RAW}, floor=view.floors[size])
            for size, found in by_size(view.sets(sides[0]), view.sets(sides[1]), view.floors).items()
        }
        for view in views
    ]


_RAW = ("jaccard", "cross", "ceiling_a", "ceiling_b")
_NAMES = (*_RAW, "gap", "normalised")


def by_size(a: Nested, b: Nested, floors: Mapping[int, float]) -> dict[int, dict[str, Value]]:
    """The values at every size, of rows as `Halves.entries` has them."""
    whole_a, *halves_a = parts(a)
    whole_b, *halves_b = parts(b)
    jaccard = mean_jaccards(whole_a, whole_b)
    if len(halves_a[0].entry) == 0:
        nothing = dict.fromkeys(_NAMES, Undefined("a half is empty"))
        return {size: {**nothing, "jaccard": each} for size, each in zip(floors, jaccard, strict=True)}
    # Opposite halves, both ways: on one half the models would share the noise of its prompts.
    cross = mean_jaccards(halves_a[0].then(halves_a[1]), halves_b[1].then(halves_b[0]))
    raw = zip(jaccard, cross, mean_jaccards(*halves_a), mean_jaccards(*halves_b), strict=True)
    return {
        size: {
            **dict(zip(_RAW, values, strict=True)),
            "gap": _gap(*values[2:], floor),
            "normalised": _normalised(*values[1:], floor),
        }
        for (size, floor), values in zip(floors.items(), raw, strict=True)
    }


def parts(sets: Nested) -> tuple[Nested, Nested, Nested]:
    """Of rows as `Halves.entries` has them those of all groups, of first and of second halves."""
    splits = len(sets.entry) // 2
    return sets.rows(0, 1), sets.rows(1, 1 + splits), sets.rows(1 + splits, 1 + 2 * splits)


def _circuit_overlap(found: Mapping[str, Estimate | Undefined], floor: float) -> CircuitOverlap:
    return CircuitOverlap(
        floor=floor,
        normalised=_clear(found["normalised"], found["gap"]),
        **{name: _share(found[name]) for name in _RAW},
    )


def _gap(ceiling_a: Value, ceiling_b: Value, floor: float) -> Value:
    """By how much the ceiling exceeds the floor."""
    if isinstance(ceiling_a, Undefined):
        return ceiling_a
    return ceiling_b if isinstance(ceiling_b, Undefined) else float(np.sqrt(ceiling_a * ceiling_b)) - floor


def _clear(normalised: Estimate | Undefined, gap: Estimate | Undefined) -> Estimate | Undefined:
    """The normalised overlap where its denominator is clear of 0."""
    if isinstance(normalised, Undefined) or isinstance(gap, Undefined) or gap.clear:
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
