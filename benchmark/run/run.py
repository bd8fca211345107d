"""A run: the tasks of a protocol on a pair, each measured in cells, put together as a record."""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..asking.states import ROWS
from ..circuits.graph import Graph
from ..pairs.pair import Pair
from ..pairs.registry import list_pairs
from ..record.files import write_model
from ..record.protocol import Protocol, ProtocolTask
from ..record.types import Record
from .assembly import as_asked, assemble, check_compared, describe_task
from .execution import Outcome, execute
from .measuring import Measuring
from .plan import plan_run
from .progress import Progress, Silent
from .provenance import describe_environment, describe_pair, subject_of
from .store import Store


def run(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    tasks: Sequence[str] | None = None,
    level: str | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> Record:
    """Measure a pair on tasks (None: all of the protocol's) and write the record, see `record_path`.

    Cells that are already in `out` are not computed again. `level` is a difficulty that every task must have,
    None for the protocol's. Raises UsageError for an unknown task or level or less than one row,
    NotComputable where the protocol does not apply or no task gives a comparison (of which the record is
    written all the same), OutputError where `out` cannot be written.
    """
    asked = as_asked(protocol, tasks, level)
    with closing(measure(pair, protocol, out, asked, None, rows, progress)) as outcomes:
        results = [describe_task(outcome, protocol) for outcome in outcomes]
    record = assemble(describe_pair(pair, protocol), describe_environment(pair), protocol, results)
    # Written before the check: that no task could be compared is a result too.
    write_model(record, record_path(out, record))
    check_compared(record)
    return record


def measure(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    asked: Sequence[ProtocolTask],
    wanted: Sequence[str] | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> Generator[Outcome, None, None]:
    """What comes of the cells of tasks, one task after the other; with `wanted` only of these cells.

    Raises as `run` does, before anything is computed for what can be told then.
    """
    if rows < 1:
        raise UsageError(f"{rows} token rows cannot be run at once", "run at least one")
    check_applies(Graph.of(pair.arm.backbone.shape, protocol.scoring.kv).edges, pair.spec.name, protocol)
    plan = plan_run(subject_of(pair), protocol, asked, wanted)
    return execute(plan, protocol, Store(out), Measuring(pair, rows), progress or Silent())


def record_path(out: Path, record: Record) -> Path:
    """Where a record is written: `PAIR-PROTOCOL.json`, with more in its name for less than the whole.

    A pair without a name of its own is told apart by the digest of its members and declarations, a run of
    some of the protocol's tasks by their names, one at another level by the level: runs of different
    questions have different files. `-partial` stands for a run that lacks something that was asked for.
    """
    pair = record.pair
    name = pair.name.replace("/", "-")
    # Two checkpoints can have the names of two others.
    if pair.name not in list_pairs():
        name += "-" + _short_digest(pair.model_dump_json())
    return out / f"{name}-{record.protocol.name}{_selection(record)}.json"


NAMED_TASKS = 4
"""A record of more tasks than these, and not of all, has a digest of their names in its own."""


def _selection(record: Record) -> str:
    """What tells a record from one of its protocol's whole, as the end of its name."""
    names, whole = {result.task for result in record.results}, {task.name for task in record.protocol.tasks}
    parts = []
    if names != whole:
        ordered = sorted(names)
        short = len(ordered) <= NAMED_TASKS
        parts.append("+".join(ordered) if short else _short_digest(" ".join(ordered)))
    parts += sorted(
        {
            result.level
            for result in record.results
            if (known := record.protocol.task(result.task)) is None or result.level != known.level
        }
    )
    lacking = record.failed or any(task.pool.common < record.protocol.sampling.pool for task in record.tasks)
    return "".join(f"-{part}" for part in [*parts, *(["partial"] if lacking else [])])


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def check_applies(edges: int, pair: str, protocol: Protocol) -> None:
    """Raises NotComputable where a protocol says nothing about a graph of so few edges."""
    if edges < protocol.minimum_edges:
        raise NotComputable(
            f"protocol {protocol.name} compares {protocol.compared.circuit_edges} edges and does not apply "
            f"to the {edges:,} edges of {pair}: it needs {protocol.minimum_edges:,}",
            "use protocol v1, which sizes circuits by faithfulness",
        )
