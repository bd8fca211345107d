import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from build.models import KINDS
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import PairSpec, at_precision, declare_pair
from mechshift.errors import PairError

Write = Callable[..., Path]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_of_directories_loads_as_declared(kind: str, write: Write) -> None:
    arm, mdm = write("base", kind), write("diffusion", kind, seed=1, mask=None)
    spec = declare_pair(str(arm), str(mdm), shift=False, attention="block:4", mask_token="w4")
    pair = load_pair(spec)
    undecided = "undecided when loaded: behaviour of the MDM: no gap can be asked"
    assert pair.spec == spec
    assert [confound.startswith(undecided) for confound in pair.confounds] == [True]
    assert [member.role for member in pair.members] == ["arm", "mdm"]
    assert [str(member.attention) for member in pair.members] == ["causal", "block:4"]
    assert [member.shift for member in pair.members] == [True, False]
    assert [member.mask_id for member in pair.members] == [7, 7]
    assert pair.ordinary_mask
    assert pair.tokenizer("w1 w2")["input_ids"] == [4, 5]
    stored = load_file(mdm / "model.safetensors")
    name = "transformer.ln_f.weight" if kind == "gpt2" else "model.norm.weight"
    assert torch.equal(pair.mdm.backbone.final_norm.weight, stored[name])


def test_members_that_are_the_same_are_said_to_be(write: Write) -> None:
    arm, mdm, other = write("base"), write("diffusion"), write("other", seed=1)
    path = mdm / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mask_token_id": 2}))
    said = "both members have the same weights: nothing was post-trained"
    assert load_pair(declare_pair(str(arm), str(mdm))).confounds[0] == said
    assert said not in load_pair(declare_pair(str(arm), str(other))).confounds


def test_memory_that_does_not_suffice_is_not_the_checkpoints_fault(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    base = write("base")
    monkeypatch.setattr(LlamaForCausalLM, "from_pretrained", full)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        load_pair(declare_pair(str(base), str(base)))


def test_a_control_s_mask_token_has_to_be_an_id(write: Write) -> None:
    arm, control = write("base", mask=None), write("control", seed=1, mask=None)
    path = control / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mask_token_id": "2"}))
    with pytest.raises(PairError, match="an id is a whole number") as caught:
        load_pair(declare_pair(str(arm), str(control), control=True))
    assert caught.value.check == "mask token"


def test_the_provenance_is_that_of_the_files(write: Write) -> None:
    arm, mdm = write("base"), write("diffusion", seed=1)
    pair = load_pair(declare_pair(str(arm), str(mdm)))
    parts = [
        hashlib.sha256((mdm / name).read_bytes()).digest() for name in ("config.json", "model.safetensors")
    ]
    assert pair.mdm_provenance.digest == hashlib.sha256(b"".join(parts)).hexdigest()
    assert pair.mdm_provenance.digest != pair.arm_provenance.digest
    assert (pair.mdm_provenance.native, pair.mdm_provenance.dtype) == ("LlamaForCausalLM", "float32")
    assert not pair.ordinary_mask


def test_the_arms_tokenizer_serves_an_mdm_without_one(write: Write) -> None:
    arm, mdm = write("base"), write("diffusion", seed=1)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (mdm / name).unlink()
    assert load_pair(declare_pair(str(arm), str(mdm))).mdm.mask_id == 2


def test_the_movement_is_between_the_two_members(write: Write) -> None:
    arm, mdm = write("base"), write("diffusion")
    state = load_file(mdm / "model.safetensors")
    state["model.norm.weight"] *= 3
    save_file(state, mdm / "model.safetensors", {"format": "pt"})
    moved = [m for m in load_pair(declare_pair(str(arm), str(mdm))).movement if m.change]
    assert [(m.layer, m.module, m.change) for m in moved] == [(None, "norm", pytest.approx(2.0))]


def refused(arm: Path, mdm: Path, message: str, **options: Any) -> None:
    with pytest.raises(PairError, match=message) as caught:
        load_pair(declare_pair(str(arm), str(mdm), **options))
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) == 2


def test_members_of_different_shape_are_refused(write: Write) -> None:
    refused(write("base"), write("other", num_hidden_layers=3), "layers 2 and 3")


def test_a_directory_that_is_no_model_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(write("base"), tmp_path / "empty", "holds no model")


def test_an_arm_without_a_tokenizer_is_refused(write: Write) -> None:
    arm = write("base")
    (arm / "tokenizer.json").unlink()
    (arm / "tokenizer_config.json").unlink()
    refused(arm, write("diffusion"), "base has no tokenizer")


def test_a_pair_without_a_mask_token_is_refused(write: Write) -> None:
    refused(write("base", mask=None), write("diffusion", mask=None), "--mask-token")


def test_a_mask_id_outside_the_vocabulary_is_refused(write: Write) -> None:
    arm, mdm = write("base"), write("diffusion", mask=None)
    refused(arm, mdm, "outside the MDM's vocabulary", mask_token="40")


def test_a_mask_token_other_than_the_checkpoints_own_is_refused(write: Write) -> None:
    refused(write("base"), write("diffusion"), "declared as 'w4', and .* name id 2", mask_token="w4")


def test_a_control_needs_no_mask_token(write: Write) -> None:
    arm, trained_on = write("base", mask=None), write("continued", seed=1, mask=None)
    pair = load_pair(declare_pair(str(arm), str(trained_on), control=True))
    assert pair.mdm.role == "control"
    assert pair.mdm.mask_id >= pair.mdm.backbone.shape.vocabulary
    beyond = declare_pair(str(arm), str(trained_on), control=True, mask_token="40")
    assert load_pair(beyond).mdm.mask_id == 40
    with pytest.raises(PairError, match="not in the MDM's tokenizer"):
        load_pair(declare_pair(str(arm), str(trained_on), control=True, mask_token="[GAP]"))


def test_a_control_without_a_vocabulary_is_refused_as_an_mdm_is(write: Write) -> None:
    arm, trained_on = write("base", mask=None), write("continued", seed=1, mask=None)
    config = json.loads((trained_on / "config.json").read_text())
    (trained_on / "config.json").write_text(json.dumps({**config, "vocab_size": None}))
    refused(arm, trained_on, "config.json of .*vocab_size", control=True)


def test_a_negative_mask_id_of_a_control_is_refused(write: Write) -> None:
    arm, trained_on = write("base", mask=None), write("continued", seed=1, mask=None)
    spec = declare_pair(str(arm), str(trained_on), control=True)
    with pytest.raises(PairError, match="id -1 is outside"):
        load_pair(replace(spec, mdm=replace(spec.mdm, mask_token=-1)))


def test_an_mdm_with_other_token_ids_is_refused(write: Write) -> None:
    arm, mdm = write("base"), write("diffusion")
    content = json.loads((mdm / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["w5"], vocabulary["w6"] = vocabulary["w6"], vocabulary["w5"]
    (mdm / "tokenizer.json").write_text(json.dumps(content))
    refused(arm, mdm, "disagree on 2 token ids: id 8 is 'w5' to the ARM and 'w6' to the MDM")


def test_a_control_with_a_different_token_at_an_id_is_refused(write: Write) -> None:
    arm, control = write("base"), write("continued", seed=1, vocabulary=48)
    content = json.loads((control / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["other"] = vocabulary.pop("w5")
    (control / "tokenizer.json").write_text(json.dumps(content))
    refused(arm, control, "id 8 is 'w5' to the ARM and 'other' to the control", control=True)


@pytest.mark.parametrize("vocabulary", [40, 48])
def test_a_control_with_other_rows_passes_every_check_and_says_so(vocabulary: int, write: Write) -> None:
    arm = write("base", vocabulary=44, mask=None)
    control = write("continued", seed=1, vocabulary=vocabulary, mask=None)
    note, *doubts = load_pair(declare_pair(str(arm), str(control), control=True), "cpu").confounds
    assert note.endswith("never read, chosen or scored")
    assert [doubt.startswith("undecided when loaded: behaviour") for doubt in doubts] == [True]


@pytest.mark.parametrize("name", ["base", "diffusion"])
def test_a_checkpoint_with_a_nan_is_refused(name: str, write: Write) -> None:
    arm, mdm = write("base"), write("diffusion")
    path = arm.parent / name / "model.safetensors"
    state = load_file(path)
    state["model.embed_tokens.weight"][1, 1] = float("nan")
    save_file(state, path, {"format": "pt"})
    role = {"base": "ARM", "diffusion": "MDM"}[name]
    refused(arm, mdm, f"the {role}'s parameter model.embed_tokens.weight holds NaN")


def test_a_declared_loader_reaches_its_member(write: Write) -> None:
    spec = declare_pair(str(write("base")), str(write("diffusion")))
    loader = replace(spec.mdm.loader, precision="bfloat16", kernel="eager")
    pair = load_pair(replace(spec, mdm=replace(spec.mdm, loader=loader)))
    assert (pair.arm.backbone.dtype, pair.mdm.backbone.dtype) == (torch.float32, torch.bfloat16)
    assert pair.mdm_provenance.dtype == "bfloat16"


def test_members_that_were_exchanged_are_refused_before_anything_is_measured() -> None:
    """tiny's own, which nothing in their files tells apart: both have the tokenizer with the mask."""
    tiny = get_pair("tiny")
    spec = at_precision(declare_pair(tiny.mdm.checkpoint, tiny.arm.checkpoint), "float32")
    with pytest.raises(PairError, match="the two members look exchanged") as caught:
        load_pair(spec, "cpu")
    assert caught.value.check == "behaviour"
    assert caught.value.remedy.startswith("swap --arm and --mdm (in Python arm= and mdm=)")
    (confound,) = load_pair(spec, "cpu", accept_behaviour=True).confounds
    assert confound.startswith("the two members look exchanged")


# What is declared of a block MDM comes nearer to the ARM in other ways than by an exchange.
@pytest.mark.parametrize(
    ("name", "reason"),
    [("tiny-block", "gaps as declared"), ("tiny-noshift", "the two members look exchanged")],
)
def test_members_of_other_pairs_that_were_exchanged_are_refused_too(name: str, reason: str) -> None:
    pair = at_precision(get_pair(name), "float32")
    spec = PairSpec(
        "exchanged",
        replace(pair.arm, checkpoint=pair.mdm.checkpoint),
        replace(pair.mdm, checkpoint=pair.arm.checkpoint),
    )
    with pytest.raises(PairError, match=reason):
        load_pair(spec, "cpu")


def test_a_mask_that_the_arms_files_alone_name_tells_an_exchange(write: Write) -> None:
    arm, mdm = write("arm"), write("mdm", mask=None)
    with pytest.raises(PairError, match=r"while the ARM's files name id 2\nswap --arm and --mdm") as caught:
        load_pair(declare_pair(arm, mdm))
    assert caught.value.check == "mask token"


def test_a_model_type_of_mdms_alone_tells_an_exchange(write: Write) -> None:
    arm, mdm = write("arm", "qwen3"), write("mdm", "qwen3")
    config = json.loads((arm / "config.json").read_text())
    (arm / "config.json").write_text(json.dumps({**config, "model_type": "sdar"}))
    with pytest.raises(PairError, match="is a 'sdar' model, which is an MDM") as caught:
        load_pair(declare_pair(arm, mdm))
    assert (caught.value.check, caught.value.remedy[:20]) == ("class", "swap --arm and --mdm")


def test_an_mdm_with_fewer_rows_than_the_arm_may_have_been_exchanged(write: Write) -> None:
    arm, mdm = write("arm", vocab_size=44), write("mdm")
    with pytest.raises(PairError, match=r"vocabulary 44 and 40\n.*if the two were exchanged, swap --arm"):
        load_pair(declare_pair(arm, mdm, mask_token="[MASK]"))
