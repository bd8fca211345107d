"""τ* by loops, at its fixed points, and its interval's coverage."""

from statistics import mean

import numpy as np
import pytest

from mechshift.metrics import Estimate, Undefined, circuit_transfer, cluster_weights

GENERATOR = np.random.default_rng(0)
PROMPTS = 40
FULL = GENERATOR.normal(5, 1, PROMPTS)
EMPTY = GENERATOR.normal(-5, 1, PROMPTS)
OWN, OTHER, *CROSS = (EMPTY + share * (FULL - EMPTY) for share in (0.9, 0.6, 0.1, 0.3, 0.2))
TEMPLATES = np.arange(PROMPTS) % 4


def value(of: Estimate | Undefined) -> float:
    assert isinstance(of, Estimate), of
    return of.value


def by_loops(weights: np.ndarray, own, other, cross, empty, full) -> float:
    def weighted(values: np.ndarray) -> float:
        total = sum(float(weight) * float(each) for weight, each in zip(weights, values, strict=True))
        return total / float(sum(weights))

    def faithful(circuit: np.ndarray) -> float:
        return (weighted(circuit) - weighted(empty)) / (weighted(full) - weighted(empty))

    floor = mean(map(faithful, cross))
    return (faithful(other) - floor) / (faithful(own) - floor)


def test_the_value_and_its_draws_by_loops() -> None:
    noisy = [each + GENERATOR.normal(0, 0.5, PROMPTS) for each in (OWN, OTHER, *CROSS)]
    own, other, *cross = noisy
    found = circuit_transfer(own, other, cross, EMPTY, FULL, TEMPLATES, resamples=20, seed=3)
    of_all = by_loops(np.ones(PROMPTS), own, other, cross, EMPTY, FULL)
    assert value(found.transfer) == pytest.approx(of_all)
    assert isinstance(found.transfer, Estimate)
    assert found.transfer.draws is not None
    rows = cluster_weights(TEMPLATES, 20, 3)
    assert found.transfer.draws == pytest.approx(
        [by_loops(row, own, other, cross, EMPTY, FULL) for row in rows]
    )


def test_the_parts_are_what_was_built() -> None:
    found = circuit_transfer(OWN, OTHER, CROSS, EMPTY, FULL, TEMPLATES)
    parts = [value(each) for each in (found.own, found.other, found.cross, found.margin, found.transfer)]
    assert parts == pytest.approx([0.9, 0.6, 0.2, 0.7, 4 / 7])


def test_one_circuit_twice_is_1_and_another_tasks_is_0() -> None:
    assert value(circuit_transfer(OWN, OWN, CROSS, EMPTY, FULL, TEMPLATES).transfer) == pytest.approx(1)
    alone = circuit_transfer(OWN, CROSS[0], CROSS[:1], EMPTY, FULL, TEMPLATES)
    assert value(alone.transfer) == pytest.approx(0)


def test_units_and_origin_of_the_metric_do_not_matter() -> None:
    arrays = (OWN, OTHER, CROSS, EMPTY, FULL)
    once = circuit_transfer(*arrays, TEMPLATES)
    again = circuit_transfer(*(np.asarray(each) * -3 + 7 for each in arrays), TEMPLATES)
    assert value(again.transfer) == pytest.approx(value(once.transfer))


def test_without_another_task_there_is_faithfulness_and_no_transfer() -> None:
    found = circuit_transfer(OWN, OTHER, [], EMPTY, FULL, TEMPLATES)
    assert (value(found.own), value(found.other)) == pytest.approx((0.9, 0.6))
    for missing in (found.cross, found.margin, found.transfer):
        assert missing == Undefined("there is no circuit of another task")


def test_an_own_circuit_that_earns_nothing_gives_no_transfer() -> None:
    noise = GENERATOR.normal(0, 3, PROMPTS)
    found = circuit_transfer(CROSS[0] + noise, OTHER, CROSS, EMPTY, FULL, TEMPLATES)
    assert isinstance(found.transfer, Undefined)
    assert "does not clearly more" in found.transfer.reason
    assert isinstance(found.other, Estimate)
    below = circuit_transfer(CROSS[0], OTHER, CROSS, EMPTY, FULL, TEMPLATES)
    assert isinstance(below.transfer, Undefined)


def test_a_model_without_a_gap_gives_nothing() -> None:
    found = circuit_transfer(OWN, OTHER, CROSS, EMPTY, EMPTY, TEMPLATES)
    assert all(isinstance(each, Undefined) for each in (found.own, found.other, found.cross, found.transfer))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"own": []}, "own"),
        ({"other": OTHER[:-1]}, "other"),
        ({"cross": [each[:-1] for each in CROSS]}, "cross's prompts"),
        ({"full": np.where(np.arange(PROMPTS) == 3, np.nan, FULL)}, "full"),
        ({"cross": CROSS[0]}, "cross"),
        ({"clusters": TEMPLATES[:-1]}, "clusters"),
    ],
    ids=["no prompt", "fewer prompts", "fewer crossed", "NaN", "crossed of one axis", "fewer templates"],
)
def test_bad_input_is_an_error(changes: dict[str, object], message: str) -> None:
    given = {"own": OWN, "other": OTHER, "cross": CROSS, "empty": EMPTY, "full": FULL, "clusters": TEMPLATES}
    with pytest.raises(ValueError, match=message):
        circuit_transfer(**{**given, **changes})


def test_intervals_hold_the_true_value() -> None:
    """Of 200 samples of 64 prompts; a binomial count of 190 ± 3 standard deviations."""
    generator, held = np.random.default_rng(1), 0
    for trial in range(200):
        gap = generator.gamma(4, 2, 64)
        runs = [gap * share + generator.normal(0, 1.5, 64) for share in (0.9, 0.6, 0.1, 0.3)]
        found = circuit_transfer(runs[0], runs[1], runs[2:], 0 * gap, gap, range(64), seed=trial).transfer
        assert isinstance(found, Estimate)
        held += found.low <= 4 / 7 <= found.high
    assert 181 <= held <= 199
