import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from mechshift.baselines.training.folder import keep_arm, keep_recipe, weights_digest, write_member
from mechshift.baselines.training.recipe import Recipe
from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.errors import UsageError
from mechshift.tasks import get_task

Build = Callable[[int], LlamaForCausalLM]
Contents = dict[str, bytes]
FIRST, OTHER = "1" * 64, "2" * 64
MEMBER = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}


class Killed(BaseException):
    """Stands for a signal that ends the process."""


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer((get_task("greater-than"),), 0)


def contents(folder: Path) -> Contents:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_of_one_recipe(recipe: Recipe, tmp_path: Path) -> None:
    keep_recipe(recipe, tmp_path)
    keep_recipe(recipe, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="holds the training of another recipe"):
        keep_recipe(replace(recipe, seed=1), tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("taken", [None, FIRST])
def test_a_folder_is_of_one_arm(taken: str | None, tmp_path: Path) -> None:
    keep_arm(tmp_path, taken)
    keep_arm(tmp_path, taken)


@pytest.mark.parametrize(
    ("begun", "asked", "says", "remedy"),
    [
        (FIRST, OTHER, "the ARM whose weights are 111111111111…, and now the", "give the --arm"),
        (FIRST, None, "and now an ARM trained in it is asked for", "give the --arm"),
        (None, FIRST, "with an ARM trained in it, and now the", "leave out --arm"),
    ],
)
def test_a_folder_begun_with_another_arm_is_left_alone(
    begun: str | None, asked: str | None, says: str, remedy: str, tmp_path: Path
) -> None:
    keep_arm(tmp_path, begun)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="was begun with") as found:
        keep_arm(tmp_path, asked)
    assert says in found.value.problem
    assert remedy in found.value.remedy
    assert contents(tmp_path) == before


def test_a_folder_with_an_arm_of_its_own_takes_no_other(tmp_path: Path) -> None:
    (tmp_path / "arm").mkdir()
    (tmp_path / "arm" / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(UsageError, match="holds an ARM of its own"):
        keep_arm(tmp_path, FIRST)
    assert not (tmp_path / "training").exists()
    keep_arm(tmp_path, hashlib.sha256(b"weights").hexdigest())


def test_the_digest_is_that_of_the_weights_file(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert weights_digest(tmp_path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_member_replaces_the_one_before(
    toy: Build, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    for seed in (0, 1):
        write_member(toy(seed), tokenizer, tmp_path, "mdm")
        assert set(contents(tmp_path)) == {f"mdm/{name}" for name in MEMBER}
        found = LlamaForCausalLM.from_pretrained(tmp_path / "mdm").state_dict()
        assert all(torch.equal(found[name], kept) for name, kept in toy(seed).state_dict().items())


def killed_in_the_weights(patch: pytest.MonkeyPatch) -> None:
    def half(self: LlamaForCausalLM, folder: Path) -> None:
        self.config.save_pretrained(folder)
        (folder / "model.safetensors").write_bytes(b"half")
        raise Killed

    patch.setattr(LlamaForCausalLM, "save_pretrained", half)


def killed_in_the_tokenizer(patch: pytest.MonkeyPatch) -> None:
    def nothing(self: PreTrainedTokenizerFast, folder: Path) -> None:
        raise Killed

    patch.setattr(PreTrainedTokenizerFast, "save_pretrained", nothing)


def killed_before_the_last_move(patch: pytest.MonkeyPatch) -> None:
    move = Path.replace

    def first(self: Path, target: Path) -> Any:
        if self.name.endswith(".partial"):
            raise Killed
        return move(self, target)

    patch.setattr(Path, "replace", first)


@pytest.mark.parametrize(
    ("kill", "kept"),
    [(killed_in_the_weights, True), (killed_in_the_tokenizer, True), (killed_before_the_last_move, False)],
)
def test_a_killed_member_is_whole_or_not_there(
    kill: Callable[[pytest.MonkeyPatch], None],
    kept: bool,
    toy: Build,
    tokenizer: PreTrainedTokenizerFast,
    tmp_path: Path,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            write_member(toy(0), tokenizer, tmp_path, "arm")
    assert not (tmp_path / "arm").exists()
    write_member(toy(0), tokenizer, tmp_path, "arm")
    before = contents(tmp_path / "arm")
    with pytest.MonkeyPatch.context() as patch:
        kill(patch)
        with pytest.raises(Killed):
            write_member(toy(1), tokenizer, tmp_path, "arm")
    assert contents(tmp_path / "arm") == (before if kept else {})


def test_what_a_kill_left_behind_goes_with_the_next_write(
    toy: Build, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    write_member(toy(0), tokenizer, tmp_path, "arm")
    for kill in (killed_in_the_weights, killed_before_the_last_move):
        with pytest.MonkeyPatch.context() as patch:
            kill(patch)
            with pytest.raises(Killed):
                write_member(toy(1), tokenizer, tmp_path, "arm")
    write_member(toy(1), tokenizer, tmp_path, "arm")
    assert {path.name for path in tmp_path.iterdir()} == {"arm"}
    assert set(contents(tmp_path / "arm")) == MEMBER
