"""Which estimator of how alike two models are can be a headline: a table of estimators × properties.

    python tests/reliability/estimators.py build/estimators \\
        --cells FOLDER --pair tiny --control tiny-continued --scratch tiny-scratch

Simulates pairs with known truth at 3,628 and at 400,000 edges and, with --cells, measures pairs that were run
(`FOLDER/PAIR/cells/TASK/scores-MEMBER.*.safetensors`). Ends with the tables of docs/metrics.md; with --write
it puts them there. It took a quarter of an hour on one core that other work shared. Every piece of work has
its file in the first folder, so that the same command continues where it was stopped.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reliability import recorded
from reliability.measured import ESTIMATORS, Estimates, Sample, carriers, estimates, limits
from reliability.simulated import Design, Law, counts, sample, truth
from reliability.tables import recorded_table, simulated_table, write

from mechshift.metrics import Estimate, Undefined, Value

LAWS: tuple[Law, ...] = ("log-normal", "Student t")
PROMPTS = (50, 100, 250, 500, 5000)
MANY = (100, 500, 5000)
"""Of prompts, at the large number of edges."""
COVERED = (100, 500)
"""Numbers of prompts at which intervals are judged."""
SMALL, LARGE = 3_628, 400_000
TRIALS = {SMALL: 60, LARGE: 6}
TEMPLATES = 12
PARTNERS = ("pair", "control", "scratch")


@dataclass(frozen=True)
class Job:
    """Some trials of a design at a number of prompts; each with a truth of its own.

    `added_up`: groups of one template are added up to one group before anything is estimated.
    """

    design: Design
    prompts: int
    trials: int
    resamples: int
    added_up: bool = False

    @property
    def name(self) -> str:
        """Of its file."""
        of = self.design
        law = of.law.replace(" ", "-").lower()
        return f"{of.edges}-{law}-{of.relation}-{of.templates}-{self.prompts}{'-added-up' * self.added_up}"


def jobs(trials: Mapping[int, int]) -> list[Job]:
    """All simulations, by trials for each number of edges."""
    found = []
    for edges, number in trials.items():
        for law in LAWS:
            few = max(2, number // 2)
            for prompts in PROMPTS if edges == SMALL else MANY:
                # Circuits of large graphs take too long for intervals; cosines always have theirs.
                resamples = 100 if edges == SMALL and prompts in COVERED else 1
                found.append(Job(Design(edges, law), prompts, number, resamples))
            for prompts in COVERED:
                found += [Job(Design(edges, law, each), prompts, few, 1) for each in ("same", "unrelated")]
                if edges == SMALL:
                    drawn = Design(edges, law, templates=TEMPLATES)
                    found += [Job(drawn, prompts, number, 100, added_up) for added_up in (False, True)]
    return found


def simulate(job: Job) -> dict[str, Any]:
    """All trials of a job: the estimates of each, the limits, and how many edges carry the cosines."""
    found = []
    for trial in range(job.trials):
        generator = np.random.default_rng([trial, job.design.edges, job.prompts])
        true = truth(job.design, generator)
        a, b = sample(job.design, true, job.prompts, generator)
        drawn = Sample(a, b, counts(job.prompts).astype(float), job.design.clusters, job.design.mask)
        if job.added_up:
            drawn = drawn.added_up()
        measured = estimates(drawn, job.resamples, splits=4 if job.design.edges == SMALL else 2)
        found.append(
            {
                "estimates": plain(measured),
                "limits": limits(true.mean, true.spread, job.design.mask),
                "carriers": plain(carriers(drawn)) if job.resamples > 1 and not job.design.templates else {},
            }
        )
    return {**asdict(job), "found": found}


def plain(values: Estimates | Mapping[str, Value]) -> dict[str, Any]:
    """Values as JSON has them: [value, low, high], a number, or null where there is none."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Estimate | Value) -> list[float] | float | None:
    if isinstance(value, Undefined):
        return None
    return [value.value, value.low, value.high] if isinstance(value, Estimate) else float(value)


def measure_pair(folder: Path, pair: str, task: str) -> dict[str, Any]:
    """A pair's estimates on a task at all of the prompts, a half and a quarter; the first member twice."""
    whole = recorded.pair_sample(folder, pair, task)
    found = {
        str(part): [plain(estimates(each, 1, 4)) for each in recorded.parts(whole, part)]
        for part in recorded.PARTS
    }
    twice = [plain(estimates(each, 1, 4)) for each in recorded.twice(whole)]
    return {"parts": found, "twice": twice, "prompts": whole.counts.sum(), "carriers": plain(carriers(whole))}


def measure_tasks(folder: Path, pair: str) -> list[dict[str, Any]]:
    """The first member between all tasks of a pair."""
    samples = [recorded.pair_sample(folder, pair, task) for task in recorded.tasks(folder, pair)]
    return [plain(estimates(each, 1, 4)) for each in recorded.between(samples)]


def kept(path: Path, work: Callable[[], Any]) -> Any:
    """What the work gives, from its file where it is done."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_path = path.with_suffix(".partial")
        partial_path.write_text(json.dumps(work(), default=float) + "\n", encoding="utf-8")
        partial_path.replace(path)
        print(path.stem, flush=True)
    return json.loads(path.read_text(encoding="utf-8"))


def simulated_results(folder: Path, trials: Mapping[int, int]) -> list[dict[str, Any]]:
    """All simulations, each from its file where it is done."""
    return [
        kept(folder / "simulated" / f"{job.name}-{job.trials}.json", partial(simulate, job))
        for job in jobs(trials)
    ]


def recorded_results(folder: Path, cells: Path, pairs: Iterable[str]) -> dict[str, Any]:
    """All measurements of pairs by their role, and of the first pair between tasks."""
    roles = dict(zip(PARTNERS, pairs, strict=True))
    own = folder / "recorded"
    found: dict[str, Any] = {
        role: {
            task: kept(own / f"{pair}-{task}.json", partial(measure_pair, cells, pair, task))
            for task in recorded.tasks(cells, pair)
        }
        for role, pair in roles.items()
    }
    first = roles[PARTNERS[0]]
    return {**found, "tasks": kept(own / f"{first}-tasks.json", partial(measure_tasks, cells, first))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=Path, help="folder with a folder of cells for each pair")
    for role in PARTNERS:
        parser.add_argument(f"--{role}", help=f"name of the {role} in --cells")
    parser.add_argument("--trials", type=int, nargs=2, default=tuple(TRIALS.values()), metavar="N")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/metrics.md")
    options = parser.parse_args(arguments)
    trials = dict(zip(TRIALS, options.trials, strict=True))
    tables = {"simulated": simulated_table(ESTIMATORS, simulated_results(options.folder, trials))}
    if options.cells:
        pairs = [getattr(options, role) for role in PARTNERS]
        if None in pairs:
            parser.error("--cells needs --pair, --control and --scratch")
        tables["recorded"] = recorded_table(
            ESTIMATORS, recorded_results(options.folder, options.cells, pairs)
        )
    print("\n\n".join(tables.values()))
    if options.write:
        write(tables)


if __name__ == "__main__":
    main()
