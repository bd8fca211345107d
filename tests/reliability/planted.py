"""Verdicts on pairs of models of which it is known what changed, because it was planted.

    python tests/reliability/planted.py build/planted

Each pair is measured and judged as any pair is, on fewer prompts than under `v2`. But for tiny-scratch's, the
second member is asked as an ARM, like a control, so that a model beside itself is the same network and only
what was planted differs. Prints the table; with --write puts it into docs/verdicts.md. The same command
continues where it was stopped, and judges anew what was measured before.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.planted_table import planted_table
from reliability.tables import put

import mechshift
from build.heads import move_heads, remove_head
from mechshift.benchmark.measure.swept import Sweep
from mechshift.benchmark.pairs.backbones import Backbone
from mechshift.benchmark.pairs.native import quiet
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.record_file import record_path
from mechshift.benchmark.run.store import find_cell
from mechshift.benchmark.verdict.rules import MechanismVerdict
from mechshift.benchmark.verdict.text import verdict_values
from mechshift.benchmark.verdict.verdict import judge
from mechshift.errors import NotComputable

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "verdicts.md"
ARM = ROOT / "baselines" / "reference" / "tiny" / "arm"
TASKS = ("ioi", "induction", "agreement", "article", "countdown")

# As v2, on a quarter of its prompts and the budgets among which sizes are chosen on these models.
PLANTED = V2.changed(
    name="planted",
    board=False,
    pool=120,
    steps=5,
    neurons=False,
    beside=(),
    grid=(0.001, 0.02, 0.05, 0.1, 1.0),
    swept=24,
    crossed=32,
    shuffled=4,
    ablating=None,
    splits=4,
)
# τ* has its interval from the prompts on which circuits run in the other member: one head takes more of them.
MORE = PLANTED.changed(name="planted-more", pool=V2.sampling.pool, crossed=256)
TOO_FEW = PLANTED.changed(name="planted-too-few", pool=PLANTED.minimum - 6)
# Unrelated members need larger circuits before both are faithful, and whole graphs say nothing of transfer.
UNRELATED = PLANTED.changed(name="planted-unrelated", grid=(0.001, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0))
FEWEST = PLANTED.changed(name="planted-fewest", pool=12, minimum=12)

ADDED = (5, 2)
"""Layer and head: without it the ARM of the reference pairs has less of a margin on one task alone."""
ADDED_FOR = "countdown"

Truth = Mapping[str, MechanismVerdict]
Change = Callable[[Backbone], None]


@dataclass(frozen=True)
class Plant:
    """A pair and the verdicts that are right on it.

    `truth`: by task; `suites`: of the suites, where the truth is about them too; `right_or`: what may be said
    in place of every truth, where prompts are too few to tell; `measured`: what else is measured, to be read
    beside the verdicts.
    """

    name: str
    pair: Callable[[Path], Pair]
    truth: Truth
    suites: MechanismVerdict | None = None
    right_or: MechanismVerdict | None = None
    protocol: Protocol = PLANTED
    measured: Callable[[Record, Path], Any] = field(default=lambda record, out: None)


def of_all(verdict: MechanismVerdict) -> Truth:
    """One truth for all tasks."""
    return dict.fromkeys(TASKS, verdict)


def plants(arm: Path) -> list[Plant]:
    """All pairs, those that are measured soonest first."""
    moved: MechanismVerdict = "same function, other edges"
    added: Truth = {task: "extended" if task == ADDED_FOR else "preserved" for task in TASKS}
    without = partial(remove_head, layer=ADDED[0], head=ADDED[1])

    def itself(name: str) -> Callable[[Path], Pair]:
        return lambda folder: as_control(arm, arm, name)

    def with_heads_moved(folder: Path) -> Pair:
        return as_control(arm, changed(arm, folder / "second", move_all_heads), "heads-moved")

    def with_head_added(folder: Path) -> Pair:
        return as_control(changed(arm, folder / "first", without), arm, "head-added")

    def scratch(folder: Path) -> Pair:
        return mechshift.load("tiny-scratch", device="cpu")

    return [
        Plant("too few prompts", itself("too-few"), of_all("undecided"), "undecided", protocol=TOO_FEW),
        Plant("a model with itself", itself("itself"), of_all("preserved"), "preserved"),
        Plant(
            "all heads moved within their layers", with_heads_moved, of_all(moved), moved, measured=by_index
        ),
        Plant(
            f"a head added that only {ADDED_FOR} uses",
            with_head_added,
            added,
            protocol=MORE,
            measured=head_adds,
        ),
        Plant("the same on 12 prompts", with_head_added, added, right_or="undecided", protocol=FEWEST),
        Plant("tiny-scratch", scratch, of_all("rebuilt"), "rebuilt", protocol=UNRELATED),
    ]


def as_control(first: Path, second: Path, name: str) -> Pair:
    """Two checkpoints, both asked as ARMs."""
    return mechshift.load(first, second, as_control=True, dtype="float32", device="cpu", name=name)


def changed(source: Path, target: Path, change: Change) -> Path:
    """A copy of a checkpoint with other weights, in single precision."""
    if not target.exists():
        model = as_control(source, source, "source").arm.backbone
        change(model)
        partial_folder = target.with_suffix(".partial")
        shutil.rmtree(partial_folder, ignore_errors=True)
        with quiet():
            model.model.save_pretrained(partial_folder)
        for file in source.glob("tokenizer*"):
            shutil.copy(file, partial_folder)
        partial_folder.rename(target)
    return target


def move_all_heads(backbone: Backbone) -> None:
    """Each layer's heads by another number of places, so that every head has another index."""
    groups = list(range(backbone.shape.kv_heads))
    within = list(range(backbone.shape.heads // backbone.shape.kv_heads))
    for layer in range(backbone.shape.layers):
        places = 1 + layer % (len(groups) - 1)
        move_heads(backbone, layer, groups[places:] + groups[:places], within)


def head_adds(record: Record, out: Path) -> dict[str, float]:
    """Of each task, the share of the second member's metric gap that the first one, without the head, lacks.

    From both whole models on the prompts of the sweeps: no circuit has part in it.
    """
    found = {}
    for task in record.tasks:
        gaps = []
        for member in ("arm", "mdm"):
            path = find_cell(record_path(out, record), record, task.task, f"sweep-{member}")
            sweep = Sweep.load(path)
            gaps.append(float(np.mean(sweep.whole - sweep.empty)))
        found[task.task] = 1 - gaps[0] / gaps[1]
    return found


def by_index(record: Record, out: Path) -> dict[str, MechanismVerdict]:
    """What would be said of each task and suite if circuits ran in the other member as their indices say."""
    unmatched = {"matched": Missing(missing="left out")}
    tasks = []
    for task in record.tasks:
        assert task.function is not None, "the protocol runs circuits in the other member"
        hosts = {host: getattr(task.function, host).model_copy(update=unmatched) for host in ("arm", "mdm")}
        tasks.append(task.model_copy(update={"function": task.function.model_copy(update=hosts)}))
    found = judge(record.model_copy(update={"tasks": tuple(tasks)}))
    return {one.name: one.verdict for one in (*found.suites, *found.tasks)}


def measure(plant: Plant, folder: Path) -> dict[str, Any]:
    """The verdict on a plant, beside its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / plant.protocol.name
    pair = plant.pair(folder)
    try:
        record = mechshift.run(pair, plant.protocol, list(plant.truth), out=out, progress=False)
    except NotComputable:
        # Of no task there was a comparison: a record says why.
        record = next(one for one in map(mechshift.read, out.glob("*.json")) if isinstance(one, Record))
    found = verdict_values(mechshift.verdict(record))
    return {
        "name": plant.name,
        "truth": dict(plant.truth),
        "truth_of_suites": plant.suites,
        "right_or": plant.right_or,
        "measured": plant.measured(record, out),
        **{about: found[about] for about in ("tasks", "suites")},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arm", type=Path, default=ARM)
    parser.add_argument("--write", action="store_true", help="put the table into docs/verdicts.md")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    results = []
    for plant in plants(options.arm):
        # Verdicts take no time: where a rule has changed they are made anew from the cells.
        results.append(measure(plant, options.folder / plant.name.replace(" ", "-")))
        print(planted_table(results[-1:]), flush=True)
    (options.folder / "planted.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = planted_table(results)
    print(table)
    if options.write:
        put(PAGE, {"the planted truths": table})


if __name__ == "__main__":
    main()
