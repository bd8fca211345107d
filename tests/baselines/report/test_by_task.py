"""Task by task: differences and adjusted p-values by hand."""

from collections.abc import Callable

import pytest
from scipy import stats

from mechshift.baselines.report.by_task import TaskContrast, by_task
from mechshift.baselines.report.quantities import OF_TASK
from mechshift.baselines.report.records import Pairs
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

EARLY = OF_TASK["early_shift"]
NAMES = "ioi", "greater-than", "countdown", "sudoku"

# Less 0.10 ± 0.04 of the control: 0.10, 0.06, 0.059 and 0.02, all ± 0.05.
VALUES = 0.20, 0.16, 0.159, 0.12
# Welch's test of two intervals, each of 200 resamples of 15 templates: as well known as from 50 of them.
FREEDOM = 1 / (1 / 14 + 1 / 50)
WELCH = FREEDOM * (0.03**2 + 0.04**2) ** 2 / (0.03**4 + 0.04**4)
# Each reaches as many standard errors as Student's t does for 15 templates.
REACH = stats.t.isf(0.025, 14)
P = [2 * stats.t.sf(REACH * difference / 0.05, WELCH) for difference in (0.10, 0.06, 0.059, 0.02)]


def near(value: float, half: float) -> Number:
    return Number(value=value, low=value - half, high=value + half)


@pytest.fixture
def contrasts(
    make_pairs: Callable[..., Pairs], make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> Callable[..., tuple[TaskContrast, ...]]:
    """The contrasts of these early shifts of the base pair, all of the control being 0.10 ± 0.04."""

    def build(*values: Measured, failed: tuple[FailedTask, ...] = ()) -> tuple[TaskContrast, ...]:
        base = tuple(make_task(name, early=value) for name, value in zip(NAMES, values, strict=False))
        control = tuple(make_task(name, early=near(0.10, 0.04)) for name in NAMES)
        records = {
            "tiny": make_record("tiny", base, failed),
            "tiny-continued": make_record("tiny-continued", control),
        }
        return by_task(EARLY, make_pairs(records))

    return build


def values(measured: list[Measured]) -> list[float]:
    return [each.value for each in measured if isinstance(each, Number)]


def test_differences_by_hand(contrasts: Callable[..., tuple[TaskContrast, ...]]) -> None:
    first = contrasts(*(near(value, 0.03) for value in VALUES))[0]
    assert (first.task, first.value, first.control) == ("ioi", near(0.20, 0.03), near(0.10, 0.04))
    assert isinstance(first.difference, Number)
    assert (first.difference.low, first.difference.high) == pytest.approx((0.05, 0.15))


def test_p_values_are_adjusted_for_the_tasks(contrasts: Callable[..., tuple[TaskContrast, ...]]) -> None:
    found = contrasts(*(near(value, 0.03) for value in VALUES))
    assert values([each.p for each in found]) == pytest.approx(P, rel=1e-5)
    # P[1] times 3 is .054, more than P[2] times 2, which is raised to it.
    by_hand = [4 * P[0], 3 * P[1], 3 * P[1], P[3]]
    assert values([each.adjusted for each in found]) == pytest.approx(by_hand, rel=1e-5)


def test_what_is_left_after_adjustment(contrasts: Callable[..., tuple[TaskContrast, ...]]) -> None:
    found = contrasts(*(near(value, 0.03) for value in VALUES))
    assert [each.left for each in found] == [True, False, False, False]


def test_a_task_without_a_value_counts_and_helps_no_other(
    contrasts: Callable[..., tuple[TaskContrast, ...]], make_failed_task: Callable[..., FailedTask]
) -> None:
    reason = Missing(missing="too few")
    found = contrasts(*(near(v, 0.03) for v in VALUES[:3]), failed=(make_failed_task("sudoku", "too few"),))
    assert (found[3].value, found[3].p, found[3].adjusted, found[3].left) == (reason, reason, reason, False)
    assert values([each.adjusted for each in found])[0] == pytest.approx(4 * P[0], rel=1e-5)


def test_a_value_without_an_interval_has_no_p(
    contrasts: Callable[..., tuple[TaskContrast, ...]],
) -> None:
    found = contrasts(Number(value=0.3), *(near(value, 0.03) for value in VALUES[1:]))
    assert found[0].p == Missing(missing="the value has no interval")
