"""Random numbers are drawn as docs/metrics.md says, so that a record can be computed again from the page."""

import numpy as np
import pytest

from mechshift.metrics import chance_node_jaccard, cluster_weights, half_splits, random_specialisation

TEMPLATES = {
    "held fixed": ["b", "a", "c", "a", "b", "d", "b"],
    "drawn": [name for name in "kjihgfedcba" for _ in range(3)],
    "every one a single group": ["c", "a", "b"],
}
SHARED = np.array([[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]), np.array([[0.0, 1.0, 0.0, 0.5], [1.0, 0.0, 0.0, 0.5]])
EDGES = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]], bool)


@pytest.mark.parametrize("clusters", TEMPLATES.values(), ids=TEMPLATES)
def test_splits_deal_the_groups_like_cards(clusters: list[str]) -> None:
    generator = np.random.default_rng([7, 1])
    names = sorted(set(clusters))
    for half in half_splits(clusters, splits=5, seed=7):
        place = dict(zip(names, generator.permutation(len(names)), strict=True))
        drawn = generator.random(len(clusters))
        deck = sorted(range(len(clusters)), key=lambda group: (place[clusters[group]], drawn[group]))
        first = generator.integers(2)
        expected = {group for turn, group in enumerate(deck) if turn % 2 == first}
        assert set(np.flatnonzero(half)) == expected


@pytest.mark.parametrize("rule", TEMPLATES)
def test_resamples_draw_one_set_of_units_after_the_other(rule: str) -> None:
    clusters = TEMPLATES[rule]
    groups = {name: [at for at, one in enumerate(clusters) if one == name] for name in sorted(set(clusters))}
    if rule == "held fixed":
        sets = [[[one] for one in groups[name]] for name in "ab"] + [[groups["c"], groups["d"]]]
    else:
        sets = [list(groups.values())]
    generator = np.random.default_rng([3, 0])
    expected = np.ones((6, len(clusters)))
    for units in sets:
        n = len(units)
        counts = generator.multinomial(n - 1, [1 / n] * n, 6)
        for unit, count in zip(units, counts.T, strict=True):
            for group in unit:
                expected[:, group] = count * n / (n - 1)
    np.testing.assert_allclose(cluster_weights(clusters, resamples=6, seed=3), expected)


def random_edges(seed: int, k: int) -> list[list[tuple[int, int]]]:
    """200 random circuits, as the sources and destinations of their edges."""
    generator = np.random.default_rng(seed)
    places = np.flatnonzero(EDGES)
    return [
        sorted(divmod(int(place), 4) for place in generator.choice(places, k, replace=False))
        for _ in range(200)
    ]


def touched(circuit: list[tuple[int, int]]) -> set[int]:
    sources, destinations = SHARED
    return {c for c in range(2) for s, d in circuit if sources[c, s] or destinations[c, d]}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_floor_of_components_is_a_mean_over_pairs_of_random_circuits(k: int) -> None:
    pairs = [(touched(a), touched(b)) for a, b in zip(random_edges(5, k), random_edges(6, k), strict=True)]
    expected = np.mean([len(a & b) / len(a | b) for a, b in pairs])
    assert chance_node_jaccard(EDGES, k, k, *SHARED, seed=5) == pytest.approx(expected)


def test_the_random_circuit_is_a_mean_over_circuits_of_permuted_scores() -> None:
    scores = np.random.default_rng(0).normal(size=EDGES.shape)
    circuit = EDGES & (np.abs(scores) > 0.3)
    kept = np.abs(scores[circuit])
    permutations = np.random.default_rng([5, 2])
    sources, destinations = SHARED
    found = []
    for edges in random_edges(5, len(kept)):
        importance = np.zeros(2)
        for (source, destination), score in zip(edges, permutations.permutation(kept), strict=True):
            importance += score * (sources[:, source] + destinations[:, destination])
        p = importance / importance.sum()
        found.append(1 + (p * np.log(p, where=p > 0, out=np.zeros(2))).sum() / np.log(2))
    value = random_specialisation(scores, circuit, EDGES, *SHARED, seed=5)
    assert value == pytest.approx(np.mean(found))
