"""The score cells of all pairs' runs, as the comparison of any two members needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...benchmark.measure.score_sums import ScoreSums
from ...benchmark.record.files import read_model
from ...benchmark.record.number import Number
from ...benchmark.record.record import Record
from ...benchmark.record.task_record import TaskRecord
from ...benchmark.run.plan import MEMBERS, kind_name
from ...benchmark.run.store import digest_of, find_cell, read_seal
from ...errors import NotComputable, UsageError
from ...metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    group_products,
    resampled_cosine,
    templates_drawn,
    unit_freedom,
)
from ...metrics.inputs import clusters_of
from ...metrics.products import added_up
from .roster import BASE, CONTROL, PAIRS
from .tasks import TaskKind, kind_of

ARM = "ARM"
"""The name of the ARM of `tiny`'s run beside those of the pairs, which stand for their second members."""

APART = 0.005
"""How far ρ of cells may lie from that of their record.

On another processor they are rounded otherwise, and a search for the number of integration points can end
one step earlier or later.
"""

BETWEEN = 1000
"""How far apart the seeds of two tasks' resamples lie; a task has fewer groupings of its prompts."""


@dataclass(frozen=True, eq=False)
class MemberScores:
    """A member's score sums [groups, edges] on a task, how many examples a group has, and which."""

    sums: NDArray[np.float64]
    counts: NDArray[np.int64]
    templates: tuple[str, ...]
    examples: tuple[frozenset[int], ...]

    @cached_property
    def _units(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Which groups are one unit, and the label of each unit; see `metrics.products.added_up`."""
        return added_up(clusters_of(self.templates, groups=len(self.counts)))

    @property
    def labels(self) -> NDArray[np.int64]:
        """A label for each unit that resamples draw: a template where templates are drawn, else a group."""
        return self._units[1]

    @property
    def unit_counts(self) -> NDArray[np.float64]:
        """Examples of each unit."""
        found: NDArray[np.float64] = self._units[0] @ self.counts
        return found

    def cosine(
        self,
        other: "MemberScores",
        weights: tuple[NDArray[np.float64], NDArray[np.float64]],
        scale: NDArray[np.float64] | None = None,
        same_task: bool = True,
    ) -> Estimate | Undefined:
        """ρ of the two, from products of different units, as records have it.

        `weights`: of the units of either in each resample [1 + resamples, units]; `scale`: of each edge;
        `same_task`: whether units of the two can have an example or a template in common.
        """
        (own, _), (others, _) = self._units, other._units
        products = group_products(own @ self.sums, others @ other.sums, scale=scale)
        shared = self._shared(other) if same_task else None
        freedom = min(unit_freedom(self.labels), unit_freedom(other.labels))
        return resampled_cosine(products, self.unit_counts, other.unit_counts, *weights, freedom, shared)

    def _shared(self, other: "MemberScores") -> NDArray[np.bool_]:
        """Which units have an example or a drawn template in common, bool [own units, the other's]."""
        groups = np.array([[bool(one & two) for two in other.examples] for one in self.examples])
        if templates_drawn(self.templates) and templates_drawn(other.templates):
            # Its effect is part of the noise, whichever of its examples either side has.
            groups |= np.array(self.templates)[:, None] == np.array(other.templates)
        found: NDArray[np.bool_] = self._units[0] @ groups @ other._units[0].T > 0
        return found


def of_cell(found: ScoreSums, neurons: bool = False) -> MemberScores:
    """The scores of a cell, of edges or of neurons. Raises NotComputable where those were not measured."""
    attribution = found.attribution
    sums = attribution.score_sums[:, found.graph.mask]
    if neurons:
        if attribution.neuron_sums is None:
            raise NotComputable("effects of neurons were not measured", "run the pairs under protocol v2")
        sums = attribution.neuron_sums.reshape(len(attribution.counts), -1).astype(np.float64)
    examples = [found.examples[attribution.groups == group] for group in range(len(attribution.counts))]
    return MemberScores(sums, attribution.counts, found.templates, tuple(map(frozenset, examples)))


@dataclass(frozen=True)
class Scored:
    """Both members of every pair on one task.

    `arm` and `second` by pair: the ARM's scores differ between pairs where their prompts do.
    """

    arm: Mapping[str, MemberScores]
    second: Mapping[str, MemberScores]

    def members(self) -> dict[str, MemberScores]:
        """The ARM of `tiny`'s run, and all second members by the names of their pairs."""
        return {ARM: self.arm[BASE], **self.second}

    @cached_property
    def groupings(self) -> tuple[tuple[frozenset[int], ...], ...]:
        """The distinct ways in which pairs group the prompts that both of their members solve."""
        return tuple(dict.fromkeys(each.examples for each in self.second.values()))

    def weights(self, of: MemberScores, resamples: int, seed: int) -> NDArray[np.float64]:
        """A row of ones and the weights of each resample, [1 + resamples, units].

        The same for pairs with the same groups of prompts, and for all where templates are drawn: their
        estimates are paired. Pairs with other groups have draws of their own, as if they shared no prompt:
        intervals of what is made of both are then too wide.
        """
        drawn = 0 if templates_drawn(of.templates) else self.groupings.index(of.examples)
        weights = cluster_weights(of.labels, resamples, seed + drawn)
        return np.concatenate([np.ones((1, len(of.labels))), weights])


@dataclass(frozen=True)
class Runs:
    """All that is read: records by pair, kinds of tasks, scores by task in the order of the tasks."""

    records: Mapping[str, Record]
    kinds: Mapping[str, TaskKind]
    tasks: Mapping[str, Scored]


def read_runs(folder: Path, neurons: bool = False) -> Runs:
    """The runs `folder/PAIR` of the reference pairs that are there, on the tasks that `tiny` was compared on.

    Of a task a pair without a comparison is left out. Raises UsageError where the run of `tiny` or of its
    control is missing, or ARM or protocol differ; NotComputable for cells that are missing or not those of
    their record, or no task.

    Cells that another processor made of the same inputs are taken, as their digests differ by rounding alone,
    and so are those of a version that writes the same content otherwise. They have to give the record's ρ.
    """
    paths = {pair: path for pair in PAIRS if (path := _record_of(folder / pair, pair))}
    absent = [pair for pair in (BASE, CONTROL) if pair not in paths]
    if absent:
        raise UsageError(
            f"{folder} holds no run of {' and '.join(absent)}",
            "run each reference pair into a folder of its name: mechshift run --pair PAIR --out RUNS/PAIR",
        )
    records = {pair: read_model(path, Record) for pair, path in paths.items()}
    _check_same(records)
    kinds = {task.task: kind_of(task) for task in records[BASE].tasks}
    if not kinds:
        raise NotComputable(
            f"the run of {BASE} in {folder} compared no task", "run it on tasks that it solves"
        )
    scored = {task: _scored(task, paths, records, neurons) for task in kinds}
    return Runs(records, kinds, scored)


def _record_of(folder: Path, pair: str) -> Path | None:
    """The record of a pair's run: `PAIR-PROTOCOL.json`."""
    found = sorted(folder.glob(f"{pair}-v*.json"))
    if len(found) > 1:
        raise UsageError(f"{folder} holds several records of {pair}", "leave the one that is meant")
    return found[0] if found else None


def _check_same(records: Mapping[str, Record]) -> None:
    base = records[BASE]
    for pair, record in records.items():
        if record.pair.arm.digest != base.pair.arm.digest or record.protocol != base.protocol:
            raise UsageError(
                f"the runs of {pair} and {BASE} are not of one ARM and one protocol",
                "make them again with one version of mechshift, from one ARM and with one protocol",
            )


def _scored(task: str, paths: Mapping[str, Path], records: Mapping[str, Record], neurons: bool) -> Scored:
    arm, second = {}, {}
    for pair, path in paths.items():
        found = next((one for one in records[pair].tasks if one.task == task), None)
        if found is not None:
            arm[pair], second[pair] = (
                of_cell(_read_cell(path, records[pair], found, kind_name("scores", role)), neurons)
                for role in MEMBERS
            )
            _check_agrees(path, found, arm[pair], second[pair], neurons)
    return Scored(arm, second)


def _read_cell(path: Path, record: Record, task: TaskRecord, name: str) -> ScoreSums:
    """Raises NotComputable for a cell of other inputs than the record's, or whose content was changed."""
    file = find_cell(path, record, task.task, name)
    if digest_of(file) != task.cells[name].digest and not _is_whole(path, record, task, name):
        raise NotComputable(
            f"{file} is not what {path.name} was made of",
            "run the pair again: the cell is computed again",
        )
    return ScoreSums.load(file)


def _is_whole(path: Path, record: Record, task: TaskRecord, name: str) -> bool:
    """Whether a cell has the record's key and is as its seal says, and the cells that it was made of too."""
    file = find_cell(path, record, task.task, name)
    seal = read_seal(file)
    if (seal.digest, seal.key) != (digest_of(file), task.cells[name].key):
        return False
    return all(
        digest == task.cells[need].digest
        or (
            # Its bytes may differ from the record's for the same reasons, or by how a version writes JSON.
            digest == digest_of(find_cell(path, record, task.task, need))
            and _is_whole(path, record, task, need)
        )
        for need, digest in seal.needs.items()
    )


def _check_agrees(
    path: Path, task: TaskRecord, arm: MemberScores, second: MemberScores, neurons: bool
) -> None:
    """Raises NotComputable where cells give another ρ than the record says."""
    recorded = task.comparison.structure["neurons" if neurons else "edges"]
    alone = np.ones((2, len(arm.labels)))
    found = arm.cosine(second, (alone, alone))
    if isinstance(found, Undefined) or not isinstance(recorded, Number):
        return
    if abs(found.value - recorded.value) > APART:
        raise NotComputable(
            f"the cells of {task.task} beside {path} give ρ = {found.value:.3f}, the record says"
            f" {recorded.value:.3f}",
            "run the pair again, and keep its record beside its cells",
        )
