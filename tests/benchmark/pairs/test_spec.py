from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec, declare_pair
from mechshift.benchmark.pairs.words import Words
from mechshift.errors import PairError, UsageError


def test_a_declared_pair_holds_what_was_declared() -> None:
    pair = declare_pair("a/base", "b/diffusion", shift=False, attention="block:32", mask_token="<|mask|>")
    assert pair.name == "base--diffusion"
    assert pair.arm == MemberSpec("a/base", attention=Attention("causal"), shift=True, mask_token=None)
    assert pair.mdm == MemberSpec("b/diffusion", Attention("block", 32), shift=False, mask_token="<|mask|>")


def test_the_defaults_are_a_shifted_bidirectional_mdm() -> None:
    mdm = declare_pair("a", "b").mdm
    assert (mdm.shift, str(mdm.attention), mdm.mask_token) == (True, "full", None)


def test_a_mask_token_of_digits_is_an_id() -> None:
    assert declare_pair("a", "b", mask_token="811").mdm.mask_token == 811


@pytest.mark.parametrize("arguments", [("", "b"), ("a", " ")])
def test_an_empty_checkpoint_is_a_usage_error(arguments: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="is empty"):
        declare_pair(*arguments)


@pytest.mark.parametrize("arm", [MemberSpec("a", Attention("full")), MemberSpec("a", shift=False)])
def test_an_arm_is_causal_and_shifted(arm: MemberSpec) -> None:
    with pytest.raises(PairError, match="exchanged"):
        PairSpec("p", arm, MemberSpec("b"))


def test_a_control_is_declared_as_the_arm_is() -> None:
    pair = declare_pair("a", "b", control=True)
    assert pair.control
    assert (pair.mdm.attention, pair.mdm.shift) == (pair.arm.attention, pair.arm.shift)
    assert not declare_pair("a", "b").control


@pytest.mark.parametrize("declared", [{"attention": "full"}, {"attention": "block:4"}, {"shift": False}])
def test_a_control_is_declared_no_other_way(declared: dict[str, Any]) -> None:
    with pytest.raises(PairError, match="causal and shifted: leave out what says otherwise"):
        declare_pair("a", "b", control=True, **declared)


def test_an_empty_attention_is_not_the_usual_one() -> None:
    with pytest.raises(UsageError, match="attention '' is not known"):
        declare_pair("a", "b", attention="")


def test_a_revision_is_given_beside_a_hub_id_or_behind_it() -> None:
    beside = declare_pair("a/base", "b/diffusion", revision="step/1000", arm_revision="v2")
    behind = declare_pair("a/base@v2", "b/diffusion@step/1000")
    assert beside == behind
    assert (behind.name, behind.arm) == ("base--diffusion", MemberSpec("a/base", revision="v2"))
    assert (behind.mdm.checkpoint, behind.mdm.revision) == ("b/diffusion", "step/1000")


@pytest.mark.parametrize("named", ["./model@v2", "~/model@v2", "/models/model@v2", "there@v2"])
def test_a_path_may_hold_an_at_sign(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there@v2").mkdir()
    mdm = declare_pair("a", named).mdm
    assert (mdm.checkpoint, mdm.revision) == (named, None)


@pytest.mark.parametrize(
    ("arm", "mdm", "revisions", "message"),
    [
        ("a@", "b", {}, "the revision of --arm is empty"),
        ("a", "b@", {}, "the revision of --mdm is empty"),
        ("a", "@v2", {}, "--mdm is empty"),
        ("a", "b", {"revision": " "}, "--revision is empty"),
        ("a", "b", {"arm_revision": ""}, "--arm-revision is empty"),
        ("a", "b@v2", {"revision": "v2"}, "--mdm b@v2 and --revision both name a revision"),
        ("a@v2", "b", {"arm_revision": "v2"}, "--arm a@v2 and --arm-revision both name a revision"),
    ],
)
def test_a_revision_that_is_empty_or_there_twice_is_a_usage_error(
    arm: str, mdm: str, revisions: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        declare_pair(arm, mdm, words=Words.COMMAND_LINE, **revisions)
    in_python = message.replace("--arm-revision", "arm_revision=").replace("--revision", "revision=")
    in_python = in_python.replace("--arm", "arm=").replace("--mdm", "mdm=")
    with pytest.raises(UsageError, match=in_python):
        declare_pair(arm, mdm, **revisions)


def test_a_path_is_a_directory_whatever_it_is_called() -> None:
    pair = declare_pair(Path("models/arm@v2"), Path("models") / "mdm")
    assert (pair.arm.checkpoint, pair.arm.revision, pair.arm.place) == ("models/arm@v2", None, "directory")
    assert (pair.mdm.checkpoint, pair.mdm.place) == ("models/mdm", "directory")
    assert pair.name == "arm@v2--mdm"


def test_a_mask_token_is_an_id_or_a_text() -> None:
    assert declare_pair("a", "b", mask_token=811).mdm.mask_token == 811
    assert declare_pair("a", "b", mask_token="[MASK]").mdm.mask_token == "[MASK]"
    with pytest.raises(UsageError, match="mask_token= is empty"):
        declare_pair("a", "b", mask_token=" ")


@pytest.mark.parametrize("name", ["model\x1b[2J", "two\nlines", "bell\x07", "turned\u202e"])
def test_a_name_that_a_terminal_would_obey_is_refused(name: str) -> None:
    for arguments in ({"arm": name, "mdm": "b"}, {"arm": "a", "mdm": "b", "revision": name}):
        with pytest.raises(UsageError, match="a character that cannot be printed") as caught:
            declare_pair(**arguments)  # type: ignore[arg-type]
        assert all(line.isprintable() for line in str(caught.value).splitlines())
    with pytest.raises(UsageError, match="the name of a pair holds"):
        declare_pair("a", "b", name=name)
    assert declare_pair("Ünïcode/中文", "b").arm.checkpoint == "Ünïcode/中文"
