import numpy as np
import pytest

from mechshift.metrics import Estimate, Undefined, extrapolated_jaccard, half_splits, weighted_jaccard

GENERATOR = np.random.default_rng(0)
GROUPS, SHAPE = 8, (3, 7)
COUNTS = GENERATOR.integers(2, 6, GROUPS).astype(float)
CLUSTERS = np.arange(GROUPS) // 4
MASK = GENERATOR.random(SHAPE) < 0.8
A, B = COUNTS[:, None, None] * GENERATOR.normal(size=(2, GROUPS, *SHAPE))


def index(chosen: np.ndarray) -> float:
    a, b = (sums[chosen].sum(axis=0) / COUNTS[chosen].sum() for sums in (A, B))
    found = weighted_jaccard(a, b, MASK)
    assert isinstance(found, float)
    return found


def test_the_limit_is_what_a_sample_and_its_halves_point_to() -> None:
    halves = half_splits(CLUSTERS, 4, 3)
    half = np.mean([index(each) for each in [*halves, *~halves]])
    sample = index(np.ones(GROUPS, bool))
    found = extrapolated_jaccard(A, B, COUNTS, CLUSTERS, MASK, splits=4, resamples=20, seed=3)
    assert isinstance(found.sample, Estimate)
    assert isinstance(found.half, Estimate)
    assert isinstance(found.limit, Estimate)
    assert found.sample.value == pytest.approx(sample)
    assert found.half.value == pytest.approx(half)
    # An error that falls as 1/√N: √2 times as large for a half.
    error = (half - sample) / (np.sqrt(2) - 1)
    assert found.limit.value == pytest.approx(sample - error)
    assert found.sample.low < found.sample.value < found.sample.high


def test_rows_in_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = extrapolated_jaccard(A, B, COUNTS, CLUSTERS, MASK, splits=2, resamples=5)
    monkeypatch.setattr("mechshift.metrics.extrapolation.ROOM", 1)
    again = extrapolated_jaccard(A, B, COUNTS, CLUSTERS, MASK, splits=2, resamples=5)
    for one, other in ((again.sample, at_once.sample), (again.limit, at_once.limit)):
        assert isinstance(one, Estimate)
        assert isinstance(other, Estimate)
        assert (one.value, one.low) == pytest.approx((other.value, other.low))


def error_of(share: float, noise: float, spread: float) -> tuple[float, float]:
    """Errors of sample and limit, where a share of the edges has scores; one model has them ± a spread."""
    generator = np.random.default_rng(1)
    scores = generator.choice([-1.0, 1.0], 4000) * (1 + generator.random(4000))
    scores[round(4000 * share) :] = 0
    other = scores * (1 + spread * generator.uniform(-1, 1, 4000))
    truth = weighted_jaccard(scores[None], other[None], np.ones((1, 4000), bool))
    a, b = np.stack([scores, other])[:, None] + noise * generator.normal(size=(2, 24, 4000))
    found = extrapolated_jaccard(a, b, np.ones(24), np.zeros(24), resamples=2)
    assert isinstance(found.sample, Estimate)
    assert isinstance(found.limit, Estimate)
    assert isinstance(truth, float)
    return found.sample.value - truth, found.limit.value - truth


def test_it_removes_most_of_the_error_where_edges_without_scores_hold_some_of_the_mass() -> None:
    sample, limit = error_of(share=0.5, noise=0.4, spread=0)
    assert sample < -0.05
    assert abs(limit) < -sample / 4


def test_it_overshoots_where_all_edges_have_scores_that_differ() -> None:
    # Where the sign of a difference is not in doubt, noise averages out: the error is c/N and not c/√N.
    sample, limit = error_of(share=1, noise=0.5, spread=0.5)
    assert sample < 0 < limit


def test_it_falls_short_where_most_of_the_mass_is_noise() -> None:
    # The share of noise is not c/√N then but saturates.
    sample, limit = error_of(share=0.02, noise=3, spread=0)
    assert sample < -0.5
    assert limit < -0.4


def test_a_model_without_scores_has_no_index() -> None:
    found = extrapolated_jaccard(0 * A, B, COUNTS, CLUSTERS, MASK, resamples=3)
    assert all(isinstance(each, Undefined) for each in (found.sample, found.half, found.limit))


BAD = {
    "NaN": lambda: extrapolated_jaccard(np.full_like(A, np.nan), B, COUNTS, CLUSTERS),
    "other edges": lambda: extrapolated_jaccard(A, B[..., :3], COUNTS, CLUSTERS),
    "counts of other groups": lambda: extrapolated_jaccard(A, B, COUNTS[:3], CLUSTERS[:3]),
    "labels of other groups": lambda: extrapolated_jaccard(A, B, COUNTS, CLUSTERS[:3]),
    "no splits": lambda: extrapolated_jaccard(A, B, COUNTS, CLUSTERS, splits=0),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BAD[case]()
