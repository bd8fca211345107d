"""Whose value carries the sign of a mean."""

from typing import Any

import pytest

from build.records import a_comparison, a_record, a_task, number
from mechshift.benchmark.record import statements
from mechshift.benchmark.record.means import Summary
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.statements import RowDoubts
from mechshift.benchmark.record.summary import summarise

DECLARED = {each.name: each for each in pair_quantities()}
EARLY = DECLARED["early_shift_local"]


def record_of(**early: float | None) -> Record:
    tasks = tuple(
        a_task(
            name.replace("_", "-"),
            "local",
            a_comparison(
                depth_shift={"early_share": Missing(missing="none") if value is None else number(value, 0.01)}
            ),
        )
        for name, value in early.items()
    )
    return a_record(tasks=tasks, summary=summarise(tasks, ()))


@pytest.mark.parametrize(
    ("early", "carriers"),
    [
        ({"ioi": 0.5, "induction": -0.1, "agreement": -0.1}, ("ioi",)),
        ({"ioi": 0.5, "induction": 0.2, "agreement": -0.1}, ()),
        ({"ioi": -0.4, "induction": 0.25, "agreement": 0.25}, ("induction", "agreement")),
        # What is left is 0, and has no sign.
        ({"ioi": 0.5, "induction": -0.25, "agreement": 0.25}, ("ioi",)),
        # No value is left that could have another sign.
        ({"ioi": 0.5}, ()),
        ({"ioi": 0.5, "induction": None}, ()),
    ],
)
def test_a_task_without_which_the_sign_is_gone_carries_it(
    early: dict[str, float | None], carriers: tuple[str, ...]
) -> None:
    assert RowDoubts(record_of(**early)).carriers(EARLY) == carriers


def test_summaries_are_made_once_for_all_values_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    record, made = a_record(), 0

    def counted(*given: Any, **options: Any) -> Summary:
        nonlocal made
        made += 1
        return summarise(*given, **options)

    monkeypatch.setattr(statements, "summarise", counted)
    doubts = RowDoubts(record)
    for _ in range(2):
        assert any(doubts.of(quantity) for quantity in pair_quantities())
    assert made == len(record.tasks)


def test_a_kind_of_which_one_task_less_leaves_no_spread_has_no_carriers() -> None:
    """Two tasks of each kind: without any there is no interval for other tasks, and so no other sign."""
    two = ("ioi", "agreement", "greater-than", "arithmetic", "infilling", "article", "countdown", "sudoku")
    values = dict(zip(two, (0.91, 0.89, 0.92, 0.88, 0.41, 0.39, 0.42, 0.38), strict=True))
    tasks = tuple(
        a_task(name, comparison=a_comparison(structure={"standardised": number(value, 0.01)}))
        for name, value in values.items()
    )
    record = a_record(tasks=tasks, summary=summarise(tasks, ()))
    across = DECLARED["task_dependent_shift_across"]
    assert across.of(record.summary).value == pytest.approx(0.5)  # type: ignore[union-attr]
    assert RowDoubts(record).carriers(across) == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("early_shift_local", "the interval of the value by mass contains 0"),
        ("early_shift_planning", ""),
        ("specialisation_shift_local", ""),
        ("specialisation_shift_planning", "the two weightings disagree in sign"),
        ("right_context_local", "the interval of the value by squared mass contains 0"),
        ("right_context_planning", ""),
        # What has no other weighting is not asked for one.
        ("early_shift_squared_local", ""),
        ("task_dependent_shift", ""),
    ],
)
def test_a_shift_is_stated_where_both_weightings_agree(name: str, reason: str) -> None:
    assert RowDoubts(a_record()).why_not_stated(DECLARED[name]) == reason
