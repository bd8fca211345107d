"""Records as files: the same when read back, and nothing in them that is not declared or not a number."""

import json
import math
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from build import records
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.comparison import Component
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy, Number, measured
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.metrics import Estimate, Undefined


@pytest.fixture(scope="module")
def record(evidence: Callable[..., Evidence], small_protocol: Callable[..., Protocol]) -> Record:
    protocol = small_protocol(circuit_edges=30)
    compared = compare(evidence(1), evidence(2), protocol.sweeping, protocol.compared, protocol.statistics)
    done = records.a_task("ioi", comparison=compared)
    failed = records.a_failed_task("countdown", "ARM solves 3 of 500")
    return records.a_record(
        protocol=protocol,
        tasks=(done,),
        failed=(failed,),
        reductions=("task countdown gave no comparison",),
        summary=summarise([done], [failed]),
    )


def test_a_record_is_the_same_when_read_back(record: Record) -> None:
    text = record.model_dump_json()
    again = Record.model_validate_json(text)
    assert again == record
    assert again.model_dump_json() == text
    assert again.protocol == record.protocol
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is in the file"))


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where the objects of a JSON value are."""
    if isinstance(value, dict):
        return [path, *(place for key, inner in value.items() for place in places(inner, (*path, key)))]
    if isinstance(value, list):
        return [place for index, inner in enumerate(value) for place in places(inner, (*path, index))]
    return []


FREE = ("unfit", "movement", "cells", "depth", "depth_edges", "specialisation", "depth_shift")
FREE += (
    "depth_shift_edges",
    "specialisation_shift",
    "accuracy_arm",
    "accuracy_mdm",
    "overlap",
    "early_shift",
)
FREE += ("faithfulness",)
"""Fields whose names are data."""


def test_a_field_that_is_not_declared_is_refused_everywhere(record: Record) -> None:
    content = json.loads(record.model_dump_json())
    # A component of every kind is enough: of sequences the first.
    tried = [
        place for place in places(content) if all(part in (0,) or isinstance(part, str) for part in place)
    ]
    assert len(tried) > 80
    for place in tried:
        if place and place[-1] in FREE:
            continue
        changed = json.loads(record.model_dump_json())
        target = changed
        for part in place:
            target = target[part]
        target["invented"] = 1
        with pytest.raises(ValidationError, match="invented"):
            Record.model_validate(changed)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_refused(value: float, record: Record) -> None:
    member = record.tasks[0].comparison.arm
    for make in (
        lambda: Number(value=value),
        lambda: Number(value=1.0, low=value),
        lambda: Component(name="a0.h0", share=value),
        lambda: type(member).model_validate(member.model_dump() | {"clean": value}),
        lambda: type(member).model_validate(member.model_dump() | {"profile": (value, 1.0)}),
        lambda: type(record.pair).model_validate(record.pair.model_dump() | {"movement": {"mlp": value}}),
    ):
        with pytest.raises(ValidationError, match="finite"):
            make()


def test_a_missing_value_has_a_reason() -> None:
    with pytest.raises(ValidationError):
        Missing(missing="")
    with pytest.raises(ValidationError):
        Number.model_validate({"value": None})
    with pytest.raises(ValidationError):
        Number.model_validate({"value": 1.0, "missing": "both"})


def test_metrics_results_as_they_stand_in_a_record() -> None:
    assert measured(0.5) == Number(value=0.5)
    assert measured(Undefined("no edge")) == Missing(missing="no edge")
    estimate = Estimate(0.5, 0.4, 0.7, 0.95, 200, 3)
    assert measured(estimate) == Number(value=0.5, low=0.4, high=0.7)


def test_accuracy_is_the_share_solved_of_those_tried() -> None:
    """Wilson's interval of 8 of 10: (.8 + .19207 ± 1.96 √(.016 + .0096037)) / 1.38415."""
    found = Accuracy(solved=8, tried=10).share
    assert isinstance(found, Number)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.49016, 0.94332), abs=1e-5)
    assert isinstance(Accuracy(solved=0, tried=0).share, Missing)


def test_values_are_frozen(record: Record) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        record.schema_version = 3
    with pytest.raises(ValidationError, match="frozen"):
        record.protocol.sampling.pool = 3


@pytest.mark.parametrize(
    "change",
    [{"schema_version": 1}, {"status": "verified"}, {"tasks": [{}]}, {"protocol": V2.name}],
    ids=["schema", "status", "tasks", "protocol"],
)
def test_what_another_version_would_mean_is_refused(change: dict[str, object], record: Record) -> None:
    content = json.loads(record.model_dump_json())
    with pytest.raises(ValidationError):
        Record.model_validate(content | change)
