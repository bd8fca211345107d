"""The card of a reference pair: its recipe, its accuracies on held-out examples, and its training curves."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

from ...errors import UsageError
from ...files import replacing, write_text
from .recipe import Recipe

STAGES = {"arm": "next token", "mdm": "masked diffusion"}

CARD = """# Reference pair `{name}`

An autoregressive model (`arm/`) trained from random weights on the training split of {tasks}, and the masked
diffusion model (`mdm/`) post-trained from it, in DiffuLLaMA's manner: {how}. Both are Llama-shaped, with
{layers} layers, {heads} heads, width {width} and {parameters:,} parameters, and share a word-level tokenizer
with single digits. They exist to try out and to check the benchmark; they are no language models.

Made by `python -m mechshift.baselines.training --out DIR --seed {seed}` from `recipe.json`. Training and
evaluation examples share no content (see the tasks' cards). Licence: Apache-2.0.

## Accuracy on held-out examples

Greedy decoding, as the benchmark decodes, on {held_out} examples of each task's evaluation split.
Nothing was chosen by these accuracies.

{table}

## Training curves

`training-arm.csv` and `training-mdm.csv`: step, loss, learning rate, seconds since the start, accuracies.

![Loss and accuracy by step](curves.svg)
"""


def keep_recipe(recipe: Recipe, out: Path) -> None:
    """Write `out/recipe.json`. Raises UsageError where the folder already holds another recipe's training."""
    path, text = out / "recipe.json", json.dumps(asdict(recipe), indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"{out} holds the training of another recipe or seed",
            "give an empty folder, or delete it to start anew",
        )
    write_text(path, text)


def write_card(recipe: Recipe, parameters: int, out: Path) -> None:
    """Write `card.md`, the two logs and `curves.svg` to the folder of a trained pair.

    Raises UsageError where matplotlib, which draws the curves, is not installed.
    """
    from .evaluation import HELD_OUT

    logs = {stage: (out / "training" / stage / "log.csv").read_text(encoding="utf-8") for stage in STAGES}
    for stage, log in logs.items():
        write_text(out / f"training-{stage}.csv", log)
    rows = {stage: list(csv.DictReader(log.splitlines())) for stage, log in logs.items()}
    _draw_curves(rows, recipe, out / "curves.svg")
    diffusion, architecture = recipe.diffusion, recipe.architecture
    shift = "shifted" if diffusion.shift else "unshifted"
    anneal = f"attention annealed from causal to full over {diffusion.anneal} steps"
    text = CARD.format(
        name=recipe.name,
        tasks=", ".join(recipe.mixture),
        how=f"{shift} logits, loss weighted by 1/t, {anneal}",
        layers=architecture.layers,
        heads=architecture.heads,
        width=architecture.width,
        parameters=parameters,
        seed=recipe.seed,
        held_out=HELD_OUT,
        table=_accuracies(rows, recipe),
    )
    write_text(out / "card.md", text)


def _accuracies(rows: dict[str, list[dict[str, str]]], recipe: Recipe) -> str:
    names = list(recipe.mixture)
    lines = ["| | steps | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for stage, logged in rows.items():
        last = logged[-1]
        shares = " | ".join(f"{100 * float(last[name]):.1f} %" for name in names)
        lines.append(f"| {stage.upper()} | {last['step']} | {shares} |")
    return "\n".join(lines)


def _draw_curves(rows: dict[str, list[dict[str, str]]], recipe: Recipe, path: Path) -> None:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise UsageError(
            "training curves are drawn by matplotlib, which is not installed",
            'pip install "mechshift[plots]"',
        ) from error
    with matplotlib.rc_context({"svg.hashsalt": recipe.name, "font.size": 9}):
        figure = Figure(figsize=(9, 5), layout="constrained")
        for column, (stage, objective) in enumerate(STAGES.items()):
            steps = [int(row["step"]) for row in rows[stage]]
            loss, accuracy = figure.add_subplot(2, 2, 1 + column), figure.add_subplot(2, 2, 3 + column)
            loss.plot(steps, [float(row["loss"]) for row in rows[stage]], color="0.2", marker=".")
            loss.set(title=f"{stage.upper()} ({objective})", ylabel="loss", yscale="log")
            for name in recipe.mixture:
                accuracy.plot(steps, [float(row[name]) for row in rows[stage]], marker=".", label=name)
            accuracy.set(xlabel="step", ylabel="accuracy, held out", ylim=(0, 1.03))
            accuracy.legend(loc="lower right", frameon=False)
        with replacing(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": "mechshift"})
