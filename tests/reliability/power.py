"""How large a change has to be before a verdict states it: the power of verdicts.

    python tests/reliability/power.py build/power --arm baselines/reference/tiny/arm \\
        --control baselines/reference/tiny-continued/control \\
        --scratch baselines/reference/tiny-scratch/mdm

The ARM is paired with itself after noise on every matrix, and with weights on the straight line towards a
model trained from scratch, asked as an ARM. Every pair goes through the whole run of a short protocol and is
judged beside a control under the same protocol. A run is kept in the folder, so that the same command
continues where it was stopped. Prints the table; with --write puts it and the figure into the pages.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.estimators import kept
from reliability.power_figure import draw_power
from reliability.robustness import Weights, between, noisy
from reliability.tables import DOCS, VERDICTS, power_table, put

import mechshift
from mechshift.benchmark.record.comparison import HEADLINE
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask
from mechshift.benchmark.verdict.bounds import ALIKE
from mechshift.benchmark.verdict.verdict import Judged, judge_against

TASKS = ("induction", "arithmetic", "article", "star-path")
"""Two local and two planning tasks, of few templates, on which every control is preserved."""
PROTOCOL = QUICK.changed(
    name="power",
    tasks=tuple(task for task in V2.tasks if task.name in TASKS),
    pool=160,
    groups=20,
    steps=5,
    circuit_edges=181,
    grid=(0.001, 0.05, 1.0),
    swept=8,
    crossed=48,
    shuffled=1,
    shuffled_examples=1,
    components=0,
    places=False,
    neurons=False,
    beside=(),
    ablating=None,
    resamples=200,
    splits=1,
)
"""Circuits of one size, 5 % of the edges of `tiny`, so that none has to be found by running them."""
SIZES: Mapping[str, tuple[float, ...]] = {
    "noise": (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0),
    "towards scratch": (0.1, 0.2, 0.25, 0.3, 0.4),
}
"""Of changes: noise in standard deviations of each matrix, and shares of the way."""


@dataclass(frozen=True)
class TaskOutcome:
    """What a run says of a task: ρ standardised, its verdict, whether it is attributed, whether ρ is low.

    `verdict`: `failed` where too few prompts are solved by both members, so that there is none.
    """

    verdict: str
    attributed: bool = False
    rho: float | None = None
    below: bool = False


def outcomes(record: Record, control: Record) -> dict[str, TaskOutcome]:
    """What is said of each task of a record, beside a control under the same protocol."""
    failed = {one.task: TaskOutcome("failed") for one in record.results if isinstance(one, FailedTask)}
    judged = {one.name: one for one in judge_against(record, [control]).tasks}
    rho = {task.task: task.comparison.structure[HEADLINE] for task in record.tasks}
    found = failed | {name: _outcome(judged[name], rho[name]) for name in rho}
    return {name: found[name] for name in TASKS}


def _outcome(one: Judged, rho: Measured) -> TaskOutcome:
    if not isinstance(rho, Number):
        return TaskOutcome(one.verdict)
    return TaskOutcome(
        one.verdict,
        one.attribution.says == "attributable",
        rho.value,
        rho.high is not None and rho.high < ALIKE,
    )


def changed(arm: Weights, scratch: Weights, change: str, size: float) -> Weights:
    """The ARM's weights after a change of that size, in their own precision."""
    found = noisy(arm, size) if change == "noise" else between(arm, scratch, size)
    return {name: value.to(arm[name].dtype).contiguous() for name, value in found.items()}


def checkpoint(like: Path, weights: Weights, folder: Path) -> Path:
    """A checkpoint of those weights, with configuration and tokenizer of another."""
    shutil.copytree(like, folder, dirs_exist_ok=True)
    save_file(dict(weights), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def run(arm: Path, second: Path, name: str, out: Path) -> Record:
    """The run of a pair under the short protocol; what is there already is not computed again."""
    pair = mechshift.load(
        str(arm), str(second), as_control=True, device="cpu", name=name, accept_behaviour=True
    )
    return mechshift.run(pair, PROTOCOL, out=out, progress=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    for member in ("arm", "control", "scratch"):
        parser.add_argument(f"--{member}", type=Path, required=True, help="folder of a member")
    parser.add_argument("--write", action="store_true", help="put table and figure into the pages")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    arm = load_file(options.arm / "model.safetensors")
    scratch = load_file(options.scratch / "model.safetensors")
    control = run(options.arm, options.control, "control", options.folder / "control")

    def measure(change: str, size: float) -> dict[str, object]:
        name = f"{change.replace(' ', '-')}-{size}"
        own = options.folder / name
        second = checkpoint(options.arm, changed(arm, scratch, change, size), own / "second")
        record = run(options.arm, second, name, own)
        return {task: asdict(one) for task, one in outcomes(record, control).items()}

    results = {
        change: {
            size: kept(options.folder / f"{change}-{size}.json", lambda: measure(change, size))  # noqa: B023 called at once
            for size in sizes
        }
        for change, sizes in SIZES.items()
    }
    (options.folder / "power.json").write_text(json.dumps(results) + "\n", encoding="utf-8")
    table = power_table(results)
    print(table)
    if options.write:
        put(VERDICTS, {"the power table": table})
        draw_power(results, DOCS / "images" / "power.svg")


if __name__ == "__main__":
    main()
