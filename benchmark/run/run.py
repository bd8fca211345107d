"""A run: the tasks of a protocol on a pair, each measured in cells, put together as a record."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from ...errors import NotComputable, UsageError
from ...tasks import get_task
from ..asking.encoding import DoesNotFit, encode
from ..asking.states import ROWS
from ..circuits.graph import Graph
from ..pairs.pair import Pair
from ..record.files import write_model
from ..record.protocol import Protocol, ProtocolTask
from ..record.record import Record
from .assembly import as_asked, assemble, check_compared, describe_task
from .crew import Crew
from .execution import Outcome, execute
from .job import Job
from .measuring import Measuring
from .plan import Plan, plan_run
from .progress import Progress, Silent
from .provenance import describe_environment, describe_pair, subject_of
from .record_file import check_replaces_no_other, record_path
from .store import Store


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

    Cells that are already in `out` are not computed again. `level` is a difficulty that every task must have,
    None for the protocol's. `workers`: processes among which the tasks are shared out, each with the pair in
    memory. Raises UsageError for an unknown task or level or less than one row or worker, NotComputable where
    the protocol does not apply or no task gives a comparison (of which the record is written all the same),
    OutputError where `out` cannot be written or has a record of that name that is of another pair or
    protocol.
    """
    asked = as_asked(protocol, tasks, level)
    check_replaces_no_other(out, pair.spec, protocol, asked, lambda: subject_of(pair))
    with closing(measure(pair, protocol, out, asked, None, rows, progress, workers)) as outcomes:
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
    plan, store, measuring = (
        plan_run(subject_of(pair), protocol, asked, wanted),
        Store(out),
        Measuring(pair, rows),
    )
    crew = _crew(
        pair,
        plan,
        store,
        Job(
            spec=pair.spec,
            device=str(pair.arm.device),
            protocol=protocol,
            tasks=tuple(asked),
            wanted=None if wanted is None else tuple(wanted),
            out=out,
            rows=rows,
        ),
        workers,
    )
    side_by_side = crew is None and measuring.side_by_side
    return execute(plan, protocol, store, measuring, progress or Silent(), side_by_side, crew)


def _crew(pair: Pair, plan: Plan, store: Store, job: Job, workers: int) -> Crew | None:
    """Who helps with the tasks of which something is missing; None where one process does them all."""
    missing = [
        number
        for number, task in enumerate(job.tasks)
        if not all(store.seal(cell) is not None for cell in plan.of(task))
    ]
    processes = min(workers, len(missing))
    if processes < 2:
        return None
    return Crew(job, processes, sorted(missing, key=lambda number: -_length(pair, job, job.tasks[number])))


def _length(pair: Pair, job: Job, asked: ProtocolTask) -> int:
    """Tokens of a task's first prompt and answer, to which its time is about proportional."""
    first = next(get_task(asked.name).examples(job.protocol.sampling.seed, "evaluation", asked.level))
    try:
        encoded = encode(pair.tokenizer, first)
    except DoesNotFit:
        return 0
    return len(encoded.clean) + len(encoded.answer)


def check_applies(edges: int, pair: str, protocol: Protocol) -> None:
    """Raises NotComputable where a protocol says nothing about a graph of so few edges."""
    if edges < protocol.minimum_edges:
        raise NotComputable(
            f"protocol {protocol.name} compares {protocol.compared.circuit_edges} edges and does not apply "
            f"to the {edges:,} edges of {pair}: it needs {protocol.minimum_edges:,}",
            "use protocol v2, which sizes circuits by faithfulness",
        )
