"""Train a reference pair: `python -m mechshift.baselines.training PAIR --out DIR`."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.utils import logging

from ...benchmark.pairs.attention import Attention
from ...drawing import require_matplotlib
from ...errors import MechshiftError, defused
from ...tasks import Task
from .arm import take_arm
from .card import write_card
from .data import Sampler, TaskTexts, texts_by_task
from .evaluation import accuracies
from .folder import keep_arm, keep_recipe, stage_folder, write_member
from .objectives import Objective, block_diffusion, masked_diffusion, next_token
from .recipe import Recipe, get_recipe, list_recipes
from .train import require_muon, train
from .vocabulary import build_tokenizer


def main() -> None:
    """Train the ARM, then the pair's second member; what is there is continued, what is done is kept."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pair", help=", ".join(recipe.name for recipe in list_recipes()))
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the pair; holds its members and the logs"
    )
    parser.add_argument(
        "--arm", type=Path, help="folder of a pair of the same ARM, whose arm/ is used and not trained again"
    )
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    # On one thread the sums are in one order, whatever the machine has; trainings can run side by side.
    torch.set_num_threads(1)
    try:
        train_pair(get_recipe(arguments.pair), arguments.out, arguments.arm)
    except MechshiftError as error:
        print(defused(f"mechshift: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)


def train_pair(recipe: Recipe, out: Path, arm: Path | None = None) -> None:
    """Write `out/arm` and `out/mdm` (`out/control`) in the published layout, and their card.

    `arm` is the folder of another pair, whose ARM is taken as it is. What is there of the same recipe and
    ARM is continued or kept. Raises UsageError, and makes no new folder, where what the training needs is
    not installed, `arm` holds no whole ARM of this recipe, or `out` is of another recipe or another ARM.
    """
    require_matplotlib()
    require_muon()
    taken = None if arm is None else take_arm(recipe, arm)
    tasks = recipe.tasks()
    tokenizer = build_tokenizer(tasks.values(), recipe.seed)
    if taken:
        taken.check_vocabulary(tokenizer)
    keep_recipe(recipe, out)
    keep_arm(out, taken.digest if taken else None)
    setting = Setting(recipe, tasks, tokenizer, texts_by_task(recipe, tasks, tokenizer), out)
    model = taken.model if taken else _train_arm(setting)
    if recipe.second.start == "random":
        model = _random_model(setting, recipe.second.seed)
    _train_second(model, setting)
    arm_of = taken.pair if taken and not (out / "arm").exists() else None
    write_card(recipe, sum(parameter.numel() for parameter in model.parameters()), out, arm_of)


@dataclass(frozen=True)
class Setting:
    """What both stages are trained with, and where they are written."""

    recipe: Recipe
    tasks: dict[str, Task]
    tokenizer: PreTrainedTokenizerBase
    pools: dict[str, TaskTexts]
    out: Path


def _random_model(setting: Setting, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(setting.recipe.architecture.config(len(setting.tokenizer)))


def _train_arm(setting: Setting) -> LlamaForCausalLM:
    recipe = setting.recipe
    model = _random_model(setting, recipe.seed)
    sampler = Sampler(setting.pools, recipe.mixture, recipe.arm.batch, recipe.seed)
    evaluate = accuracies("arm", Attention("causal"), True, setting.tasks, setting.tokenizer)
    folder = stage_folder(setting.out, "arm")
    train(model, next_token(recipe.prompt_weight), sampler, recipe.arm, evaluate, folder, recipe.seed)
    write_member(model, setting.tokenizer, setting.out, "arm")
    return model


def _train_second(model: LlamaForCausalLM, setting: Setting) -> None:
    recipe, second = setting.recipe, setting.recipe.second
    mixture = recipe.mixture | ({"in-place": recipe.in_place} if "in-place" in setting.pools else {})
    sampler = Sampler(setting.pools, mixture, second.optimisation.batch, second.seed)
    evaluate = accuracies(second.role, second.attention, second.shift, setting.tasks, setting.tokenizer)
    folder = stage_folder(setting.out, second.role)
    train(model, _objective(setting), sampler, second.optimisation, evaluate, folder, second.seed)
    write_member(model, setting.tokenizer, setting.out, second.role)


def _objective(setting: Setting) -> Objective:
    """The second stage's."""
    diffusion, mask_id = setting.recipe.second.diffusion, setting.tokenizer.mask_token_id
    assert isinstance(mask_id, int), "the tokenizer is made with a mask token"
    if diffusion is None:
        return next_token(setting.recipe.prompt_weight)
    if diffusion.attention == "full":
        return masked_diffusion(diffusion, mask_id)
    return block_diffusion(diffusion, mask_id)


if __name__ == "__main__":
    main()
