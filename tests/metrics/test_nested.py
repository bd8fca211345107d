"""Entries of nested circuits, and overlaps from them, beside circuits that are found one by one."""

from dataclasses import asdict

import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    Value,
    bootstrap,
    chance_jaccard,
    chance_node_jaccard,
    group_mean,
    half_splits,
    halves,
    node_overlap,
    normalised_overlap,
    overlap_curve,
)
from mechshift.metrics.nested import Nested, Touching, entries, held, mean_jaccards

EDGES = np.random.default_rng(0).random((9, 14)) < 0.7
SOURCES = np.vstack([np.eye(8, 9, 1), np.zeros(9)])
"""The first source is no component's, the last component has no source."""
DESTINATIONS = np.kron(np.eye(3), np.full((3, 4), 0.25))[:, :12]
DESTINATIONS = np.pad(DESTINATIONS, ((0, 0), (0, 2)))
SIZES = [1, 2, 7, 30, int(EDGES.sum())]


def first(values: np.ndarray, k: int) -> frozenset[int]:
    """The places of the k largest, of equals the first."""
    return frozenset(sorted(range(len(values)), key=lambda place: (-values[place], place))[:k])


def components(circuit: frozenset[int]) -> frozenset[int]:
    """The components that the edges at these places touch."""
    found = set()
    for place in circuit:
        source, destination = np.argwhere(EDGES)[place]
        found |= {int(component) for component in np.flatnonzero(SOURCES[:, source])}
        found |= {int(component) for component in np.flatnonzero(DESTINATIONS[:, destination])}
    return frozenset(found)


def jaccard(pairs: list[tuple[frozenset[int], frozenset[int]]]) -> Value:
    """Mean Jaccard index of pairs of sets, over those that are not both empty."""
    values = [len(a & b) / len(a | b) for a, b in pairs if a | b]
    return float(np.mean(values)) if values else Undefined("both sets are empty")


@pytest.mark.parametrize("levels", [2, 5, 40, 10_000])
@pytest.mark.parametrize("sizes", [[5], [1, 2, 3], [1, 8, 20, 60], [59, 60], [60]])
def test_entries_are_those_of_circuits_found_one_by_one(sizes: list[int], levels: int) -> None:
    """Few levels: most values are equal to others, also across the borders of circuits."""
    values = np.random.default_rng(levels).integers(0, levels, (6, 60)).astype(np.float64)
    values[5] = 0
    entry = entries(values, sizes)
    for index, k in enumerate(sizes):
        assert [frozenset(np.flatnonzero(row <= index)) for row in entry] == [first(row, k) for row in values]
    assert held(entry, len(sizes)).tolist() == [sizes] * 6


def test_entries_of_more_sizes_than_a_byte_counts() -> None:
    values = np.random.default_rng(0).permutation(400).astype(np.float64)[None]
    assert entries(values, range(1, 301))[0].tolist() == np.minimum(399 - values[0], 300).tolist()


def test_components_enter_with_the_first_edge_that_touches_them() -> None:
    values = np.random.default_rng(1).integers(0, 9, (5, int(EDGES.sum()))).astype(np.float64)
    found = Touching.of(EDGES, (SOURCES, DESTINATIONS)).entries(entries(values, SIZES), 5)
    for index, k in enumerate(SIZES):
        touched = [components(first(row, k)) for row in values]
        assert [frozenset(np.flatnonzero(row <= index)) for row in found] == touched


def test_jaccard_of_nested_sets_leaves_out_rows_where_both_are_empty() -> None:
    a, b = np.array([[0, 1, 2], [1, 1, 2]], np.uint8), np.array([[0, 2, 1], [1, 2, 2]], np.uint8)
    none = np.full((2, 3), 2, np.uint8)
    sets, others, empty = (Nested(entry, held(entry, 2)) for entry in (a, b, none))
    assert mean_jaccards(sets, others) == [1.0, pytest.approx((1 / 3 + 1 / 2) / 2)]
    assert mean_jaccards(empty, empty) == [Undefined("both sets are empty")] * 2


def model(seed: int, groups: int) -> np.ndarray:
    """Score sums of which a third are exactly 0 in every group, so that large circuits break ties."""
    generator = np.random.default_rng(seed)
    sums = generator.standard_t(3, EDGES.shape) + generator.normal(size=(groups, *EDGES.shape))
    return np.where(EDGES, sums * (generator.random(EDGES.shape) < 2 / 3), np.nan)


def one_by_one(
    sums: tuple[np.ndarray, np.ndarray],
    counts: np.ndarray,
    clusters: np.ndarray,
    of_nodes: bool,
    k: int,
    splits: int,
) -> dict[str, object]:
    """The overlap at one size, from circuits that are sets of places, found one at a time."""
    chance = chance_node_jaccard(EDGES, k, k, SOURCES, DESTINATIONS, seed=4)
    floor = chance if of_nodes else chance_jaccard(k, k, int(EDGES.sum()))
    a, b = sums

    def circuit(sums: np.ndarray, weights: np.ndarray) -> frozenset[int]:
        places = first(np.abs(group_mean(sums[:, EDGES], counts, weights)), k)
        return components(places) if of_nodes else places

    def statistic(weights: np.ndarray) -> dict[str, Value]:
        found: dict[str, Value] = {"jaccard": jaccard([(circuit(a, weights), circuit(b, weights))])}
        pairs: dict[str, list] = {"cross": [], "ceiling_a": [], "ceiling_b": []}
        for half in half_splits(clusters, splits, seed=4):
            parts = [weights * half, weights * ~half]
            if all(part.any() for part in parts):
                (a1, a2), (b1, b2) = ([circuit(sums, part) for part in parts] for sums in (a, b))
                pairs["cross"] += [(a1, b2), (a2, b1)]
                pairs["ceiling_a"].append((a1, a2))
                pairs["ceiling_b"].append((b1, b2))
        if not pairs["cross"]:
            return found | dict.fromkeys((*pairs, "normalised"), Undefined("a half is empty"))
        found |= {name: jaccard(each) for name, each in pairs.items()}
        values = found["cross"], found["ceiling_a"], found["ceiling_b"]
        undefined = [value for value in values if isinstance(value, Undefined)]
        found["normalised"] = undefined[0] if undefined else normalised_overlap(*values, floor)
        return found

    found = bootstrap(statistic, clusters, resamples=15, seed=4)
    return {
        name: value if isinstance(value, Undefined) or name == "normalised" else value.clipped(0, 1)
        for name, value in found.items()
    } | {"floor": floor}


def close(found: object, expected: object) -> bool:
    """Whether two estimates are the same, but for the order in which a mean adds up."""
    if isinstance(found, Estimate) and isinstance(expected, Estimate):
        # One in which a value is undefined has NaN there.
        np.testing.assert_allclose(found.draws, expected.draws, rtol=0, atol=1e-12)
        one, other = (asdict(each) for each in (found, expected))
        del one["draws"], other["draws"]
        return one == pytest.approx(other, rel=0, abs=1e-12)
    return found == expected


@pytest.mark.parametrize(("groups", "splits"), [(12, 3), (4, 1)])
def test_a_curve_is_what_circuits_found_one_by_one_give(groups: int, splits: int) -> None:
    """Four groups: resamples that empty a half are among them."""
    a, b = model(1, groups), model(2, groups)
    counts, clusters = np.random.default_rng(2).integers(1, 5, groups), np.arange(groups) // 2
    curve = overlap_curve(
        a, b, counts, clusters, EDGES, SIZES, SOURCES, DESTINATIONS, splits=splits, resamples=15, seed=4
    )
    for k, pair in zip(SIZES, curve, strict=True):
        for of_nodes, found in enumerate(pair):
            expected = one_by_one((a, b), counts, clusters, bool(of_nodes), k, splits)
            # The rule that leaves out unclear ratios has its own tests.
            if isinstance(found.normalised, Undefined) and "clearly" in found.normalised.reason:
                expected["normalised"] = found.normalised
            assert [name for name in expected if not close(getattr(found, name), expected[name])] == []


def test_how_many_rows_are_ranked_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = model(1, 12), model(2, 12)
    everything = a, b, np.arange(1, 13), np.arange(12) // 2, EDGES
    options = {"splits": 4, "resamples": 15}
    expected = overlap_curve(*everything, SIZES, SOURCES, DESTINATIONS, **options)
    row = a[0][EDGES].nbytes
    for at_once in (0, 2 * row, 4 * row, 9 * row):
        monkeypatch.setattr(halves, "BLOCK", at_once)
        assert overlap_curve(*everything, SIZES, SOURCES, DESTINATIONS, **options) == expected


def test_circuits_that_touch_no_component_have_no_overlap_of_components() -> None:
    """Two thirds of the edges lie between nodes of no component, and have all of the score."""
    edges, nodes = np.ones((3, 4), bool), np.eye(1, 3)
    sums = np.tile(np.arange(12.0).reshape(3, 4), (6, 1, 1))
    found = node_overlap(sums, sums, np.ones(6), range(6), edges, 8, nodes, np.zeros((1, 4)), resamples=5)
    assert found.jaccard == found.cross == Undefined("both sets are empty")
