from collections.abc import Sequence

import numpy as np
import pytest

from mechshift.metrics import TEMPLATES_DRAWN, cluster_weights, half_splits, templates_drawn, unit_freedom

CLUSTERS = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 6])
MANY = np.repeat(np.arange(12), [1, 2, 3] * 4)


def test_few_templates_stay_and_groups_are_drawn_within_each() -> None:
    weights = cluster_weights(CLUSTERS, resamples=4000, seed=1)
    for cluster, size in enumerate(np.bincount(CLUSTERS)):
        within = weights[:, cluster == CLUSTERS]
        assert np.allclose(within.sum(axis=1), size)
        assert np.allclose(within * (size - 1) / size, np.round(within * (size - 1) / size)) or size == 1
    assert np.allclose(weights.mean(axis=0), 1, atol=0.08)
    # n/(n − 1) times a count of n − 1 draws: (n/(n − 1))² (n − 1) · 1/n · (1 − 1/n) = 1, whatever n.
    assert np.allclose(weights.var(axis=0), CLUSTERS > 0, atol=0.1)


def test_many_templates_are_drawn_with_all_their_groups() -> None:
    weights = cluster_weights(MANY, resamples=4000, seed=1)
    first = weights[:, np.unique(MANY, return_index=True)[1]]
    assert (weights == first[:, MANY]).all()
    assert np.allclose(first.sum(axis=1), 12)
    assert np.allclose(first * 11 / 12, np.round(first * 11 / 12))
    assert np.allclose(first.mean(axis=0), 1, atol=0.08)
    assert np.allclose(first.var(axis=0), 1, atol=0.15)


def test_templates_of_a_single_group_are_drawn_from_among_each_other() -> None:
    weights = cluster_weights([0, 1, 2, 3, 3, 3], resamples=1000)
    assert np.allclose(weights[:, :3].sum(axis=1), 3)
    assert np.allclose(weights[:, 3:].sum(axis=1), 3)
    assert set(np.unique(weights[:, :3])) == {0, 1.5, 3}


@pytest.mark.parametrize(
    ("clusters", "drawn"),
    [
        (range(TEMPLATES_DRAWN), True),
        (range(TEMPLATES_DRAWN - 1), True),  # single groups: there is nothing but templates to draw
        ([*range(TEMPLATES_DRAWN - 1)] * 2, False),
        ([*range(TEMPLATES_DRAWN), 0], True),
        ([0] * 20, False),
        (["ABBA", "BABA"] * 20, False),
    ],
)
def test_whether_templates_are_drawn(clusters: list, drawn: bool) -> None:
    assert templates_drawn(clusters) is drawn
    weights = cluster_weights(clusters, resamples=50)
    label = np.unique(clusters, return_inverse=True)[1]
    totals = np.stack([weights[:, label == each].sum(axis=1) for each in range(label.max() + 1)])
    assert np.allclose(totals, totals[:, :1]) is not drawn


@pytest.mark.parametrize(
    "clusters", [np.repeat(np.arange(4), 6), np.repeat(np.arange(9), 2), np.repeat(np.arange(12), 3)]
)
def test_the_variance_of_a_mean_is_that_of_the_textbook(clusters: np.ndarray) -> None:
    """Σ s_h²/n_h of equal strata over their number squared, or s²/T of the means of T clusters."""
    data = np.random.default_rng(3).normal(size=len(clusters)) + clusters
    weights = cluster_weights(clusters, resamples=20000)
    found = (weights @ data / weights.sum(axis=1)).var()
    groups = data.reshape(clusters.max() + 1, -1)
    if templates_drawn(clusters):
        expected = groups.mean(axis=1).var(ddof=1) / len(groups)
    else:
        expected = groups.var(axis=1, ddof=1).sum() / groups.shape[1] / len(groups) ** 2
    assert found == pytest.approx(expected, rel=0.05)


def test_weights_repeat_with_the_seed_and_change_with_it() -> None:
    assert (cluster_weights(CLUSTERS, 5, seed=3) == cluster_weights(CLUSTERS, 5, seed=3)).all()
    assert (cluster_weights(CLUSTERS, 5, seed=3) != cluster_weights(CLUSTERS, 5, seed=4)).any()


def test_halves_are_even_in_total_and_in_every_cluster() -> None:
    halves = half_splits(CLUSTERS, splits=200, seed=0)
    assert set(halves.sum(axis=1)) <= {10, 11}
    for cluster in range(6):
        size = (cluster == CLUSTERS).sum()
        assert set(halves[:, cluster == CLUSTERS].sum(axis=1)) <= {size // 2, (size + 1) // 2}
    assert np.allclose(halves.mean(axis=0), 0.5, atol=0.12)
    assert len(np.unique(halves, axis=0)) > 150


@pytest.mark.parametrize(
    ("clusters", "freedom"),
    [
        (range(12), 11),  # single groups: drawn from among each other
        (np.repeat(range(11), 3), 10),  # templates are drawn
        (np.repeat(range(6), 4), 18),  # groups are, within six templates
        ([0, 0, 0, 1, 1, 2, 3, 4], 5),  # 2 + 1, and three single ones, which are one stratum
        ([0, 0, 0, 1], 2),  # the single one always stays
        ([0, 1], 1),
    ],
)
def test_degrees_of_freedom_are_how_many_ways_weights_can_vary(clusters: Sequence[int], freedom: int) -> None:
    drawn = cluster_weights(clusters, 400)
    assert unit_freedom(clusters) == freedom == np.linalg.matrix_rank(drawn - 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster_weights([1]), "two groups or more"),
        (lambda: cluster_weights([[1, 2]]), "its shape is .1, 2."),
        (lambda: cluster_weights([1, 2], resamples=0), "resamples must be at least 1"),
        (lambda: half_splits([1, 2], splits=0), "splits must be at least 1"),
        (lambda: cluster_weights([0.0, float("nan"), 1.0]), "clusters holds NaN"),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
