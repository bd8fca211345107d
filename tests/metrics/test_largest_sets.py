"""The largest edges of weighted means, mostly found in single precision, beside sorting all in double."""

from collections.abc import Callable

import numpy as np
import pytest

from mechshift.metrics import cluster_weights
from mechshift.metrics import largest_sets as module
from mechshift.metrics import screened as before
from mechshift.metrics.buffers import Buffers
from mechshift.metrics.halves import Halves
from mechshift.metrics.largest_sets import top_sets
from mechshift.metrics.screened import screened

EDGES = np.random.default_rng(0).random((100, 104)) < 0.9
"""More than one chunk, the last one not full."""
COUNT = int(EDGES.sum())
GROUPS = 6
COUNTS = np.array([1.0, 1, 2, 4, 4, 4])
SIZES = [1, 20, 199, 2_000, 5_000, COUNT - 1, COUNT]
RANKINGS = ("absolute", "signed", "positive")


def heavy(generator: np.random.Generator) -> np.ndarray:
    return np.exp(2 * generator.normal(size=COUNT)) * generator.normal(size=(GROUPS, COUNT))


def whole(generator: np.random.Generator) -> np.ndarray:
    """Whole numbers, of which many means are equal, and a third of all edges with none but zeros."""
    return generator.integers(-2, 3, (GROUPS, COUNT)) * (generator.random(COUNT) < 2 / 3)


def nearly_equal(generator: np.random.Generator) -> np.ndarray:
    """Means that single precision cannot tell apart."""
    return COUNTS[:, None] * (1 + 1e-8 * generator.normal(size=COUNT))


def cancelling(generator: np.random.Generator) -> np.ndarray:
    """Sums a million times as large as their means, which single precision gets wrong in the first digits."""
    large = 1e6 * generator.normal(size=(GROUPS, COUNT))
    return large - large.mean(axis=0) * np.ones((GROUPS, 1)) + generator.normal(size=COUNT)


def far_apart(generator: np.random.Generator) -> np.ndarray:
    """Numbers from 1e−200 to 1e200, most of them 0 in single precision."""
    return 10.0 ** generator.uniform(-200, 200, COUNT) * generator.normal(size=(GROUPS, COUNT))


def equal(generator: np.random.Generator) -> np.ndarray:
    return np.ones((GROUPS, COUNT))


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    each.__name__: each for each in (heavy, whole, nearly_equal, cancelling, far_apart, equal)
}
WEIGHTS = np.array(
    [[1.0] * 6, [0, 1, 0.5, 0, 1.5, 0], [2, 0, 1, 0, 0, 3], [0, 0, 0, 0, 0, 1], [4, 0, 0, 1, 1, 1]]
)
"""Each weighs a power of two of examples, so that means of whole numbers are exact in any order of adding."""


def laid_out(sums: np.ndarray) -> np.ndarray:
    """Over the pairs of sources and destinations, NaN where no edge is."""
    found = np.full((len(sums), EDGES.size), np.nan)
    found[:, EDGES.ravel()] = sums
    return found


def by_sorting(sums: np.ndarray, weights: np.ndarray, by: str) -> list[np.ndarray]:
    """The edges of each row, the first in a circuit first."""
    orders = []
    for row in weights:
        mean = np.zeros(COUNT)
        for share, group in zip(row / (row @ COUNTS), sums, strict=True):
            mean += share * group
        keys = {"absolute": (-np.abs(mean),), "signed": (-mean,), "positive": (-np.abs(mean), mean <= 0)}
        orders.append(np.lexsort(keys[by]))
    return orders


def check(sums: np.ndarray, by: str, other: np.ndarray | None = None) -> None:
    models = [laid_out(sums)] + ([] if other is None else [laid_out(other)])
    model = screened(models, EDGES, COUNTS)[0]
    found = top_sets(model, WEIGHTS, SIZES, by)
    assert found.held.tolist() == [SIZES] * len(WEIGHTS)
    expected = by_sorting(sums, WEIGHTS, by)
    for size, bits in zip(SIZES, found.bits, strict=True):
        for row, order in zip(bits, expected, strict=True):
            there = found.order[np.flatnonzero(np.unpackbits(row))]
            assert np.array_equal(np.sort(there), np.sort(order[:size])), (size, by)


@pytest.mark.parametrize("sample", [0.1, 1e9], ids=["from a sample", "from all edges"])
@pytest.mark.parametrize("kind", KINDS)
def test_circuits_are_those_that_sorting_finds(
    kind: str, sample: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "SAMPLE", sample)
    sums = KINDS[kind](np.random.default_rng(1))
    for by in RANKINGS:
        check(sums, by)


def count_whole_rankings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows are ranked as a whole, call after call; not for the least scores, which are rounding."""
    rows: list[int] = []
    found = module._exact_sets

    def counted(model: object, weights: np.ndarray, sizes: list[int], by: str) -> object:
        rows.append(len(weights) if sizes[0] < COUNT - 1 else 0)
        return found(model, weights, sizes, by)

    monkeypatch.setattr(module, "_exact_sets", counted)
    return rows


@pytest.mark.parametrize("kind", ["heavy", "whole"])
def test_rows_that_no_check_vouches_for_are_ranked_as_a_whole(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds so near to each other that the score of rank k often lies outside."""
    monkeypatch.setattr(before, "SAMPLE", 0.1)
    monkeypatch.setattr(module, "AWAY", -0.5)
    ranked = count_whole_rankings(monkeypatch)
    check(KINDS[kind](np.random.default_rng(2)), "absolute")
    assert sum(ranked) > 0


def test_few_rows_are_ranked_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(before, "SAMPLE", 5)
    ranked = count_whole_rankings(monkeypatch)
    for seed in range(10):
        check(heavy(np.random.default_rng(seed)), "absolute")
    assert sum(ranked) <= 0.02 * 10 * len(WEIGHTS) * len(SIZES)


def test_the_order_of_edges_may_be_that_of_another_model() -> None:
    generator = np.random.default_rng(4)
    check(heavy(generator), "absolute", other=heavy(generator))
    check(np.zeros((GROUPS, COUNT)), "absolute", other=heavy(generator))


def halved_rows(resamples: int) -> tuple[np.ndarray, list]:
    """Rows of halves of resamples, as a bootstrap has them."""
    halves = Halves.of(COUNTS, np.arange(GROUPS), EDGES, "absolute", 4, seed=1)
    return halves.rows(np.concatenate([np.ones((1, GROUPS)), cluster_weights(range(GROUPS), resamples)]))


@pytest.mark.parametrize("kind", ["heavy", "cancelling"])
@pytest.mark.parametrize("away", [None, -0.5])
def test_second_halves_are_not_multiplied_out_and_have_the_same_circuits(
    kind: str, away: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where bounds are so near that most rows are looked at twice, in memory used before."""
    monkeypatch.setattr(before, "SAMPLE", 1)
    if away is not None:
        monkeypatch.setattr(module, "AWAY", away)
    sums, buffers = KINDS[kind](np.random.default_rng(6)), Buffers()
    (model,) = screened([laid_out(sums)], EDGES, COUNTS)
    for resamples in (6, 3):
        rows, halved = halved_rows(resamples)
        found = top_sets(model, rows, SIZES, "absolute", halved, buffers)
        expected = by_sorting(sums, rows, "absolute")
        for size, bits in zip(SIZES, found.bits, strict=True):
            for row, order in zip(bits, expected, strict=True):
                there = found.order[np.flatnonzero(np.unpackbits(row))]
                assert np.array_equal(np.sort(there), np.sort(order[:size])), size


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_sums_of_other_types(dtype: type) -> None:
    sums = np.random.default_rng(5).integers(-1000, 1000, (GROUPS, COUNT)).astype(dtype)
    spread = np.zeros((GROUPS, EDGES.size), dtype)
    spread[:, EDGES.ravel()] = sums
    (model,) = screened([spread], EDGES, COUNTS)
    found = top_sets(model, WEIGHTS, [300], "absolute")
    for row, order in zip(found.bits[0], by_sorting(sums, WEIGHTS, "absolute"), strict=True):
        assert set(found.order[np.flatnonzero(np.unpackbits(row))]) == set(order[:300])


def test_means_beyond_all_numbers_are_refused() -> None:
    sums = np.full((GROUPS, COUNT), 1e308)
    (model,) = screened([laid_out(sums)], EDGES, np.full(GROUPS, 0.5))
    with pytest.raises(ValueError, match="beyond all numbers"):
        top_sets(model, WEIGHTS, [5], "absolute")


def test_shares_beyond_all_numbers_are_refused() -> None:
    (model,) = screened([laid_out(np.zeros((GROUPS, COUNT)))], EDGES, np.full(GROUPS, 5e-324))
    with pytest.raises(ValueError, match="beyond all numbers"):
        top_sets(model, WEIGHTS, [5], "absolute")
