"""The numbers that a verdict is read from: of a task, or of the tasks of a suite."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..record.comparison import HEADLINE
from ..record.draws import Draws
from ..record.function import InHost, TransferAt
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.quantities.function import why_none
from ..record.quantity import entry
from ..record.record import Record
from ..record.resampling import resampling_of, with_resampling
from ..record.summary import Among, mean
from ..record.task_record import FailedTask, TaskRecord, TaskResult
from ..tables.crossed import HostName

TRANSFER: Mapping[HostName, str] = {
    "arm": "τ* of the MDM's circuit in the ARM",
    "mdm": "τ* of the ARM's circuit in the MDM",
}
"""What they are called; of a control its second member stands where an MDM does."""

STRUCTURE: Mapping[str, str] = {HEADLINE: "ρ, standardised", "edges": "ρ"}
"""Two estimators of how alike the edges are: in units of each edge's spread over prompts, and plain."""


@dataclass(frozen=True)
class TransferEvidence:
    """What a verdict is read from.

    `transfer`: τ* by host at the compared size, with heads matched where they changed places; `half`: at half
    the size; `structure`: ρ by estimator. `moved`: whether heads changed places.
    """

    transfer: Mapping[HostName, Measured]
    half: Mapping[HostName, Measured]
    structure: Mapping[str, Measured]
    moved: bool = False

    def named(self) -> dict[str, Measured]:
        """Transfer at the compared size and structure, by what they are called."""
        found = {TRANSFER[host]: value for host, value in self.transfer.items()}
        return found | {STRUCTURE[name]: value for name, value in self.structure.items()}

    def map(
        self, other: "TransferEvidence", combine: Callable[[Measured, Measured], Measured]
    ) -> "TransferEvidence":
        """Number by number from two sets of evidence."""
        return TransferEvidence(
            {host: combine(value, other.transfer[host]) for host, value in self.transfer.items()},
            {host: combine(value, other.half[host]) for host, value in self.half.items()},
            {name: combine(value, other.structure[name]) for name, value in self.structure.items()},
            self.moved or other.moved,
        )


def of_task(record: Record, task: TaskResult) -> TransferEvidence:
    """The evidence of one task of a record."""
    resampling = resampling_of(record, task)

    def read(value: Measured) -> Measured:
        return with_resampling(value, resampling)

    compared, half = _transfer_of(task, _at_compared), _transfer_of(task, _at_half)
    return TransferEvidence(
        {host: read(value) for host, value in compared.items()},
        {host: read(value) for host, value in half.items()},
        {name: read(_structure_of(task, name)) for name in STRUCTURE},
        isinstance(task, TaskRecord) and task.function is not None and _heads_moved(task),
    )


def evidence_places(record: Record) -> Iterator[str]:
    """Where the numbers of `of_task` stand whose draws count, as `draws.Draws` names places.

    Draws make differences from controls paired. At half the size there is no difference.
    """
    for task in record.tasks:
        yield from (_place_of_structure(task, name) for name in STRUCTURE)
        if task.function is not None:
            yield from (_place_of_transfer(task, host) for host in TRANSFER)


def with_evidence_draws(record: Record, draws: Draws) -> Record:
    """The record with draws at the numbers of `evidence_places` alone: all take longer than judging."""
    return record.model_copy(update={"tasks": tuple(_drawn(task, draws) for task in record.tasks)})


def _drawn(task: TaskRecord, draws: Draws) -> TaskRecord:
    def at(place: str, value: Measured) -> Measured:
        return value.drawn(draws[place]) if isinstance(value, Number) and place in draws else value

    structure = dict(task.comparison.structure)
    for name in STRUCTURE.keys() & structure.keys():
        structure[name] = at(_place_of_structure(task, name), structure[name])
    changed: dict[str, Any] = {"comparison": task.comparison.model_copy(update={"structure": structure})}
    if task.function is not None:
        hosts: dict[str, InHost] = {}
        for host in TRANSFER:
            found = at(_place_of_transfer(task, host), _at_compared(task, host).transfer)
            of_size = _at_compared(task, host).model_copy(update={"transfer": found})
            hosts[host] = _host(task, host).model_copy(update={_size(task, host): of_size})
        changed["function"] = task.function.model_copy(update=hosts)
    return task.model_copy(update=changed)


def _place_of_structure(task: TaskRecord, name: str) -> str:
    return f"{task.task}/structure.{name}"


def _place_of_transfer(task: TaskRecord, host: HostName) -> str:
    return f"{task.task}/function.{host}.{_size(task, host)}.transfer"


def of_tasks(every: Sequence[TransferEvidence], among: Among) -> TransferEvidence:
    """The means over independent tasks; missing where one of them lacks the value."""
    return TransferEvidence(
        {host: mean([one.transfer[host] for one in every], among) for host in TRANSFER},
        {host: mean([one.half[host] for one in every], among) for host in TRANSFER},
        {name: mean([one.structure[name] for one in every], among) for name in STRUCTURE},
        any(one.moved for one in every),
    )


def _transfer_of(
    task: TaskResult, at: Callable[[TaskRecord, HostName], TransferAt]
) -> dict[HostName, Measured]:
    if not isinstance(task, TaskRecord) or task.function is None:
        return dict.fromkeys(TRANSFER, why_none(task))
    return {host: at(task, host).transfer for host in TRANSFER}


def _host(task: TaskRecord, host: HostName) -> InHost:
    assert task.function is not None, "asked for where there is one"
    return task.function.arm if host == "arm" else task.function.mdm


def _size(task: TaskRecord, host: HostName) -> Literal["compared", "matched"]:
    """Which of the host's circuits of the compared size count."""
    return "compared" if isinstance(_host(task, host).matched, Missing) else "matched"


def _at_compared(task: TaskRecord, host: HostName) -> TransferAt:
    return _host(task, host).counted


def _at_half(task: TaskRecord, host: HostName) -> TransferAt:
    return _host(task, host).half


def _heads_moved(task: TaskRecord) -> bool:
    assert task.function is not None, "asked for where there is one"
    return not isinstance(task.function.arm.matched, Missing)


def _structure_of(task: TaskResult, name: str) -> Measured:
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    return entry(task.comparison.structure, name)
