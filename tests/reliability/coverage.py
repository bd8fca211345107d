"""How often the intervals that statements rest on hold the true value: the coverage of a record's numbers.

    python tests/reliability/coverage.py build/coverage --cells FOLDER --pair tiny --control tiny-continued

Prompts are drawn from those of pairs that were run (`population`), on tasks of few templates, which stay, and
of many, which are drawn. Every trial is a sample of as many prompts, with the numbers and intervals of a
record. Of each quantity the table says how often its 95 % interval holds the mean over samples of this size,
and how often what any number of prompts would give. Every batch of trials has its file in the first folder,
so that the same command continues where it was stopped. Prints the table; with --write puts it into
docs/metrics.md. 500 trials take some two minutes a task on one core.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability.estimators import kept
from reliability.population import Sample
from reliability.quantities import QUANTITIES, Sizes, estimates
from reliability.tables import PAGE, coverage_table, put
from reliability.truths import truths

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.record.protocol import V2, Statistics
from mechshift.metrics import templates_drawn

TASKS = ("article", "star-path")
"""Of 6 templates, which stay, and of 10, which are drawn."""
TRIALS, BATCH = 500, 50
Found = dict[str, list[float] | None]


@dataclass(frozen=True)
class Setting:
    """A task of a pair and its control, and what its numbers are resampled by."""

    folder: Path
    pair: str
    control: str
    task: str
    statistics: Statistics = V2.statistics

    def population(self) -> tuple[Sample, Sizes]:
        """All prompts there are, and the sizes of circuits that were compared."""
        found = Sample.read(self.folder, self.pair, self.control, self.task)
        return found, Sizes(found.runs["pair", "arm"].edges, found.runs["control", "arm"].edges)

    def trials(self, first: int, number: int) -> list[Found]:
        """Numbers with their intervals of that many samples."""
        population, sizes = self.population()
        generators = (np.random.default_rng([0, trial]) for trial in range(first, first + number))
        return [plain(estimates(population.drawn(each), sizes, self.statistics)) for each in generators]


def plain(found: dict[str, Measured]) -> Found:
    """Numbers as JSON has them: [value, low, high], or null where there is none."""
    return {
        name: None if isinstance(one, Missing) else [one.value, float(one.low or 0), float(one.high or 0)]
        for name, one in found.items()
    }


def measure(setting: Setting, folder: Path, trials: int) -> dict[str, Any]:
    """All trials of a task, each batch from its file where it is done, and the truths."""
    found: list[Found] = []
    for first in range(0, trials, BATCH):
        number = min(BATCH, trials - first)
        path = folder / setting.task / f"{first}-{number}.json"
        found += kept(path, partial(setting.trials, first, number))
    population, sizes = setting.population()
    templates = population.arm.templates
    return {
        "task": setting.task,
        "templates": len(set(templates)),
        "groups": len(templates),
        "drawn": templates_drawn(templates),
        "limits": truths(population, sizes),
        "trials": found,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--cells", type=Path, required=True, help="folder with a folder of cells for each pair"
    )
    parser.add_argument("--pair", default="tiny", help="name of the pair in --cells")
    parser.add_argument("--control", default="tiny-continued", help="name of its control in --cells")
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--write", action="store_true", help="put the table into docs/metrics.md")
    options = parser.parse_args(arguments)
    results = [
        measure(Setting(options.cells, options.pair, options.control, task), options.folder, options.trials)
        for task in options.tasks
    ]
    table = coverage_table(QUANTITIES, results)
    print(table)
    if options.write:
        put(PAGE, {"the coverage table": table})


if __name__ == "__main__":
    main()
