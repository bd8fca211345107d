"""The sentences say what the numbers are, whichever way they fall."""

from collections.abc import Callable

import pytest

from mechshift.baselines.report.by_task import TaskContrast
from mechshift.baselines.report.claims import CLAIMS
from mechshift.baselines.report.quantities import EARLY_SHIFT, specialisation_shift
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.spread import Spread, spread
from mechshift.baselines.report.wording import (
    claim_sentence,
    doubtful_sentence,
    left_sentence,
    scratch_sentence,
    seeds_sentence,
    size_sentence,
)
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakePairs = Callable[..., Pairs]
GONE = Missing(missing="too few")


def test_a_claim_and_its_verdicts(make_pairs: MakePairs) -> None:
    assert claim_sentence(CLAIMS[2], make_pairs()) == (
        "**C**, on planning tasks early layers do more, at least twice as much on Countdown: "
        "early shift, planning (claimed: above 0), *holds* in 1, *no more than further training* in 1, "
        "*less than further training* in 1, *not shown* in 3 and *opposite* in 1 of 7 pairs; "
        "ratio of early shares, countdown (claimed: 2 or more), *holds* in 1, "
        "*no more than further training* in 2, *not shown* in 3 and *less than claimed* in 1 of 7 pairs."
    )


def test_what_is_claimed_of_two_quantities_is_said_once(make_pairs: MakePairs) -> None:
    verdicts = (
        "*less than the control* in 1, *not distinguishable from the control* in 1 and "
        "*more than the control* in 5 of 7 pairs"
    )
    assert claim_sentence(CLAIMS[0], make_pairs()) == (
        "**A**, on local tasks the MDM retains the circuit of the ARM: "
        f"Ĵ local, own sizes (claimed: not less than the control's), {verdicts}; "
        f"Ĵ local, one size, {verdicts}."
    )


def test_pairs_without_a_value_are_counted_too(
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
    make_failed_task: Callable[..., FailedTask],
) -> None:
    record = make_record("tiny", (make_task("ioi"),), (make_failed_task("countdown", "too few"),))
    found = claim_sentence(CLAIMS[2], make_pairs({"tiny": record}))
    assert "*opposite* in 1 and *no value* in 1 of 7 pairs; " in found


@pytest.fixture
def spreads(make_pairs: MakePairs) -> list[Spread]:
    """One that exceeds its interval and one that does not."""
    return [spread(each, make_pairs()) for each in (EARLY_SHIFT, specialisation_shift("planning"))]


def test_seeds_beside_intervals(spreads: list[Spread]) -> None:
    assert seeds_sentence(spreads) == (
        "For 1 of 2 quantities the range over the seeds exceeds the mean width of their intervals."
    )


def test_seeds_of_which_nothing_is_known(spreads: list[Spread]) -> None:
    unknown = Spread(EARLY_SHIFT, (GONE, GONE, GONE), GONE, GONE)
    assert seeds_sentence([*spreads, unknown]) == (
        "For 1 of 3 quantities the range over the seeds exceeds the mean width of their intervals; "
        "for 1 it is not known."
    )


def a_contrast(
    task: str, difference: Measured, adjusted: Measured, p: Measured | None = None
) -> TaskContrast:
    return TaskContrast(task, difference, difference, difference, p or adjusted, adjusted)


ABOVE, BELOW = Number(value=0.2, low=0.1, high=0.3), Number(value=-0.2, low=-0.3, high=-0.1)


def test_what_is_left_is_named_with_its_side() -> None:
    found = [
        a_contrast("ioi", ABOVE, Number(value=0.001)),
        a_contrast("countdown", BELOW, Number(value=0.049)),
        a_contrast("sudoku", ABOVE, Number(value=0.05), p=Number(value=0.03)),
        a_contrast("greater-than", GONE, GONE),
    ]
    assert left_sentence("Early shift", found) == (
        "Early shift: of 4 tasks 3 differ from the control before adjustment and 2 after it: "
        "ioi (above) and countdown (below); 1 of them without a value."
    )


def test_how_often_p_and_the_interval_disagree() -> None:
    around = Number(value=0.1, low=-0.1, high=0.3)
    found = [
        a_contrast("ioi", ABOVE, Number(value=0.06)),
        a_contrast("countdown", BELOW, Number(value=0.05)),
        a_contrast("sudoku", BELOW, Number(value=0.09), p=Number(value=0.04)),
        a_contrast("agreement", around, Number(value=0.3)),
        a_contrast("greater-than", GONE, GONE),
    ]
    assert doubtful_sentence(found) == (
        "p decides, and not the interval. It allows for how few units are resampled, and can exceed 0.05 "
        "beside an interval without 0, as in 2 of the 5 lines below."
    )


def test_nothing_left_is_said() -> None:
    found = [a_contrast("ioi", Number(value=0.1, low=-0.1, high=0.3), Number(value=0.7))]
    assert left_sentence("Early shift", found) == (
        "Early shift: of 1 tasks 0 differ from the control before adjustment and 0 after it."
    )


def test_which_quantities_tell_the_base_pair_from_the_one_without_the_arm(make_pairs: MakePairs) -> None:
    # Differences reach 0.042, 0.060 for the task-dependent shift, and 0.42 for the ratio.
    assert scratch_sentence(make_pairs()) == (
        "For 8 of 12 quantities the interval of `tiny` less `tiny-scratch` excludes 0: "
        "Ĵ local, own sizes (above); Ĵ local, one size (above); Ĵ planning, own sizes (above); "
        "Ĵ planning, one size (above); overlap shift, own sizes (above); "
        "overlap shift, one size (above); early shift, planning (below); "
        "specialisation shift, local (above)."
    )


def test_quantities_that_the_pair_without_the_arm_lacks_are_counted(
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
    make_failed_task: Callable[..., FailedTask],
) -> None:
    record = make_record("tiny-scratch", (make_task("ioi"),), (make_failed_task("countdown", "too few"),))
    assert scratch_sentence(make_pairs({"tiny-scratch": record})).endswith("; for 8 it is not known.")


def test_the_one_size_and_whose_circuits_are_larger(
    make_pairs: MakePairs, make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]
) -> None:
    whole = make_record("tiny-block", (make_task("ioi"), make_task("countdown", edges=1000)))
    assert size_sentence(make_pairs({"tiny-block": whole})) == (
        "The one size is 100 of 1,000 edges. In 1 of 28 comparisons the circuits of that size are not both "
        "faithful: countdown in `tiny-block`."
    )


def test_where_all_circuits_are_faithful_none_is_named(make_pairs: MakePairs) -> None:
    assert size_sentence(make_pairs()).endswith(
        "In 0 of 28 comparisons the circuits of that size are not both faithful."
    )
