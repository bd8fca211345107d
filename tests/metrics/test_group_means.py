import numpy as np
import pytest

from mechshift.metrics import group_mean


def test_group_mean_weighs_every_example_the_same() -> None:
    generator = np.random.default_rng(0)
    values, group = generator.normal(size=(30, 4)), generator.integers(0, 5, 30)
    sums = np.stack([values[group == g].sum(axis=0) for g in range(5)])
    counts = np.bincount(group, minlength=5)
    assert np.allclose(group_mean(sums, counts), values.mean(axis=0))
    weights = np.array([[2, 0, 1, 0, 3], [1, 1, 1, 1, 1]])
    repeated = np.concatenate([np.tile(values[group == g], (w, 1)) for g, w in enumerate(weights[0])])
    assert np.allclose(group_mean(sums, counts, weights)[0], repeated.mean(axis=0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: group_mean([[np.nan]], [1]), "NaN"),
        (lambda: group_mean([[1.0]], [1, 2]), "one entry per group"),
        (lambda: group_mean([[1.0]], [0]), "counts must be positive"),
        (lambda: group_mean([[1.0], [2.0]], [1, 1], [1, 1, 1]), "weights must be"),
        (lambda: group_mean([[1.0], [2.0]], [1, 1], [0, 0]), "nor all 0"),
        (lambda: group_mean([[1e308], [1e308]], [1e-3, 1e-3]), "scale the sums down"),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
