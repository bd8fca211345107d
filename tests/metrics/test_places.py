"""Shares of score by place."""

import numpy as np
import pytest

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    group_mean,
    place_shares,
    squared_place_shares,
)
from mechshift.metrics.places import mass_place_shares


def test_shares_are_of_absolute_scores_edge_by_edge() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(3, 4, 5))
    held = [0.0, 0.0, 0.0]
    for place in range(3):
        for row in range(4):
            for column in range(5):
                held[place] += abs(scores[place, row, column])
    found = place_shares(scores)
    assert not isinstance(found, Undefined)
    assert found == pytest.approx(np.array(held) / sum(held))
    assert place_shares(-1e200 * scores) == pytest.approx(found)


def test_what_cancels_within_an_edge_counts() -> None:
    assert place_shares([[1.0], [-1.0]]) == pytest.approx([0.5, 0.5])


def test_nothing_has_no_shares() -> None:
    assert isinstance(place_shares(np.zeros((3, 2))), Undefined)


@pytest.mark.parametrize("wrong", [np.zeros(0), 1.0, [np.nan], [[1.0], [np.inf]]])
def test_bad_input_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="scores_by_place"):
        place_shares(wrong)


GROUPS, EDGES = 24, 400


def by_place(
    share: float, prompts: int, generator: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Sums of two places, the first of which holds this share of squared score; as much noise in both."""
    counts = prompts // GROUPS + (np.arange(GROUPS) < prompts % GROUPS)
    truth = generator.normal(size=(2, EDGES))
    truth *= np.sqrt([[share], [1 - share]]) / np.linalg.norm(truth, axis=1, keepdims=True)
    noise = generator.normal(size=(2, GROUPS, EDGES)) * np.sqrt(counts)[:, None] * 0.1
    return list(counts[:, None] * truth[:, None] + noise), counts


@pytest.mark.parametrize("prompts", [24, 100, 500])
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_squared_shares_are_those_of_the_truth_at_any_number_of_prompts(share: float, prompts: int) -> None:
    generator = np.random.default_rng([prompts, round(10 * share)])
    found, held = [], []
    for _ in range(40):
        sums, counts = by_place(share, prompts, generator)
        first, second = squared_place_shares(sums, counts, np.zeros(GROUPS), resamples=60)
        assert isinstance(first, Estimate)
        assert isinstance(second, Estimate)
        assert first.value + second.value == pytest.approx(1)
        found.append(first.value)
        held.append(first.low <= share <= first.high)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(share, abs=4 * error)
    # Of 40 with 95 %; the draws of a bootstrap of squares are a little off.
    assert np.mean(held) >= 0.8


def test_shares_of_mass_hold_the_noise_that_squared_ones_do_not() -> None:
    generator = np.random.default_rng(0)
    masses = []
    for prompts in (24, 500):
        sums, counts = by_place(0.0, prompts, generator)
        shares = place_shares([each.sum(axis=0) / counts.sum() for each in sums])
        assert not isinstance(shares, Undefined)
        masses.append(shares[0])
    assert masses[0] > masses[1] > 0.05


def test_squared_shares_by_loops_over_groups() -> None:
    sums, counts = by_place(0.3, 100, np.random.default_rng(0))
    squares = [
        sum(float(each[g] @ each[h]) for g in range(GROUPS) for h in range(GROUPS) if g != h) for each in sums
    ]
    found = squared_place_shares(sums, counts, np.zeros(GROUPS), resamples=2)
    for share, square in zip(found, squares, strict=True):
        assert isinstance(share, Estimate)
        assert share.value == pytest.approx(square / sum(squares))


def test_noise_alone_has_no_squared_shares() -> None:
    noise = np.random.default_rng(1).normal(size=(3, GROUPS, EDGES))
    found = squared_place_shares(list(noise), np.ones(GROUPS), np.zeros(GROUPS))
    assert all(isinstance(each, Undefined) and "noise" in each.reason for each in found)


@pytest.mark.parametrize(
    ("sums", "message"),
    [([], "a place"), ([np.ones((3, 2)), np.ones((3, 4))], "shape"), ([np.full((3, 2), np.nan)], "sums_by")],
)
def test_squared_shares_refuse_bad_input(sums: list[np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        squared_place_shares(sums, np.ones(3), np.zeros(3))


def test_shares_by_mass_are_those_of_every_resample() -> None:
    generator = np.random.default_rng(11)
    sums, counts = generator.normal(size=(3, 8, 4, 5)), np.arange(1, 9)
    mask = generator.random((4, 5)) < 0.7
    drawn = cluster_weights(np.arange(8) // 2, 30, 3)
    found = mass_place_shares(sums, counts, np.arange(8) // 2, mask, 30, 3)
    for place, estimate in enumerate(found):
        expected = []
        for weights in [np.ones(8), *drawn]:
            means = [group_mean(each, counts, weights)[mask] for each in sums]
            expected.append(place_shares(means)[place])
        assert estimate.value == pytest.approx(expected[0])
        assert estimate.draws == pytest.approx(expected[1:])


def test_shares_by_mass_without_scores() -> None:
    nothing, some = np.zeros((4, 3)), np.ones((4, 3))
    assert (
        mass_place_shares([nothing, nothing], np.ones(4), np.zeros(4)) == (Undefined("all scores are 0"),) * 2
    )
    one = mass_place_shares([some * 1e308, some * 1e308], np.ones(4), np.zeros(4))[0]
    assert (one.value, one.low, one.high) == (0.5, 0.5, 0.5)
