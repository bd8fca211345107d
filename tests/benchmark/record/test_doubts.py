"""What a record doubts about itself is said with what was found."""

import pytest

from build.records import a_comparison, a_pair, a_record, a_task
from mechshift.benchmark.record.comparison import IntegrationRecord
from mechshift.benchmark.record.doubts import integration_doubts
from mechshift.benchmark.record.record import Record

FAILED = IntegrationRecord(
    points=40, residuals=(0.5, 0.2, 0.1, 0.004), changes=(0.1, 0.05, 0.0221), converged=False
)


def record_of(search: IntegrationRecord, control: bool = False) -> Record:
    comparison = a_comparison()
    second = comparison.mdm.model_copy(update={"integration": search})
    tasks = (a_task("ioi", comparison=comparison.model_copy(update={"mdm": second})),)
    return a_record(tasks=tasks, pair=a_pair("tiny").model_copy(update={"control": control}))


def test_a_search_that_succeeded_or_that_there_was_none_of_leaves_no_doubt() -> None:
    assert integration_doubts(record_of(FAILED.model_copy(update={"converged": True}))) == []
    assert integration_doubts(record_of(IntegrationRecord(points=5))) == []


@pytest.mark.parametrize(("control", "name"), [(False, "MDM"), (True, "control")])
def test_a_search_that_failed_is_told_with_what_it_saw_last(control: bool, name: str) -> None:
    assert integration_doubts(record_of(FAILED, control)) == [
        f"ioi: the edge scores of the {name} had not converged with 40 integration points "
        "(2.2 % of the top edges changed at last; the completeness residual is 0.4 %)"
    ]


@pytest.mark.parametrize(
    ("residuals", "changes", "said"),
    [
        (
            (0.1, None),
            (0.1,),
            "(10.0 % of the top edges changed at last; the completeness residual is not defined)",
        ),
        ((0.031,), (), "(the completeness residual is 3.1 %)"),
    ],
)
def test_of_a_short_search_or_an_undefined_residual_the_rest_is_said(
    residuals: tuple[float | None, ...], changes: tuple[float, ...], said: str
) -> None:
    search = IntegrationRecord(points=10, residuals=residuals, changes=changes, converged=False)
    assert integration_doubts(record_of(search))[0].endswith(said)
