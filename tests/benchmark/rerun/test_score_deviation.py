"""How far scores lie apart in what they keep beside the edges: shares from outside, effects of neurons."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build.evidence import GRAPH, GROUPS, evidence
from mechshift.benchmark.circuits.scores import Outside
from mechshift.benchmark.measure.reduced import PRECISIONS
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.rerun.deviation import deviation

NEURONS = 5


def with_parts(scores: ScoreSums, **parts: Any) -> ScoreSums:
    return replace(scores, attribution=replace(scores.attribution, **parts))


@pytest.fixture
def scores() -> ScoreSums:
    """Made-up scores of which a tenth comes from either side, and effects of neurons."""
    made = evidence(0).scores
    outside = np.stack([made.attribution.score_sums / 10] * 2).astype(np.float32)
    neurons = np.random.default_rng(1).normal(size=(GROUPS, GRAPH.layers, NEURONS)).astype(np.float32)
    return with_parts(made, outside=Outside(outside), neuron_sums=neurons)


def moved(sums: np.ndarray, place: tuple[int, ...], by: float, counts: np.ndarray) -> np.ndarray:
    """The sums [groups, ...] with the mean at that place moved, in every group alike."""
    found = sums.astype(np.float64)
    found[(slice(None), *place)] += by * counts
    return found.astype(sums.dtype)


def test_the_same_parts_are_not_apart(scores: ScoreSums) -> None:
    assert deviation(scores, scores, None) == 0


def test_a_neuron_s_effect_is_relative_to_the_largest(scores: ScoreSums) -> None:
    sums, counts = scores.attribution.neuron_sums, scores.attribution.counts
    assert sums is not None
    largest = np.abs(sums.sum(axis=0) / counts.sum()).max()
    found = with_parts(scores, neuron_sums=moved(sums, (2, 3), 0.5 * largest, counts))
    difference = np.zeros(sums.shape)
    difference[:, 2, 3] = 0.5 * largest * counts
    spread = np.sqrt(np.square(difference).mean() / np.square(sums.astype(np.float64)).mean())
    assert deviation(scores, found, None) == pytest.approx(max(0.5, spread), rel=1e-5)
    assert deviation(scores, with_parts(scores, neuron_sums=-sums), None) == pytest.approx(2)


def test_a_share_from_outside_is_relative_to_the_largest_score(scores: ScoreSums) -> None:
    kept, sums, counts = scores.attribution.outside, scores.attribution.score_sums, scores.attribution.counts
    assert kept is not None
    assert kept.sums is not None
    largest = np.abs(sums.sum(axis=0) / counts.sum()).max()
    changed = kept.sums.copy()
    place = tuple(int(axis[0]) for axis in GRAPH.mask.nonzero())
    changed[1] = moved(changed[1], place, 0.3 * largest, counts)
    found = with_parts(scores, outside=Outside(changed))
    assert deviation(scores, found, None) == pytest.approx(0.3, rel=1e-5)


@pytest.mark.parametrize(
    "parts", [{"neuron_sums": None}, {"outside": None}, {"outside": Outside(None)}], ids=str
)
def test_a_part_that_only_one_has_agrees_in_nothing(scores: ScoreSums, parts: dict[str, Any]) -> None:
    assert deviation(scores, with_parts(scores, **parts), None) == 1
    assert deviation(with_parts(scores, **parts), scores, None) == 1


def test_other_groups_agree_in_nothing(scores: ScoreSums) -> None:
    counts = scores.attribution.counts
    groups = scores.attribution.groups
    assert deviation(scores, with_parts(scores, counts=counts[::-1].copy()), None) == 1
    assert deviation(scores, with_parts(scores, groups=groups[::-1].copy()), None) == 1
    assert deviation(scores, replace(scores, templates=scores.templates[::-1]), None) == 1


@pytest.mark.parametrize("precision", [PRECISIONS[0], PRECISIONS[-1]])
def test_what_a_submission_rounds_is_compared_as_rounded(
    scores: ScoreSums, precision: Any, tmp_path: Path
) -> None:
    scores.save_reduced(tmp_path / "scores.safetensors", precision)
    submitted = ScoreSums.load(tmp_path / "scores.safetensors")
    assert deviation(submitted, scores, precision) == 0
    sums = scores.attribution.neuron_sums
    assert sums is not None
    assert deviation(submitted, with_parts(scores, neuron_sums=-sums), precision) == pytest.approx(2)
