"""Divisions of groups that were built are found, and none is found in scores of one circuit."""

import time

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, ward
from scipy.stats import kstest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from mechshift.metrics import Undefined, cancellation_ratio, score_clusters
from mechshift.metrics.heterogeneity import ScoreClusters, _rotated

EDGES = 400


def groups_of(circuits: int, groups: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores [groups, edges] of so many circuits, and whose each group is."""
    generator = np.random.default_rng(seed)
    built = generator.standard_t(3, (circuits, EDGES))
    owner = np.arange(groups) % circuits
    return built[owner] + noise * generator.normal(size=(groups, EDGES)), owner


def of_one_circuit(groups: int, seed: int) -> np.ndarray:
    """Mean scores [groups, edges] of one circuit, most of whose noise moves many edges together."""
    generator = np.random.default_rng(seed)
    circuit, together = generator.standard_t(3, EDGES), generator.normal(size=(2, EDGES))
    moved = generator.normal(size=(groups, 2)) * (0.4, 0.2)
    return np.asarray(circuit + moved @ together + 0.1 * generator.normal(size=(groups, EDGES)))


def found_in(means: np.ndarray, **options: int) -> ScoreClusters:
    found = score_clusters(means, np.ones(len(means)), **options)
    assert isinstance(found, ScoreClusters)
    return found


@pytest.mark.parametrize("circuits", [2, 3, 4])
def test_circuits_that_were_built_are_told_apart(circuits: int) -> None:
    means, owner = groups_of(circuits, 24, 1.0, seed=circuits)
    found = found_in(means, draws=19)
    assert (found.clusters, found.p) == (circuits, 1 / 20)
    assert adjusted_rand_score(found.labels, owner) == 1
    assert found.silhouette > found.null


def test_p_is_uniform_where_groups_have_one_circuit() -> None:
    """Also where edges vary together, so that a deal of each edge by itself would find clusters."""
    p = [found_in(of_one_circuit(12, seed), draws=19, seed=seed).p for seed in range(150)]
    # Multiples of 1/20, made continuous by what is uniform within a step.
    spread = np.array(p) - np.random.default_rng(0).uniform(0, 1 / 20, len(p))
    assert kstest(spread, "uniform").pvalue > 0.01
    assert sum(one <= 0.05 for one in p) <= 16  # 7.5 are expected, with a deviation of 2.7


def test_a_rotation_leaves_mean_and_covariance_as_they_were() -> None:
    """But for the curvature of the sphere, on which these directions lie close together."""
    points = np.array([1.0, *np.zeros(7)]) + 1e-4 * np.random.default_rng(0).normal(size=(9, 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    generator = np.random.default_rng(0)
    turned = [_rotated(points, generator) for _ in range(3)]
    for each in turned:
        assert np.abs(each - points).max() > 1e-5
        assert each.mean(axis=0) == pytest.approx(points.mean(axis=0), abs=1e-7)
        assert np.cov(each.T) == pytest.approx(np.cov(points.T), abs=1e-11)
        assert np.linalg.norm(each, axis=1) == pytest.approx(np.ones(9))
    assert np.abs(turned[0] - turned[1]).max() > 1e-5


def test_rotations_are_uniform() -> None:
    """Where a deviation of one group alone goes: each square of it has a known mean and variance."""
    groups = 6
    points = np.tile([1.0, 0.0], (groups, 1))
    points[0] = [1.0, 1e-5]
    generator = np.random.default_rng(3)
    deviation = (points - points.mean(axis=0))[:, 1]
    turned = np.array([_rotated(points, generator)[:, 1] for _ in range(4000)])
    coordinate = (turned - points[:, 1].mean()) / np.linalg.norm(deviation)
    # A coordinate of a direction that is uniform in the groups − 1 dimensions beside the mean.
    dimensions, within = groups - 1, 1 - 1 / groups
    assert coordinate.mean(axis=0) == pytest.approx(np.zeros(groups), abs=0.03)
    assert (coordinate**2).mean(axis=0) == pytest.approx(np.full(groups, within / dimensions), rel=0.08)
    fourth = 3 * within**2 / (dimensions * (dimensions + 2))
    assert (coordinate**4).mean(axis=0) == pytest.approx(np.full(groups, fourth), rel=0.15)


def test_size_of_effect_and_number_of_examples_do_not_divide() -> None:
    means, owner = groups_of(2, 12, 0.5, seed=1)
    once = found_in(means, draws=9)
    counts = np.arange(1, 13)
    scaled = means * np.linspace(0.1, 9, 12)[:, None] * counts[:, None]
    again = score_clusters(scaled, counts, draws=9)
    assert isinstance(again, ScoreClusters)
    assert adjusted_rand_score(once.labels, again.labels) == adjusted_rand_score(once.labels, owner) == 1
    assert (again.silhouette, again.null) == pytest.approx((once.silhouette, once.null))


@pytest.mark.parametrize("seed", range(6))
def test_the_silhouette_is_scikit_learns(seed: int) -> None:
    means, _ = groups_of(3, 11, 2.5, seed)
    found = found_in(means, draws=1)
    units = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert found.silhouette == pytest.approx(silhouette_score(units, found.labels))
    assert found.clusters == len(set(found.labels.tolist()))


def test_no_other_number_of_clusters_of_wards_has_a_larger_silhouette() -> None:
    for seed in range(5):
        means, _ = groups_of(4, 16, 2.0, seed)
        units = means / np.linalg.norm(means, axis=1, keepdims=True)
        divisions = cut_tree(ward(units), range(2, 7)).T
        best = max(divisions, key=lambda labels: silhouette_score(units, labels))
        assert adjusted_rand_score(found_in(means, draws=1).labels, best) == 1


def test_the_silhouette_by_loops() -> None:
    means, owner = groups_of(2, 8, 0.5, seed=2)
    found = found_in(means, most=2, draws=1)
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
    for dtype in (np.float32, np.float64):
        one = np.outer(np.arange(1.0, 9), np.random.default_rng(0).normal(size=500)).astype(dtype)
        found = score_clusters(one, np.full(8, 3))
        assert found == Undefined("the scores of all groups have one direction"), dtype


def test_seven_billion_parameters_take_seconds() -> None:
    """Edges of a model of 28 layers and heads; the groups alone are divided again and again."""
    means = np.random.default_rng(0).normal(size=(24, 408_227)).astype(np.float32)
    started = time.perf_counter()
    found_in(means)
    assert time.perf_counter() - started < 60


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


def test_what_the_mask_leaves_out_counts_for_nothing() -> None:
    means, _ = groups_of(3, 12, 1.0, seed=8)
    mask = np.random.default_rng(8).random((25, 16)) < 0.6
    there = np.where(mask, means.reshape(12, 25, 16), np.nan)
    counts, kept = np.arange(1, 13), means[:, mask.ravel()]
    found, expected = (
        score_clusters(there, counts, draws=19, mask=mask),
        score_clusters(kept, counts, draws=19),
    )
    assert isinstance(found, ScoreClusters)
    assert isinstance(expected, ScoreClusters)
    assert found.silhouette == pytest.approx(expected.silhouette, rel=1e-9)
    assert (found.labels.tolist(), found.p) == (expected.labels.tolist(), expected.p)
    by_hand = np.abs((kept / counts[:, None]).sum(axis=0)).sum() / np.abs(kept / counts[:, None]).sum()
    assert cancellation_ratio(there, counts, mask) == pytest.approx(by_hand, rel=1e-12)
