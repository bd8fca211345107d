"""Which differences another processor's rounding explains."""

from typing import Any

import pytest

from mechshift.benchmark.run.differences import compare_contents

REASON = "the sum of squared scores, 0.1669 [-0.003578, 0.3373], is not known to within half of itself"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (1.0, 1.0 + 1e-10),
        (1e6, 1e6 * (1 + 1e-10)),
        (0.0, 1e-12),
        (REASON, REASON.replace("-0.003578", "-0.003579")),
        (REASON, REASON.replace("0.1669", "0.167")),
    ],
    ids=["one", "a million", "zero", "a reason's last digit", "a reason's digits"],
)
def test_the_last_digits_are_rounding(found: Any, expected: Any) -> None:
    for one, other in ((found, expected), (expected, found)):
        differences = compare_contents({"a": [one]}, {"a": [other]})
        assert (differences.real, differences.rounded) == ((), True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (1.0, 1.0 + 1e-8),
        (1, 2),
        (True, False),
        (REASON, REASON.replace("-0.003578", "-0.003581")),
        (REASON, REASON.replace("half", "a third")),
        ("5 of 200 resamples", "6 of 200 resamples"),
        (None, 0.0),
        ([1.0], [1.0, 1.0]),
    ],
    ids=["1e-8", "whole", "flag", "more digits", "words", "counted", "nothing", "longer"],
)
def test_all_else_is_real(found: Any, expected: Any) -> None:
    differences = compare_contents({"a": found}, {"a": expected})
    (real,) = differences.real
    assert (real.place, real.found, real.expected) == ("a", found, expected)
    assert str(real) == f"a: the record says {found!r}, its cells {expected!r}"


def test_the_same_is_no_difference() -> None:
    content = {"a": [1.0, {"b": REASON}]}
    assert compare_contents(content, {"a": [1.0, {"b": REASON}]}).rounded is False


@pytest.mark.parametrize(("name", "real"), [("comparison", False), ("scores-arm", True), ("unknown", True)])
def test_beside_rounded_numbers_only_digests_of_computed_cells_may_differ(name: str, real: bool) -> None:
    def content(value: float, digest: str) -> dict[str, Any]:
        return {"value": value, "cells": {name: {"digest": digest}}}

    rounded = compare_contents(content(1.0, "a"), content(1.0 + 1e-12, "b"))
    assert bool(rounded.real) is real
    assert compare_contents(content(1.0, "a"), content(1.0, "b")).real
