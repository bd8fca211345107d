"""Cosines of both members, by loops over pairs of groups."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from build.by_loops import by_loops, jackknifed, spread_by_loops
from mechshift.benchmark.circuits.scores import Outside
from mechshift.benchmark.compare.structure import structure
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol

Make = Callable[..., Evidence]
Sums = NDArray[np.float64]


def value_of(found: object) -> float:
    assert isinstance(found, Number), found
    return found.value


def test_cosines_by_loops(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    arm, mdm = evidence(0).scores, evidence(0).scores
    noise = np.random.default_rng(3).normal(0, 0.5, mdm.attribution.score_sums.shape) * mdm.graph.mask
    sums = mdm.attribution.score_sums + noise
    part = (0.2 * np.random.default_rng(4).normal(size=(2, *sums.shape)) * mdm.graph.mask).astype(np.float32)
    neurons = np.random.default_rng(5).normal(1, 0.2, (2, len(sums), 4, 6)).astype(np.float32)
    arm = changed(arm, outside=Outside(None), neuron_sums=neurons[0])
    mdm = changed(mdm, score_sums=sums, outside=Outside(part), neuron_sums=neurons[1])
    found = structure(arm, mdm, small_protocol().statistics)
    a, b = arm.attribution.score_sums, sums
    assert value_of(found["edges"]) == pytest.approx(by_loops(a, b))
    written = [each[:, 1:].sum(axis=2) for each in (a, b)]
    assert value_of(found["components"]) == pytest.approx(by_loops(*written))
    assert value_of(found["between"]) == pytest.approx(by_loops(a, b - part.sum(axis=0)))
    flat = [each.reshape(len(each), -1).astype(np.float64) for each in neurons]
    assert value_of(found["neurons"]) == pytest.approx(by_loops(*flat))
    assert value_of(found["carried_arm"]) > 1
    about = arm.attribution.counts, arm.templates, arm.graph.mask
    scale = spread_by_loops(a, b, *about) ** -0.75
    for role, each in (("arm", a), ("mdm", b)):
        assert value_of(found[f"carried_standardised_{role}"]) == pytest.approx(
            carriers(each * scale, arm.attribution.counts)
        )
    assert value_of(found["standardised"]) == pytest.approx(
        jackknifed(a, b, arm.attribution.counts, arm.templates, arm.graph.mask)
    )


def carriers(sums: Sums, counts: NDArray[np.int64]) -> float:
    """Participation ratio from products of two and of four different groups."""
    flat = sums.reshape(len(sums), -1)
    second, fourth = (
        sum(flat[list(of)].prod(axis=0).sum() for of in permutations(range(len(sums)), size))
        / sum(counts[list(of)].prod() for of in permutations(range(len(sums)), size))
        for size in (2, 4)
    )
    return float(second**2 / fourth)


def test_one_member_twice_is_one(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    scores = evidence(0).scores
    found = structure(scores, scores, small_protocol().statistics)
    for name in ("edges", "standardised", "components"):
        assert value_of(found[name]) == pytest.approx(1)
    assert found["carried_arm"] == found["carried_mdm"]


def test_what_was_not_measured_is_a_reason(evidence: Make, small_protocol: Callable[..., Protocol]) -> None:
    found = structure(evidence(0).scores, evidence(1).scores, small_protocol().statistics)
    assert isinstance(found["between"], Missing)
    assert isinstance(found["neurons"], Missing)


def test_scores_that_are_all_zero_are_a_reason(
    evidence: Make, small_protocol: Callable[..., Protocol]
) -> None:
    scores = evidence(0).scores
    nothing = changed(scores, score_sums=0 * scores.attribution.score_sums)
    found = structure(nothing, scores, small_protocol().statistics)
    assert isinstance(found["carried_mdm"], Number)
    for name in ("edges", "standardised", "components", "carried_arm"):
        assert isinstance(found[name], Missing), name


def changed(scores: ScoreSums, **fields: object) -> ScoreSums:
    return replace(scores, attribution=replace(scores.attribution, **fields))  # type: ignore[arg-type]
