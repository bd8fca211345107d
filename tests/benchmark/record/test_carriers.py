"""Whose value carries the sign of a mean."""

import pytest

from build.records import a_comparison, a_record, a_task, number
from mechshift.benchmark.record.carriers import sign_carriers
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.types import Missing, Record

EARLY = next(each for each in pair_quantities() if each.name == "early_shift_local")


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
        ({"ioi": 0.5}, ("ioi",)),
        ({"ioi": 0.5, "induction": None}, ()),
    ],
)
def test_a_task_without_which_the_sign_is_gone_carries_it(
    early: dict[str, float | None], carriers: tuple[str, ...]
) -> None:
    assert sign_carriers(record_of(**early), EARLY) == carriers
