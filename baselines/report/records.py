"""The records of the reference pairs, read from their folders and refused where they cannot be compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ...benchmark.record.files import read_model
from ...benchmark.record.record import Record
from ...benchmark.record.summary import SUITES
from ...benchmark.record.task_record import TaskRecord, TaskResult
from ...errors import UsageError
from ..structure.family import FamilyStructure
from ..structure.kept import NAME, kept_record
from ..structure.roster import BASE, CONTROL, PAIRS, POST_TRAINED, SEEDS, is_control
from ..structure.tasks import TaskKind, kind_of
from .sizes import common_size

T = TypeVar("T")


@dataclass(frozen=True)
class Pairs:
    """The records of pairs, in the roster's order; all of one ARM, one protocol and the same tasks.

    Those of `tiny` and of its control are always there; what needs another that is not is left out.
    """

    records: Mapping[str, Record]

    @cached_property
    def edges(self) -> int:
        """The one size at which all tasks of all pairs are compared. Raises NotComputable without any."""
        return common_size(self.records)

    @property
    def base(self) -> Record:
        """The pair that the others are variations of."""
        return self.records[BASE]

    @property
    def post_trained(self) -> tuple[str, ...]:
        """The MDMs made from the ARM of which there is a record."""
        return tuple(pair for pair in POST_TRAINED if pair in self.records)

    @property
    def seeds(self) -> tuple[str, ...]:
        """The seeds of the base pair's recipe of which there is a record."""
        return tuple(pair for pair in SEEDS if pair in self.records)

    def absent(self, pairs: Iterable[str] = PAIRS) -> tuple[str, ...]:
        """Those of the pairs of which there is no record."""
        return tuple(pair for pair in pairs if pair not in self.records)

    @property
    def tasks(self) -> dict[str, str]:
        """Suite of each task by name, local tasks first."""
        found = tasks_of(self.base)
        return {name: task.suite for suite in SUITES for name, task in found.items() if task.suite == suite}


def tasks_of(record: Record) -> dict[str, TaskResult]:
    """The tasks of a record by name, those without a comparison last."""
    every: tuple[TaskResult, ...] = (*record.tasks, *record.failed)
    return {task.task: task for task in every}


def kinds_of(pairs: Pairs) -> dict[str, TaskKind]:
    """The kind of each task that the base pair was compared on."""
    return {
        name: kind_of(task) for name, task in tasks_of(pairs.base).items() if isinstance(task, TaskRecord)
    }


def read_pairs(folder: Path) -> Pairs:
    """The records of the reference pairs that have one, `folder/PAIR/record.json` or `record.json.gz`.

    Raises UsageError where that of `tiny` or of its control is missing, or one is another pair's or differs
    from the others in ARM, protocol, tasks, levels or versions of tasks; NotComputable for a file that is no
    record.
    """
    found = {pair: kept_record(folder / pair) for pair in PAIRS}
    paths = {pair: path for pair, path in found.items() if path is not None}
    # Every claim is about a pair beside the control.
    absent = [str(folder / pair / NAME) for pair in (BASE, CONTROL) if pair not in paths]
    if absent:
        raise UsageError(
            f"the report compares {BASE} with its control {CONTROL}, and there is no {', no '.join(absent)}",
            "run each of these pairs, `mechshift run --pair PAIR --protocol v2`, and put its record there, "
            "or name another folder with --records",
        )
    records = {pair: read_model(path, Record) for pair, path in paths.items()}
    for pair, record in records.items():
        _check_is_pairs(paths[pair], pair, record)
    # The report subtracts pairs from each other, which means something only if nothing else differs.
    _check_same(records, "protocol", _settings)
    _check_same(records, "ARM", lambda record: {"digest": record.pair.arm.digest})
    _check_same(records, "tasks", _versions)
    return Pairs(records)


def _check_is_pairs(path: Path, pair: str, record: Record) -> None:
    if record.pair.name != pair:
        raise UsageError(
            f"{path} is the record of pair {record.pair.name!r} and not of {pair!r}",
            f"put there what `mechshift run --pair {pair} --protocol v2` writes",
        )
    if record.pair.control != is_control(pair):
        found, wanted = ("a control", "an MDM") if record.pair.control else ("an MDM", "a control")
        raise UsageError(
            f"{path} says that the second member is {found}, and that of {pair} is {wanted}",
            f"run the pair as it is listed: `mechshift run --pair {pair} --protocol v2`",
        )


def _check_same(
    records: Mapping[str, Record], what: str, of: Callable[[Record], Mapping[str, object]]
) -> None:
    expected = of(records[BASE])
    for pair, record in records.items():
        found = of(record)
        differing = [
            f"{name} is {found.get(name, 'absent')} and {expected.get(name, 'absent')}"
            for name in sorted(found.keys() | expected.keys())
            if found.get(name) != expected.get(name)
        ]
        if differing:
            raise UsageError(
                f"the records of {pair} and {BASE} are not of the same {what}: {'; '.join(differing)}",
                "make them again with one version of mechshift, from one ARM and with one protocol",
            )


def _settings(record: Record) -> dict[str, object]:
    asked = [f"{task.name} {task.level}@{task.version}" for task in record.protocol.tasks]
    return dict(record.protocol.settings()) | {"tasks": ", ".join(asked)}


def _versions(record: Record) -> dict[str, str]:
    return {
        name: f"version {task.version}, level {task.level}, suite {task.suite}"
        for name, task in tasks_of(record).items()
    }


def read_family(path: Path, pairs: Pairs) -> FamilyStructure:
    """The data file of the family.

    Raises UsageError where it is of another ARM or protocol than the records, of other pairs, or of neurons;
    NotComputable for a file that is no data of this version.
    """
    family = read_model(path, FamilyStructure)
    protocol = f"{pairs.base.protocol.name}@{pairs.base.protocol.version}"
    if (family.arm, family.protocol) != (pairs.base.pair.arm.digest, protocol):
        raise UsageError(
            f"{path} is not of the ARM and the protocol of the records",
            "make it again from the same runs: python -m mechshift.baselines.structure",
        )
    if family.what != "edges":
        raise UsageError(
            f"{path} is of {family.what}, and the report is of edges",
            "make it without --neurons: python -m mechshift.baselines.structure",
        )
    if set(family.pairs) != set(pairs.records):
        differing = sorted(set(family.pairs) ^ set(pairs.records))
        raise UsageError(
            f"{path} and the records are not of the same pairs: only one of them has {', '.join(differing)}",
            "make it again from the runs of all pairs that there are records of: "
            "python -m mechshift.baselines.structure",
        )
    return family
