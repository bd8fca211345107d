import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import LlamaForCausalLM

from mechshift.baselines.training.arm import take_arm
from mechshift.baselines.training.folder import keep_recipe, write_member
from mechshift.baselines.training.recipe import Recipe
from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.errors import UsageError
from mechshift.tasks import get_task

Damage = Callable[[Path], object]


@pytest.fixture
def trained(recipe: Recipe, tmp_path: Path) -> Path:
    """The folder of a pair whose ARM is there, with random weights."""
    folder = tmp_path / "trained"
    tokenizer = build_tokenizer(tuple(map(get_task, recipe.mixture)), recipe.seed)
    keep_recipe(recipe, folder)
    write_member(LlamaForCausalLM(recipe.architecture.config(len(tokenizer))), tokenizer, folder, "arm")
    return folder


def test_a_whole_arm_is_taken_as_it_is(recipe: Recipe, trained: Path) -> None:
    taken = take_arm(replace(recipe, name="other"), trained)
    assert taken.pair == "toy"
    assert taken.digest == hashlib.sha256((trained / "arm" / "model.safetensors").read_bytes()).hexdigest()
    held = taken.model.state_dict()
    for name, kept in load_file(trained / "arm" / "model.safetensors").items():
        assert torch.equal(held[name], kept)
    taken.check_vocabulary(build_tokenizer(tuple(map(get_task, recipe.mixture)), recipe.seed))


def test_an_arm_of_tasks_with_other_words_is_not_taken(recipe: Recipe, trained: Path) -> None:
    other = build_tokenizer((get_task("countdown"),), recipe.seed)
    with pytest.raises(UsageError, match="ARM of toy that --arm names was trained on other words"):
        take_arm(recipe, trained).check_vocabulary(other)


def without(name: str) -> Damage:
    return lambda arm: (arm / name).unlink()


def cut(name: str) -> Damage:
    def halve(arm: Path) -> None:
        content = (arm / name).read_bytes()
        (arm / name).write_bytes(content[: len(content) // 2])

    return halve


def weights(change: Callable[[dict[str, Tensor]], object]) -> Damage:
    def rewrite(arm: Path) -> None:
        state = load_file(arm / "model.safetensors")
        change(state)
        save_file(state, arm / "model.safetensors", {"format": "pt"})

    return rewrite


def words(arm: Path) -> None:
    content = json.loads((arm / "tokenizer.json").read_text())
    content["model"]["vocab"]["zyzzyva"] = len(content["model"]["vocab"])
    (arm / "tokenizer.json").write_text(json.dumps(content))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "another member": (lambda arm: arm.rename(arm.with_name("mdm")), "there is no such folder"),
    "no configuration": (without("config.json"), "it has no config.json"),
    "no weights": (without("model.safetensors"), "it has no model.safetensors"),
    "no tokenizer": (without("tokenizer.json"), "it has no tokenizer.json"),
    "no special tokens": (without("tokenizer_config.json"), "it has no tokenizer_config.json"),
    "half a configuration": (cut("config.json"), "config.json"),
    "half the weights": (cut("model.safetensors"), "header"),
    "half a tokenizer": (cut("tokenizer.json"), "line"),
    "a weight less": (weights(lambda state: state.pop("model.norm.weight")), "do not fit together"),
    "a weight more": (weights(lambda state: state.update(more=torch.zeros(2))), "do not fit together"),
    "another shape": (
        weights(lambda state: state.update({"model.norm.weight": torch.zeros(3)})),
        "do not fit together",
    ),
    "a word more": (words, "the tokenizer is not the one that it was trained with"),
}


@pytest.mark.parametrize(("damage", "says"), DAMAGES.values(), ids=DAMAGES)
def test_an_unfinished_or_damaged_arm_is_not_taken(
    damage: Damage, says: str, recipe: Recipe, trained: Path
) -> None:
    damage(trained / "arm")
    with pytest.raises(UsageError, match="--arm needs a whole ARM") as found:
        take_arm(recipe, trained)
    assert str(trained / "arm") in found.value.problem
    assert says in found.value.problem
    assert "train that pair to its end" in found.value.remedy


@pytest.mark.parametrize("content", ["[]", "{}", '"toy"'])
def test_what_is_no_recipe_is_not_taken(content: str, recipe: Recipe, trained: Path) -> None:
    (trained / "recipe.json").write_text(content)
    with pytest.raises(UsageError, match="is not the recipe of a pair"):
        take_arm(recipe, trained)


def test_an_arm_of_another_recipe_is_not_taken(recipe: Recipe, trained: Path) -> None:
    other = replace(recipe, pool=recipe.pool + 1, prompt_weight=0.5)
    with pytest.raises(UsageError, match="trained with another pool, prompt_weight than toy's"):
        take_arm(other, trained)
