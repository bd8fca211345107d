"""What an overlap of circuits is made of: halves of the groups, views of circuits, one bootstrap for all.

The public functions that put these together are in `ceiling`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .buffers import Buffers
from .estimate import Estimate
from .group_weights import half_splits
from .inputs import Flags, Floats, Integers, clusters_of, numbers, whole, within
from .largest_sets import top_sets
from .nested import entries
from .overlap import Ranking, chance_jaccard, chance_node_jaccard
from .packed import CHUNK, HalvedRows, PackedSets, mean_jaccards, packed_entries
from .resampling import bootstrap_rows
from .screened import ScreenedSums, checked_sums, screened
from .selection import Selection, priority
from .threads import each_of
from .touching import Touching
from .undefined import Undefined, Value

AT_ONCE = 2**19
"""Scores that are looked at together: of a few resamples and of edges that fit into a processor's cache."""


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
    """What is compared of circuits: sets of theirs, by the order of their edges, and floors by size."""

    sets: Callable[[Integers], Callable[[PackedSets], PackedSets]]
    floors: Mapping[int, float]


def edge_view(edges: Flags, sizes: Sequence[int]) -> View:
    """The edges themselves of circuits of each size."""
    number = int(edges.sum())
    floors = {}
    for size in sizes:
        floor = chance_jaccard(size, size, number)
        assert not isinstance(floor, Undefined), "a size is at least 1"
        floors[size] = floor
    return View(lambda order: lambda circuits: circuits, floors)


def node_view(edges: Flags, sizes: Sequence[int], matrices: tuple[Floats, Floats], seed: int) -> View:
    """The components that circuits of each size touch, by incidence matrices."""
    floors = {size: chance_node_jaccard(edges, size, size, *matrices, seed=seed) for size in sizes}
    touching = Touching.of(edges, matrices)
    return View(lambda order: touching.ordered(order).sets, floors)


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

    def checked(self, name: str, sums: ArrayLike) -> NDArray[Any]:
        """`checked_sums` of the edges and groups."""
        return checked_sums(name, sums, self.edges, len(self.counts))

    def usable(self, weights: Floats) -> Flags:
        """First halves of the splits without those of which the resample has left one half empty."""
        # Few groups leave few splits; a resample is lost only where none of them is usable.
        filled = (self.first * weights).any(axis=1) & (~self.first * weights).any(axis=1)
        return np.asarray(self.first[filled])

    def rows(self, weights: Floats) -> tuple[Floats, list[HalvedRows]]:
        """Weights [rows, groups] of all groups and of both halves in each resample; which rows are whose.

        `weights`: [resamples, groups]. Second halves are the last rows. Splits of which a resample has left
        one half empty are left out.
        """
        firsts = [self.usable(row) for row in weights]
        splits = [len(first) for first in firsts]
        wholes = [
            np.concatenate([row[None], first * row]) for row, first in zip(weights, firsts, strict=True)
        ]
        seconds = [~first * row for row, first in zip(weights, firsts, strict=True)]
        found, start, second = [], 0, sum(splits) + len(splits)
        for number in splits:
            first = slice(start + 1, start + 1 + number)
            found.append(HalvedRows(slice(start, start + 1), first, slice(second, second + number)))
            start, second = first.stop, second + number
        return np.concatenate(wholes + seconds), found


def overlaps(
    sums_a: ArrayLike,
    sums_b: ArrayLike,
    halves: Halves,
    clusters: ArrayLike,
    resamples: int,
    seed: int,
    sizes: Sequence[int],
    views: Sequence[View],
    threads: int = 1,
) -> list[dict[int, CircuitOverlap]]:
    """The overlap of two models in every view, by size, all from the same resamples, see `circuit_overlap`.

    `sizes`: ascending, those of the views. `threads`: how many find it, which changes no number.
    """
    checked = [halves.checked("sums_a", sums_a), halves.checked("sums_b", sums_b)]
    models = screened(checked, halves.edges, halves.counts)
    of_views = [(view.sets(models[0].order), view.floors) for view in views]

    def statistics(weights: Floats) -> Iterator[dict[tuple[int, int, str], Value]]:
        rows, edges = 1 + 2 * len(halves.first), len(models[0].order)
        # Of a very small graph no more than a few thousand rows, which have costs of their own.
        at_once = max(1, AT_ONCE // (rows * min(CHUNK, max(edges, 64))))
        blocks = [weights[start : start + at_once] for start in range(0, len(weights), at_once)]
        buffers = [Buffers() for _ in models]

        def values(block: Floats) -> list[dict[tuple[int, int, str], Value]]:
            return _values_of(models, halves, block, sizes, of_views, buffers)

        return chain.from_iterable(each_of(blocks, values, threads))

    found = bootstrap_rows(statistics, clusters, resamples, seed)
    return [
        {
            size: _circuit_overlap({name: found[index, size, name] for name in _NAMES}, view.floors[size])
            for size in sizes
        }
        for index, view in enumerate(views)
    ]


def _values_of(
    models: Sequence[ScreenedSums],
    halves: Halves,
    weights: Floats,
    sizes: Sequence[int],
    views: Sequence[tuple[Callable[[PackedSets], PackedSets], Mapping[int, float]]],
    buffers: Sequence[Buffers],
) -> list[dict[tuple[int, int, str], Value]]:
    """For each resample [resamples, groups] the values by view, size and name."""
    rows, resamples = halves.rows(weights)
    # One ranking of each model for every view and every size.
    a, b = (
        top_sets(model, rows, sizes, halves.by, resamples, own)
        for model, own in zip(models, buffers, strict=True)
    )
    sides = [(sets(a), sets(b), floors) for sets, floors in views]
    return [
        {
            (index, size, name): value
            for index, (one, other, floors) in enumerate(sides)
            for size, values in by_size(each.of(one), each.of(other), floors).items()
            for name, value in values.items()
        }
        for each in resamples
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
    rows, (resample,) = halves.rows(np.ones((1, len(halves.counts))))
    flats = [
        halves.checked(name, one)[:, halves.edges.ravel()].astype(np.float64)
        for name, one in zip(("sums_a", "sums_b"), sums, strict=True)
    ]
    sides = []
    for flat in flats:
        ranked = [priority(flat[row], halves.counts[row], label[row], by, seed=0) for row in rows > 0]
        sides.append(packed_entries(entries(np.stack(ranked), sizes), len(sizes)))
    of_views = [([view.sets(one.order)(one) for one in sides], view.floors) for view in views]
    return [
        {
            size: OverlapValues(**{name: found[name] for name in _RAW}, floor=floors[size])
            for size, found in by_size(resample.of(a), resample.of(b), floors).items()
        }
        for (a, b), floors in of_views
    ]


_RAW = ("jaccard", "cross", "ceiling_a", "ceiling_b")
_NAMES = (*_RAW, "gap", "normalised")


Halved = tuple[PackedSets, PackedSets, PackedSets]
"""The sets of all groups, of first halves and of second ones."""


def by_size(a: Halved, b: Halved, floors: Mapping[int, float]) -> dict[int, dict[str, Value]]:
    """The values of a resample at every size."""
    (whole_a, *halves_a), (whole_b, *halves_b) = a, b
    jaccard = mean_jaccards((whole_a, whole_b))
    if len(halves_a[0].held) == 0:
        nothing = dict.fromkeys(_NAMES, Undefined("a half is empty"))
        return {size: {**nothing, "jaccard": each} for size, each in zip(floors, jaccard, strict=True)}
    # Opposite halves, both ways: on one half the models would share the noise of its prompts.
    cross = mean_jaccards((halves_a[0], halves_b[1]), (halves_a[1], halves_b[0]))
    ceiling_a = mean_jaccards((halves_a[0], halves_a[1]))
    ceiling_b = mean_jaccards((halves_b[0], halves_b[1]))
    raw = zip(jaccard, cross, ceiling_a, ceiling_b, strict=True)
    return {
        size: {
            **dict(zip(_RAW, values, strict=True)),
            "gap": _gap(*values[2:], floor),
            "normalised": _normalised(*values[1:], floor),
        }
        for (size, floor), values in zip(floors.items(), raw, strict=True)
    }


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
