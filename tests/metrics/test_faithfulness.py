import math
import warnings

import numpy as np
import pytest

from mechshift.metrics import (
    MIB_SHARES,
    DifferentCurves,
    Undefined,
    areas_of_one_curve,
    cmd,
    cpr,
    faithfulness,
    log_area,
    prompt_faithfulness,
    smallest_budget,
)


def curves() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [np.append(generator.normal(0.6, 0.8, 9), 1.0) for _ in range(50)]


def areas_as_the_benchmark_adds_them_up(values, log: bool) -> tuple[float, float]:
    under, distance = 0.0, 0.0
    for i in range(9):
        x1, x2 = (math.log(x) if log else x for x in MIB_SHARES[i : i + 2])
        under += (x2 - x1) * (values[i] + values[i + 1]) / 2
        distance += (x2 - x1) * (abs(1 - values[i]) + abs(1 - values[i + 1])) / 2
    return under, distance


def test_areas_agree_with_the_benchmark() -> None:
    for curve in curves():
        under, distance = areas_as_the_benchmark_adds_them_up(curve, log=False)
        assert cpr(MIB_SHARES, curve) == pytest.approx(under)
        assert cmd(MIB_SHARES, curve) == pytest.approx(distance)
        under, _ = areas_as_the_benchmark_adds_them_up(curve, log=True)
        assert log_area(MIB_SHARES, curve) == pytest.approx(under / math.log(1000))


def test_areas_of_constant_curves() -> None:
    for level in (0.0, 0.4, 1.0):
        assert log_area(MIB_SHARES, np.full(10, level)) == pytest.approx(level)
        assert cpr(MIB_SHARES, np.full(10, level)) == pytest.approx(0.999 * level)
        assert cmd(MIB_SHARES, np.full(10, level)) == pytest.approx(0.999 * (1 - level))


def test_log_area_weighs_every_doubling_the_same_and_can_be_bounded() -> None:
    assert log_area([0.25, 0.5, 1.0], [1, 0, 0]) == pytest.approx(log_area([0.25, 0.5, 1.0], [0, 0, 1]))
    assert log_area([0.1, 1.0], [3.0, 1.0], bounded=True) == 1.0
    assert log_area([0.1, 1.0], [3.0, 1.0]) == pytest.approx(2.0)


def test_any_one_curve_passes_the_check_and_different_ones_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(areas_of_one_curve(cpr(MIB_SHARES, c), cmd(MIB_SHARES, c)) for c in curves())
    with pytest.warns(DifferentCurves, match="0.8000"):
        assert not areas_of_one_curve(0.6, 0.2)


def test_faithfulness_at_its_ends_and_between() -> None:
    assert faithfulness([-1.0, 1.0, 3.0, 5.0], empty=-1.0, full=3.0).tolist() == [0.0, 0.5, 1.0, 1.5]
    assert faithfulness([2.0, 1.0], empty=2.0, full=0.0).tolist() == [0.0, 0.5]
    assert isinstance(faithfulness([1.0], empty=2.0, full=2.0), Undefined)


def test_prompts_without_a_gap_are_dropped_and_counted() -> None:
    empty, full = np.array([0.0, 0.0, 0.0, 1.0]), np.array([4.0, 2.0, -2.0, 1.01])
    circuit = np.array([[2.0, 2.0, -2.0, 50.0], [0.0, 0.0, -1.0, 0.0]])
    found = prompt_faithfulness(circuit, empty, full)
    assert (found.kept, found.dropped) == (3, 1)
    assert found.mean.tolist() == pytest.approx([(0.5 + 1 + 1) / 3, 0.5 / 3])
    assert found.median.tolist() == pytest.approx([1.0, 0.0])
    assert isinstance(prompt_faithfulness([[1.0]], [2.0], [2.0]), Undefined)


def test_prompts_without_a_gap_may_be_the_most() -> None:
    """Two thirds have no gap but rounding; what is left is judged by its own median."""
    noise = np.float32(3e-7) * np.random.default_rng(0).normal(size=60)
    empty = np.concatenate([4 + noise[:30], noise[30:], np.zeros(30)])
    full = np.concatenate([np.full(30, 4.0), np.zeros(30), np.linspace(1, 2, 30)])
    found = prompt_faithfulness([(empty + full) / 2, full], empty, full)
    assert (found.kept, found.dropped) == (30, 60)
    assert found.mean.tolist() == pytest.approx([0.5, 1.0])
    assert found.median.tolist() == pytest.approx([0.5, 1.0])


def test_a_least_gap_of_0_still_drops_rounding() -> None:
    found = prompt_faithfulness([[1.0, 1.0]], [0.0, 1.0], [2.0, 1.0 + 1e-6], least_gap=0)
    assert (found.kept, found.dropped, found.mean.tolist()) == (1, 1, [0.5])


def logit_difference(readout: np.ndarray, state: np.ndarray, order: np.ndarray) -> float:
    answer, foil = (row[order].astype(np.float32) @ state[order].astype(np.float32) for row in readout)
    return float(answer - foil)


def test_rounding_of_float32_is_no_gap() -> None:
    """A logit difference added up in another order, and one that differs by a thousandth."""
    generator = np.random.default_rng(0)
    for _ in range(200):
        state, readout = generator.normal(size=2048), 5 * generator.normal(size=(2, 2048)) / np.sqrt(2048)
        readout[0] += 15 * state / (state @ state)  # logits of about 15 and 0, give or take 5
        there = logit_difference(readout, state, np.arange(2048))
        back = logit_difference(readout, state, generator.permutation(2048))
        assert isinstance(faithfulness([1.0], there, back), Undefined)
        assert not isinstance(faithfulness([1.0], there, there * 1.001), Undefined)


def test_a_ratio_beyond_all_numbers_is_undefined() -> None:
    assert "beyond" in faithfulness([1e308, 0.0], 0.0, 1e-300).reason
    assert "beyond" in prompt_faithfulness([[1e308, 0.0]], [0.0, 0.0], [1e-300, 1e-300]).reason
    assert faithfulness([-1.7e308, 1.7e308], -1.7e308, 1.7e308).tolist() == [0.0, 1.0]


def test_areas_of_values_near_the_largest_number() -> None:
    assert log_area([0.1, 1.0], [1.7e308, 1.7e308]) == pytest.approx(1.7e308)
    with pytest.raises(ValueError, match="span nothing"):
        log_area([1e-300, float(np.nextafter(1e-300, 1))], [1.0, 1.0])


def test_smallest_budget_asks_every_curve() -> None:
    shares, arm, mdm = [0.01, 0.1, 0.5, 1.0], [0.9, 0.9, 0.9, 1.0], [0.1, 0.84, 0.85, 1.0]
    assert smallest_budget(shares, arm) == 0.01
    assert smallest_budget(shares, arm, mdm) == 0.5
    assert smallest_budget(shares, arm, mdm, threshold=0.95) == 1.0
    found = smallest_budget(shares[:2], arm[:2], mdm[:2])
    assert found == Undefined("faithfulness reaches 0.840 at best and not 0.85")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cpr((0.01, 1.0), [1.0, 1.0]), "from .001 to 1, not 0.01 to 1"),
        (lambda: cmd((0.001, 0.5), [1.0, 1.0]), "from .001 to 1, not 0.001 to 0.5"),
        (lambda: cpr(MIB_SHARES, [np.nan] * 10), "NaN"),
        (lambda: cpr(MIB_SHARES, [1.0]), "shares .10,., curve .1,."),
        (lambda: log_area([1.0], [1.0]), "at least two budgets"),
        (lambda: log_area([0.5, 0.1], [1.0, 1.0]), r"must rise within \(0, 1\], not \[0.5, 0.1\]"),
        (lambda: log_area([0.0, 0.1], [1.0, 1.0]), r"must rise within \(0, 1\], not \[0.0, 0.1\]"),
        (lambda: log_area([], []), "shares is empty"),
        (lambda: faithfulness([], 0.0, 1.0), "circuit is empty"),
        (lambda: faithfulness([1.0], float("nan"), 1.0), "empty holds 1 NaN"),
        (lambda: prompt_faithfulness([[1.0, 2.0]], [1.0], [1.0]), "circuit's prompts .2,., empty .1,."),
        (lambda: prompt_faithfulness([[1.0]], [0.0], [1.0], least_gap=1.0), "least_gap"),
        (lambda: smallest_budget([0.1, 1.0]), "at least one curve"),
        (lambda: smallest_budget([0.1, 1.0], [0.5, 1.0], threshold=float("nan")), "threshold holds 1 NaN"),
        (lambda: areas_of_one_curve(float("nan"), 0.1), "cpr_value"),
        (lambda: areas_of_one_curve(0.9, -0.1), "cmd_value"),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
