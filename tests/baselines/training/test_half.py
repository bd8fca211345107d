"""Weights at half precision: half the bytes, computed in float32, and only where no task loses by it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from mechshift.baselines.training import half
from mechshift.baselines.training.arm import take_arm
from mechshift.baselines.training.folder import keep_recipe, write_member
from mechshift.baselines.training.half import halve_pair, read_single
from mechshift.baselines.training.recipe import Recipe
from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.errors import UsageError
from mechshift.tasks import get_task

Accurate = Callable[..., None]


@pytest.fixture
def trained(recipe: Recipe, tmp_path: Path) -> Path:
    """The folder of a pair with both members, of random weights."""
    folder = tmp_path / "toy"
    tokenizer = build_tokenizer(tuple(map(get_task, recipe.mixture)), recipe.seed)
    keep_recipe(recipe, folder)
    for role in ("arm", "mdm"):
        write_member(LlamaForCausalLM(recipe.architecture.config(len(tokenizer))), tokenizer, folder, role)
    return folder


@pytest.fixture
def accurate(monkeypatch: pytest.MonkeyPatch) -> Accurate:
    """Says what the accuracies of models before and after are: `accurate(before, after)`."""

    def say(before: float, after: float) -> None:
        def evaluation(*_: object) -> Callable[[object], dict[str, float]]:
            found = iter(({"ioi": 1.0, "infilling": before}, {"ioi": 1.0, "infilling": after}))
            return lambda model: next(found)

        monkeypatch.setattr(half, "_evaluation", evaluation)

    return say


def test_halved_weights_are_the_rounded_ones_and_are_computed_in_float32(
    recipe: Recipe, trained: Path, accurate: Accurate, tmp_path: Path
) -> None:
    accurate(0.995, 0.99)
    assert halve_pair(recipe, trained, tmp_path / "out") == {"arm": "", "mdm": ""}
    for role in ("arm", "mdm"):
        exact = load_file(trained / role / "model.safetensors")
        kept = load_file(tmp_path / "out" / role / "model.safetensors")
        loaded = read_single(tmp_path / "out" / role).state_dict()
        assert kept.keys() == exact.keys()
        for name, values in exact.items():
            assert torch.equal(kept[name], values.half())
            assert torch.equal(loaded[name], values.half().float())
        sizes = [
            (folder / role / "model.safetensors").stat().st_size for folder in (trained, tmp_path / "out")
        ]
        assert sizes[1] < 0.6 * sizes[0]


def test_a_member_that_loses_accuracy_is_kept_as_it_is(
    recipe: Recipe, trained: Path, accurate: Accurate, tmp_path: Path
) -> None:
    accurate(0.995, 0.985)
    assert halve_pair(recipe, trained, tmp_path / "out") == {"arm": "infilling", "mdm": "infilling"}
    for role in ("arm", "mdm"):
        for file in (trained / role).iterdir():
            assert (tmp_path / "out" / role / file.name).read_bytes() == file.read_bytes()


def test_trainings_go_on_from_a_halved_arm_in_float32(
    recipe: Recipe, trained: Path, accurate: Accurate, tmp_path: Path
) -> None:
    accurate(1.0, 1.0)
    halve_pair(recipe, trained, tmp_path / "out")
    keep_recipe(recipe, tmp_path / "out")
    assert {each.dtype for each in take_arm(recipe, tmp_path / "out").model.parameters()} == {torch.float32}


def test_the_folder_of_the_only_weights_is_left_as_it_is(
    recipe: Recipe, trained: Path, accurate: Accurate, tmp_path: Path
) -> None:
    accurate(0.995, 0.985)
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    (tmp_path / "link").symlink_to(trained)
    for out in (trained, tmp_path / "link"):
        with pytest.raises(UsageError, match="the weights that were trained"):
            halve_pair(recipe, trained, out)
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before


def test_what_an_interrupted_halving_leaves_is_no_member(
    recipe: Recipe, trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def evaluation(*_: object) -> Callable[[object], dict[str, float]]:
        found = iter(({"ioi": 1.0},))
        return lambda model: next(found)

    monkeypatch.setattr(half, "_evaluation", evaluation)
    with pytest.raises(StopIteration):
        halve_pair(recipe, trained, tmp_path / "out")
    assert not (tmp_path / "out" / "arm").exists()


def test_weights_are_written_without_a_word_and_for_others_to_read(
    recipe: Recipe, trained: Path, accurate: Accurate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    accurate(0.995, 0.99)
    capfd.readouterr()
    halve_pair(recipe, trained, tmp_path / "out")
    assert capfd.readouterr() == ("", "")
    (other := tmp_path / "other").touch()
    for folder in (trained, tmp_path / "out"):
        assert (folder / "arm" / "model.safetensors").stat().st_mode == other.stat().st_mode


def test_a_folder_without_a_member_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no trained member"):
        halve_pair(recipe, tmp_path, tmp_path / "out")
