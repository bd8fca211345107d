"""Divisions of groups that were built are found, and none is found in scores of one circuit."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mechshift.metrics import Undefined, cancellation_ratio, score_clusters
from mechshift.metrics.heterogeneity import ScoreClusters

EDGES = 400


def groups_of(circuits: int, groups: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores [groups, edges] of so many circuits, and whose each group is."""
    generator = np.random.default_rng(seed)
    built = generator.standard_t(3, (circuits, EDGES))
    owner = np.arange(groups) % circuits
    return built[owner] + noise * generator.normal(size=(groups, EDGES)), owner


@pytest.mark.parametrize("circuits", [2, 3, 4])
def test_circuits_that_were_built_are_told_apart(circuits: int) -> None:
    means, owner = groups_of(circuits, 24, 1.0, seed=circuits)
    found = score_clusters(means, np.ones(24), draws=19)
    assert isinstance(found, ScoreClusters)
    assert (found.clusters, found.p) == (circuits, 1 / 20)
    assert adjusted_rand_score(found.labels, owner) == 1
    assert found.silhouette > found.null


def test_groups_of_one_circuit_are_seldom_divided() -> None:
    """Of 20 samples of one circuit one is expected to have p ≤ .05; five would be four deviations more."""
    divided = 0
    for seed in range(20):
        means, _ = groups_of(1, 12, 1.5, seed)
        found = score_clusters(means, np.ones(12), most=3, draws=19, seed=seed)
        assert isinstance(found, ScoreClusters)
        divided += found.p <= 0.05
    assert divided < 5


def test_size_of_effect_and_number_of_examples_do_not_divide() -> None:
    means, owner = groups_of(2, 12, 0.5, seed=1)
    once = score_clusters(means, np.ones(12), draws=1)
    counts = np.arange(1, 13)
    scaled = means * np.linspace(0.1, 9, 12)[:, None] * counts[:, None]
    again = score_clusters(scaled, counts, draws=1)
    assert isinstance(once, ScoreClusters)
    assert isinstance(again, ScoreClusters)
    assert adjusted_rand_score(once.labels, again.labels) == adjusted_rand_score(once.labels, owner) == 1
    assert once.silhouette == pytest.approx(again.silhouette)


def test_the_silhouette_by_loops() -> None:
    means, owner = groups_of(2, 8, 0.5, seed=2)
    found = score_clusters(means, np.ones(8), most=2, draws=1)
    assert isinstance(found, ScoreClusters)
    units = [row / np.sqrt(sum(float(x) ** 2 for x in row)) for row in means]
    apart = [[float(np.sqrt(((a - b) ** 2).sum())) for b in units] for a in units]
    each = []
    for g in range(8):
        same = [apart[g][h] for h in range(8) if h != g and owner[h] == owner[g]]
        other = [apart[g][h] for h in range(8) if owner[h] != owner[g]]
        inner, outer = sum(same) / len(same), sum(other) / len(other)
        each.append((outer - inner) / max(inner, outer))
    assert found.silhouette == pytest.approx(sum(each) / 8)


def test_what_cannot_be_divided_says_why() -> None:
    few = score_clusters(np.ones((5, 9)), np.ones(5))
    assert few == Undefined("5 groups are too few to be divided")
    empty = score_clusters(np.vstack([np.zeros(9), np.ones((7, 9))]), np.ones(8))
    assert empty == Undefined("a group has no score")


def test_groups_of_one_direction_are_one_cluster_without_a_warning() -> None:
    found = score_clusters(np.outer(np.arange(1.0, 9), np.arange(1.0, 6)), np.ones(8), draws=4)
    assert isinstance(found, ScoreClusters)
    assert found.p > 0.05


def test_cancellation_of_agreeing_opposed_and_noisy_groups() -> None:
    generator = np.random.default_rng(0)
    circuit = generator.normal(size=200)
    assert cancellation_ratio(np.stack([circuit, 3 * circuit]), [1, 1]) == pytest.approx(1)
    assert cancellation_ratio(np.stack([circuit, -circuit]), [1, 1]) == pytest.approx(0)
    assert cancellation_ratio(np.stack([2 * circuit, -circuit]), [2, 1]) == pytest.approx(0)
    noise = cancellation_ratio(generator.normal(size=(25, 20_000)), np.ones(25))
    assert noise == pytest.approx(1 / 5, rel=0.02)
    assert cancellation_ratio(np.zeros((3, 4)), np.ones(3)) == Undefined("all scores are 0")


@pytest.mark.parametrize(
    ("sums", "counts", "message"),
    [
        ([[1.0, np.nan]], [1], "sums"),
        ([[1.0], [2.0]], [1], "one row per group"),
        ([[1.0], [2.0]], [1, 0], "counts must be positive"),
        ([1.0, 2.0], [1, 1], "sums"),
    ],
    ids=["NaN", "counts too few", "a count of 0", "one axis"],
)
def test_bad_input_is_an_error(sums: list[object], counts: list[int], message: str) -> None:
    for function in (score_clusters, cancellation_ratio):
        with pytest.raises(ValueError, match=message):
            function(sums, counts)


def test_most_and_draws_are_checked() -> None:
    means, _ = groups_of(1, 8, 1.0, seed=0)
    with pytest.raises(ValueError, match="most"):
        score_clusters(means, np.ones(8), most=1)
    with pytest.raises(ValueError, match="draws"):
        score_clusters(means, np.ones(8), draws=0)
