"""Whether two records can be compared, task by task, and what else than their numbers differs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import NotComputable
from ..record.lines import LINES
from ..record.number import Resampling
from ..record.protocol import Protocol
from ..record.quantity import MEMBERS, Owner
from ..record.record import Record
from ..record.resampling import examples_of, resampling_of
from ..record.task_record import TaskRecord, TaskResult

OF_SEED = ("name", "seed", "board")
"""Settings in which a protocol on the examples of another seed differs from the one itself."""


@dataclass(frozen=True)
class Matched:
    """A task that both records have, at one level and of one version; `unpaired`: why it cannot be paired.

    It can where both are on the same examples, resampled alike: the r-th resample of both is then of the same
    prompts. `resampling`: what the intervals of either were estimated from.
    """

    name: str
    a: TaskResult
    b: TaskResult
    resampling: tuple[Resampling, Resampling]
    unpaired: str = ""

    @property
    def both(self) -> tuple[TaskRecord, TaskRecord] | None:
        """Both results, None where one of them has no comparison."""
        a, b = self.a, self.b
        return (a, b) if isinstance(a, TaskRecord) and isinstance(b, TaskRecord) else None


def check_protocols(a: Record, b: Record) -> None:
    """Raises NotComputable where two records are of other protocols than one on other examples."""
    mine, other = (_settings(record.protocol) for record in (a, b))
    changed = [
        f"{name} is {mine.get(name, 'absent')} in A and {other.get(name, 'absent')} in B"
        for name in dict.fromkeys((*mine, *other))
        if mine.get(name) != other.get(name)
    ]
    if changed:
        raise NotComputable(
            f"A has protocol {a.protocol.name} and B {b.protocol.name}, which measure differently: "
            + "; ".join(changed),
            "run both pairs under one protocol; only its seed may differ",
        )


def digest_of_settings(protocol: Protocol) -> str:
    """SHA-256 of all that two comparable protocols share."""
    return hashlib.sha256(json.dumps(_settings(protocol), sort_keys=True).encode()).hexdigest()


def _settings(protocol: Protocol) -> Mapping[str, Any]:
    asked = {f"task {task.name}": f"{task.level}@{task.version}" for task in protocol.tasks}
    return {name: value for name, value in protocol.settings() if name not in OF_SEED} | asked


def match_tasks(a: Record, b: Record) -> tuple[Matched, ...]:
    """The tasks that both have, in A's order. Raises NotComputable where there is none."""
    others = {task.task: task for task in b.results}
    found = [
        Matched(
            task.task,
            task,
            other,
            (resampling_of(a, task), resampling_of(b, other)),
            why_unpaired((a, task), (b, other)),
        )
        for task in a.results
        if (other := others.get(task.task)) is not None and not _as_asked(task, other)
    ]
    if not found:
        raise NotComputable(
            f"A and B have no task in common: {'; '.join(one.reason for one in find_unmatched(a, b))}",
            "run both pairs on the same tasks, at the same levels",
        )
    return tuple(found)


def why_unpaired(a: tuple[Record, TaskResult], b: tuple[Record, TaskResult]) -> str:
    """Why two results, each of a record, are not resampled alike on the same examples; empty if they are."""
    if not (isinstance(a[1], TaskRecord) and isinstance(b[1], TaskRecord)):
        return "one of them has no comparison"
    if examples_of(*a) == examples_of(*b):
        return ""
    mine, other = a[0].pair.tokenizer, b[0].pair.tokenizer
    return "their examples differ" if mine == other else "their tokenizers differ"


@dataclass(frozen=True)
class Unmatched:
    """A task that cannot be compared, its result in one of the records, and why."""

    name: str
    result: TaskResult
    reason: str


def find_unmatched(a: Record, b: Record) -> tuple[Unmatched, ...]:
    """The tasks that only one record has, or has at another level or of another version."""
    mine, other = ({task.task: task for task in record.results} for record in (a, b))
    found = []
    for name, task in {**mine, **{name: other[name] for name in other if name not in mine}}.items():
        if name in mine and name in other:
            reason = _as_asked(mine[name], other[name])
        else:
            reason = f"{name} is only in {'A' if name in mine else 'B'}"
        if reason:
            found.append(Unmatched(name, task, reason))
    return tuple(found)


def _as_asked(a: TaskResult, b: TaskResult) -> str:
    """How two results of a task were asked differently; empty where they were not."""
    if (a.level, a.version) == (b.level, b.version):
        return ""
    return f"{a.task} is of level {a.level}, version {a.version} in A and {b.level}, {b.version} in B"


def shared_members(a: Record, b: Record) -> tuple[Owner, ...]:
    """The members that are the same model in both records."""
    members = zip(MEMBERS, (a.pair.arm, a.pair.mdm), (b.pair.arm, b.pair.mdm), strict=True)
    return tuple(name for name, mine, other in members if mine.digest == other.digest)


def describe_circumstances(a: Record, b: Record) -> Iterator[str]:
    """What a reader of the differences has to know besides them, a line each."""
    for letter, record in (("A", a), ("B", b)):
        if record.pair.control:
            yield f"{letter} is a control pair: what is called mdm is its ARM, trained further."
        if record.pair.line is not None:
            yield f"{letter} is a line beside a pair: what is called mdm is {LINES[record.pair.line.name]}."
    shared = shared_members(a, b)
    if len(shared) == 2:
        yield "Both records are of the same weights."
    # A line is no training, of which something could be said to be changed beyond another.
    elif shared and (a.pair.second == b.pair.second or a.pair.line or b.pair.line):
        yield f"Both have the same {shared[0]}."
    elif shared == ("ARM",):
        yield "Both start from the same ARM: the difference is what one training changed beyond the other."
    if a.pair.edges != b.pair.edges:
        yield f"Their graphs differ: {a.pair.edges:,} and {b.pair.edges:,} edges."
    mine, other = (record.environment.model_dump() for record in (a, b))
    differing = [f"{name} ({mine[name]}, {other[name]})" for name in _MATTERS if mine[name] != other[name]]
    if differing:
        yield f"They were measured with different {', '.join(differing)}."


_MATTERS = ("mechshift", "torch", "transformers", "device")
"""What of the environment may change numbers by more than their last digits."""
