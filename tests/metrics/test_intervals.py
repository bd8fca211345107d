"""An estimate lies in its interval, whatever the statistic, the data and the templates."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mechshift.metrics import Estimate, Undefined, bootstrap, difference, mean_estimate

QUICK = settings(max_examples=25, deadline=None, derandomize=True, database=None)
NUMBERS = st.floats(-1e100, 1e100) | st.sampled_from([0.0, 0.1, 0.6, 1 / 3, 5e-324])

Statistic = Callable[[np.ndarray, np.ndarray], float]
STATISTICS: dict[str, Statistic] = {
    "mean": lambda x, w: float(x @ (w / w.sum())),
    "a constant": lambda x, w: 0.1,
    "one of two values, seldom the other": lambda x, w: 0.6 if w[0] < 3 else 0.2,
    "one of two values, mostly the other": lambda x, w: 0.2 if w.min() < 1 else 0.6,
    "the largest": lambda x, w: float(x[w > 0].max()),
    "skewed": lambda x, w: float(np.exp((w * np.arange(len(w))).sum() / 20)),
    "falls with noise": lambda x, w: float(-(w @ w)),
    "a share": lambda x, w: float((w > 0).mean()),
    "tiny": lambda x, w: 5e-324 * float(np.round(w[0])),
}


def groups() -> st.SearchStrategy:
    return st.integers(2, 24).flatmap(
        lambda size: st.tuples(
            arrays(np.float64, size, elements=NUMBERS),
            st.lists(st.integers(0, 12), min_size=size, max_size=size),
        )
    )


def estimates() -> st.SearchStrategy:
    return st.tuples(NUMBERS, st.floats(0, 1e100), st.floats(0, 1e100)).map(
        lambda each: Estimate(each[0], each[0] - each[1], each[0] + each[2], 0.95, 200)
    )


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_bootstrap(name: str, level: float) -> None:
    statistic = STATISTICS[name]

    @QUICK
    @given(groups(), st.integers(1, 20), st.integers(0, 9))
    def holds(drawn: tuple, resamples: int, seed: int) -> None:
        data, clusters = drawn
        found = bootstrap(lambda w: {"x": statistic(data, w)}, clusters, resamples, seed, level)["x"]
        assert isinstance(found, Estimate)
        assert found.low <= found.value <= found.high
        assert found.value == statistic(data, np.ones(len(data)))

    holds()


@QUICK
@given(groups(), st.integers(0, 9))
def test_bootstrap_with_resamples_that_are_undefined(drawn: tuple, seed: int) -> None:
    data, clusters = drawn

    def statistic(w: np.ndarray) -> dict:
        return {"x": Undefined("gone") if w[0] >= 3 else float(w @ data / len(w))}

    found = bootstrap(statistic, clusters, 20, seed, level=0.5)["x"]
    assert isinstance(found, Undefined) or found.low <= found.value <= found.high


@QUICK
@given(st.lists(estimates(), min_size=1, max_size=6))
def test_means(several: list[Estimate]) -> None:
    found = mean_estimate(several)
    assert found.low <= found.value <= found.high
    assert found.high - found.low <= max(one.high - one.low for one in several) * (1 + 1e-9)


@QUICK
@given(estimates(), estimates())
def test_differences(first: Estimate, second: Estimate) -> None:
    found = difference(first, second)
    assert found.low <= found.value <= found.high


@QUICK
@given(estimates(), NUMBERS, NUMBERS)
def test_clipping(estimate: Estimate, one: float, other: float) -> None:
    least, most = sorted((one, other))
    if not least <= estimate.value <= most:
        with pytest.raises(ValueError, match="outside the range"):
            estimate.clipped(least, most)
        return
    cut = estimate.clipped(least, most)
    assert least <= cut.low <= cut.value == estimate.value <= cut.high <= most
