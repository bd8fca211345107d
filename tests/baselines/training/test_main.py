import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaForCausalLM

from mechshift.baselines.training import evaluation
from mechshift.baselines.training.__main__ import main, train_pair
from mechshift.baselines.training.folder import keep_recipe, write_member
from mechshift.baselines.training.recipe import Diffusion, Recipe, get_recipe
from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.errors import UsageError
from mechshift.tasks import get_task


@pytest.fixture(autouse=True)
def _few_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "HELD_OUT", 8)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(first: Path, second: Path) -> bool:
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_pair_is_written_in_the_published_layout_and_kept(recipe: Recipe, tmp_path: Path) -> None:
    train_pair(recipe, tmp_path)
    written = contents(tmp_path)
    for role in ("arm", "mdm"):
        assert f"{role}/model.safetensors" in written
        assert (
            (tmp_path / "training" / role / "log.csv").read_text().startswith("step,loss,rate,seconds,ioi,")
        )
        assert AutoTokenizer.from_pretrained(tmp_path / role).mask_token_id == 2
        _, found = LlamaForCausalLM.from_pretrained(tmp_path / role, output_loading_info=True)
        assert not any(found.values())
    assert not same(tmp_path / "arm", tmp_path / "mdm")
    train_pair(recipe, tmp_path)
    assert contents(tmp_path) == written


def test_another_pair_takes_the_arm_that_is_there(recipe: Recipe, tmp_path: Path) -> None:
    train_pair(recipe, tmp_path / "first")
    second = replace(recipe, name="other", second=replace(recipe.second, diffusion=None))
    train_pair(second, tmp_path / "taken", tmp_path / "first")
    train_pair(second, tmp_path / "trained")
    assert not (tmp_path / "taken" / "arm").exists()
    assert same(tmp_path / "trained" / "arm", tmp_path / "first" / "arm")
    assert same(tmp_path / "taken" / "control", tmp_path / "trained" / "control")
    assert not same(tmp_path / "taken" / "control", tmp_path / "first" / "arm")
    assert "`training-control.csv`: step" in (tmp_path / "taken" / "card.md").read_text()


def test_another_arm_is_not_taken(recipe: Recipe, tmp_path: Path) -> None:
    keep_recipe(recipe, tmp_path / "first")
    other = replace(recipe, pool=recipe.pool + 1, prompt_weight=0.5)
    with pytest.raises(UsageError, match="trained with another pool, prompt_weight than toy's"):
        train_pair(other, tmp_path / "second", tmp_path / "first")
    assert not (tmp_path / "second").exists()


def test_a_folder_without_a_recipe_has_no_arm_to_take(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        train_pair(recipe, tmp_path / "second", tmp_path / "nothing")
    assert not (tmp_path / "second").exists()


def test_an_unfinished_arm_is_not_taken(recipe: Recipe, tmp_path: Path) -> None:
    keep_recipe(recipe, tmp_path / "first")
    with pytest.raises(UsageError, match="--arm needs a whole ARM"):
        train_pair(recipe, tmp_path / "second", tmp_path / "first")
    assert not (tmp_path / "second").exists()


def test_an_arm_of_tasks_as_they_were_is_not_taken(recipe: Recipe, tmp_path: Path) -> None:
    tokenizer = build_tokenizer((get_task("ioi"),), recipe.seed)
    model = LlamaForCausalLM(recipe.architecture.config(len(tokenizer)))
    keep_recipe(recipe, tmp_path / "first")
    write_member(model, tokenizer, tmp_path / "first", "arm")
    with pytest.raises(UsageError, match="trained on other words"):
        train_pair(recipe, tmp_path / "second", tmp_path / "first")
    assert not (tmp_path / "second").exists()


@pytest.fixture
def giver(recipe: Recipe, tmp_path: Path) -> Path:
    """The folder of a pair called giver, whose ARM is there with random weights."""
    folder = tmp_path / "first"
    tokenizer = build_tokenizer(tuple(map(get_task, recipe.mixture)), recipe.seed)
    keep_recipe(replace(recipe, name="giver"), folder)
    write_member(LlamaForCausalLM(recipe.architecture.config(len(tokenizer))), tokenizer, folder, "arm")
    return folder


def test_a_training_goes_on_with_the_arm_it_was_begun_with_and_no_other(
    recipe: Recipe, giver: Path, tmp_path: Path
) -> None:
    moved, other, out = (tmp_path / name for name in ("moved", "other", "out"))
    for folder in (moved, other):
        shutil.copytree(giver, folder)
    changed = {name: 2 * weight for name, weight in weights(other / "arm").items()}
    save_file(changed, other / "arm" / "model.safetensors", {"format": "pt"})
    train_pair(recipe, out, giver)
    written = contents(out)
    for arm in (other, None):
        with pytest.raises(UsageError, match="was begun with the ARM"):
            train_pair(recipe, out, arm)
        assert contents(out) == written
    train_pair(recipe, out, moved)
    assert contents(out) == written


def test_the_card_says_whose_arm_was_taken(recipe: Recipe, giver: Path, tmp_path: Path) -> None:
    for _ in range(2):
        train_pair(recipe, tmp_path / "out", giver)
        card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
        assert "The ARM (`arm/` of `giver`) was trained" in card


def without_matplotlib(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "matplotlib", None)
    patch.delitem(sys.modules, "matplotlib.figure", raising=False)


def without_muon(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(torch.optim, "Muon")


@pytest.mark.parametrize(("lack", "says"), [(without_matplotlib, "matplotlib"), (without_muon, "Muon")])
def test_what_is_not_installed_is_said_before_anything_is_written(
    lack: Callable[[pytest.MonkeyPatch], None],
    says: str,
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lack(monkeypatch)
    with pytest.raises(UsageError, match=says):
        train_pair(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Runs the command, which has to fail as wrong usage; the lines that it says."""

    def run(*arguments: object) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["training", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        assert ending.value.code == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err.splitlines()

    return run


def test_an_unknown_pair_is_wrong_usage_and_near_names_are_offered(
    refused: Callable[..., list[str]], tmp_path: Path
) -> None:
    problem, remedy = refused("tiny-blok", "--out", tmp_path / "out")
    assert problem == "mechshift: unknown recipe 'tiny-blok'"
    assert remedy.startswith("did you mean tiny-block")
    assert not (tmp_path / "out").exists()


def test_an_unfinished_arm_is_wrong_usage(refused: Callable[..., list[str]], tmp_path: Path) -> None:
    keep_recipe(get_recipe("tiny"), tmp_path / "begun")
    problem, remedy = refused("tiny-block", "--out", tmp_path / "out", "--arm", tmp_path / "begun")
    assert str(tmp_path / "begun" / "arm") in problem
    assert "leave out --arm" in remedy
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_recipe_is_left_alone(recipe: Recipe, tmp_path: Path) -> None:
    train_pair(recipe, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="holds the training of another recipe"):
        train_pair(replace(recipe, seed=1), tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("start", "independent"), [("random", True), ("arm", False)])
def test_a_model_from_random_weights_owes_the_arm_nothing(
    start: Literal["arm", "random"], independent: bool, recipe: Recipe, tmp_path: Path
) -> None:
    first = replace(recipe, second=replace(recipe.second, start=start))
    longer = replace(first, arm=replace(first.arm, steps=first.arm.steps + 1))
    for each, name in ((first, "first"), (longer, "longer")):
        train_pair(each, tmp_path / name)
    assert not same(tmp_path / "first" / "arm", tmp_path / "longer" / "arm")
    assert same(tmp_path / "first" / "mdm", tmp_path / "longer" / "mdm") == independent


def test_a_block_model_is_trained(recipe: Recipe, tmp_path: Path) -> None:
    diffusion = Diffusion(shift=False, anneal=0, attention="block:4")
    train_pair(replace(recipe, second=replace(recipe.second, diffusion=diffusion)), tmp_path)
    assert not same(tmp_path / "arm", tmp_path / "mdm")
