from dataclasses import replace

import pytest

from mechshift.benchmark.admission.checks import Check, checks_of
from mechshift.benchmark.pairs.pair import Pair
from mechshift.errors import PairError

OF_A_MEMBER = ["finite", "projections", "attention", "residual stream", "gradient"]


def test_every_check_is_made_of_the_pair_and_of_each_member(tiny: Pair) -> None:
    assert [(check.name, check.subject) for check in checks_of(tiny)] == [
        ("mask token", "MDM"),
        *((name, "ARM") for name in OF_A_MEMBER),
        *((name, "MDM") for name in OF_A_MEMBER),
        ("behaviour", "MDM"),
    ]


def test_a_sound_pair_passes_every_check(tiny: Pair) -> None:
    findings = [check.make() for check in checks_of(tiny)]
    assert {finding.verdict for finding in findings} == {"passed"}
    assert findings[0].detail == f"id {tiny.mdm.mask_id}, no ordinary one"
    assert findings[-1].detail.startswith("fills 34 of ")


def test_a_failing_check_raises_with_its_name() -> None:
    def look() -> tuple[str, str]:
        raise PairError("problem", "remedy")

    with pytest.raises(PairError) as caught:
        Check("gradient", "MDM", look).make()  # type: ignore[arg-type]
    assert caught.value.check == "gradient"


def test_a_mask_token_outside_the_embedding_fails(tiny: Pair) -> None:
    beyond = replace(tiny, mdm=replace(tiny.mdm, mask_id=tiny.mdm.backbone.shape.vocabulary))
    with pytest.raises(PairError, match="outside the MDM's vocabulary") as caught:
        checks_of(beyond)[0].make()
    assert caught.value.check == "mask token"


def test_an_ordinary_mask_token_is_said(tiny: Pair) -> None:
    assert "prompts may not hold" in checks_of(replace(tiny, ordinary_mask=True))[0].make().detail


def test_a_control_is_called_so_and_passes(continued: Pair) -> None:
    assert [member.called for member in continued.members] == ["ARM", "control"]
    findings = [check.make() for check in checks_of(continued)]
    assert findings[-1].subject == "control"
    assert "failed" not in {finding.verdict for finding in findings}
