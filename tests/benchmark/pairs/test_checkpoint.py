import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.benchmark.pairs.checkpoint import find_checkpoint, find_description
from mechshift.benchmark.pairs.spec import MemberSpec
from mechshift.errors import PairError

Write = Callable[..., Path]
Shard = Callable[[Path], list[str]]


def refused(checkpoint: Path | str, message: str) -> None:
    with pytest.raises(PairError, match=message) as caught:
        find_checkpoint(MemberSpec(str(checkpoint)))
    assert len(str(caught.value).splitlines()) == 2


def test_a_directory_is_found_with_its_config_and_weights(write: Write) -> None:
    directory = write("arm")
    found = find_checkpoint(MemberSpec(str(directory)))
    assert found.weights == (directory / "model.safetensors",)
    assert found.config["rope_theta"] == 500000.0
    assert found.revision is None


def test_shards_are_found_through_the_index(write: Write, shard: Shard) -> None:
    directory = write("arm")
    names = shard(directory)
    assert [path.name for path in find_checkpoint(MemberSpec(str(directory))).weights] == names


def test_a_missing_shard_is_named(write: Write, shard: Shard) -> None:
    directory = write("arm")
    names = shard(directory)
    (directory / names[1]).unlink()
    refused(directory, names[1])


@pytest.mark.parametrize(
    "place", ["../other.safetensors", "below/other.safetensors", "/other.safetensors", "other.bin", "*"]
)
def test_a_shard_elsewhere_than_beside_its_index_is_refused(place: str, write: Write, shard: Shard) -> None:
    directory = write("arm")
    names = shard(directory)
    (directory / "below").mkdir()
    for outside in (directory.parent, directory / "below"):
        shutil.copy(directory / names[0], outside / "other.safetensors")
    index = directory / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"][next(iter(content["weight_map"]))] = place
    index.write_text(json.dumps(content))
    refused(directory, "names no weights")


def test_the_digest_changes_with_one_byte_of_the_weights_or_the_config(write: Write) -> None:
    directory = write("arm")
    spec = MemberSpec(str(directory))
    digests = [find_checkpoint(spec).digest(), find_checkpoint(spec).digest()]
    weights = bytearray((directory / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (directory / "model.safetensors").write_bytes(weights)
    digests.append(find_checkpoint(spec).digest())
    (directory / "config.json").write_text((directory / "config.json").read_text() + " ")
    digests.append(find_checkpoint(spec).digest())
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "config.json is missing")


def test_a_file_is_no_checkpoint(write: Write) -> None:
    refused(write("arm") / "model.safetensors", r"is a file, and a checkpoint is a directory\n.*arm$")


def test_a_path_that_does_not_exist_is_not_looked_up_on_the_hub(tmp_path: Path) -> None:
    refused(tmp_path / "none", "is not a directory")


def test_a_pickle_is_refused_and_how_to_convert_it_said(write: Write) -> None:
    directory = write("arm")
    (directory / "model.safetensors").unlink()
    (directory / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    refused(directory, r"pytorch_model.bin(?s:.)*save_pretrained")


def test_a_truncated_file_of_weights_is_refused(write: Write) -> None:
    directory = write("arm")
    weights = (directory / "model.safetensors").read_bytes()
    (directory / "model.safetensors").write_bytes(weights[:-100])
    refused(directory, "no whole safetensors file")


@pytest.mark.parametrize("name", ["x" * 300, "\ud800", "\0"])
def test_a_shard_that_no_file_can_be_called_is_missing(name: str, write: Write) -> None:
    directory = write("arm")
    (directory / "model.safetensors").unlink()
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"lm_head.weight": f"{name}.safetensors"}}))
    refused(directory, r"arm has no .*\.safetensors")


@pytest.mark.parametrize("content", ["{", "[1, 2]"])
def test_a_config_that_is_no_object_is_refused(content: str, write: Write) -> None:
    directory = write("arm")
    (directory / "config.json").write_text(content)
    refused(directory, "config.json")


@pytest.mark.parametrize("name", ["no such model", "a/b/c"])
def test_a_name_that_the_hub_cannot_have_is_refused(name: str) -> None:
    refused(name, "neither a directory nor a hub id")


def test_weights_that_are_there_twice_are_those_that_transformers_reads(write: Write, shard: Shard) -> None:
    directory = write("arm")
    whole = (directory / "model.safetensors").read_bytes()
    shard(directory)
    (directory / "model.safetensors").write_bytes(whole)
    assert [path.name for path in find_checkpoint(MemberSpec(str(directory))).weights] == [
        "model.safetensors"
    ]


def test_a_directory_has_no_revisions(write: Write) -> None:
    directory = write("arm")
    with pytest.raises(PairError, match=r"is a local directory, and revision 'v2'(?s:.)*leave it out"):
        find_checkpoint(MemberSpec(str(directory), revision="v2"))


def test_a_description_is_the_checkpoint_without_its_weights(write: Write) -> None:
    directory = write("arm")
    (directory / "model.safetensors").unlink()
    found = find_description(MemberSpec(str(directory)))
    assert (found.directory, found.revision, found.weights) == (directory, None, ())
    assert found.config["rope_theta"] == 500000.0


def test_an_adapter_beside_the_weights_is_refused(write: Write) -> None:
    """Whether transformers loads it depends on whether peft is installed."""
    directory = write("arm")
    (directory / "adapter_config.json").write_text("{}")
    with pytest.raises(PairError, match=r"has an adapter beside its weights(?s:.)*merge it"):
        find_checkpoint(MemberSpec(str(directory)))


@pytest.mark.parametrize("kept", [(), ("config.json",)])
def test_an_adapter_alone_is_said_to_be_one(kept: tuple[str, ...], write: Write) -> None:
    directory = write("arm")
    for path in directory.iterdir():
        if path.name not in kept:
            path.unlink()
    (directory / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    (directory / "adapter_model.safetensors").write_bytes(b"")
    refused(directory, r"is an adapter \(adapter_config.json, as LoRA(?s:.)*merge it into its base model")


def test_a_folder_of_checkpoints_names_them(write: Write, tmp_path: Path) -> None:
    for step in (100, 200, 300, 400):
        write("arm").rename(tmp_path / f"checkpoint-{step}")
    message = r"holds checkpoints \(checkpoint-100, checkpoint-200, checkpoint-300 and 1 more\) and is none"
    refused(tmp_path, message + r" itself\nname one of them: .*/checkpoint-400")


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "chat_template.jinja", "README.md"])
def test_a_pipe_is_not_waited_for(name: str, write: Write) -> None:
    directory = write("arm")
    (directory / name).unlink(missing_ok=True)
    os.mkfifo(directory / name)
    refused(directory, f"{name} cannot be read: it is not a regular file but a pipe")


def test_a_home_of_nobody_is_no_directory() -> None:
    with pytest.raises(PairError, match="~nobody-at-all/x is not a directory"):
        find_description(MemberSpec("~nobody-at-all/x"))


def test_a_config_that_is_nested_too_deeply_is_damaged(write: Write) -> None:
    directory = write("arm")
    (directory / "config.json").write_text('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(PairError, match=r"config\.json cannot be read"):
        find_description(MemberSpec(str(directory)))
