"""From where a member's edges read, by loops over edges."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mechshift.benchmark.circuits.scores import Outside
from mechshift.benchmark.compare.direction import direction
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol

Make = Callable[..., Evidence]


def with_places(scores: ScoreSums, seed: int) -> ScoreSums:
    """The scores with made-up parts before and behind."""
    shape = (2, *scores.attribution.score_sums.shape)
    sums = np.random.default_rng(seed).normal(0, 0.3, shape) * scores.graph.mask
    outside = Outside(sums.astype(np.float32))
    return replace(scores, attribution=replace(scores.attribution, outside=outside))


def test_shares_by_loops(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    scores = with_places(evidence(0).scores, 1)
    found = direction(scores, small_protocol().statistics)
    attribution = scores.attribution
    assert attribution.outside is not None
    assert attribution.outside.sums is not None
    held, squares = np.zeros(3), np.zeros(3)
    for source, destination in zip(*np.nonzero(scores.graph.mask), strict=True):
        before, behind = attribution.outside.sums[:, :, source, destination].sum(axis=1, dtype=np.float64)
        whole = attribution.score_sums[:, source, destination].sum()
        held += np.abs([before, whole - before - behind, behind])
        first, last = attribution.outside.sums[:, :, source, destination].astype(np.float64)
        each = np.stack([first, attribution.score_sums[:, source, destination] - first - last, last])
        # Products of different groups: all of them less those of a group with itself.
        squares += each.sum(axis=1) ** 2 - (each**2).sum(axis=1)
    for name, expected in (("before", held[0]), ("behind", held[2]), ("right_context", held[0] + held[2])):
        value = found[name]
        assert isinstance(value, Number)
        assert value.value == pytest.approx(expected / held.sum())
        assert value.low is not None
        assert value.high is not None
        assert 0 <= value.low <= value.value <= value.high <= 1
    squared = found["right_context_squared"]
    assert isinstance(squared, Number)
    assert squared.value == pytest.approx((squares[0] + squares[2]) / squares.sum())


def test_a_causal_member_has_none(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    scores = evidence(0).scores
    causal = replace(scores, attribution=replace(scores.attribution, outside=Outside(None)))
    assert set(direction(causal, small_protocol().statistics).values()) == {Number(value=0, low=0, high=0)}


def test_places_that_were_not_told_apart_are_a_reason(
    evidence: Make, small_protocol: Callable[..., Protocol]
) -> None:
    found = direction(evidence(0).scores, small_protocol().statistics)
    assert all(isinstance(value, Missing) for value in found.values())
