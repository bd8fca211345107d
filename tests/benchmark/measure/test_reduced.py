"""Reduced score sums: their mean and variance are those kept, whatever the step, and no payload is a bomb."""

import math
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mechshift.benchmark.measure.reduced import (
    MOST_EXPANSION,
    PRECISIONS,
    Reduced,
    ScorePrecision,
    pack,
    reduce_sums,
    restore_sums,
    unpack,
)
from mechshift.errors import NotComputable

Sums = NDArray[np.float64]
FINEST = PRECISIONS[0]


@st.composite
def scores(draw: st.DrawFn) -> tuple[Sums, NDArray[np.int64]]:
    """Score sums of up to nine groups and four edges, over thirty orders of magnitude, and the counts."""
    groups, edges = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 10.0 ** generator.uniform(-15, 15, edges)
    beside = 10.0 ** generator.uniform(-8, 4, edges)
    counts = generator.integers(1, 20, groups)
    sums = counts[:, None] * scale + scale * beside * generator.standard_t(2, (groups, edges))
    # Some edges have no score at all, as those of a head that writes nothing.
    return sums * (generator.random(edges) > 0.1), counts


@settings(deadline=None, max_examples=150)
@given(scores(), st.sampled_from(PRECISIONS))
def test_the_sums_add_up_to_the_kept_mean_exactly_and_in_any_order(
    given: tuple[Sums, NDArray[np.int64]], precision: ScorePrecision
) -> None:
    sums, counts = given
    kept = reduce_sums(sums, counts, precision)
    found = restore_sums(kept, counts)
    for column, mean in zip(found.T, kept.means, strict=True):
        assert sum(map(Fraction, column.tolist())) == int(counts.sum()) * Fraction(float(mean))
        assert sum(column.tolist()) == sum(column.tolist()[::-1]) == math.fsum(column)
    exact = sums.sum(axis=0) / counts.sum()
    spread = np.sqrt(np.square(sums - counts[:, None] * exact).mean(axis=0))
    # Half a unit of the last bit, and what of the mean lies below the resolution of the sums.
    allowed = np.abs(exact) * 2.0**-precision.bits + 1e-13 * spread
    assert (np.abs(kept.means - exact) <= 1.001 * allowed).all()


@settings(deadline=None, max_examples=150)
@given(scores(), st.sampled_from(PRECISIONS))
def test_the_variance_over_the_groups_is_kept_at_every_step(
    given: tuple[Sums, NDArray[np.int64]], precision: ScorePrecision
) -> None:
    sums, counts = given
    found = restore_sums(reduce_sums(sums, counts, precision), counts)
    before, after = (deviations(each, counts) for each in (sums, found))
    # Rounding of what is given already makes deviations below these from nothing.
    beyond = np.sqrt(np.square(before).mean(axis=0)) > 1e-7 * np.abs(sums).max(axis=0)
    ratio = (np.square(after).sum(axis=0) / np.where(beyond, np.square(before).sum(axis=0), 1))[beyond]
    # The scale has 8 significant bits.
    assert (np.abs(np.sqrt(ratio) - 1) <= 2.0**-8 + 1e-6).all()


def deviations(sums: Sums, counts: NDArray[np.int64]) -> Sums:
    return sums - counts[:, None] * (sums.sum(axis=0) / counts.sum())


def test_sums_follow_the_formula() -> None:
    """S = n·m + s·(G·c − Σc) / √(G·Σc² − (Σc)²), an element at a time."""
    generator = np.random.default_rng(3)
    groups, edges, counts = 7, 5, np.array([1, 4, 2, 2, 9, 3, 1])
    means = generator.normal(size=edges).astype(np.float32)
    scales = np.array([0.5, 2, 0.25, 0, 8], np.float32)
    codes = generator.integers(-9, 10, (groups, edges)).astype(np.int8)
    found = restore_sums(Reduced(means, scales, codes), counts)
    for edge in range(edges):
        c = codes[:, edge].tolist()
        below = math.sqrt(groups * sum(each * each for each in c) - sum(c) ** 2)
        for group in range(groups):
            deviation = float(scales[edge]) * (groups * c[group] - sum(c)) / below
            expected = int(counts[group]) * float(means[edge]) + deviation
            assert found[group, edge] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_two_groups_by_hand() -> None:
    # Means 2 and −4 of one example each group; deviations ∓1 and ±3, which are ∓ and ± one scale.
    kept = reduce_sums(np.array([[1.0, -1.0], [3.0, -7.0]]), np.array([1, 1]), ScorePrecision(0.25))
    assert kept.means.tolist() == [2, -4]
    assert kept.scales.tolist() == [1, 3]
    assert kept.codes.tolist() == [[-4, 4], [4, -4]]
    assert restore_sums(kept, np.array([1, 1])).tolist() == [[1, -1], [3, -7]]


def test_groups_that_do_not_differ_have_no_deviations() -> None:
    kept = Reduced(np.ones(1, np.float32), np.ones(1, np.float32), np.full((3, 1), 5, np.int8))
    assert restore_sums(kept, np.array([1, 2, 3])).tolist() == [[1], [2], [3]]


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda each: f"{each.step:.3g}")
def test_what_is_off_is_of_the_size_of_a_step(precision: ScorePrecision) -> None:
    generator = np.random.default_rng(0)
    counts = generator.integers(2, 12, 24)
    sums = generator.standard_t(3, (24, 4000)) * np.exp(2 * generator.normal(size=4000))
    found = restore_sums(reduce_sums(sums, counts, precision), counts)
    scale = np.sqrt(np.square(deviations(sums, counts)).mean(axis=0))
    off = np.sqrt(np.square((found - sums) / scale).mean())
    # Rounding to steps is off by step / √12, and the scale's 8 bits by up to 2⁻⁸ of each deviation.
    assert off < 1.15 * precision.step / math.sqrt(12) + 2.0**-8


def test_scores_beyond_single_precision_are_refused() -> None:
    with pytest.raises(NotComputable, match="too large"):
        reduce_sums(np.array([[1e39]]), np.array([1]), FINEST)


@pytest.mark.parametrize("dtype", ["<i1", "<i2", "<u2", "<f4", "<f8"])
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_payload_holds_its_numbers(dtype: str, size: int) -> None:
    values = (100 * np.random.default_rng(0).normal(size=size)).astype(dtype)
    found = unpack(pack(values), dtype, size)
    assert found.dtype == values.dtype
    assert found.tobytes() == values.tobytes()


@pytest.mark.parametrize("value", [0, 1])
def test_no_payload_is_so_small_that_it_would_be_refused(value: int) -> None:
    values = np.full(100_000, value, "<i2")
    packed = pack(values)
    assert values.nbytes <= MOST_EXPANSION * packed.size
    assert (unpack(packed, "<i2", values.size) == value).all()


def payload(*planes: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(map(zlib.compress, planes)), np.uint8)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (payload(bytes(9)), "another number"),
        (payload(bytes(11)), "another number"),
        (payload(bytes(10**6)), "another number"),
        (payload(bytes(10))[:-1], "another number"),
        (payload(bytes(10), bytes(10)), "goes on"),
        (np.frombuffer(b"no stream of zlib", np.uint8), "damaged"),
        (np.zeros(0, np.uint8), "cannot hold"),
    ],
    ids=["few", "many", "bomb", "cut", "more", "other", "nothing"],
)
def test_a_payload_that_holds_something_else_is_refused(given: NDArray[np.uint8], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        unpack(given, "<i1", 10)


def test_a_small_payload_of_many_numbers_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        unpack(payload(bytes(10)), "<f4", 10**12)
