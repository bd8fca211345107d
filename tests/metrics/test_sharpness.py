import numpy as np
import pytest

from mechshift.metrics import Estimate, Undefined, cluster_weights, grouped_sharpness

GENERATOR = np.random.default_rng(0)
GROUPS, COMPONENTS = 12, 4
COUNTS = GENERATOR.integers(2, 6, GROUPS).astype(float)
CLUSTERS = np.arange(GROUPS) // 4
ENTROPIES = GENERATOR.random((GROUPS, COMPONENTS))
IMPORTANCE = np.array([4.0, 1.0, 0.0, 2.0])
SCORES = GENERATOR.random((GROUPS, COMPONENTS))


def slow(weights: np.ndarray, importance: np.ndarray) -> float:
    entropy = [np.average(column, weights=weights * COUNTS) for column in ENTROPIES.T]
    return float(1 - np.average(entropy, weights=importance))


def test_resamples_weigh_the_entropies() -> None:
    found = grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE, resamples=5, seed=2)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(slow(np.ones(GROUPS), IMPORTANCE))
    expected = [slow(row, IMPORTANCE) for row in cluster_weights(CLUSTERS, 5, 2)]
    assert found.draws == pytest.approx(np.array(expected))


def test_importance_may_be_resampled_too() -> None:
    drawn = GENERATOR.random((5, COMPONENTS))
    found = grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE, drawn, resamples=5, seed=2)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(slow(np.ones(GROUPS), IMPORTANCE))
    expected = [slow(row, held) for row, held in zip(cluster_weights(CLUSTERS, 5, 2), drawn, strict=True)]
    assert found.draws == pytest.approx(np.array(expected))


def test_a_resample_without_importance_has_no_sharpness() -> None:
    drawn = np.tile(IMPORTANCE, (40, 1))
    drawn[3] = np.nan
    found = grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE, drawn, resamples=40)
    assert isinstance(found, Estimate)
    assert found.undefined == 1


def test_entropies_that_differ_between_prompts_widen_the_interval() -> None:
    same = np.tile(ENTROPIES.mean(axis=0), (GROUPS, 1))
    fixed, resampled = (grouped_sharpness(each, COUNTS, CLUSTERS, IMPORTANCE) for each in (same, ENTROPIES))
    assert isinstance(fixed, Estimate)
    assert isinstance(resampled, Estimate)
    assert fixed.high - fixed.low == pytest.approx(0, abs=1e-9)
    assert resampled.high - resampled.low > 0.1


def test_no_importance_has_no_sharpness() -> None:
    assert isinstance(grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, 0 * IMPORTANCE), Undefined)


BAD = {
    "NaN": lambda: grouped_sharpness(np.nan * ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE),
    "entropies above 1": lambda: grouped_sharpness(2 + ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE),
    "counts of other groups": lambda: grouped_sharpness(ENTROPIES, COUNTS[:3], CLUSTERS[:3], IMPORTANCE),
    "importance of other components": lambda: grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, [1.0]),
    "importance of another number of resamples": lambda: grouped_sharpness(
        ENTROPIES, COUNTS, CLUSTERS, IMPORTANCE, [IMPORTANCE], resamples=2
    ),
    "negative importance": lambda: grouped_sharpness(ENTROPIES, COUNTS, CLUSTERS, -IMPORTANCE),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BAD[case]()
