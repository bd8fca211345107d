"""Train a reference pair: `python -m mechshift.baselines.training --out DIR`."""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.utils import logging

from ...errors import MechshiftError
from ...tasks import Task, get_task
from .card import keep_recipe, write_card
from .data import Pool, Sampler, task_pools
from .evaluation import accuracies
from .objectives import masked_diffusion, next_token
from .recipe import TINY, Recipe
from .train import train
from .vocabulary import build_tokenizer


def main() -> None:
    """Train the ARM, then the MDM from it; what is there is continued, what is done is kept."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the pair; holds arm/, mdm/ and the logs"
    )
    parser.add_argument("--seed", type=int, default=TINY.seed)
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    try:
        train_pair(replace(TINY, seed=arguments.seed), arguments.out)
    except MechshiftError as error:
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def train_pair(recipe: Recipe, out: Path) -> None:
    """Write `out/arm` and `out/mdm` in the published layout (config, weights, tokenizer), and their card.

    What is there of the same recipe is continued or kept. Raises UsageError where the folder holds another's.
    """
    keep_recipe(recipe, out)
    tasks = tuple(get_task(name) for name in recipe.mixture)
    tokenizer = build_tokenizer(tasks, recipe.seed)
    setting = Setting(recipe, tasks, tokenizer, task_pools(recipe, tasks, tokenizer), out)
    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(recipe.architecture.config(len(tokenizer)))
    _train_arm(model, setting)
    _train_mdm(model, setting)
    write_card(recipe, sum(parameter.numel() for parameter in model.parameters()), out)


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
    evaluate = accuracies("arm", True, setting.tasks, setting.tokenizer)
    folder = setting.out / "training" / "arm"
    train(model, next_token(recipe.prompt_weight), sampler, recipe.arm, evaluate, folder, recipe.seed)
    _write(model, setting.tokenizer, setting.out / "arm")


def _train_mdm(model: LlamaForCausalLM, setting: Setting) -> None:
    recipe, diffusion = setting.recipe, setting.recipe.diffusion
    mixture = recipe.mixture | ({"in-place": diffusion.in_place} if "in-place" in setting.pools else {})
    sampler = Sampler(setting.pools, mixture, recipe.mdm.batch, recipe.seed + 1)
    evaluate = accuracies("mdm", diffusion.shift, setting.tasks, setting.tokenizer)
    assert isinstance(setting.tokenizer.mask_token_id, int), "the tokenizer is made with a mask token"
    objective = masked_diffusion(diffusion, setting.tokenizer.mask_token_id)
    folder = setting.out / "training" / "mdm"
    train(model, objective, sampler, recipe.mdm, evaluate, folder, recipe.seed + 1)
    _write(model, setting.tokenizer, setting.out / "mdm")


def _write(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
