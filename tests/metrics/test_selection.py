"""Selections of edges against loops over resamples, sorted lists and cases with a known answer."""

from collections.abc import Sequence

import numpy as np
import pytest

from mechshift.metrics import (
    Selection,
    edge_priority,
    jaccard,
    overlap_curve,
    overlap_values,
    split_half_jaccard,
    top_edges,
)
from mechshift.metrics.group_weights import cluster_weights, half_splits
from mechshift.metrics.inputs import Flags, Floats
from mechshift.metrics.selection import RESAMPLES

SELECTIONS: tuple[Selection, ...] = ("absolute", "positive", "consistent", "frequent")
GROUPS, SHAPE = 12, (5, 6)


def scores(seed: int = 0, noise: float = 1.0) -> tuple[Floats, Floats, list[str], Flags]:
    """Sums with edges of either sign, some small beside the noise; counts, templates, and edges."""
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 4, GROUPS).astype(float)
    true = generator.normal(size=SHAPE)
    mean = true + noise * generator.normal(size=(GROUPS, *SHAPE))
    edges = generator.random(SHAPE) < 0.8
    return mean * counts[:, None, None], counts, ["a", "b", "c"] * (GROUPS // 3), edges


def means_of_resamples(sums: Floats, counts: Floats, clusters: Sequence[str], seed: int) -> list[Floats]:
    """The mean score of every resample, example by example."""
    found = []
    for weights in cluster_weights(clusters, RESAMPLES, seed):
        total = sum(w * one for w, one in zip(weights, sums, strict=True))
        found.append(total / sum(w * n for w, n in zip(weights, counts, strict=True)))
    return found


def _smallest_frequent(resampled: list[Floats], edges: Flags) -> Floats:
    """The smallest k at which each edge is in the circuits of nine in ten of the resamples."""
    found = np.full(SHAPE, np.inf)
    for k in range(int(edges.sum()), 0, -1):
        taken = sum(top_edges(one, edges, k).astype(int) for one in resampled)
        found[taken >= 0.9 * RESAMPLES] = k
    return found


def order(by: Selection, seed: int = 0) -> list[tuple[int, int]]:
    """The edges, the first of the selection first, by sorting a list."""
    sums, counts, clusters, edges = scores()
    mean, resampled = sums.sum(axis=0) / counts.sum(), means_of_resamples(sums, counts, clusters, seed)
    places = [(int(s), int(d)) for s, d in np.argwhere(edges)]

    def key(edge: tuple[int, int]) -> tuple[float, ...]:
        size, other = abs(mean[edge]), mean[edge] <= 0
        if by == "absolute":
            return (-size,)
        if by == "positive":
            return (other, -size)
        if by == "consistent":
            same = sum(np.sign(one[edge]) == np.sign(mean[edge]) for one in resampled)
            return (same < 0.9 * RESAMPLES, other, -size)
        return (frequent[edge], -size)

    frequent = _smallest_frequent(resampled, edges) if by == "frequent" else np.zeros(SHAPE)
    return sorted(places, key=key)


@pytest.mark.parametrize("by", SELECTIONS)
def test_the_circuit_of_any_size_is_the_beginning_of_a_sorted_list(by: Selection) -> None:
    sums, counts, clusters, edges = scores()
    found, expected = edge_priority(sums, counts, clusters, edges, by), order(by)
    for k in range(1, len(expected) + 1):
        circuit = {(int(s), int(d)) for s, d in np.argwhere(top_edges(found, edges, k))}
        assert circuit == set(expected[:k])
    assert (found[~edges] == 0).all()


def test_selections_differ_here() -> None:
    assert len({tuple(order(by)) for by in SELECTIONS}) == len(SELECTIONS)


def test_a_place_by_frequency_holds_the_edges_of_that_inclusion_frequency() -> None:
    """At any k: those chosen in nine of ten resamples, and no others, are the first so many."""
    sums, counts, clusters, edges = scores(seed=3)
    found = edge_priority(sums, counts, clusters, edges, "frequent")
    resampled = means_of_resamples(sums, counts, clusters, 0)
    for k in range(1, int(edges.sum()) + 1):
        frequency = np.mean([top_edges(one, edges, k) for one in resampled], axis=0)
        often = frequency >= 0.9 - 1e-12
        if often.any():
            assert (top_edges(found, edges, int(often.sum())) == often).all()


def test_a_sign_that_resamples_do_not_agree_on_comes_last() -> None:
    """The largest score of all, on which groups disagree, is less sure than small ones that all have."""
    sums = np.tile(np.array([[[0.0, 1.0, -1.0, 0.5]]]), (GROUPS, 1, 1))
    sums[::2, 0, 0], sums[1::2, 0, 0] = 100.0, -95.0
    found = edge_priority(sums, np.ones(GROUPS), range(GROUPS), np.ones((1, 4), bool), "consistent")
    assert np.argsort(-found[0]).tolist() == [1, 3, 2, 0]
    absolute = edge_priority(sums, np.ones(GROUPS), range(GROUPS), np.ones((1, 4), bool))
    assert absolute[0].argmax() == 0


@pytest.mark.parametrize("by", SELECTIONS)
def test_of_equals_the_first_comes_first(by: Selection) -> None:
    sums = np.ones((4, 2, 3))
    sums[:, 1] = -1
    found = edge_priority(sums, np.ones(4), range(4), np.ones((2, 3), bool), by)
    for k in range(1, 7):
        assert top_edges(found, np.ones((2, 3), bool), k).ravel().tolist() == [True] * k + [False] * (6 - k)


def test_a_single_group_is_its_own_resample() -> None:
    sums, _, _, edges = scores()
    for by in ("consistent", "positive"):
        found = edge_priority(sums[:1], [2.0], ["a"], edges, by)
        expected = edge_priority(sums[:1], [2.0], ["a"], edges, "positive")
        assert (found == expected).all()


def test_positive_scores_come_first_however_small_and_are_in_order() -> None:
    tiny = np.finfo(float).tiny
    values = np.array([[-1e300, tiny, 0.0, -0.0, -1e-300, 1e300, 2 * tiny, -tiny]])
    edges = np.ones(values.shape, bool)
    expected = [5, 6, 1, 0, 4, 7, 2, 3]
    for k in range(1, len(expected) + 1):
        assert np.flatnonzero(top_edges(values, edges, k, "positive")).tolist() == sorted(expected[:k])


@pytest.mark.parametrize("by", ["absolute", "positive"])
def test_values_are_those_of_the_overlap_with_intervals(by: Selection) -> None:
    one, counts, clusters, edges = scores()
    other = scores(seed=1)[0]
    nodes = np.eye(SHAPE[0] + 1)[:, : SHAPE[0]], np.eye(SHAPE[1])
    sizes = [7, 2, 12]
    asked = (one, other, counts, clusters, edges, sizes, *nodes, by)
    values = overlap_values(*asked, splits=4)
    curve = overlap_curve(*asked, splits=4, resamples=1)
    for found, expected in zip(values, curve, strict=True):
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.floor == theirs.floor
            for name in ("jaccard", "cross", "ceiling_a", "ceiling_b"):
                assert getattr(mine, name) == pytest.approx(getattr(theirs, name).value, abs=1e-12)


@pytest.mark.parametrize("by", ["consistent", "frequent"])
def test_halves_rank_by_their_own_groups_alone(by: Selection) -> None:
    one, counts, clusters, edges = scores()
    other, label, k = scores(seed=1)[0], np.array(clusters), 7
    nodes = np.eye(SHAPE[0] + 1)[:, : SHAPE[0]], np.eye(SHAPE[1])
    ((found, _),) = overlap_values(one, other, counts, clusters, edges, [k], *nodes, by, splits=3)

    def circuit(sums: Floats, of: Flags) -> Flags:
        return top_edges(edge_priority(sums[of], counts[of], label[of], edges, by), edges, k)

    halves = half_splits(clusters, 3)
    everything = np.ones(GROUPS, bool)
    assert found.jaccard == jaccard(circuit(one, everything), circuit(other, everything))
    ceiling = [jaccard(circuit(one, half), circuit(one, ~half)) for half in halves]
    assert found.ceiling_a == pytest.approx(np.mean(np.array(ceiling, float)))
    cross = [
        jaccard(circuit(one, mine), circuit(other, theirs))
        for half in halves
        for mine, theirs in ((half, ~half), (~half, half))
    ]
    assert found.cross == pytest.approx(np.mean(np.array(cross, float)))


def test_positive_first_has_ceilings_of_its_own() -> None:
    sums, counts, clusters, edges = scores()
    assert split_half_jaccard(sums, counts, clusters, edges, 7, "positive") != split_half_jaccard(
        sums, counts, clusters, edges, 7
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"by": "signed"}, "by must be absolute, positive, consistent or frequent, not 'signed'"),
        ({"counts": np.zeros(GROUPS)}, "counts must be positive"),
        ({"counts": np.ones(3)}, "sums must be"),
        ({"edges": np.zeros(SHAPE, bool)}, "edges holds no edge"),
        ({"sums": np.full((GROUPS, *SHAPE), np.nan)}, "NaN"),
        ({"by": "frequent", "clusters": ["a"]}, "clusters"),
    ],
)
def test_what_cannot_be_ranked_is_refused(change: dict[str, object], told: str) -> None:
    sums, counts, clusters, edges = scores()
    asked: dict[str, object] = {"sums": sums, "counts": counts, "clusters": clusters, "edges": edges}
    with pytest.raises(ValueError, match=told):
        edge_priority(**(asked | change))  # type: ignore[arg-type]
