"""How many neurons carry the effects and where they lie: planted truth under noise, and loops."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from build.evidence import GROUPS, evidence
from mechshift.benchmark.compare.neurons import effective_neurons, neuron_depth
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.comparison import NeuronDepth
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK

STATISTICS = QUICK.changed(resamples=30).statistics
LAYERS, WIDTH = 4, 25


def scores_of(effects: np.ndarray, noise: float = 0.0, seed: int = 0) -> ScoreSums:
    """Of mean effects [layers, neurons], with noise from group to group."""
    scores = evidence(seed).scores
    counts = scores.attribution.counts[:, None, None]
    drawn = effects + noise * np.random.default_rng(seed).normal(size=(GROUPS, *effects.shape))
    sums = (counts * drawn).astype(np.float32)
    return replace(scores, attribution=replace(scores.attribution, neuron_sums=sums))


def planted(layer: int, neurons: int) -> np.ndarray:
    effects = np.zeros((LAYERS, WIDTH))
    effects[layer, :neurons] = [1.0, -1.0] * (neurons // 2)
    return effects


@pytest.mark.parametrize("neurons", [2, 10])
def test_as_many_neurons_carry_it_as_were_planted(neurons: int) -> None:
    found = effective_neurons(scores_of(planted(1, neurons)))
    assert isinstance(found, Number)
    assert found.value == pytest.approx(neurons)
    noisy = effective_neurons(scores_of(planted(1, neurons), noise=0.1))
    assert isinstance(noisy, Number)
    assert noisy.value == pytest.approx(neurons, rel=0.15)


def test_the_depth_is_where_the_squares_are() -> None:
    found = neuron_depth(scores_of(planted(3, 4)), scores_of(planted(0, 4)), STATISTICS)
    assert isinstance(found, NeuronDepth)
    assert (found.profile_arm, found.profile_mdm) == ((0, 0, 0, 1), (1, 0, 0, 0))
    for measured, value in ((found.early_share_arm, 0), (found.early_share_mdm, 1), (found.early_shift, 1)):
        assert isinstance(measured, Number)
        assert measured.value == pytest.approx(value)


def test_the_profile_is_of_products_of_different_groups() -> None:
    effects = np.random.default_rng(3).standard_t(3, (LAYERS, WIDTH))
    scores = scores_of(effects, noise=1.0, seed=2)
    found = neuron_depth(scores, scores, STATISTICS)
    sums = scores.attribution.neuron_sums
    assert sums is not None
    assert isinstance(found, NeuronDepth)
    pairs = list(permutations(range(GROUPS), 2))
    mass = [sum(float((sums[g, at] * sums[h, at]).sum()) for g, h in pairs) for at in range(LAYERS)]
    assert min(mass) > 0
    np.testing.assert_allclose(found.profile_arm, np.array(mass) / sum(mass), rtol=1e-5)


def test_unmeasured_effects_are_missing() -> None:
    bare = evidence(0).scores
    assert isinstance(effective_neurons(bare), Missing)
    assert isinstance(neuron_depth(bare, scores_of(planted(0, 2)), STATISTICS), Missing)


def test_intervals_of_the_early_share_end_where_shares_do() -> None:
    """Most of the effect is in one layer, so that a bound that is centred anew would lie beyond 1."""
    effects = planted(0, 4) + 0.1 * planted(3, 20)
    found = neuron_depth(
        scores_of(effects, noise=0.3, seed=3), scores_of(planted(3, 4), noise=0.3, seed=4), STATISTICS
    )
    assert isinstance(found, NeuronDepth)
    for each, least in ((found.early_share_arm, 0), (found.early_share_mdm, 0), (found.early_shift, -1)):
        assert isinstance(each, Number)
        assert each.low is not None
        assert each.high is not None
        assert least <= each.low <= each.high <= 1
