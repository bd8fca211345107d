"""Depth and specialisation by squared mass, against sums over pairs of groups."""

from collections.abc import Callable

import numpy as np
import pytest

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.placement import Placement
from mechshift.benchmark.compare.squared import squared_mass
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.protocol import Statistics


def test_masses_are_products_of_different_groups_of_all_edges(evidence: Callable[..., Evidence]) -> None:
    scores = [evidence(seed).scores for seed in (1, 2)]
    components = Components(scores[0].graph)
    uniform = Placement(components, 30).uniform
    drawn = Statistics(resampling_seed=0, resamples=10, splits=2)
    found = squared_mass(*scores, components, uniform, drawn)
    early = {}
    for of, one in zip(("arm", "mdm"), scores, strict=True):
        sums, counts = one.attribution.score_sums, one.attribution.counts
        squares, pairs = np.zeros(sums.shape[1:]), 0.0
        for g in range(8):
            for h in range(8):
                if g != h:
                    squares += sums[g] * sums[h]
                    pairs += counts[g] * counts[h]
        mass = components.of_sources @ squares.sum(axis=1) + components.of_destinations @ squares.sum(axis=0)
        layer = np.array([mass[components.layers == index].sum() for index in range(4)]) / pairs
        layer = np.maximum(layer, 0) / np.maximum(layer, 0).sum()
        early[of] = layer[0] + layer[1] / 3  # a third of four layers
        assert found[of]["depth"]["early_share"].value == pytest.approx(early[of])
        assert found[of]["depth"]["mean_depth"].value == pytest.approx(layer @ np.arange(4) / 3)
        share = np.maximum(mass, 0) / np.maximum(mass, 0).sum()
        entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
        special = found[of]["specialisation"]
        assert special["specialisation"].value == pytest.approx(1 - entropy / np.log(len(share)))
        assert special["effective_components"].value == pytest.approx(np.exp(entropy))
    assert found["shift"]["depth"]["early_share"].value == pytest.approx(early["mdm"] - early["arm"])
