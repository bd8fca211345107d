"""A pair looked at from all sides, also where something is wrong with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mechshift.benchmark.admission.examination import Examination, check_pair
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.errors import PairError

STRUCTURAL = ("finite", "projections", "attention", "residual stream", "gradient")


def verdicts(found: Examination) -> dict[tuple[str, str], str]:
    return {(each.check, each.subject): each.verdict for each in found.findings}


def test_a_sound_pair_passes_every_check(tiny: Pair) -> None:
    of_members = ("files", "class", "parameters", "configuration", *STRUCTURAL)
    expected = {(check, member) for check in of_members for member in ("ARM", "MDM")}
    expected |= {("tokens", "pair"), ("backbone", "pair"), ("mask token", "MDM"), ("behaviour", "MDM")}
    found = check_pair(tiny.spec, "cpu")
    assert verdicts(found) == dict.fromkeys(expected, "passed")
    assert not found.failed


def test_a_check_that_fails_does_not_hide_the_others(tiny: Pair) -> None:
    spec = tiny.spec
    found = check_pair(replace(spec, mdm=replace(spec.mdm, shift=False)), "cpu")
    assert [each for each, verdict in verdicts(found).items() if verdict == "failed"] == [
        ("behaviour", "MDM")
    ]
    assert found.failed
    assert "declare --shift --attention full" in found.findings[-1].detail


def test_what_is_declared_otherwise_is_in_the_behaviour(tiny: Pair) -> None:
    spec = tiny.spec
    found = check_pair(replace(spec, mdm=replace(spec.mdm, attention=Attention("causal"))), "cpu")
    assert found.behaviour is not None
    assert str(found.behaviour.declared) == "shift, causal"
    assert str(found.behaviour.better) == "shift, full"


def test_a_pair_that_cannot_be_opened_has_the_reason_alone(tmp_path: Path) -> None:
    spec = get_pair("tiny")
    found = check_pair(replace(spec, mdm=replace(spec.mdm, checkpoint=str(tmp_path))), "cpu")
    assert [(each.check, each.verdict) for each in found.findings] == [("files", "failed")]
    assert "config.json is missing" in found.findings[0].detail
    assert (found.pair, found.behaviour) == (None, None)


@pytest.mark.parametrize("mask_id", [-1, 10**30])
def test_a_mask_token_outside_the_vocabulary_hides_no_other_check(
    mask_id: int, write: Callable[..., Path]
) -> None:
    arm, mdm = write("arm", mask=None), write("mdm", mask=None)
    path = mdm / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mask_token_id": mask_id}))
    found = check_pair(declare_pair(str(arm), str(mdm)), "cpu")
    assert [each for each, verdict in verdicts(found).items() if verdict == "failed"] == [
        ("mask token", "MDM")
    ]
    assert verdicts(found)["behaviour", "MDM"] == "undecided"


def test_the_same_weights_twice_are_told(tiny: Pair) -> None:
    spec = tiny.spec
    found = check_pair(replace(spec, mdm=replace(spec.mdm, checkpoint=spec.arm.checkpoint)), "cpu")
    assert verdicts(found)["files", "pair"] == "undecided"
    assert verdicts(found)["behaviour", "MDM"] == "undecided"


def test_a_device_that_is_not_there_is_an_error_and_no_finding() -> None:
    with pytest.raises(PairError, match="device abacus"):
        check_pair(get_pair("tiny"), "abacus")
