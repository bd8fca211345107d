"""Reduced score sums: their mean and variance are those kept, whatever the step, and no payload is a bomb."""

import math
import zlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mechshift.benchmark.measure import reduced
from mechshift.benchmark.measure.reduced import (
    MOST_EXPANSION,
    PRECISIONS,
    Reduced,
    ScorePrecision,
    pack,
    reduce_sums,
    restore_sums,
    strata_of,
    unpack,
)
from mechshift.errors import NotComputable
from mechshift.metrics import Estimate, standardised_cosine

Sums = NDArray[np.float64]
FINEST = PRECISIONS[0]


@dataclass(frozen=True, eq=False)
class Given:
    """Score sums [groups, edges], the examples of each group, and the stratum of each."""

    sums: Sums
    counts: NDArray[np.int64]
    strata: NDArray[np.int64]

    def back(self, precision: ScorePrecision) -> Sums:
        """The sums as they are read back."""
        return restore_sums(self.reduced(precision), self.counts, self.strata)

    def reduced(self, precision: ScorePrecision) -> Reduced:
        return reduce_sums(self.sums, self.counts, self.strata, precision)


@st.composite
def scores(draw: st.DrawFn) -> Given:
    """Sums of up to nine groups, of up to four templates, and four edges, over thirty orders of magnitude."""
    groups, edges = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 10.0 ** generator.uniform(-15, 15, edges)
    beside = 10.0 ** generator.uniform(-8, 4, edges)
    counts = generator.integers(1, 20, groups)
    strata = strata_of([str(one) for one in generator.integers(0, draw(st.integers(1, 4)), groups)])
    between = 10.0 ** generator.uniform(-6, 6) * generator.standard_t(2, (groups, edges))[strata]
    sums = counts[:, None] * scale * (1 + beside * between)
    sums += scale * beside * generator.standard_t(2, (groups, edges))
    # Some edges have no score at all, as those of a head that writes nothing.
    return Given(sums * (generator.random(edges) > 0.1), counts, strata)


@settings(deadline=None, max_examples=150)
@given(scores(), st.sampled_from(PRECISIONS))
def test_the_sums_add_up_to_the_kept_mean_exactly_and_in_any_order(
    given: Given, precision: ScorePrecision
) -> None:
    kept, found, counts = given.reduced(precision), given.back(precision), given.counts
    for column, mean in zip(found.T, kept.means, strict=True):
        assert sum(map(Fraction, column.tolist())) == int(counts.sum()) * Fraction(float(mean))
        assert sum(column.tolist()) == sum(column.tolist()[::-1]) == math.fsum(column)
    exact = given.sums.sum(axis=0) / counts.sum()
    spread = np.sqrt(np.square(given.sums - counts[:, None] * exact).mean(axis=0))
    # Half a unit of the last bit, and what of the mean lies below the resolution of the sums.
    allowed = np.abs(exact) * 2.0**-precision.bits + 1e-13 * spread
    assert (np.abs(kept.means - exact) <= 1.001 * allowed).all()


@settings(deadline=None, max_examples=150)
@given(scores(), st.sampled_from(PRECISIONS))
def test_how_much_groups_differ_within_and_between_templates_is_kept_at_every_step(
    given: Given, precision: ScorePrecision
) -> None:
    exact, found = parts(given.sums, given), parts(given.back(precision), given)
    sizes = [np.sqrt(np.square(each).mean(axis=0)) for each in exact]
    step = precision.step * np.maximum(sizes[0], np.hypot(*sizes) / 8)
    # Rounding of what is given makes deviations below these from nothing.
    rounding = 1e-7 * np.abs(given.sums).max(axis=0)
    for size, after in zip(sizes, found, strict=True):
        restored = np.sqrt(np.square(after).mean(axis=0))
        # The scale has 8 significant bits.
        kept = np.abs(restored - size) <= (2.0**-8 + 1e-6) * size + rounding
        # No code may be left of a part smaller than a step.
        lost = (restored <= rounding) & (size < 1.01 * step)
        assert (kept | lost).all()


def parts(sums: Sums, of: Given) -> tuple[Sums, Sums]:
    """Deviations within templates and between them, a group at a time."""
    counts, total = of.counts, sums.sum(axis=0) / of.counts.sum()
    within, between = np.empty(sums.shape), np.empty(sums.shape)
    for group, stratum in enumerate(of.strata):
        own = of.strata == stratum
        mean = sums[own].sum(axis=0) / counts[own].sum()
        within[group] = sums[group] - counts[group] * mean
        between[group] = counts[group] * (mean - total)
    return within, between


def test_sums_follow_the_formulas() -> None:
    """Of three templates, an element at a time."""
    generator = np.random.default_rng(3)
    counts, strata = np.array([1, 4, 2, 2, 9, 3, 1]), np.array([0, 0, 1, 1, 1, 2, 2])
    groups, edges = len(counts), 5
    means = generator.normal(size=edges).astype(np.float32)
    scales = np.array([[0.5, 2, 0.25, 0, 8], [1, 0, 4, 2, 0.5]], np.float32)
    codes = generator.integers(-9, 10, (groups, edges)).astype(np.int8)
    found = restore_sums(Reduced(means, scales, codes), counts, strata)
    n = counts.tolist()
    for edge in range(edges):
        c = codes[:, edge].tolist()
        overall = sum(c) / sum(n)
        of = [[h for h in range(groups) if strata[h] == strata[g]] for g in range(groups)]
        mean = [sum(c[h] for h in own) / sum(n[h] for h in own) for own in of]
        within = [c[g] - n[g] * mean[g] for g in range(groups)]
        between = [n[g] * (mean[g] - overall) for g in range(groups)]
        for group in range(groups):
            expected = n[group] * float(means[edge])
            for scale, part in zip(scales[:, edge].tolist(), (within, between), strict=True):
                size = math.sqrt(sum(each * each for each in part) / groups)
                expected += scale * part[group] / size
            assert found[group, edge] == pytest.approx(expected, rel=1e-9, abs=1e-9)


ONE = np.zeros(2, np.int64)


def test_two_groups_by_hand() -> None:
    # Means 2 and −4 of one example each group; deviations ∓1 and ±3, which are ∓ and ± one scale.
    given = Given(np.array([[1.0, -1.0], [3.0, -7.0]]), np.array([1, 1]), ONE)
    kept = given.reduced(ScorePrecision(0.25))
    assert kept.means.tolist() == [2, -4]
    assert kept.scales.tolist() == [[1, 3], [0, 0]]
    assert kept.codes.tolist() == [[-4, 4], [4, -4]]
    assert restore_sums(kept, given.counts, ONE).tolist() == [[1, -1], [3, -7]]


def test_two_templates_by_hand() -> None:
    # Mean 0; the templates' means are ∓4, and groups lie ∓1 from them: steps are of the latter.
    given = Given(np.array([[-5.0], [-3], [3], [5]]), np.ones(4, np.int64), np.array([0, 0, 1, 1]))
    kept = given.reduced(ScorePrecision(0.5))
    assert kept.scales.tolist() == [[1], [4]]
    assert kept.codes.tolist() == [[-10], [-6], [6], [10]]
    assert given.back(ScorePrecision(0.5)).tolist() == given.sums.tolist()
    # Deviations are −5 and −3 thirds of a step, rounded to −3 and −2: parts ∓½ and ∓2½ of codes.
    assert given.reduced(ScorePrecision(1.8)).codes.tolist() == [[-3], [-2], [2], [3]]
    assert given.back(ScorePrecision(1.8)).tolist() == given.sums.tolist()


@pytest.mark.parametrize("strata", [[0, 0, 0], [0, 1, 0]])
def test_groups_that_do_not_differ_have_no_deviations(strata: list[int]) -> None:
    scales, codes = np.ones((2, 1), np.float32), np.array([[5], [10], [15]], np.int8)
    kept = Reduced(np.ones(1, np.float32), scales, codes)
    found = restore_sums(kept, np.array([1, 2, 3]), np.array(strata))
    assert found.tolist() == [[1], [2], [3]]


def test_edges_are_read_in_blocks_as_they_are_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    strata = np.arange(12) // 3
    given = Given(generator.normal(size=(12, 50)), generator.integers(1, 9, 12), strata)
    found = given.back(PRECISIONS[3])
    monkeypatch.setattr(reduced, "_BLOCK", 7)
    assert np.array_equal(given.back(PRECISIONS[3]), found)


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda each: f"{each.step:.3g}")
def test_what_is_off_is_of_the_size_of_a_step(precision: ScorePrecision) -> None:
    generator = np.random.default_rng(0)
    counts, strata = generator.integers(2, 12, 24), np.arange(24) // 4
    noise = generator.standard_t(3, (24, 4000)) + counts[:, None] * generator.normal(size=(6, 4000))[strata]
    given = Given(noise * np.exp(2 * generator.normal(size=4000)), counts, strata)
    scale = np.sqrt(np.square(parts(given.sums, given)[0]).mean(axis=0))
    off = np.sqrt(np.square((given.back(precision) - given.sums) / scale).mean())
    # Rounding to steps is off by step / √12, and the scales' 8 bits by up to 2⁻⁸ of each deviation.
    largest = np.sqrt(sum(np.square(part / scale).mean() for part in parts(given.sums, given)))
    assert off < 1.2 * precision.step / math.sqrt(12) + 2.0**-8 * largest


def test_standardised_similarity_moves_by_little_at_the_coarsest_step() -> None:
    """Of templates that differ by more than their groups: where steps in units of all deviations failed."""
    generator = np.random.default_rng(2)
    counts, strata = np.full(24, 10), np.arange(24) // 2
    mean = np.exp(1.8 * generator.normal(size=4000)) * generator.choice([-1, 1], 4000)
    models = []
    for own in (0.0, 0.6):
        true = (1 - own) * mean + own * generator.permutation(mean)
        noise = [generator.normal(size=(each, 4000)) * np.abs(true) ** 0.7 for each in (12, 24)]
        models.append(counts[:, None] * (true + 2 * noise[0][strata]) + math.sqrt(10) * noise[1])
    exact = standardised_cosine(*models, counts, strata)
    back = [Given(each, counts, strata).back(PRECISIONS[-1]) for each in models]
    coarse = standardised_cosine(*back, counts, strata)
    assert isinstance(exact, Estimate)
    assert isinstance(coarse, Estimate)
    assert abs(coarse.value - exact.value) < (exact.high - exact.low) / 8


def test_scores_beyond_single_precision_are_refused() -> None:
    with pytest.raises(NotComputable, match="too large"):
        reduce_sums(np.array([[1e39]]), np.array([1]), np.array([0]), FINEST)


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
