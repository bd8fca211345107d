"""The card of a reference pair: its recipe, its accuracies on held-out examples, and its training curves."""

import csv
from pathlib import Path

from ...benchmark.pairs.member import Role
from ...files import replacing, write_text
from .folder import stage_folder
from .recipe import Recipe
from .train import LOG

CARD = """# Reference pair `{name}`

The ARM (`arm/`{where}) was trained from random weights on the training split of {tasks}.

The second member (`{role}/`): {about}. Seed {seed}, trained from {start}.

All are Llama-shaped, with {layers} layers, {heads} heads, width {width} and {parameters:,} parameters, and
share a word-level tokenizer with single digits. They exist to try out and to check the benchmark; they are no
language models.

    python -m mechshift.baselines.training {name} --out DIR
    mechshift run --pair {name}

The first command repeats the training from `recipe.json` (the ARM's too; `--arm FOLDER` takes that of a pair
which is there), the second measures the pair. Training and evaluation examples share no content (see the
tasks' cards). Licence: Apache-2.0.

## Accuracy on held-out examples

Greedy decoding, as the benchmark decodes, on {held_out} examples of each task's evaluation split, at the
levels {levels}. The weights are those of the last step, whatever these accuracies were.

{table}

## Training curves

{logs}: step, loss, learning rate, seconds since the start, accuracies.

![Loss and accuracy by step](curves.svg)
"""

LogRows = list[dict[str, str]]


def write_card(recipe: Recipe, parameters: int, out: Path, arm_of: str | None = None) -> None:
    """Write `card.md`, the logs of the stages trained in the folder and `curves.svg` to it. Needs matplotlib.

    `arm_of`: the pair that the ARM was taken from, None where it was trained in the folder.
    """
    from .evaluation import HELD_OUT

    architecture, second = recipe.architecture, recipe.second
    rows = _keep_logs((second.role,) if arm_of else ("arm", second.role), out)
    _draw_curves(rows, recipe, out / "curves.svg")
    text = CARD.format(
        name=recipe.name,
        where=f" of `{arm_of}`" if arm_of else "",
        tasks=", ".join(recipe.mixture),
        role=second.role,
        about=second.about,
        seed=second.seed,
        start="the ARM" if second.start == "arm" else "random weights",
        layers=architecture.layers,
        heads=architecture.heads,
        width=architecture.width,
        parameters=parameters,
        held_out=HELD_OUT,
        levels=", ".join(f"{name} `{task.card.default_level}`" for name, task in recipe.tasks().items()),
        table=_accuracies(rows, recipe),
        logs=" and ".join(f"`training-{stage}.csv`" for stage in rows),
    )
    write_text(out / "card.md", text)


def _keep_logs(stages: tuple[Role, ...], out: Path) -> dict[str, LogRows]:
    """The rows of each stage's log, which is copied beside the card; a log that is not there is left out."""
    found: dict[str, LogRows] = {}
    for stage in stages:
        path = stage_folder(out, stage) / LOG
        if path.exists():
            text = path.read_text(encoding="utf-8")
            write_text(out / f"training-{stage}.csv", text)
            found[stage] = list(csv.DictReader(text.splitlines()))
    return found


def _accuracies(rows: dict[str, LogRows], recipe: Recipe) -> str:
    names = list(recipe.mixture)
    lines = ["| | steps | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for stage, logged in rows.items():
        last = logged[-1]
        shares = " | ".join(f"{100 * float(last[name]):.1f} %" for name in names)
        lines.append(f"| `{stage}` | {last['step']} | {shares} |")
    return "\n".join(lines)


def _draw_curves(rows: dict[str, LogRows], recipe: Recipe, path: Path) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": recipe.name, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(4.5 * len(rows), 5), layout="constrained")
        for column, (stage, logged) in enumerate(rows.items()):
            steps = [int(row["step"]) for row in logged]
            loss = figure.add_subplot(2, len(rows), 1 + column)
            accuracy = figure.add_subplot(2, len(rows), 1 + len(rows) + column)
            loss.plot(steps, [float(row["loss"]) for row in logged], color="0.2", marker=".")
            loss.set(title=stage, ylabel="loss", yscale="log")
            for name in recipe.mixture:
                accuracy.plot(steps, [float(row[name]) for row in logged], marker=".", label=name)
            accuracy.set(xlabel="step", ylabel="accuracy, held out", ylim=(0, 1.03))
            accuracy.legend(loc="lower right", frameon=False)
        with replacing(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": "mechshift"})
