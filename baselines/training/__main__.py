"""Train a reference pair: `python -m mechshift.baselines.training PAIR --out DIR`."""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.utils import logging

from ...benchmark.pairs.attention import Attention
from ...benchmark.pairs.member import Role
from ...errors import MechshiftError, UsageError
from ...files import write_text
from ...tasks import Task, get_task
from .card import write_card
from .data import Pool, Sampler, task_pools
from .evaluation import accuracies
from .objectives import Objective, block_diffusion, masked_diffusion, next_token
from .recipe import Recipe, get_recipe, list_recipes
from .train import train
from .vocabulary import build_tokenizer, load_tokenizer


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
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def train_pair(recipe: Recipe, out: Path, arm: Path | None = None) -> None:
    """Write `out/arm` and `out/mdm` (`out/control`) in the published layout, and their card.

    `arm` is the folder of another pair, whose ARM is taken as it is. What is there of the same recipe is
    continued or kept. Raises UsageError where a folder holds another recipe's.
    """
    if arm is not None:
        _check_same_arm(recipe, arm)
    keep_recipe(recipe, out)
    tasks = tuple(get_task(name) for name in recipe.mixture)
    tokenizer = build_tokenizer(tasks, recipe.seed) if arm is None else load_tokenizer(arm / "arm")
    setting = Setting(recipe, tasks, tokenizer, task_pools(recipe, tasks, tokenizer), out)
    if arm is None:
        torch.manual_seed(recipe.seed)
        model = LlamaForCausalLM(recipe.architecture.config(len(tokenizer)))
        _train_arm(model, setting)
    else:
        model = LlamaForCausalLM.from_pretrained(arm / "arm", local_files_only=True)
    if recipe.second.start == "random":
        torch.manual_seed(recipe.second.seed)
        model = LlamaForCausalLM(recipe.architecture.config(len(tokenizer)))
    _train_second(model, setting)
    write_card(recipe, sum(parameter.numel() for parameter in model.parameters()), out)


def keep_recipe(recipe: Recipe, out: Path) -> None:
    """Write `out/recipe.json`. Raises UsageError where the folder already holds another recipe's training."""
    path, text = out / "recipe.json", json.dumps(asdict(recipe), indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"{out} holds the training of another recipe", "give an empty folder, or delete it to start anew"
        )
    write_text(path, text)


def _check_same_arm(recipe: Recipe, folder: Path) -> None:
    path = folder / "recipe.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "name the folder of a pair that was trained here"
        ) from error
    wanted = json.loads(json.dumps(asdict(recipe)))
    differing = sorted(key for key in recipe.of_arm if found.get(key) != wanted[key])
    if differing:
        raise UsageError(
            f"the ARM in {folder} was trained with another {', '.join(differing)} than {recipe.name}'s",
            "leave out --arm, and it is trained",
        )


@dataclass(frozen=True)
class Setting:
    """What both stages are trained with, and where they are written."""

    recipe: Recipe
    tasks: tuple[Task, ...]
    tokenizer: PreTrainedTokenizerBase
    pools: dict[str, Pool]
    out: Path


def _train_arm(model: LlamaForCausalLM, setting: Setting) -> None:
    recipe = setting.recipe
    sampler = Sampler(setting.pools, recipe.mixture, recipe.arm.batch, recipe.seed)
    evaluate = accuracies("arm", Attention("causal"), True, setting.tasks, setting.tokenizer)
    folder = setting.out / "training" / "arm"
    train(model, next_token(recipe.prompt_weight), sampler, recipe.arm, evaluate, folder, recipe.seed)
    _write(model, setting, "arm")


def _train_second(model: LlamaForCausalLM, setting: Setting) -> None:
    recipe, second = setting.recipe, setting.recipe.second
    mixture = recipe.mixture | ({"in-place": recipe.in_place} if "in-place" in setting.pools else {})
    sampler = Sampler(setting.pools, mixture, second.optimisation.batch, second.seed)
    evaluate = accuracies(second.role, second.attention, second.shift, setting.tasks, setting.tokenizer)
    folder = setting.out / "training" / second.role
    train(model, _objective(setting), sampler, second.optimisation, evaluate, folder, second.seed)
    _write(model, setting, second.role)


def _objective(setting: Setting) -> Objective:
    """The second stage's."""
    diffusion, mask_id = setting.recipe.second.diffusion, setting.tokenizer.mask_token_id
    assert isinstance(mask_id, int), "the tokenizer is made with a mask token"
    if diffusion is None:
        return next_token(setting.recipe.prompt_weight)
    if diffusion.attention == "full":
        return masked_diffusion(diffusion, mask_id)
    return block_diffusion(diffusion, mask_id)


def _write(model: LlamaForCausalLM, setting: Setting, role: Role) -> None:
    model.save_pretrained(setting.out / role)
    setting.tokenizer.save_pretrained(setting.out / role)


if __name__ == "__main__":
    main()
