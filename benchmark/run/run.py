"""A run: the tasks of a protocol on a pair, each measured in cells, put together as a record."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from ...errors import NotComputable, UsageError
from ..asking.states import ROWS
from ..circuits.graph import Graph
from ..pairs.pair import Pair
from ..pairs.ranks import this_rank
from ..pairs.threads import available_cores
from ..record.files import write_model
from ..record.protocol import Protocol, ProtocolTask
from ..record.record import Record
from ..record.task_record import TaskResult
from .assembly import as_asked, assemble, check_compared, describe_task
from .computing import Outcome
from .execution import execute
from .fitting import Fitting
from .hire import hire
from .plan import kinds_of, needed_kinds, plan_run
from .progress import Progress, Silent
from .provenance import describe_environment, describe_pair, subject_of
from .record_file import check_replaces_no_other, record_path
from .store import Store, check_there


def run(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    tasks: Sequence[str] | None = None,
    level: str | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
    workers: int = 1,
) -> Record:
    """Measure a pair on tasks (None: all of the protocol's) and write the record, see `record_path`.

    As `measure_and_write`; raises NotComputable also where no task gives a comparison, of which the record is
    written all the same.
    """
    record = measure_and_write(pair, protocol, out, tasks, level, rows, progress, workers)
    check_compared(record)
    return record


def measure_and_write(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    tasks: Sequence[str] | None = None,
    level: str | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
    workers: int = 1,
) -> Record:
    """The record of a run, of which it can be a result that no task could be compared.

    Cells that are already in `out` are not computed again. `level` is a difficulty that every task must have,
    None for the protocol's. `workers`: processes among which the cells are shared out, each with the pair in
    memory; the same call elsewhere, with the same folder, joins in. Raises UsageError for an unknown task or
    level or less than one row or worker, NotComputable where the protocol does not apply, OutputError where
    `out` cannot be written, has a record of that name that is of another pair or protocol, or has lost cells
    in the meantime.
    """
    asked = as_asked(protocol, tasks, level)
    check_replaces_no_other(out, pair.spec, protocol, asked, lambda: subject_of(pair))
    results = describe_tasks(pair, protocol, out, asked, None, rows, progress, workers)
    record = assemble(describe_pair(pair, protocol), describe_environment(pair), protocol, results)
    check_there(out, results)
    write_model(record, record_path(out, record))
    return record


def describe_tasks(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    asked: Sequence[ProtocolTask],
    wanted: Sequence[str] | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
    workers: int = 1,
) -> list[TaskResult]:
    """What a record says of tasks; with `wanted` only what follows from these cells. No record is written.

    Raises as `run` does.
    """
    names = wanted
    if wanted is not None:
        names = [kind.name for kind in needed_kinds(wanted) if kind in kinds_of(protocol)]
    with closing(measure(pair, protocol, out, asked, names, rows, progress, workers)) as outcomes:
        return [describe_task(outcome, protocol) for outcome in outcomes]


def measure(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    asked: Sequence[ProtocolTask],
    wanted: Sequence[str] | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
    workers: int = 1,
) -> Generator[Outcome, None, None]:
    """What comes of the cells of tasks, one task after the other; with `wanted` only of these cells.

    Raises as `run` does, before anything is computed for what can be told then.
    """
    if rows < 1:
        raise UsageError(f"{rows} token rows cannot be run at once", "run at least one")
    check_applies(Graph.of(pair.arm.backbone.shape, protocol.scoring.kv).edges, pair.spec.name, protocol)
    if workers < 1:
        raise UsageError(f"a run in {workers} processes", "give one at least")
    plan, progress = plan_run(subject_of(pair), protocol, asked, wanted), progress or Silent()
    fitting = Fitting(pair, rows, progress.note)
    crew = hire(pair, protocol, plan, wanted, out, rows, workers)
    # With cores for both members of every process, each computes them at once.
    processes = this_rank().beside * (1 if crew is None else crew.processes)
    room = processes == 1 or 2 * processes <= available_cores()
    side_by_side = room and fitting.side_by_side
    order = None if crew is None else crew.order
    return execute(
        plan,
        protocol,
        Store(out),
        fitting,
        progress,
        side_by_side,
        crew,
        order,
        in_turn=pair.turns is not None,
    )


def check_applies(edges: int, pair: str, protocol: Protocol) -> None:
    """Raises NotComputable where a protocol says nothing about a graph of so few edges."""
    if edges < protocol.minimum_edges:
        raise NotComputable(
            f"protocol {protocol.name} compares {protocol.compared.circuit_edges} edges and does not apply "
            f"to the {edges:,} edges of {pair}: it needs {protocol.minimum_edges:,}",
            "use protocol v2, which sizes circuits by faithfulness",
        )
