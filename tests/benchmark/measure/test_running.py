"""Each circuit is run once: which circuits are the same is what numpy finds, far more slowly."""

import numpy as np
import pytest

from mechshift.benchmark.measure.running import _distinct


@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 3, 1), (9, 5, 7), (12, 8, 16), (40, 2, 2)])
def test_circuits_are_told_apart_as_numpy_does(shape: tuple[int, ...], density: float) -> None:
    circuits = np.random.default_rng(0).random(shape) < density
    circuits = np.concatenate([circuits, circuits[::2], np.zeros_like(circuits[:1])])
    found, place = _distinct(circuits)
    expected, wanted = np.unique(circuits, axis=0, return_inverse=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(place, wanted.reshape(-1))
