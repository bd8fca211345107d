"""The folder that a pair is trained in: of one recipe and one ARM, its members there whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from ...benchmark.pairs.member import Role
from ...benchmark.pairs.native import quiet
from ...errors import UsageError
from ...files import give_usual_mode, write_text
from .recipe import Recipe

OWN = "trained here"
WEIGHTS = "model.safetensors"


def stage_folder(out: Path, role: Role) -> Path:
    """Where a stage keeps its log and what it needs to go on."""
    return out / "training" / role


def weights_digest(member: Path) -> str:
    """Hexadecimal SHA-256 of the weights' file in a member's folder."""
    with (member / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_recipe(recipe: Recipe, out: Path) -> None:
    """Write `out/recipe.json`. Raises UsageError where the folder already holds another recipe's training."""
    text = json.dumps(asdict(recipe), indent=1) + "\n"
    if _kept(out / "recipe.json", text) != text:
        raise UsageError(
            f"{out} holds the training of another recipe", "give an empty folder, or delete it to start anew"
        )


def keep_arm(out: Path, taken: str | None) -> None:
    """Write to `out/training` which ARM the pair has. Raises UsageError where it was begun with another.

    `taken`: the digest of the weights that `--arm` names, None for an ARM that is trained in `out`.
    """
    if taken and (out / "arm" / WEIGHTS).exists() and weights_digest(out / "arm") != taken:
        raise UsageError(
            f"{out} holds an ARM of its own, with other weights than the one that --arm names",
            "leave out --arm, or give an empty folder",
        )
    wanted = taken or OWN
    found = _kept(out / "training" / "arm.sha256", wanted + "\n").strip()
    if found != wanted:
        right = "leave out --arm" if found == OWN else "give the --arm that it was begun with"
        raise UsageError(
            f"the training in {out} was begun with {_named(found)}, and now {_named(wanted)} is asked for",
            f"{right}, or give an empty folder",
        )


def write_member(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, out: Path, role: Role) -> None:
    """Write weights, configuration and tokenizer to `out/role`, which a kill leaves whole or not there."""
    with replacing_folder(out / role) as partial, quiet():
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        # The library that writes weights makes their file the owner's alone.
        give_usual_mode(partial / WEIGHTS)


def copy_member(member: Path, out: Path, role: Role) -> None:
    """Copy a member's folder to `out/role`, which a kill leaves whole or not there."""
    with replacing_folder(out / role) as partial:
        shutil.copytree(member, partial, dirs_exist_ok=True)


def _kept(path: Path, text: str) -> str:
    """What the file holds, which is the text where there was no file."""
    if not path.exists():
        write_text(path, text)
    return path.read_text(encoding="utf-8")


def _named(origin: str) -> str:
    return "an ARM trained in it" if origin == OWN else f"the ARM whose weights are {origin[:12]}…"


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, moved into its place when the block ends without an error."""
    partial, old = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.old")
    for left in (partial, old):
        shutil.rmtree(left, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    # No single move replaces a folder. Killed between these two there is none, which the same command mends.
    if folder.exists():
        folder.replace(old)
    partial.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
