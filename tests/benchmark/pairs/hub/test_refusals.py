"""What cannot be fetched ends in a message that names the repository and what to do, and fetches nothing."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.checkpoint import find_checkpoint, find_description
from mechshift.benchmark.pairs.hub import remote_checkpoint
from mechshift.benchmark.pairs.spec import MemberSpec, declare_pair
from mechshift.errors import PairError

Hub = Any
Write = Callable[..., Path]
Shard = Callable[[Path], list[str]]
Calls = Callable[..., object]
Limit = Callable[[int], AbstractContextManager[None]]

MODEL = MemberSpec("org/model")
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"
CALLS = pytest.mark.parametrize("call", [find_checkpoint, find_description, remote_checkpoint])


def refused(
    *says: str, call: Calls = find_checkpoint, spec: MemberSpec = MODEL, offline: bool = False
) -> None:
    with pytest.raises(PairError) as caught:
        call(spec, offline)
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) == 2
    for text in says:
        assert text in str(caught.value)


@CALLS
@pytest.mark.parametrize("revision", [None, "v2", "0" * 40])
def test_offline_a_model_that_is_not_cached(
    call: Calls, revision: str | None, hub: Hub, write: Write
) -> None:
    hub.add("org/model", write("published"))
    where = "'org/model'" if revision is None else f"'org/model' at revision '{revision}'"
    get = f"hf download org/model --revision {revision or 'main'}"
    spec = MemberSpec("org/model", revision=revision)
    refused(
        "there is no directory 'org/model'",
        f"has no hub model {where} (offline)",
        get,
        call=call,
        spec=spec,
        offline=True,
    )
    assert hub.requests == []


def test_a_directory_of_nearly_that_name_is_offered(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("checkpoints/arm", "checkpoints/other"):
        Path(folder).mkdir(parents=True)
    said = "there is no directory 'checkpoints/am' (there is checkpoints/arm), and the cache"
    refused(said, spec=MemberSpec("checkpoints/am"), offline=True)
    refused("(there is checkpoints/arm)", spec=MemberSpec("checkpoints/am"))


def test_of_a_hub_id_no_directory_is_missed(hub: Hub) -> None:
    for offline in (True, False):
        with pytest.raises(PairError) as caught:
            find_checkpoint(MemberSpec("org/none", place="hub"), offline)
        assert "no hub model 'org/none'" in caught.value.problem
        assert not caught.value.problem.startswith("there is no directory")


def test_a_model_that_is_not_cached_names_the_variable_that_forbids_to_ask(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("has no hub model 'org/model' (offline, as HF_HUB_OFFLINE is set)")


def test_offline_another_revision_than_the_cached_one(hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published")).push(write("newer", seed=1), "v2")
    find_checkpoint(MemberSpec("org/model", revision="v2"))
    refused("has no hub model 'org/model' (offline)", "--revision main", offline=True)


@pytest.mark.parametrize("known", [True, False], ids=["listed", "unlisted"])
@pytest.mark.parametrize("lost", ["config.json", "model.safetensors"])
def test_offline_a_file_that_the_cache_lacks(lost: str, known: bool, hub: Hub, write: Write) -> None:
    commit = hub.add("org/model", write("published")).names["main"]
    directory = find_checkpoint(MODEL).directory
    (directory / lost).unlink()
    if not known:
        shutil.rmtree(directory.parent.parent / "trees")
    refused(f"lacks {lost}", "of 'org/model'", "(offline)", "hf download org/model", offline=True)
    refused(f"lacks {lost}", call=remote_checkpoint, offline=True)
    assert find_checkpoint(MODEL).directory.name == commit
    assert (directory / lost).is_file()


def test_offline_a_tokenizer_that_the_cache_lacks(hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published"))
    directory = find_checkpoint(MODEL).directory
    (directory / "tokenizer.json").unlink()
    (directory / "tokenizer_config.json").unlink()
    lacks = "lacks tokenizer.json, tokenizer_config.json of 'org/model'"
    refused(lacks, offline=True)
    refused(lacks, call=find_description, offline=True)


def test_a_commit_whose_tokenizer_the_cache_lacks_is_not_taken_for_whole(hub: Hub, write: Write) -> None:
    commit = hub.add("org/model", write("published")).names["main"]
    directory = find_checkpoint(MODEL).directory
    (directory / "tokenizer.json").unlink()
    shutil.rmtree(directory.parent.parent / "trees")
    find_checkpoint(MemberSpec("org/model", revision=commit))
    assert (directory / "tokenizer.json").is_file()


def test_offline_a_shard_that_the_cache_lacks(hub: Hub, write: Write, shard: Shard) -> None:
    published = write("published")
    shards = shard(published)
    hub.add("org/model", published)
    (find_checkpoint(MODEL).directory / shards[1]).unlink()
    refused(f"lacks {shards[1]} of 'org/model'", "(offline)", offline=True)


@CALLS
@pytest.mark.parametrize("token", [None, "hf_another"])
def test_a_gated_model(
    call: Calls, token: str | None, hub: Hub, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("org/model", write("published")).gated = True
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    page = "accept its licence at https://huggingface.co/org/model ("
    why = "" if token is None else " and its licence is not accepted by the account that is logged in"
    refused(f"'org/model' is gated{why}\n", page, LOGIN, call=call)
    assert hub.fetched() == []


@pytest.mark.parametrize("kind", ["gated", "private"])
def test_an_account_with_access_fetches(
    kind: str, hub: Hub, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    setattr(hub.add("org/model", write("published")), kind, True)
    monkeypatch.setenv("HF_TOKEN", "hf_listed")
    assert find_checkpoint(MODEL).weights[0].is_file()


@CALLS
@pytest.mark.parametrize("private", [True, False])
def test_a_model_that_is_private_or_not_there(call: Calls, private: bool, hub: Hub, write: Write) -> None:
    hub.add("org/model" if private else "org/another", write("published")).private = private
    says = (
        "no directory and no hub model 'org/model'",
        "check the spelling",
        "https://huggingface.co/org/model",
    )
    refused(*says, LOGIN, call=call)


def test_a_token_that_is_not_valid(hub: Hub, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/model", write("published"))
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    refused("the hub refuses 'org/model'", "401", LOGIN)


@CALLS
@pytest.mark.parametrize("revision", ["v9", "../main", "a" * 40])
def test_a_revision_that_is_not_there(call: Calls, revision: str, hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published"))
    spec = MemberSpec("org/model", revision=revision)
    says = f"the hub has no 'org/model' at revision '{revision}'", "https://huggingface.co/org/model/commits"
    refused(*says, call=call, spec=spec)


@CALLS
def test_weights_that_are_pickled_only(call: Calls, hub: Hub, write: Write) -> None:
    published = write("published")
    (published / "model.safetensors").rename(published / "pytorch_model.bin")
    hub.add("org/model", published)
    refused("org/model has its weights as a pickle (pytorch_model.bin)", "save_pretrained", call=call)
    assert hub.fetched() == []


def test_offline_weights_that_are_pickled_only(hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published"))
    directory = find_checkpoint(MODEL).directory
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")
    refused("org/model has its weights as a pickle (pytorch_model.bin)", offline=True)


@CALLS
@pytest.mark.parametrize("lost", ["config.json", "model.safetensors"])
def test_a_model_without_a_file(call: Calls, lost: str, hub: Hub, write: Write) -> None:
    published = write("published")
    (published / lost).unlink()
    hub.add("org/model", published)
    refused(f"the hub model 'org/model' has no {lost}", "name a repository", call=call)
    assert hub.fetched() == []


def test_a_model_without_one_of_its_shards(hub: Hub, write: Write, shard: Shard) -> None:
    published = write("published")
    shards = shard(published)
    (published / shards[1]).unlink()
    hub.add("org/model", published)
    refused(f"has no {shards[1]}", "name a repository")
    assert not set(hub.fetched()) & set(shards)


@CALLS
def test_a_hub_that_is_down(call: Calls, hub: Hub, down: Callable[[], None]) -> None:
    down()
    says = "the hub could not be reached: ", "Connection refused", "hf download org/model --revision main"
    refused("has no hub model 'org/model'", *says, call=call)


def test_a_hub_that_is_down_before_the_model_is_whole(
    hub: Hub, write: Write, down: Callable[[], None]
) -> None:
    hub.add("org/model", write("published"))
    find_description(MODEL)
    down()
    refused("lacks model.safetensors", "of 'org/model'", "the hub could not be reached: ")


@pytest.mark.parametrize("answer", [(503, ""), (429, ""), (200, "<html>Please log in</html>"), (200, "{}")])
def test_a_hub_that_gives_no_answer(answer: tuple[int, str], hub: Hub) -> None:
    hub.failing = answer
    refused("org/model", "the hub could not be reached: ")


def test_a_download_that_breaks_off_goes_on_later(hub: Hub, write: Write, tmp_path: Path) -> None:
    published = write("published")
    hub.add("org/model", published)
    hub.cuts["model.safetensors"] = [5000] * 20
    refused("fetching 'org/model' at revision", "broke off", "run the same command again")
    assert list((tmp_path / "cache").rglob("*.incomplete")) == []
    hub.cuts.clear()
    hub.forget()
    found = find_checkpoint(MODEL)
    assert found.weights[0].read_bytes() == (published / "model.safetensors").read_bytes()
    assert hub.fetched() == ["model.safetensors"]


def test_weights_that_are_larger_than_the_disk(hub: Hub, write: Write) -> None:
    hub.add("org/model", write("published")).sizes["model.safetensors"] = 10**18
    refused("need 1000000000.0 GB", "has room for", "set HF_HOME")
    assert "model.safetensors" not in hub.fetched()


def test_a_disk_that_is_full(hub: Hub, write: Write, full_after: Limit, tmp_path: Path) -> None:
    hub.add("org/model", write("published"))
    with full_after(20_000):
        refused("'org/model'", "cannot be kept in", "File too large", "set HF_HOME")
    assert list((tmp_path / "cache").rglob("*.incomplete")) == []


def test_a_cache_that_cannot_be_written(hub: Hub, write: Write, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    hub.add("org/model", write("published"))
    refused("'org/model' cannot be kept in", "set HF_HOME")


@pytest.mark.parametrize("offline", [True, False])
def test_a_name_that_no_hub_model_can_have(offline: bool, hub: Hub) -> None:
    refused("'a/b/c' is neither a directory nor a hub id", spec=MemberSpec("a/b/c"), offline=offline)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ({"gated": True}, "'org/mdm' is gated"),
        ({"mask": None}, "mask token is not declared"),
        ({"changes": {"model_type": "olmo2"}}, "is a 'olmo2' model"),
    ],
)
def test_what_is_wrong_with_a_pair_is_told_before_any_weights_are_fetched(
    trouble: dict[str, Any], says: str, hub: Hub, write: Write
) -> None:
    hub.add("org/arm", write("arm", mask=None))
    mdm = write("mdm", mask=trouble.get("mask", "[MASK]"), **trouble.get("changes", {}))
    hub.add("org/mdm", mdm).gated = "gated" in trouble
    with pytest.raises(PairError, match=says):
        load_pair(declare_pair("org/arm", "org/mdm"))
    assert "model.safetensors" not in hub.fetched()
