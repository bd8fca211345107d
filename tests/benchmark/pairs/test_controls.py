"""What a run is given as controls of its pair: by name, file or checkpoint, and refused before weights."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.benchmark.pairs import loading
from mechshift.benchmark.pairs.controls import Controls, find_controls, listed_controls
from mechshift.benchmark.pairs.options import PairOptions, resolve
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import PairSpec
from mechshift.benchmark.pairs.words import Words
from mechshift.errors import PairError, UsageError

Write = Callable[..., Path]
MASK = 7


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("weights were loaded")

    monkeypatch.setattr(loading, "load_backbone", refuse)


def found(options: PairOptions, *asked: str | Path) -> Controls:
    return find_controls(resolve(options), options, asked, MASK, Words.COMMAND_LINE)


def refused(options: PairOptions, *asked: str | Path) -> str:
    with pytest.raises(UsageError) as caught:
        found(options, *asked)
    return str(caught.value)


TINY = PairOptions(pair="tiny")


@pytest.fixture
def own(write: Write) -> PairOptions:
    """A pair of two checkpoints."""
    return PairOptions(arm=write("arm"), mdm=write("mdm", seed=1), name="mine")


def test_a_listed_control_is_found_by_its_name() -> None:
    assert found(TINY, "tiny-continued") == Controls((get_pair("tiny-continued"),))


def test_a_checkpoint_is_a_control_with_the_pair_s_own_arm(own: PairOptions, write: Write) -> None:
    further, pair = write("further", seed=2), resolve(own)
    (control,) = found(own, further).specs
    assert control == PairSpec("arm--further", pair.arm, control.mdm, control=True)
    assert (Path(control.mdm.checkpoint), control.mdm.mask_token) == (further, MASK)
    # A text that can only be a path means the same.
    assert [one.name for one in found(own, str(further)).specs] == ["arm--further"]


def test_a_hub_id_is_a_checkpoint_with_its_revision() -> None:
    options = PairOptions(arm="org/arm", mdm="org/mdm")
    (control,) = found(options, "org/further@step-9").specs
    assert (control.mdm.checkpoint, control.mdm.revision) == ("org/further", "step-9")
    assert (control.name, control.arm.checkpoint) == ("arm--further", "org/arm")


def test_an_entry_of_one_s_own_is_named_by_its_file(own: PairOptions, write: Write, tmp_path: Path) -> None:
    write("further", seed=2)
    (tmp_path / "mine.toml").write_text(
        '[further]\nabout = "Further"\ncontrol = true\narm.path = "arm"\n'
        'mdm = {path = "further", shift = true, attention = "causal"}\n'
        '[other]\nabout = "An MDM"\narm.path = "arm"\n'
        'mdm = {path = "mdm", shift = true, attention = "full"}\n'
    )
    (control,) = found(own, f"{tmp_path}/mine.toml:further").specs
    assert (control.name, control.control) == ("further", True)
    said = refused(own, f"{tmp_path}/mine.toml:other")
    assert "--control other is a pair with an MDM and no control of mine" in said


def test_a_control_at_a_precision_is_loaded_as_the_pair_is() -> None:
    options = PairOptions(pair="tiny", dtype="bfloat16")
    (control,) = found(options, "tiny-continued").specs
    assert {each.loader.precision for each in (control.arm, control.mdm)} == {"bfloat16"}
    assert control.name == "tiny-continued-bfloat16"


def test_a_copy_of_the_arm_is_the_same_arm(own: PairOptions, write: Write, tmp_path: Path) -> None:
    write("further", seed=2)
    shutil.copytree(tmp_path / "arm", tmp_path / "copy")
    (tmp_path / "mine.toml").write_text(
        '[further]\nabout = "Further"\ncontrol = true\narm.path = "copy"\n'
        'mdm = {path = "further", shift = true, attention = "causal"}\n'
    )
    assert len(found(own, f"{tmp_path}/mine.toml").specs) == 1
    path = tmp_path / "copy" / "model.safetensors"
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    said = refused(own, f"{tmp_path}/mine.toml")
    assert f"--control further is of another ARM: {tmp_path}/copy" in said
    assert f"that of mine is {tmp_path}/arm" in said


def test_a_control_of_another_arm_is_refused(own: PairOptions) -> None:
    assert "--control tiny-continued is of another ARM" in refused(own, "tiny-continued")
    assert "--control llama-2-7b-chat is of another ARM: meta-llama/Llama-2-7b-hf" in refused(
        PairOptions(pair="dream-7b"), "llama-2-7b-chat"
    )


def test_one_model_is_no_control_twice(own: PairOptions, write: Write, tmp_path: Path) -> None:
    further = write("further", seed=2)
    assert f"--control {further} is given twice" in refused(own, further, further)
    # By another way to the same place.
    assert "is given twice" in refused(own, further, f"{tmp_path}/arm/../further")
    assert "is the MDM of the pair itself" in refused(own, tmp_path / "mdm")
    assert "is given twice" in refused(TINY, "tiny-continued", get_pair("tiny-continued").mdm.checkpoint)


def test_two_models_of_one_name_are_told_to_have_two(own: PairOptions, write: Write, tmp_path: Path) -> None:
    for seed in ("one", "two"):
        (tmp_path / seed).mkdir()
        write(f"{seed}/last", seed=3)
    said = refused(own, tmp_path / "one" / "last", tmp_path / "two" / "last")
    assert "two of the models are called arm--last" in said
    assert "FILE.toml" in said


REFUSED = [
    (TINY, "tiny-block", "is a pair with an MDM and no control of tiny"),
    (TINY, "tiny-continue", "unknown control 'tiny-continue'\ndid you mean tiny-continued"),
    (TINY, "noise", "unknown control 'noise'"),
    (TINY, " ", "--control is empty"),
    (
        PairOptions(pair="tiny-continued"),
        "tiny-continued",
        "--control for tiny-continued, which is a control",
    ),
    (PairOptions(pair="rnd1"), "siblings", "--control siblings: the registry names none for rnd1"),
]


@pytest.mark.parametrize(("options", "asked", "said"), REFUSED)
def test_what_is_no_control_is_refused(options: PairOptions, asked: str, said: str) -> None:
    assert said in refused(options, asked)


def test_siblings_are_all_that_the_pair_s_entry_names() -> None:
    controls = found(PairOptions(pair="dream-7b"), "siblings")
    assert [one.name for one in controls.specs] == ["qwen2.5-coder-7b", "qwen2.5-7b-instruct"]
    assert not controls.left_out
    # One that is named too is no second one.
    for asked in (("qwen2.5-7b-instruct", "siblings"), ("siblings", "qwen2.5-7b-instruct")):
        named = found(PairOptions(pair="dream-7b"), *asked)
        assert [one.name for one in named.specs] == ["qwen2.5-7b-instruct", "qwen2.5-coder-7b"]


def test_siblings_without_weights_are_named() -> None:
    controls = found(TINY, "siblings")
    kept = {one.name for one in controls.specs}
    left_out = dict(controls.left_out)
    assert "tiny-continued" in kept
    assert kept | left_out.keys() == set(listed_controls(resolve(TINY), TINY))
    for name in left_out:
        with pytest.raises(PairError) as caught:
            get_pair(name)
        assert caught.value.problem == left_out[name]


def test_the_listed_controls_of_two_checkpoints_are_those_of_their_arm() -> None:
    options = PairOptions(arm="Qwen/Qwen2.5-7B", mdm="org/mdm")
    revision = get_pair("dream-7b").arm.revision
    pinned = PairOptions(arm="Qwen/Qwen2.5-7B", mdm="org/mdm", arm_revision=revision)
    names = ("qwen2.5-coder-7b", "qwen2.5-7b-instruct")
    assert set(listed_controls(resolve(pinned), pinned)) == set(names)
    assert (listed_controls(resolve(options), options) == ()) == (revision is not None)
    arm = get_pair("tiny").arm.checkpoint
    tiny = PairOptions(arm=Path(arm), mdm=Path(get_pair("tiny").mdm.checkpoint))
    assert "tiny-continued" in listed_controls(resolve(tiny), tiny)
    control = PairOptions(pair="tiny-continued")
    assert listed_controls(resolve(control), control) == ()
