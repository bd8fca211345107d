"""A pair's row, by hand."""

from math import sqrt
from types import SimpleNamespace
from typing import Any

import pytest

from mechshift.benchmark.record import Behaviour, Measured, Missing, Number, Summary
from mechshift.benchmark.summary import summarise


def task(
    suite: str,
    overlap: Measured,
    early: Measured | None = None,
    special: Measured | None = None,
    areas: tuple[Measured, Measured] | None = None,
    solved: tuple[int, int] = (8, 4),
) -> Any:
    """As much of a task's record as a summary looks at."""
    anything = Number(value=0.1, low=0.0, high=0.2)
    arm, mdm = areas or (anything, anything)
    return SimpleNamespace(
        suite=suite,
        pool=SimpleNamespace(
            arm=Behaviour(solved=solved[0], tried=10), mdm=Behaviour(solved=solved[1], tried=10)
        ),
        comparison=SimpleNamespace(
            compared=SimpleNamespace(edge=SimpleNamespace(normalised=overlap)),
            depth_shift={"early_share": early or anything},
            specialisation_shift={"specialisation": special or anything},
            arm=SimpleNamespace(absolute=SimpleNamespace(log_area=arm)),
            mdm=SimpleNamespace(absolute=SimpleNamespace(log_area=mdm)),
        ),
    )


def bounds(value: Measured) -> tuple[float | None, ...]:
    assert isinstance(value, Number), value
    return value.value, value.low, value.high


LOCAL = Number(value=0.6, low=0.5, high=0.8), Number(value=0.8, low=0.6, high=0.9)
PLANNING = Number(value=0.2, low=0.1, high=0.4), Number(value=0.1, low=0.0, high=0.4)


@pytest.fixture
def whole() -> Summary:
    return summarise(
        [
            task("local", LOCAL[0], areas=(Number(value=0.9, low=0.8, high=1.0), LOCAL[0])),
            task("planning", PLANNING[0], early=Number(value=-0.2, low=-0.3, high=0.1), solved=(10, 6)),
            task("local", LOCAL[1]),
            task("planning", PLANNING[1], early=Number(value=0.4, low=0.1, high=0.5), solved=(6, 2)),
        ],
        200,
    )


def test_means_of_a_suite_with_movers_intervals(whole: Summary) -> None:
    local = 0.7 - sqrt(0.1**2 + 0.2**2) / 2, 0.7 + sqrt(0.2**2 + 0.1**2) / 2
    planning = 0.15 - sqrt(0.1**2 + 0.1**2) / 2, 0.15 + sqrt(0.2**2 + 0.3**2) / 2
    assert bounds(whole.overlap["local"]) == pytest.approx((0.7, *local))
    assert bounds(whole.overlap["planning"]) == pytest.approx((0.15, *planning))
    early = 0.1 - sqrt(0.1**2 + 0.3**2) / 2, 0.1 + sqrt(0.3**2 + 0.1**2) / 2
    assert bounds(whole.early_shift["planning"]) == pytest.approx((0.1, *early))


def test_the_task_dependent_shift_is_local_less_planning(whole: Summary) -> None:
    below = sqrt((0.1**2 + 0.2**2) / 4 + (0.2**2 + 0.3**2) / 4)
    above = sqrt((0.2**2 + 0.1**2) / 4 + (0.1**2 + 0.1**2) / 4)
    assert bounds(whole.task_dependent_shift) == pytest.approx((0.55, 0.55 - below, 0.55 + above))


def test_faithfulness_is_over_all_tasks_and_accuracy_by_suite(whole: Summary) -> None:
    assert whole.faithfulness["arm"].value == pytest.approx((0.9 + 3 * 0.1) / 4)
    assert whole.faithfulness["mdm"].value == pytest.approx((0.6 + 3 * 0.1) / 4)
    assert whole.accuracy_arm["local"].value == pytest.approx(0.8)
    assert whole.accuracy_arm["planning"].value == pytest.approx(0.8)
    assert whole.accuracy_mdm["planning"].value == pytest.approx(0.4)


def test_one_missing_value_makes_its_means_missing_with_its_reason() -> None:
    reason = Missing(missing="the split-half ceiling does not exceed the floor")
    found = summarise([task("local", LOCAL[0]), task("local", reason), task("planning", PLANNING[0])], 200)
    assert found.overlap["local"] == found.task_dependent_shift == reason
    assert bounds(found.overlap["planning"]) == pytest.approx((0.2, 0.1, 0.4))
    assert isinstance(found.early_shift["local"], Number)


def test_a_suite_without_tasks_is_missing() -> None:
    found = summarise([task("planning", PLANNING[0])], 200)
    nothing = Missing(missing="no task of this suite")
    assert found.overlap["local"] == found.accuracy_arm["local"] == found.accuracy_mdm["local"] == nothing
    assert found.early_shift["local"] == found.specialisation_shift["local"] == nothing
    assert found.task_dependent_shift == nothing
    assert isinstance(found.accuracy_arm["planning"], Number)


def test_a_value_without_an_interval_gives_a_mean_without_one() -> None:
    found = summarise(
        [task("local", LOCAL[0], special=Number(value=0.3)), task("local", LOCAL[1], special=LOCAL[0])], 200
    )
    assert bounds(found.specialisation_shift["local"]) == (pytest.approx(0.45), None, None)
