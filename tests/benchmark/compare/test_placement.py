"""The statistic that is resampled for depth and specialisation."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.compare.placement import Placement
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.protocol import Statistics
from mechshift.metrics import Estimate, Undefined, cluster_weights

GRAPH = Graph(2, 2, 1)
COMPONENTS = Components(GRAPH)  # a0.h0 a0.h1 m0 a1.h0 a1.h1 m1
CLUSTERS = tuple("aabbccdd")


def drawn(seed: int) -> Statistics:
    return Statistics(resampling_seed=seed, resamples=40, splits=3)


def scores_of(**edges: float) -> np.ndarray:
    """Scores of some edges; others are too small to be among the first three."""
    scores = np.where(GRAPH.mask, 1e-9, 0.0)
    for name, score in edges.items():
        source, destination = (end.replace("_", ".") for end in name.split("__"))
        at = GRAPH.source_names.index(source), GRAPH.destination_names.index(destination)
        assert GRAPH.mask[at]
        scores[at] = score
    return scores


ARM = scores_of(a0_h0__m0=3.0, m0__m1=-1.0, a1_h1__logits=2.0)
MDM = scores_of(a0_h0__m0=4.0, a0_h1__m0=1.0, m0__logits=1.0)


def test_values_by_hand() -> None:
    found = Placement(COMPONENTS, 3, (("a0.h0", "m0"), ("m0",)))(ARM, MDM)
    # Importance of the ARM: a0.h0 3, m0 3 + 1, m1 1, a1.h1 2; of the MDM: a0.h0 4, a0.h1 1, m0 6.
    assert found["mass", "arm", "mean_depth"] == pytest.approx(3 / 10)
    assert found["mass", "mdm", "mean_depth"] == 0
    assert found["mass", "shift", "mean_depth"] == pytest.approx(-0.3)
    assert found["mass", "arm", "early_share"] == pytest.approx(0.7 * 2 / 3)
    assert found["mass", "shift", "early_share"] == pytest.approx(0.3 * 2 / 3)
    assert found["mass", "shift", "wasserstein"] == pytest.approx(0.3)
    assert found["edges", "arm", "mean_depth"] == pytest.approx(2 / 5)
    assert found["specialisation", "arm", "top_1"] == pytest.approx(0.4)
    assert found["specialisation", "mdm", "top_1"] == pytest.approx(6 / 11)
    assert found["specialisation", "shift", "top_1"] == pytest.approx(6 / 11 - 0.4)
    assert {name: value for name, value in found.items() if name.weighting == "importance"} == {
        ("importance", "arm", "a0.h0"): 3,
        ("importance", "arm", "m0"): 4,
        ("importance", "mdm", "m0"): 6,
    }
    spread = np.array([3, 4, 1, 2]) / 10
    entropy = -(spread * np.log(spread)).sum()
    assert found["specialisation", "arm", "specialisation"] == pytest.approx(1 - entropy / np.log(6))
    assert found["specialisation", "arm", "effective_components"] == pytest.approx(np.exp(entropy))


def test_the_first_member_is_the_arm() -> None:
    there = Placement(COMPONENTS, 3)(ARM, MDM)
    back = Placement(COMPONENTS, 3)(MDM, ARM)
    assert back["mass", "arm", "mean_depth"] == there["mass", "mdm", "mean_depth"]
    assert back["specialisation", "shift", "gini"] == pytest.approx(-there["specialisation", "shift", "gini"])


def test_a_profile_of_some_components() -> None:
    placement = Placement(COMPONENTS, 3)
    importance = np.array([1.0, 1.0, 2.0, 3.0, 1.0, 0.0])
    assert placement.profile(importance).tolist() == [0.5, 0.5]
    assert placement.profile(importance, ~COMPONENTS.is_mlp).tolist() == pytest.approx([1 / 3, 2 / 3])
    assert placement.profile(importance, COMPONENTS.is_mlp).tolist() == [1.0, 0.0]
    assert isinstance(placement.profile(np.zeros(6)), Undefined)


def test_intervals_are_paired_and_find_circuits_anew(evidence: Callable[..., Evidence]) -> None:
    scores = [evidence(seed).scores for seed in (1, 2)]
    arm, mdm = (one.attribution for one in scores)
    placement = Placement(Components(arm.graph), 25)
    found = placement.estimates(*scores, drawn(seed=5))
    names = (
        ("mass", "shift", "early_share"),
        ("edges", "arm", "mean_depth"),
        ("specialisation", "mdm", "gini"),
    )
    draws = {name: [] for name in names}
    for weight in cluster_weights(CLUSTERS, 40, 5):
        resampled = placement(
            *(np.tensordot(weight, one.score_sums, 1) / (weight @ one.counts) for one in (arm, mdm))
        )
        for name in names:
            draws[name].append(resampled[name])
    whole = placement(arm.scores(), mdm.scores())
    # Groups are drawn within each template.
    wider = stats.t.isf(0.025, len(CLUSTERS) - len(set(CLUSTERS))) / stats.norm.isf(0.025)
    for name in names:
        estimate = found[name]
        assert isinstance(estimate, Estimate)
        bounds = whole[name] + wider * (np.quantile(draws[name], [0.025, 0.975]) - np.median(draws[name]))
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx((whole[name], *bounds))


def test_identical_members_shift_by_nothing_at_all(evidence: Callable[..., Evidence]) -> None:
    scores = evidence(1).scores
    placement = Placement(Components(scores.graph), 25)
    found = placement.estimates(scores, scores, drawn(seed=0))
    shifts = {name: value for name, value in found.items() if name.of == "shift" and "ratio" not in name.name}
    assert len(shifts) > 14
    assert all((one.value, one.low, one.high) == (0, 0, 0) for one in shifts.values())


def test_what_has_no_number_has_a_reason() -> None:
    placement = Placement(COMPONENTS, 1, ((), ("m1",)))
    found = placement(scores_of(input__logits=1.0), scores_of(a0_h0__m0=1.0))
    reasons = {name: value.reason for name, value in found.items() if isinstance(value, Undefined)}
    assert reasons["mass", "arm", "early_share"] == "no layer holds any importance"
    assert reasons["mass", "shift", "early_share"] == "no layer holds any importance"
    assert reasons["specialisation", "arm", "gini"] == "all importance is 0"
    assert found["importance", "mdm", "m1"] == 0
    assert ("specialisation", "mdm", "gini") not in reasons
