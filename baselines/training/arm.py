"""An ARM taken from the folder of another pair, where it is whole and of the same recipe."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from ...benchmark.pairs.native import quiet
from ...errors import UsageError
from .folder import weights_digest
from .recipe import Recipe
from .vocabulary import load_tokenizer

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class TakenArm:
    """The name of the pair whose folder it lies in, the SHA-256 of its weights' file, and the ARM itself."""

    pair: str
    digest: str
    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerBase

    def check_vocabulary(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raises UsageError where the tasks have other words now than when it was trained."""
        if self.tokenizer.get_vocab() != tokenizer.get_vocab():
            raise UsageError(
                f"the ARM of {self.pair} that --arm names was trained on other words than the tasks have now",
                "leave out --arm, and it is trained",
            )


def take_arm(recipe: Recipe, folder: Path) -> TakenArm:
    """The ARM in `folder/arm`.

    Raises UsageError where the folder is not that of a pair trained here, its ARM was trained by another
    recipe, or is missing, unfinished or damaged.
    """
    pair = _pair_of_same_arm(recipe, folder)
    model, tokenizer = _load(folder / "arm")
    return TakenArm(pair, weights_digest(folder / "arm"), model, tokenizer)


def _pair_of_same_arm(recipe: Recipe, folder: Path) -> str:
    found = _read_recipe(folder / "recipe.json")
    # By way of JSON, which turns tuples into lists as the file has them.
    wanted = json.loads(json.dumps(asdict(recipe)))
    differing = sorted(key for key in recipe.of_arm if found.get(key) != wanted[key])
    if differing:
        raise UsageError(
            f"the ARM in {folder} was trained with another {', '.join(differing)} than {recipe.name}'s",
            "leave out --arm, and it is trained",
        )
    return str(found["name"])


def _read_recipe(path: Path) -> dict[str, object]:
    remedy = "name the folder of a pair that was trained here"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", remedy) from error
    if not isinstance(found, dict) or "name" not in found:
        raise UsageError(f"{path} is not the recipe of a pair", remedy)
    return found


def _load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerBase]:
    if not folder.is_dir():
        raise _not_whole(folder, "there is no such folder")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise _not_whole(folder, f"it has no {' and no '.join(missing)}")
    native: Any = LlamaForCausalLM
    try:
        with quiet():
            tokenizer = load_tokenizer(folder)
            model, left = native.from_pretrained(
                folder,
                dtype=torch.float32,  # trained on in it, in whatever precision the weights are kept
                local_files_only=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except Exception as error:  # what is raised depends on the file, tokenizers raises bare Exception
        raise _not_whole(folder, " ".join(str(error).split()) or type(error).__name__) from error
    if any(left.values()):
        raise _not_whole(folder, "config.json and model.safetensors do not fit together")
    if len(tokenizer) != model.config.vocab_size:
        raise _not_whole(folder, "the tokenizer is not the one that it was trained with")
    return model, tokenizer


def _not_whole(folder: Path, found: str) -> UsageError:
    return UsageError(
        f"--arm needs a whole ARM in {folder}: {found}",
        "train that pair to its end (the same command goes on), name another folder, or leave out --arm",
    )
