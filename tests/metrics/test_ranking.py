"""All pairs of rows at once are tested as two at a time are, and ranks say what the tests found."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mechshift.metrics import holm
from mechshift.metrics.ranking import Measurements, holm_of_pairs, pairwise_p, significance_ranks

RESAMPLES = 60


def drawn(generator: np.random.Generator, rows: int, samples: Sequence[int]) -> Measurements:
    """Rows with lopsided intervals of their own, and draws that are half those of their sample."""
    values = generator.normal(size=rows)
    low, high = values - generator.uniform(0.1, 1, rows), values + generator.uniform(0.1, 1, rows)
    shared = generator.gamma(2, size=(max(samples) + 2, RESAMPLES))
    draws = values[:, None] + shared[list(samples)] + 0.3 * generator.gamma(1, size=(rows, RESAMPLES))
    draws[generator.random(draws.shape) < 0.02] = np.nan
    draws[0] = np.nan  # a row whose draws were not kept
    freedom = generator.integers(3, 30, rows).astype(float)
    # Some rows of plain percentile intervals.
    of_quantile = np.where(np.arange(rows) % 3, freedom, np.inf)
    return Measurements(values, low, high, draws, np.array(samples), freedom, of_quantile, RESAMPLES)


def exact(
    values: NDArray[np.float64], half: float, draws: NDArray[np.float64], samples: Sequence[int]
) -> Measurements:
    """Rows whose variance is known but for what their number of draws leaves open."""
    known = np.full(len(values), np.inf)
    return Measurements(values, values - half, values + half, draws, np.array(samples), known, known, np.inf)


def term(draws: NDArray[np.float64], units: float) -> tuple[float, float] | None:
    """Variance and degrees of freedom of draws, by hand; None where more than one in twenty is missing."""
    there = [each for each in draws.tolist() if not math.isnan(each)]
    if len(draws) - len(there) > 0.05 * len(draws):
        return None
    return stats.tvar(there), 1 / (1 / units + 1 / (len(draws) - 1))


def two_at_a_time(parts: Sequence[Measurements], weights: Sequence[float], a: int, b: int) -> float:
    """Welch's test, number by number."""
    weighed = list(zip(parts, weights, strict=True))
    apart = sum(weight * float(part.values[a] - part.values[b]) for part, weight in weighed)
    terms: list[tuple[float, float]] = []
    for part, weight in weighed:
        paired = part.samples[a] == part.samples[b] >= 0
        found = term(part.draws[a] - part.draws[b], float(part.freedom[a])) if paired else None
        each = (
            [found]
            if found
            else [of_row(part, row, weight * sign * apart) for row, sign in ((a, 1), (b, -1))]
        )
        terms += [(weight**2 * variance, freedom) for variance, freedom in each]
    total = sum(variance for variance, _ in terms)
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in terms)
    return float(2 * stats.t.sf(abs(apart) / math.sqrt(total), freedom))


def of_row(part: Measurements, row: int, direction: float) -> tuple[float, float]:
    units = float(part.freedom[row])
    if found := term(part.draws[row], units):
        return found
    value, low, high = (float(each[row]) for each in (part.values, part.low, part.high))
    reach = value - low if direction > 0 else high - value
    return (reach / stats.t.isf(0.025, part.of_quantile[row])) ** 2, 1 / (1 / units + 4 / part.resamples)


@pytest.mark.parametrize("chunk", [2**22, 7 * RESAMPLES])
def test_pairs_are_tested_as_two_at_a_time_are(chunk: int) -> None:
    generator = np.random.default_rng(0)
    samples = ([0, 0, 1, -1, 0, 1, -1, 1, 1, 1, 1], [0] * 11, [-1] * 11)
    parts = [drawn(generator, 11, each) for each in samples]
    weights = [0.5, 0.5, -1.0]
    found = pairwise_p(parts, weights, chunk=chunk)
    for a in range(11):
        for b in range(a):
            assert found[a, b] == found[b, a] == pytest.approx(two_at_a_time(parts, weights, b, a), rel=1e-9)
    assert (np.diag(found) == 1).all()
    assert len(np.unique(found)) > 40


def test_a_part_that_lacks_resamples_is_taken_for_independent() -> None:
    generator = np.random.default_rng(1)
    values = np.array([0.0, 0.3])
    draws = values[:, None] + generator.normal(size=200) + 0.01 * generator.normal(size=(2, 200))
    draws[0, :8], draws[1, 8:16] = np.nan, np.nan  # 4 % of each, 8 % of the differences
    lacking, alone = (exact(values, 2, draws, samples) for samples in ([0, 0], [0, 1]))
    assert pairwise_p([lacking], [1.0]).tolist() == pairwise_p([alone], [1.0]).tolist()
    assert pairwise_p([lacking], [1.0])[0, 1] > 0.8


def test_values_without_a_width() -> None:
    part = exact(np.array([1.0, 1.0, 2.0]), 0, np.empty((3, 0)), [-1, -1, -1])
    assert pairwise_p([part], [1.0]).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_what_machines_round_differently_is_no_difference() -> None:
    for change, p in ((7e-6, 1.0), (8e-6, 0.0)):  # 2⁻¹⁷ is 7.6e-6
        part = exact(np.array([0.5, 0.5 + change]), 0, np.empty((2, 0)), [-1, -1])
        assert pairwise_p([part], [1.0])[0, 1] == p


def test_pairing_tells_apart_what_shares_its_prompts() -> None:
    generator = np.random.default_rng(2)
    luck = generator.normal(size=200)
    values = np.array([0.0, 0.2])
    draws = values[:, None] + luck + 0.01 * generator.normal(size=(2, 200))
    parts = [exact(values, 2, draws, samples) for samples in ([0, 0], [0, 1])]
    assert pairwise_p(parts[:1], [1.0])[0, 1] < 1e-6
    assert pairwise_p(parts[1:], [1.0])[0, 1] > 0.8


def test_holm_counts_every_pair_once() -> None:
    p = np.ones((4, 4))
    upper = np.triu_indices(4, 1)
    p[upper] = [0.001, 0.04, 0.01, 0.2, 0.008, 0.9]
    p = np.minimum(p, p.T)
    adjusted = holm_of_pairs(p)
    assert adjusted[upper] == pytest.approx([0.006, 0.12, 0.04, 0.4, 0.04, 0.9])
    assert adjusted[upper].tolist() == holm(p[upper]).tolist()
    assert (adjusted == adjusted.T).all()
    assert holm_of_pairs([[1.0]]).tolist() == [[1]]


def test_a_rank_counts_who_is_better() -> None:
    # a, b and c in a chain: only the ends are told apart. d is far below all, e is as low and unsure.
    values = [4.0, 3.0, 2.0, -5.0, -6.0]
    apart = {(0, 2), (0, 3), (1, 3), (2, 3)}
    adjusted = np.array([[0.05 if {(i, j), (j, i)} & apart else 0.06 for j in range(5)] for i in range(5)])
    assert significance_ranks(values, adjusted).tolist() == [1, 1, 2, 4, 1]
    assert significance_ranks(values, adjusted, ascending=True).tolist() == [3, 2, 2, 1, 1]
    assert significance_ranks(values, adjusted, alpha=0.01).tolist() == [1] * 5


def boards(truths: NDArray[np.float64], boards: int) -> list[NDArray[np.int64]]:
    """Ranks on boards whose rows have these true values, each of two parts with a standard error of 1."""
    generator = np.random.default_rng(3)
    found = []
    for _ in range(boards):
        parts = []
        for _ in range(2):
            values = generator.normal(truths)
            draws = values[:, None] + generator.normal(size=(len(truths), 200))
            parts.append(exact(values, 1.96, draws, [-1] * len(truths)))
        p = pairwise_p(parts, [0.5, 0.5])
        found.append(significance_ranks((parts[0].values + parts[1].values) / 2, holm_of_pairs(p)))
    return found


def test_equals_seldom_have_different_ranks() -> None:
    """At most one board of twenty has any false rank: of 200 some 10, by chance up to 19."""
    assert sum(len(set(ranks.tolist())) > 1 for ranks in boards(np.zeros(8), 200)) <= 19


def test_what_is_far_apart_is_ranked_in_order() -> None:
    assert all(ranks.tolist() == [3, 2, 1] for ranks in boards(np.array([0.0, 10.0, 20.0]), 50))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"low": np.zeros(3)}, "low must have one number"),
        ({"low": np.ones(2)}, "must lie in its interval"),
        ({"draws": np.zeros(2)}, "one entry for each row"),
        ({"samples": np.zeros(1, dtype=np.int64)}, "one entry for each row"),
        ({"freedom": np.zeros(2)}, "one number of at least 1"),
        ({"freedom": np.ones(1)}, "freedom must have one number of at least 1"),
        ({"of_quantile": np.zeros(2)}, "of_quantile must have one number of at least 1"),
        ({"values": np.array([np.nan, 0.0])}, "values"),
    ],
)
def test_malformed_rows_are_refused(changes: dict[str, NDArray[np.float64]], says: str) -> None:
    zeros = np.zeros(2)
    given = {"values": zeros, "low": zeros, "high": zeros, "draws": np.zeros((2, 5)), "samples": np.zeros(2)}
    given |= {"freedom": np.ones(2), "of_quantile": np.ones(2)}
    with pytest.raises(ValueError, match=says):
        Measurements(**(given | changes))  # type: ignore[arg-type]


def test_malformed_questions_are_refused() -> None:
    part = drawn(np.random.default_rng(0), 3, [0, 0, 0])
    for parts, weights in (([], []), ([part], [1.0, 1.0]), ([part], [0.0])):
        with pytest.raises(ValueError, match="there must be one or more parts"):
            pairwise_p(parts, weights)
    with pytest.raises(ValueError, match="square"):
        holm_of_pairs(np.ones((2, 3)))
    with pytest.raises(ValueError, match="adjusted must be"):
        significance_ranks([1.0, 2.0], np.ones((3, 3)))
