"""Bounds of ranks, beside putting the rows in order."""

import numpy as np
import pytest

from mechshift.metrics.packed import packed, places_of
from mechshift.metrics.rank_bounds import FRACTION, rank_bounds

RANKS = [-3, 0, 1, 2, 50, 399, 400, 401, 1000]

ROWS = {
    "heavy": lambda generator: np.exp(3 * generator.normal(size=(3, 400))),
    "of either sign": lambda generator: generator.normal(size=(3, 400)),
    "whole numbers": lambda generator: generator.integers(0, 4, (3, 400)),
    "far apart": lambda generator: 10.0 ** generator.uniform(-37, 37, (3, 400)),
    "very small": lambda generator: 1e-40 * generator.random((3, 400)),
    "zeros": lambda generator: np.zeros((3, 400)),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_score_of_a_rank_lies_in_its_bounds(kind: str) -> None:
    values = ROWS[kind](np.random.default_rng(0)).astype(np.float32)
    ordered = -np.sort(-values.astype(np.float64), axis=1)
    low, high = rank_bounds(values, RANKS)
    for rank, least, most in zip(RANKS, low, high, strict=True):
        if 1 <= rank <= values.shape[1]:
            assert (least <= ordered[:, rank - 1]).all(), rank
            assert (ordered[:, rank - 1] < most).all(), rank
        else:
            assert least.tolist() == most.tolist() == [np.inf if rank < 1 else -np.inf] * len(values)


def test_bounds_are_as_near_as_their_bins() -> None:
    """Of every number that is not 2**64 times smaller than the largest."""
    values = np.exp(3 * np.random.default_rng(0).normal(size=(3, 400))).astype(np.float32)
    low, high = rank_bounds(values, range(1, 401))
    assert (high - low <= low / 2**FRACTION).all()
    wide = np.array([[1.0, 2.0**-62, 2.0**-80, -1.0]], np.float32)
    low, high = rank_bounds(wide, [2, 3, 4])
    assert low[:, 0].tolist() == [2.0**-62, -np.inf, -np.inf]


@pytest.mark.parametrize("share", [0, 0.003, 0.5, 1])
def test_places_are_those_of_the_bits_that_are_set(share: float) -> None:
    members = np.random.default_rng(0).random((7, 640)) < share
    assert np.array_equal(places_of(packed(members)), np.flatnonzero(members))
