from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.stats import hypergeom, spearmanr
from sklearn.metrics import jaccard_score

from mechshift.metrics import (
    Undefined,
    chance_intersection,
    chance_jaccard,
    chance_node_jaccard,
    chance_tail,
    jaccard,
    node_jaccard,
    random_circuits,
    rank_biased_overlap,
    spearman_over_union,
    top_edges,
    weighted_jaccard,
)

EDGES = np.random.default_rng(0).random((7, 9)) < 0.7
COUNT = int(EDGES.sum())


def scores(seed: int) -> np.ndarray:
    return np.where(EDGES, np.random.default_rng(seed).standard_t(3, EDGES.shape), np.nan)


@pytest.mark.parametrize("by", ["absolute", "signed"])
@pytest.mark.parametrize("k", [1, 5, COUNT - 1, COUNT])
def test_top_edges_are_those_that_sorting_puts_first(by: str, k: int) -> None:
    values = scores(1)
    ranked = np.abs(values) if by == "absolute" else values
    places = sorted(map(tuple, np.argwhere(EDGES)), key=lambda place: -ranked[place])[:k]
    assert set(map(tuple, np.argwhere(top_edges(values, EDGES, k, by)))) == set(places)


def test_ties_are_taken_in_order_and_the_size_is_exact() -> None:
    values = np.array([[1.0, 2.0, 1.0], [1.0, 0.0, -1.0]])
    assert top_edges(values, np.ones((2, 3), bool), 3).tolist() == [[True, True, True], [False, False, False]]
    assert top_edges(np.zeros((2, 3)), np.ones((2, 3), bool), 4).sum() == 4


def test_jaccard_agrees_with_sklearn() -> None:
    generator = np.random.default_rng(2)
    for _ in range(30):
        a, b = generator.random((2, 40)) < generator.random((2, 1))
        a[0] = True
        assert jaccard(a, b) == pytest.approx(jaccard_score(a, b))
        assert jaccard(a, b) == jaccard(b, a)


def test_jaccard_at_its_ends() -> None:
    a = np.array([True, False, True])
    assert jaccard(a, a) == 1.0
    assert jaccard(a, ~a) == 0.0
    assert jaccard(~a & a, a & ~a) == Undefined("both sets are empty")


def test_node_jaccard_of_two_edges_that_share_a_node() -> None:
    a, b = np.zeros((2, 4, 4), bool)
    a[0, 1], b[1, 2] = True, True
    assert node_jaccard(a, b, np.eye(4), np.eye(4)) == pytest.approx(1 / 3)
    assert jaccard(a, b) == 0.0


def test_weighted_jaccard_follows_from_the_total_variation_distance() -> None:
    for seed in range(20):
        a, b = scores(seed), scores(seed + 100)
        p, q = (np.abs(x[EDGES]) / np.abs(x[EDGES]).sum() for x in (a, b))
        distance = np.abs(p - q).sum() / 2
        assert weighted_jaccard(a, b, EDGES) == pytest.approx((1 - distance) / (1 + distance))
        assert weighted_jaccard(a, -7 * a, EDGES) == pytest.approx(1.0)


def test_weighted_jaccard_of_a_silent_model_is_undefined() -> None:
    assert isinstance(weighted_jaccard(scores(0), np.zeros(EDGES.shape), EDGES), Undefined)


@pytest.mark.parametrize("scale", [1e308, 1e-300, 5e-324])
def test_weighted_jaccard_does_not_depend_on_scale(scale: float) -> None:
    """Sums of huge scores overflow, and shares of subnormal ones lose their digits, if nothing is done."""
    a, b = np.array([[1.0, 1.0, 0.0, 1.0]]), np.array([[1.0, 0.0, 1.0, 0.0]])
    everywhere = np.ones((1, 4), bool)
    assert weighted_jaccard(scale * a, b, everywhere) == pytest.approx((1 / 3) / (1 + 2 / 3))
    assert weighted_jaccard(scale * a, scale * a, everywhere) == 1.0


@pytest.mark.parametrize("persistence", [5e-324, 1e-10, 1 - 1e-16])
def test_rank_biased_overlap_at_the_ends_of_persistence(persistence: float) -> None:
    row, edges = np.arange(10.0, 0, -1)[None], np.ones((1, 10), bool)
    assert rank_biased_overlap(row, row, edges, 10, persistence) == pytest.approx(1.0)
    assert rank_biased_overlap(row, -row, edges, 5, persistence, "signed") == pytest.approx(0.0)


def test_rank_biased_overlap_agrees_with_its_definition() -> None:
    for seed in range(10):
        a, b = scores(seed), scores(seed + 50)
        first, second = (np.argsort(-np.abs(x[EDGES])) for x in (a, b))
        shared = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, 16)]
        series = sum(x * 0.9**d for d, x in enumerate(shared, start=1))
        expected = shared[-1] * 0.9**15 + 0.1 / 0.9 * series
        assert rank_biased_overlap(a, b, EDGES, 15, 0.9) == pytest.approx(expected)


def test_rank_biased_overlap_is_one_for_one_ranking_and_weighs_the_top() -> None:
    row, edges = np.arange(10.0, 0, -1)[None], np.ones((1, 10), bool)
    assert rank_biased_overlap(row, 3 * row, edges, 10) == pytest.approx(1.0)
    low, high = row.copy(), row.copy()
    low[0, [8, 9]], high[0, [0, 1]] = low[0, [9, 8]], high[0, [1, 0]]
    assert rank_biased_overlap(row, high, edges, 10) < rank_biased_overlap(row, low, edges, 10) < 1


@pytest.mark.parametrize("by", ["absolute", "signed"])
def test_spearman_agrees_with_scipy_with_ties(by: str) -> None:
    for seed in range(10):
        a, b = np.round(scores(seed), 1), np.round(scores(seed + 50), 1)
        first, second = top_edges(a, EDGES, 12), top_edges(b, EDGES, 12)
        union = first | second
        x, y = (np.abs(v[union]) if by == "absolute" else v[union] for v in (a, b))
        assert spearman_over_union(a, b, first, second, by) == pytest.approx(spearmanr(x, y).statistic)


def test_spearman_without_an_order_is_undefined() -> None:
    flat = np.ones(EDGES.shape)
    assert isinstance(spearman_over_union(flat, scores(0), EDGES, EDGES), Undefined)
    two = top_edges(scores(0), EDGES, 2)
    assert isinstance(spearman_over_union(scores(0), scores(1), two, two), Undefined)


@pytest.mark.parametrize(("n", "m", "total"), [(2, 3, 6), (4, 4, 6), (1, 6, 6), (5, 3, 7)])
def test_floor_agrees_with_every_pair_of_sets(n: int, m: int, total: int) -> None:
    pairs = [(set(a), set(b)) for a in combinations(range(total), n) for b in combinations(range(total), m)]
    assert chance_intersection(n, m, total) == pytest.approx(np.mean([len(a & b) for a, b in pairs]))
    assert chance_jaccard(n, m, total) == pytest.approx(np.mean([len(a & b) / len(a | b) for a, b in pairs]))
    assert chance_tail(2, n, m, total) == pytest.approx(np.mean([len(a & b) >= 2 for a, b in pairs]))


@pytest.mark.parametrize(("n", "m", "total"), [(1000, 1000, 32491), (800, 1000, 3628), (3600, 3500, 3628)])
def test_floor_agrees_with_scipy(n: int, m: int, total: int) -> None:
    law = hypergeom(total, n, m)
    x = np.arange(max(0, n + m - total), min(n, m) + 1)
    assert chance_jaccard(n, m, total) == pytest.approx((law.pmf(x) * x / (n + m - x)).sum(), rel=1e-8)
    for shared in (int(law.mean()), int(law.mean()) + 5, int(law.mean()) + 20):
        assert chance_tail(shared, n, m, total) == pytest.approx(law.sf(shared - 1), rel=1e-6, abs=1e-300)


def test_floor_is_near_its_approximation_at_the_size_of_a_large_model() -> None:
    n, total = 1000, 1_592_881
    assert chance_jaccard(n, n, total) == pytest.approx(n / (2 * total - n), rel=0.01)


def test_floor_is_the_mean_of_random_circuits() -> None:
    pairs = zip(random_circuits(EDGES, 12, 3000, 1), random_circuits(EDGES, 12, 3000, 2), strict=True)
    mean = np.mean([jaccard(a, b) for a, b in pairs])
    assert mean == pytest.approx(chance_jaccard(12, 12, COUNT), abs=0.005)


def test_floor_at_its_ends() -> None:
    assert chance_jaccard(9, 9, 9) == pytest.approx(1.0)
    assert chance_jaccard(0, 4, 9) == 0.0
    assert chance_tail(0, 3, 3, 9) == pytest.approx(1.0)
    assert chance_tail(4, 3, 3, 9) == 0.0
    assert chance_tail(3, 3, 3, 9) == pytest.approx(1 / comb(9, 3))
    assert isinstance(chance_jaccard(0, 0, 9), Undefined)


@pytest.mark.parametrize("k", [15, 40, 150, 200])
def test_node_floor_is_that_of_drawn_circuits_also_where_none_is_drawn(k: int) -> None:
    """Of 150 edges and more, both components with edges are as good as always touched; a third has none."""
    edges = np.ones((10, 20), bool)
    nodes = np.zeros((3, 10)), np.zeros((3, 20))
    nodes[0][0, :2] = nodes[1][0, :3] = nodes[1][1, 5:7] = 1
    seeds = zip(random_circuits(edges, k, 50, 3), random_circuits(edges, k, 50, 4), strict=True)
    drawn = np.mean([node_jaccard(a, b, *nodes) for a, b in seeds])
    assert chance_node_jaccard(edges, k, k, *nodes, draws=50, seed=3) == pytest.approx(drawn)


def test_components_missed_by_one_draw_in_a_hundred_are_drawn() -> None:
    """A component with 2 of 10 edges is missed by C(8, 7)/C(10, 7) = 1/15 of the circuits of 7."""
    edges = np.ones((1, 10), bool)
    nodes = np.zeros((2, 1)), np.zeros((2, 10))
    nodes[1][0, :2] = nodes[1][1, 2:] = 1
    both, one = (14 / 15) ** 2 + (1 / 15) ** 2, 2 * 14 / 15**2
    found = chance_node_jaccard(edges, 7, 7, *nodes, draws=3000)
    assert found == pytest.approx(both + one / 2, abs=0.01)


def test_node_floor_of_single_edges_agrees_with_every_pair() -> None:
    edges = np.ones((3, 3), bool)
    single = [np.eye(9, dtype=bool)[i].reshape(3, 3) for i in range(9)]
    exact = np.mean([node_jaccard(a, b, np.eye(3), np.eye(3)) for a in single for b in single])
    assert chance_node_jaccard(edges, 1, 1, np.eye(3), np.eye(3), draws=2000) == pytest.approx(
        exact, abs=0.03
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: top_edges(np.full((2, 2), np.nan), np.ones((2, 2), bool), 1), "NaN"),
        (lambda: top_edges(np.ones((2, 3)), np.ones((2, 2), bool), 1), "shapes differ"),
        (lambda: top_edges(np.ones((2, 2)), np.zeros((2, 2), bool), 1), "no edge at all"),
        (lambda: top_edges(np.ones((2, 2)), np.ones((2, 2), bool), 5), "k must be between 1 and 4, not 5"),
        (lambda: top_edges(np.ones((2, 2)), np.ones((2, 2), bool), 0), "k must be between 1 and 4, not 0"),
        (lambda: top_edges(np.ones((2, 2)), np.ones((2, 2), bool), 1.0), "whole number"),
        (
            lambda: top_edges(np.ones((2, 2)), np.ones((2, 2), bool), 1, "best"),
            "'absolute', 'signed' or 'positive'",
        ),
        (lambda: top_edges(np.ones((2, 2)), np.ones((2, 2)), 1), "edges must be boolean"),
        (lambda: top_edges([["a"]], [[True]], 1), "real numbers"),
        (lambda: jaccard([True], [True, False]), "a .1,., b .2,."),
        (lambda: jaccard([1, 0], [1, 1]), "must be boolean"),
        (lambda: jaccard(np.zeros(0, bool), np.zeros(0, bool)), "empty"),
        (
            lambda: rank_biased_overlap(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2), bool), 1, 1.0),
            "persistence",
        ),
        (lambda: chance_jaccard(5, 1, 4), "size_a must be between 0 and 4"),
        (lambda: chance_tail(-1, 1, 1, 4), "shared must be at least 0"),
        (lambda: chance_intersection(1, 1, 0), "edges must be at least 1"),
        (
            lambda: chance_node_jaccard(np.ones((2, 2), bool), 1, 1, np.zeros((1, 2)), np.zeros((1, 2))),
            "no component has an edge",
        ),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
