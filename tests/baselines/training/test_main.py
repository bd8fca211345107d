from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaForCausalLM

from mechshift.baselines.training import evaluation
from mechshift.baselines.training.__main__ import train_pair
from mechshift.baselines.training.recipe import Diffusion, Recipe
from mechshift.errors import UsageError


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
    train_pair(recipe, tmp_path / "first")
    other = replace(recipe, pool=recipe.pool + 1, prompt_weight=0.5)
    with pytest.raises(UsageError, match="trained with another pool, prompt_weight than toy's"):
        train_pair(other, tmp_path / "second", tmp_path / "first")
    assert not (tmp_path / "second").exists()


def test_a_folder_without_a_recipe_has_no_arm_to_take(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        train_pair(recipe, tmp_path / "second", tmp_path / "nothing")


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
