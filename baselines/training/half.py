"""Write a pair's weights at half precision: `python -m mechshift.baselines.training.half PAIR --out DIR`.

A repository holds twice as many of them. What is computed from them is computed in float32: the pair's entry
says so.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from ...benchmark.pairs.attention import Attention
from ...benchmark.pairs.member import Role
from ...benchmark.pairs.native import quiet
from ...errors import MechshiftError, UsageError
from .evaluation import accuracies
from .folder import WEIGHTS, copy_member, write_member
from .recipe import Recipe, get_recipe
from .train import Evaluate
from .vocabulary import load_tokenizer

ALLOWED = 0.005
"""How much of its accuracy any task may lose: one of the held-out examples, and what rounding adds."""

ROLES: tuple[Role, ...] = ("arm", "mdm", "control")


def main() -> None:
    """Write the members of a trained pair to another folder, as float16 where no task loses accuracy."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pair", type=Path, help="folder that the pair NAME was trained in, called NAME")
    parser.add_argument("--out", type=Path, required=True, help="folder for its members")
    arguments = parser.parse_args()
    try:
        for role, lost in halve_pair(get_recipe(arguments.pair.name), arguments.pair, arguments.out).items():
            print(f"{role}: {f'kept in float32, as {lost} loses accuracy' if lost else 'float16'}")
    except MechshiftError as error:
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def halve_pair(recipe: Recipe, folder: Path, out: Path) -> dict[Role, str]:
    """Write the members in `folder` to `out`, as float16 unless a task loses more than `ALLOWED` by it.

    Returns for each member the first task that loses more, empty where none does and it was halved. Raises
    UsageError where the folder has no member, or `out` is the folder itself, whose weights would be lost.
    """
    if out.resolve() == folder.resolve():
        raise UsageError(
            f"{out} holds the weights that were trained, which halved ones would replace",
            "give another folder with --out",
        )
    there = [role for role in ROLES if (folder / role / WEIGHTS).is_file()]
    if not there:
        raise UsageError(f"{folder} holds no trained member", "name the folder that a pair was trained in")
    return {role: _halve(recipe, role, folder / role, out) for role in there}


def _halve(recipe: Recipe, role: Role, member: Path, out: Path) -> str:
    model, tokenizer = read_single(member), load_tokenizer(member)
    evaluate = _evaluation(recipe, role, tokenizer)
    before = evaluate(model)
    # Where the weights belong are only ever those that are to stay there.
    with tempfile.TemporaryDirectory() as folder:
        write_member(model.half(), tokenizer, Path(folder), role)
        halved = Path(folder) / role
        after = evaluate(read_single(halved))
        lost = next((task for task, share in before.items() if share - after[task] > ALLOWED + 1e-9), "")
        copy_member(member if lost else halved, out, role)
    return lost


def _evaluation(recipe: Recipe, role: Role, tokenizer: PreTrainedTokenizerBase) -> Evaluate:
    second = recipe.second
    if role == "arm":
        return accuracies("arm", Attention("causal"), True, recipe.tasks(), tokenizer)
    return accuracies(role, second.attention, second.shift, recipe.tasks(), tokenizer)


def read_single(folder: Path) -> LlamaForCausalLM:
    """A member's model in float32, in whatever precision its weights are kept."""
    native: Any = LlamaForCausalLM
    with quiet():
        model: LlamaForCausalLM = native.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    model.eval()
    return model


if __name__ == "__main__":
    main()
