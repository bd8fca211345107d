"""Weights read in pieces: their digest, what is not finite, and the subject that keys are made of."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from build.models import KINDS
from mechshift.benchmark.forecast import weights
from mechshift.benchmark.forecast.before import _subject
from mechshift.benchmark.forecast.sizes import sketch_pair
from mechshift.benchmark.forecast.weights import examine_weights
from mechshift.benchmark.pairs.checkpoint import Checkpoint, find_checkpoint
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.spec import LoaderSpec, MemberSpec, at_precision, declare_pair
from mechshift.benchmark.run.provenance import subject_of
from mechshift.errors import PairError

Write = Callable[..., Path]
Make = Callable[..., Member]
CPU = torch.device("cpu")


def examined(checkpoint: Checkpoint, member: Member) -> str:
    return examine_weights(checkpoint, member, LoaderSpec(), torch.float32)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PIECE", 4096)


@pytest.mark.parametrize("sharded", [False, True])
def test_the_digest_is_that_of_the_files(
    sharded: bool, write: Write, shard: Callable[[Path], list[str]], make: Make
) -> None:
    folder = write("model")
    if sharded:
        shard(folder)
    checkpoint = find_checkpoint(MemberSpec(str(folder)))
    assert examined(checkpoint, make("llama")) == checkpoint.digest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_that_is_not_finite_is_found_wherever_it_is(kind: str, write: Write, make: Make) -> None:
    """In each stored tensor in turn, at its end; the name is that of a parameter of the native class."""
    folder = write("model", kind)
    state, member = load_file(folder / "model.safetensors"), make(kind)
    names = {name for name, _ in member.backbone.model.named_parameters()}
    for stored in state:
        spoiled = {**state, stored: state[stored].clone()}
        spoiled[stored].view(-1)[-1] = torch.nan
        save_file(spoiled, folder / "model.safetensors", {"format": "pt"})
        with pytest.raises(PairError) as caught:
            examined(find_checkpoint(MemberSpec(str(folder))), member)
        assert caught.value.check == "finite"
        assert caught.value.problem.split()[3] in names


def test_what_is_no_parameter_may_hold_an_infinity(write: Write, make: Make) -> None:
    """As old masks do that were stored as buffers."""
    folder = write("model")
    state = load_file(folder / "model.safetensors")
    state["model.layers.0.self_attn.masked_bias"] = torch.tensor(-torch.inf)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    examined(find_checkpoint(MemberSpec(str(folder))), make("llama"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["declared", "undeclared", "bfloat16"])
def test_a_subject_is_that_of_the_loaded_pair(kind: str, dtype: str, write: Write) -> None:
    arm, mdm = write("arm", kind), write("mdm", kind, seed=1)
    if dtype == "undeclared":
        for folder in (arm, mdm):
            config = json.loads((folder / "config.json").read_text())
            del config["torch_dtype"]
            (folder / "config.json").write_text(json.dumps(config))
    spec = declare_pair(str(arm), str(mdm))
    if dtype == "bfloat16":
        spec = at_precision(spec, "bfloat16")
    assert _subject(sketch_pair(spec), CPU) == subject_of(open_pair(spec, CPU))


@pytest.mark.parametrize("rows", [40, 48])
def test_a_sketched_control_has_the_rows_of_the_loaded_one(rows: int, write: Write) -> None:
    arm, control = write("arm", mask=None, vocabulary=44), write("more", seed=1, mask=None, vocabulary=rows)
    spec = declare_pair(str(arm), str(control), control=True)
    sketch, loaded = sketch_pair(spec), open_pair(spec, CPU)
    expected = [member.backbone.shape.vocabulary for member in loaded.members]
    assert [member.backbone.shape.vocabulary for member in (sketch.arm, sketch.mdm)] == expected
    assert [sizes.vocabulary for sizes in sketch.sizes] == expected == [min(44, rows)] * 2
    assert _subject(sketch, CPU) == subject_of(loaded)


@pytest.mark.parametrize("key", ["dtype", "torch_dtype"])
def test_weights_that_are_stored_wider_than_declared_count_as_loaded(key: str, write: Write) -> None:
    """config.json says bfloat16, under its newer or its older name, and the file holds float32."""
    folders = write("arm"), write("mdm", seed=1)
    for folder in folders:
        config = json.loads((folder / "config.json").read_text())
        del config["torch_dtype"]
        (folder / "config.json").write_text(json.dumps(config | {key: "bfloat16"}))
    spec = declare_pair(*map(str, folders))
    sketch, loaded = sketch_pair(spec), open_pair(spec, CPU)
    assert list(sketch.dtypes) == [member.backbone.dtype for member in loaded.members]
    assert [one.itemsize for one in sketch.sizes] == [one.itemsize for one in sketch.dtypes]
    assert _subject(sketch, CPU) == subject_of(loaded)
