import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from mechshift.benchmark.pairs.checkpoint import find_checkpoint, find_description
from mechshift.benchmark.pairs.hub import RemoteFile, remote_checkpoint
from mechshift.benchmark.pairs.spec import MemberSpec

Hub = Any
Write = Callable[..., Path]
Shard = Callable[[Path], list[str]]

SMALL = ["config.json", "tokenizer.json", "tokenizer_config.json"]
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
INDEX = "model.safetensors.index.json"
MODEL = MemberSpec("org/model")


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_model_is_fetched_as_it_was_published(hub: Hub, write: Write) -> None:
    published = write("published")
    commit = hub.add("org/model", published).names["main"]
    found = find_checkpoint(MODEL)
    assert content(found.directory) == content(published)
    assert (found.name, found.revision) == ("org/model", commit)
    assert found.weights == (found.directory / "model.safetensors",)


def test_a_model_in_shards_is_fetched_whole(hub: Hub, write: Write, shard: Shard) -> None:
    published = write("published")
    shard(published)
    hub.add("org/model", published)
    found = find_checkpoint(MODEL)
    assert content(found.directory) == content(published)
    assert [path.name for path in found.weights] == SHARDS


@pytest.mark.parametrize("pin", ["branch", "tag", "commit", None])
def test_a_revision_is_the_commit_that_it_stands_for(pin: str | None, hub: Hub, write: Write) -> None:
    older, newer = write("older", seed=1), write("newer", seed=2)
    repository = hub.add("org/model", write("oldest", seed=0))
    asked = repository.push(older, "step/1000", "v2")
    latest = repository.push(newer)
    revision = {"branch": "step/1000", "tag": "v2", "commit": asked, None: None}[pin]
    found = find_checkpoint(MemberSpec("org/model", revision=revision))
    assert found.revision == (asked if pin else latest)
    weights = (older if pin else newer) / "model.safetensors"
    assert found.weights[0].read_bytes() == weights.read_bytes()


def test_nothing_is_fetched_that_a_checkpoint_does_not_need(hub: Hub, write: Write) -> None:
    published = write("published")
    for name in ("README.md", "modeling_dream.py", "pytorch_model.bin", "consolidated.safetensors"):
        (published / name).write_text("none of this")
    for name in ("model.fp16.safetensors", "trainer_state.json", "log.txt", "original/model.safetensors"):
        (published / name).parent.mkdir(exist_ok=True)
        (published / name).write_text("none of this")
    hub.add("org/model", published)
    find_checkpoint(MODEL)
    assert sorted(hub.fetched()) == sorted([*SMALL, "model.safetensors"])


def test_weights_that_are_there_twice_are_fetched_once(hub: Hub, write: Write, shard: Shard) -> None:
    published = write("published")
    whole = (published / "model.safetensors").read_bytes()
    shard(published)
    (published / "model.safetensors").write_bytes(whole)
    hub.add("org/model", published)
    found = find_checkpoint(MODEL)
    assert sorted(hub.fetched()) == sorted([*SMALL, "model.safetensors"])
    assert [path.name for path in found.weights] == ["model.safetensors"]
    assert find_checkpoint(MODEL, offline=True).weights == found.weights


def test_what_is_in_the_cache_is_not_fetched_again(hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published"))
    first = find_checkpoint(MODEL)
    hub.forget()
    assert find_checkpoint(MODEL) == first
    assert hub.fetched() == []


def test_a_commit_in_the_cache_needs_no_request(hub: Hub, write: Write) -> None:
    commit = hub.add("org/model", write("published")).names["main"]
    first = find_checkpoint(MODEL)
    hub.forget()
    assert find_checkpoint(MemberSpec("org/model", revision=commit)) == first
    assert hub.requests == []


def test_a_branch_that_has_moved_is_followed(hub: Hub, write: Write) -> None:
    repository = hub.add("org/model", write("older"))
    find_checkpoint(MODEL)
    newer = write("newer", seed=1)
    commit = repository.push(newer)
    hub.forget()
    found = find_checkpoint(MODEL)
    assert found.revision == commit
    assert found.weights[0].read_bytes() == (newer / "model.safetensors").read_bytes()
    assert hub.fetched() == ["model.safetensors"]  # the other files have not changed


@pytest.mark.parametrize("revision", [None, "v2", "commit"])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_offline_a_cached_model_is_found_without_a_request(
    by: str, revision: str | None, hub: Hub, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("org/model", write("published")).push(write("again"), "v2")
    spec = MemberSpec("org/model", revision=commit if revision == "commit" else revision)
    first = find_checkpoint(spec)
    hub.forget()
    if by == "environment":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert find_checkpoint(spec, offline=by == "argument") == first
    assert first.revision == commit
    assert hub.requests == []


def test_offline_a_cache_that_others_filled_serves(hub: Hub, write: Write) -> None:
    """As tools leave it that fetch file by file: without the list of what the repository has."""
    hub.add("org/model", write("published"))
    first = find_checkpoint(MODEL)
    shutil.rmtree(first.directory.parent.parent / "trees", ignore_errors=True)
    assert find_checkpoint(MODEL, offline=True) == first


def test_offline_a_model_without_a_tokenizer_is_whole(hub: Hub, write: Write) -> None:
    published = write("published")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (published / name).unlink()
    hub.add("org/model", published)
    first = find_checkpoint(MODEL)
    assert find_checkpoint(MODEL, offline=True) == first
    assert find_checkpoint(MemberSpec("org/model", revision=first.revision), offline=True) == first


@pytest.mark.parametrize("trouble", ["down", "busy", "no hub"])
def test_a_hub_that_does_not_answer_is_done_without(
    trouble: str, hub: Hub, write: Write, down: Callable[[], None]
) -> None:
    hub.add("org/model", write("published"))
    first = find_checkpoint(MODEL)
    if trouble == "down":
        down()
    else:
        hub.failing = (503, "") if trouble == "busy" else (200, "<html>Please log in</html>")
    assert find_checkpoint(MODEL) == first


def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    hub: Hub, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)  # what comes in smaller pieces is lost
    published = write("published")
    hub.add("org/model", published)
    hub.cuts["model.safetensors"] = [1000, 5000]
    found = find_checkpoint(MODEL)
    assert content(found.directory) == content(published)
    assert [asked for _, path, asked in hub.requests if asked] == ["bytes=1000-", "bytes=5000-"]


def test_a_description_comes_without_the_weights(hub: Hub, write: Write) -> None:
    commit = hub.add("org/model", write("published")).names["main"]
    for offline in (False, True):
        found = find_description(MODEL, offline)
        assert (found.revision, found.weights) == (commit, ())
        assert found.config["hidden_size"] == 32
        assert sorted(path.name for path in found.directory.iterdir()) == SMALL
    assert sorted(hub.fetched()) == SMALL


@pytest.mark.parametrize("offline", [False, True])
def test_a_remote_checkpoint_tells_what_there_is_and_what_is_cached(
    offline: bool, hub: Hub, write: Write
) -> None:
    published = write("published")
    (published / "README.md").write_text("not needed")
    commit = hub.add("org/model", published).names["main"]
    if offline:
        find_checkpoint(MODEL)
    found = remote_checkpoint(MODEL, offline)
    sizes = {name: (published / name).stat().st_size for name in [*SMALL, "model.safetensors"]}
    assert found.commit == commit
    assert sorted(found.files, key=lambda file: file.name) == [
        RemoteFile(name, size, offline or name in SMALL) for name, size in sorted(sizes.items())
    ]
    assert found.bytes_to_fetch == (0 if offline else sizes["model.safetensors"])


def test_a_remote_checkpoint_fetches_no_weights(hub: Hub, write: Write, shard: Shard) -> None:
    published = write("published")
    shard(published)
    hub.add("org/model", published)
    found = remote_checkpoint(MODEL)
    assert [file.name for file in found.files][-2:] == SHARDS
    assert sorted(hub.fetched()) == sorted([*SMALL, INDEX])
