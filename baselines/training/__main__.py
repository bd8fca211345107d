"""Train a reference pair: `python -m mechshift.baselines.training --out DIR`."""

import argparse
import sys
from dataclasses import replace
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
    pools = task_pools(recipe, tasks, tokenizer)
    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(recipe.architecture.config(len(tokenizer)))
    _train_arm(model, recipe, tasks, tokenizer, pools, out)
    _train_mdm(model, recipe, tasks, tokenizer, pools, out)
    write_card(recipe, sum(parameter.numel() for parameter in model.parameters()), out)


def _train_arm(
    model: LlamaForCausalLM,
    recipe: Recipe,
    tasks: tuple[Task, ...],
    tokenizer: PreTrainedTokenizerBase,
    pools: dict[str, Pool],
    out: Path,
) -> None:
    sampler = Sampler(pools, recipe.mixture, recipe.arm.batch, recipe.seed)
    evaluate = accuracies("arm", True, tasks, tokenizer)
    folder = out / "training" / "arm"
    train(model, next_token(recipe.prompt_weight), sampler, recipe.arm, evaluate, folder, recipe.seed)
    _write(model, tokenizer, out / "arm")


def _train_mdm(
    model: LlamaForCausalLM,
    recipe: Recipe,
    tasks: tuple[Task, ...],
    tokenizer: PreTrainedTokenizerBase,
    pools: dict[str, Pool],
    out: Path,
) -> None:
    diffusion = recipe.diffusion
    mixture = recipe.mixture | ({"in-place": diffusion.in_place} if "in-place" in pools else {})
    sampler = Sampler(pools, mixture, recipe.mdm.batch, recipe.seed + 1)
    evaluate = accuracies("mdm", diffusion.shift, tasks, tokenizer)
    assert isinstance(tokenizer.mask_token_id, int)
    objective = masked_diffusion(diffusion, tokenizer.mask_token_id)
    train(model, objective, sampler, recipe.mdm, evaluate, out / "training" / "mdm", recipe.seed + 1)
    _write(model, tokenizer, out / "mdm")


def _write(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
