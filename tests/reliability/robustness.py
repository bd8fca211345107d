"""How estimators fall along paths between weights, and how far harmless noise on weights moves them.

    python tests/reliability/robustness.py build/robustness --arm baselines/reference/tiny/arm \\
        --control baselines/reference/tiny-continued/control --mdm baselines/reference/tiny/mdm \\
        --scratch baselines/reference/tiny-scratch/mdm --tasks ioi agreement

The ARM is measured against weights on the straight line from it to each other member, and against itself
with normal noise on every matrix, in units of the matrix's own standard deviation. All are asked as an ARM,
so that a path begins at the ARM itself and only weights change. Noise grows level by level until an answer is
wrong; the level before is the one that counts. Every measurement has its file in the folder, so that the same
command continues where it was stopped. Prints the table; with --write puts it into docs/metrics.md.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.estimators import kept, plain
from reliability.measured import ESTIMATORS, Sample, estimates
from reliability.tables import robustness_table, write

import mechshift
from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.states import questions
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.convergence import find_convergence
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import V2
from mechshift.tasks import get_task

Weights = Mapping[str, torch.Tensor]
ENDS = ("control", "mdm", "scratch")
PARTS = (0.25, 0.5, 0.75, 1.0)
LEVELS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
PROMPTS, ROWS = 250, 64


class Asked:
    """A pair whose second member's weights are exchanged, on the examples of a task that the ARM solves."""

    def __init__(self, pair: Pair, arm: Weights, task: str) -> None:
        self._pair, self._arm, self._task = pair, arm, get_task(task)
        self._level = next(each.level for each in V2.tasks if each.name == task)
        self._sampling = V2.sampling.model_copy(update={"pool": PROMPTS, "candidates": 2})

    def accuracy(self, weights: Weights) -> float:
        """Share of a round of examples that is solved with those weights."""
        exchange(self._pair.mdm, weights)
        once = self._sampling.model_copy(update={"candidates": 1})
        found = find_pool(self._pair, self._task, self._level, once, ROWS, lambda _: None).mdm
        return found.solved / found.tried

    def estimates(self, weights: Weights) -> dict[str, Any]:
        """Every estimator between the ARM and those weights."""
        one = self._reference
        exchange(self._pair.mdm, weights)
        other = self._score(self._pair.mdm)
        sample = Sample(
            one.attribution.score_sums,
            other.attribution.score_sums,
            one.attribution.counts.astype(float),
            np.unique(one.templates, return_inverse=True)[1],
            one.graph.mask,
        )
        return plain(estimates(sample, 1, 4))

    @cached_property
    def _reference(self) -> ScoreSums:
        return self._score(self._pair.arm)

    @cached_property
    def _questions(self) -> tuple[Any, tuple[str, ...]]:
        """Those of the examples that the ARM solves, whatever the weights in its place do."""
        exchange(self._pair.mdm, self._arm)
        pool = find_pool(self._pair, self._task, self._level, self._sampling, ROWS, lambda _: None)
        encoded = pooled_examples(self._pair, self._task, self._level, self._sampling, pool)
        grouping = group_examples(pool.solved, V2.halving.model_copy(update={"disjoint": False}))
        asked = questions(self._pair.arm, encoded, grouping.discovery, grouping.group, V2.sampling.read)
        return asked, grouping.templates

    def _score(self, member: Member) -> ScoreSums:
        asked, templates = self._questions
        # As in a run: each member has as many points as it needs, with other weights perhaps others.
        search = find_convergence(member, asked, V2.scoring, ROWS)
        integration = Integration(V2.scoring.rule, search.steps)
        return score_edges(member, asked, templates, integration, ROWS, lambda _: None)


@torch.no_grad()
def exchange(member: Member, weights: Weights) -> None:
    """Give a member other weights; embedding and head are one in these models."""
    for name, value in member.backbone.base.named_parameters():
        value.copy_(weights[f"model.{name}"])


def between(first: Weights, second: Weights, part: float) -> Weights:
    """Weights that far on the straight line from the first to the second."""
    return {name: torch.lerp(first[name].double(), second[name].double(), part) for name in first}


def noisy(weights: Weights, level: float, seed: int = 0) -> Weights:
    """The matrices with noise of that share of their own standard deviation; the same noise at all levels."""
    generator = np.random.default_rng([seed, 7])
    found = dict(weights)
    for name, value in weights.items():
        if value.ndim == 2:
            noise = torch.from_numpy(generator.normal(size=value.shape))
            found[name] = value.double() + level * float(value.double().std()) * noise
    return found


def harmless(accuracy: Callable[[float], float], levels: Sequence[float] = LEVELS) -> float:
    """The largest level up to which all answers stay right; 0 where the first level has a wrong one."""
    largest = 0.0
    for level in levels:
        if accuracy(level) < 1:
            break
        largest = level
    return largest


def measure(folder: Path, asked: Asked, members: Mapping[str, Weights]) -> dict[str, Any]:
    """Estimates along every path, and at the largest noise that is harmless."""
    arm = members["arm"]

    def along(end: str, part: float) -> Any:
        weights = between(arm, members[end], part)
        return kept(folder / f"{end}-{part}.json", lambda: asked.estimates(weights))

    paths = {end: [along(end, part) for part in PARTS] for end in ENDS}
    level = kept(folder / "level.json", lambda: harmless(lambda each: asked.accuracy(noisy(arm, each))))
    moved = kept(folder / f"noise-{level}.json", lambda: asked.estimates(noisy(arm, level)))
    return {"paths": paths, "level": level, "noise": moved}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    for member in ("arm", *ENDS):
        parser.add_argument(f"--{member}", type=Path, required=True, help="folder of a member")
    parser.add_argument("--tasks", nargs="+", default=["ioi", "agreement"])
    parser.add_argument("--write", action="store_true", help="put the table into docs/metrics.md")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    folders = {member: getattr(options, member) for member in ("arm", *ENDS)}
    members = {member: load_file(folder / "model.safetensors") for member, folder in folders.items()}
    pair = mechshift.load(
        str(folders["arm"]), str(folders["control"]), as_control=True, device="cpu", name="path"
    )
    results = {
        task: measure(options.folder / task, Asked(pair, members["arm"], task), members)
        for task in options.tasks
    }
    (options.folder / "robustness.json").write_text(json.dumps(results) + "\n", encoding="utf-8")
    table = robustness_table(ESTIMATORS, results)
    print(table)
    if options.write:
        write({"robustness": table})


if __name__ == "__main__":
    main()
