"""The report on a pair, against findings and movements made by hand."""

import torch

from mechshift.benchmark.admission.behaviour import Behaviour
from mechshift.benchmark.admission.checks import CheckResult
from mechshift.benchmark.admission.examination import Examination
from mechshift.benchmark.admission.fill import Fill
from mechshift.benchmark.admission.report import as_json, render
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.spec import declare_pair

SPEC = declare_pair("org/arm", "org/mdm", name="mine")


def fill(shift: bool, *log_probability: float) -> Fill:
    values = torch.tensor(log_probability)
    return Fill(shift, Attention("full"), 7, values, values > -1, ("a", "b"))


BEHAVIOUR = Behaviour((fill(False, -3.0, -0.5), fill(True, -0.25, -0.5)), (fill(False, -3.0, -0.5),))


def examined(verdict: str, behaviour: Behaviour | None = None) -> Examination:
    finding = CheckResult("behaviour", "MDM", verdict, "as found")  # type: ignore[arg-type]
    return Examination(SPEC, (finding,), None, behaviour)


def test_a_line_says_what_a_check_found() -> None:
    assert "behaviour  MDM   failed     as found" in render(examined("failed"))


def test_gaps_are_listed_best_way_first_and_the_declared_marked() -> None:
    lines = render(examined("failed", BEHAVIOUR)).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("How gaps"))
    assert "right of 2" in lines[start + 1]
    assert lines[start + 3].split() == ["shift", "full", "2", "-0.38"]
    assert lines[start + 4].split() == ["no", "shift", "full", "1", "-1.75", "declared"]


def test_a_pair_that_was_not_loaded_is_said_to_be_so() -> None:
    assert render(examined("failed")).endswith("mine cannot be loaded; the other checks were not made.")


def test_the_same_is_there_for_programs() -> None:
    found = as_json(examined("failed", BEHAVIOUR))
    assert (found["pair"], found["failed"], found["movement"]) == ("mine", True, [])
    assert found["findings"] == [
        {"check": "behaviour", "subject": "MDM", "verdict": "failed", "detail": "as found"}
    ]
    assert found["fills"][1] == {
        "shift": True,
        "attention": "full",
        "mask_id": 7,
        "right": 2,
        "of": 2,
        "log_probability": -0.375,
    }
    assert as_json(examined("passed"))["fills"] == []


def test_what_is_no_number_is_null_for_programs() -> None:
    nan = Behaviour((fill(False, float("nan"), -0.5), fill(True)), ())
    values = [each["log_probability"] for each in as_json(examined("failed", nan))["fills"]]
    assert values == [None, None]
