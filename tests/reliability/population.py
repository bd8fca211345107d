"""Samples of prompts drawn from those of pairs that were run, so that what is drawn from is known.

The groups of prompts of a pair and of its control are taken for all prompts that there are. Where templates
are few, they stay: a group of a sample is its template's mean and the deviation of any group from that of its
own template, which all members have in common. Where they are many, a sample draws templates with all of
their groups, as a resample does. Heavy tails, common noise and cancelling signs are then those of real
scores, and the truth is a value of all prompts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from reliability.recorded import scores

from mechshift.benchmark.circuits.scores import Attribution, Outside
from mechshift.benchmark.measure.circuit_runs import CircuitRuns
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.metrics import templates_drawn

Floats = NDArray[np.floating]
Who = Literal["pair", "control"]
HostName = Literal["arm", "mdm"]
HOSTS: tuple[HostName, ...] = ("arm", "mdm")
WHOSE: tuple[Who, ...] = ("pair", "control")


@dataclass(frozen=True, eq=False)
class Sample:
    """Both members of a pair and of its control on the same prompts.

    `scores`: of the ARM and of either second member. `runs`: circuits by whose they are and their host.
    """

    arm: ScoreSums
    second: Mapping[Who, ScoreSums]
    runs: Mapping[tuple[Who, HostName], CircuitRuns]

    @classmethod
    def read(cls, folder: Path, pair: str, control: str, task: str) -> "Sample":
        """All prompts of a task, from the cells of two runs.

        Raises ValueError where the two are not of the same prompts.
        """
        names: Mapping[Who, str] = {"pair": pair, "control": control}
        found = cls(
            scores(folder, pair, task, "arm"),
            {who: scores(folder, name, task, "mdm") for who, name in names.items()},
            {(who, host): _runs(folder, name, task, host) for who, name in names.items() for host in HOSTS},
        )
        alike = [np.array_equal(one.examples, found.arm.examples) for one in found.second.values()]
        first = found.runs["pair", "arm"]
        alike += [np.array_equal(one.examples, first.examples) for one in found.runs.values()]
        if not all(alike):
            raise ValueError(f"{pair} and {control} have other prompts of {task}")
        return found

    def drawn(self, generator: np.random.Generator) -> "Sample":
        """As many prompts as there are, drawn from these."""
        templates = self.arm.templates
        if templates_drawn(templates):
            groups, labels = draw(templates, generator)

            def drawn(of: ScoreSums) -> ScoreSums:
                return chosen(of, groups, labels)

        else:
            # Of all groups and not of the template's few, whose tails a sample of as few would hardly meet.
            deviations = generator.integers(len(templates), size=len(templates))

            def drawn(of: ScoreSums) -> ScoreSums:
                return _deviating(of, deviations)

        examples, of_examples = draw(self.runs["pair", "arm"].templates, generator)
        return Sample(
            drawn(self.arm),
            {who: drawn(one) for who, one in self.second.items()},
            {key: _examples(one, examples, of_examples) for key, one in self.runs.items()},
        )


def draw(
    templates: Sequence[str], generator: np.random.Generator
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Which units are drawn, and the template of each: within templates that stay, or with new templates."""
    labels = np.unique(templates, return_inverse=True)[1]
    members = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    if templates_drawn(templates):
        # A template that is drawn twice is two templates: a sample cannot know that they are alike.
        chosen = [members[index] for index in generator.integers(len(members), size=len(members))]
    else:
        chosen = [of[generator.integers(len(of), size=len(of))] for of in members]
    names = [f"{place:02d}" for place, of in enumerate(chosen) for _ in of]
    return np.concatenate(chosen), tuple(names)


def chosen(of: ScoreSums, groups: NDArray[np.int64], labels: tuple[str, ...]) -> ScoreSums:
    """Scores of those groups, repeats counted, under these templates."""
    changed = _changed(of.attribution, of.attribution.counts[groups], lambda sums: sums[groups])
    return replace(of, attribution=changed, templates=labels)


def _deviating(of: ScoreSums, deviations: NDArray[np.int64]) -> ScoreSums:
    """Scores whose groups have the means of their templates and the deviations of those groups."""
    attribution = of.attribution
    counts = attribution.counts
    member = np.equal.outer(np.unique(of.templates), of.templates).astype(np.float64)
    label = member.argmax(axis=0)
    size = member.sum(axis=1)[label]
    # A group is in its template's mean, and so deviates from it by less than from that of all prompts.
    factor = np.sqrt(size / (size - 1) / counts)

    def moved(sums: Floats) -> Floats:
        flat = sums.reshape(len(sums), -1).astype(np.float64)
        centre = (member @ flat / (member @ counts)[:, None])[label]
        apart = (flat - counts[:, None] * centre) * factor[:, None]
        found = counts[:, None] * centre + np.sqrt(counts)[:, None] * apart[deviations]
        return found.reshape(sums.shape).astype(sums.dtype)

    return replace(of, attribution=_changed(attribution, counts, moved))


def _changed(of: Attribution, counts: NDArray[np.int64], change: Callable[[Floats], Floats]) -> Attribution:
    outside = of.outside
    if outside is not None and outside.sums is not None:
        outside = Outside(np.stack([change(place) for place in outside.sums]))
    # Metrics of single examples are of no number that is asked for, and stay as they are.
    return replace(of, score_sums=change(of.score_sums), counts=counts, outside=outside, neuron_sums=None)


def _examples(of: CircuitRuns, examples: NDArray[np.int64], labels: tuple[str, ...]) -> CircuitRuns:
    kept: dict[str, Any] = {name: getattr(of, name)[..., examples] for name in ("whole", "empty", "circuits")}
    return replace(of, templates=labels, examples=of.examples[examples], **kept)


def _runs(folder: Path, pair: str, task: str, host: str) -> CircuitRuns:
    found = (folder / pair / "cells" / task).glob(f"transfer-{host}.*.safetensors")
    return CircuitRuns.load(max(found, key=lambda path: path.stat().st_mtime))
