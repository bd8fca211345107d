"""Concentration of single components' effects, against loops and against cases that are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mechshift.metrics import (
    ComponentEffects,
    Estimate,
    Undefined,
    cluster_weights,
    compared_effects,
    effect_concentration,
)

GENERATOR = np.random.default_rng(0)
GROUPS, COMPONENTS = 8, 6
CLUSTERS = np.arange(GROUPS) // 2
CIRCUIT = np.array([True, False, True, True, False, False])
ORDERS = [
    list(row)
    for row in (lambda g: [g.permutation(COMPONENTS) for _ in range(20)])(np.random.default_rng([4, 3]))
]


def made(shift: float, circuit: np.ndarray = CIRCUIT) -> ComponentEffects:
    sums = GENERATOR.normal(shift, 1, (2, GROUPS, COMPONENTS))
    return ComponentEffects(sums[0], sums[1], GENERATOR.normal(20, 1, GROUPS), np.zeros(GROUPS), circuit)


ARM, MDM = made(1.0), made(2.0, np.array([True, True, True, True, True, False]))


def share(effects: list[float]) -> float:
    return max(abs(one) for one in effects) / sum(abs(one) for one in effects)


def entropy(effects: list[float]) -> float:
    total = sum(abs(one) for one in effects)
    parts = [abs(one) / total for one in effects]
    return -sum(p * math.log(p) for p in parts if p) / math.log(len(parts))


def slow(effects: np.ndarray, circuit: np.ndarray, largest: object) -> dict[str, float]:
    found = {}
    size = int(circuit.sum())
    for name, of in (("largest", largest), ("entropy", entropy)):
        found[name] = of(list(effects))
        found[f"{name}_circuit"] = of([effects[v] for v in range(COMPONENTS) if circuit[v]])
        sets = [of([effects[v] for v in order[:size]]) for order in ORDERS]
        found[f"{name}_random"] = sum(sets) / len(sets)
        found[f"{name}_excess"] = found[f"{name}_circuit"] - found[f"{name}_random"]
    return found


def slow_member(one: ComponentEffects, weights: np.ndarray) -> dict[str, float]:
    gap = weights @ (one.clean - one.corrupted)
    direct = slow(weights @ one.direct, one.circuit, share)
    drop = slow(weights @ one.drops / gap, one.circuit, max)
    return {f"direct_{k}": v for k, v in direct.items()} | {f"drop_{k}": v for k, v in drop.items()}


@pytest.mark.parametrize(("largest", "of"), [("share", share), ("effect", max)])
def test_of_all_of_the_circuit_and_of_random_sets(largest: str, of: object) -> None:
    effects = GENERATOR.normal(size=COMPONENTS)
    found = effect_concentration(effects, CIRCUIT, largest, draws=20, seed=4)
    assert found == pytest.approx(slow(effects, CIRCUIT, of))


def test_both_models_and_their_shift_in_every_resample() -> None:
    found = compared_effects(ARM, MDM, CLUSTERS, draws=20, resamples=6, seed=4)
    assert len(found) == 3 * 16
    rows = [np.ones(GROUPS), *cluster_weights(CLUSTERS, 6, 4)]
    arm, mdm = ([slow_member(one, row) for row in rows] for one in (ARM, MDM))
    for (of, name), estimate in found.items():
        assert isinstance(estimate, Estimate)
        values = [
            {"arm": a[name], "mdm": b[name], "shift": b[name] - a[name]}[of]
            for a, b in zip(arm, mdm, strict=True)
        ]
        assert estimate.value == pytest.approx(values[0])
        assert estimate.draws == pytest.approx(np.array(values[1:]))


def test_one_component_does_everything() -> None:
    found = effect_concentration([0, 0, 2.5, 0], [False, True, True, False])
    assert (found["largest"], found["entropy"]) == (1.0, 0.0)
    assert (found["largest_circuit"], found["entropy_circuit"]) == (1.0, 0.0)
    # Half of the sets of two hold nothing and are left out; the others are as concentrated.
    assert (found["largest_random"], found["entropy_random"]) == (1.0, 0.0)


def test_two_components_share_equally() -> None:
    found = effect_concentration([0, 1.5, -1.5, 0], [False, True, True, False], "effect")
    assert (found["largest"], found["entropy"]) == (1.5, pytest.approx(0.5))
    assert found["entropy_circuit"] == pytest.approx(1)
    assert found["entropy_excess"] > 0


def test_a_circuit_of_all_components_exceeds_nothing() -> None:
    found = effect_concentration(GENERATOR.normal(size=5), np.ones(5, bool))
    for name in ("largest", "entropy"):
        assert found[name] == pytest.approx(found[f"{name}_circuit"])
        assert found[f"{name}_excess"] == pytest.approx(0, abs=1e-12)


def test_what_has_no_number_has_a_reason() -> None:
    none = effect_concentration(np.zeros(4), [True, True, False, False])
    assert all(isinstance(value, Undefined) for value in none.values())
    alone = effect_concentration([1.0, 2.0], [True, False])
    assert alone["entropy_circuit"] == Undefined("a single component has no distribution")
    assert alone["largest_circuit"] == 1.0
    empty = effect_concentration([1.0, 2.0], [False, False])
    assert empty["largest_excess"] == Undefined("the circuit touches no component")
    assert empty["largest"] == pytest.approx(2 / 3)


def test_drops_without_a_gap_are_undefined_and_direct_effects_are_not() -> None:
    found = compared_effects(replace(ARM, corrupted=ARM.clean), MDM, CLUSTERS, draws=3, resamples=3)
    assert isinstance(found["arm", "drop_largest"], Undefined)
    assert isinstance(found["shift", "drop_entropy"], Undefined)
    assert isinstance(found["arm", "direct_largest"], Estimate)


def test_a_model_compared_with_itself_shifts_by_nothing() -> None:
    found = compared_effects(ARM, ARM, CLUSTERS, draws=5, resamples=5)
    for (of, _), estimate in found.items():
        if of == "shift":
            assert (estimate.low, estimate.value, estimate.high) == (0, 0, 0)


def test_scale_moves_no_share_and_no_drop_of_f() -> None:
    large = ComponentEffects(
        *(1e200 * np.asarray(one) for one in (ARM.direct, ARM.drops, ARM.clean, ARM.corrupted)), ARM.circuit
    )
    found = compared_effects(ARM, large, CLUSTERS, draws=5, resamples=5)
    for (of, name), estimate in found.items():
        if of == "shift":
            assert estimate.value == pytest.approx(0, abs=1e-9), name


BAD = {
    "NaN": lambda: compared_effects(replace(ARM, drops=np.nan * ARM.drops), MDM, CLUSTERS),
    "drops of other components": lambda: compared_effects(
        replace(ARM, drops=ARM.drops[:, 1:]), MDM, CLUSTERS
    ),
    "a circuit of other components": lambda: compared_effects(
        replace(ARM, circuit=CIRCUIT[1:]), MDM, CLUSTERS
    ),
    "other groups": lambda: compared_effects(ARM, MDM, CLUSTERS[1:]),
    "metrics of other groups": lambda: compared_effects(replace(ARM, clean=ARM.clean[1:]), MDM, CLUSTERS),
    "members of other groups": lambda: compared_effects(
        ARM, ComponentEffects(*(np.ones((2, 6)),) * 2, np.ones(2), np.zeros(2), CIRCUIT), CLUSTERS
    ),
    "a circuit of numbers": lambda: effect_concentration([1.0, 2.0], [1, 0]),
    "no draws": lambda: effect_concentration([1.0, 2.0], [True, False], draws=0),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BAD[case]()
