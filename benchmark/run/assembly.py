"""From the outcomes of a plan's tasks to a record."""

from collections.abc import Sequence

from ...errors import NotComputable, UsageError
from ...tasks import get_task
from ..record.cards import CardsCell, NeuronCards, TaskCards
from ..record.missing import Missing
from ..record.protocol import Protocol, ProtocolTask
from ..record.provenance import Environment, PairProvenance
from ..record.reads import Stages
from ..record.record import Record
from ..record.stages import of_enough
from ..record.summary import summarise
from ..record.task_record import FailedTask, TaskRecord, TaskResult
from .computing import Outcome
from .plan import MEMBERS, kind_name
from .pools import describe_pool


def describe_task(outcome: Outcome, protocol: Protocol) -> TaskResult:
    """What a record says of a task.

    Where a plan had only what a comparison needs, there are neither prompts nor cards nor other reads in it.
    """
    asked, contents = outcome.task, outcome.contents
    task = get_task(asked.name)
    suite, surface = task.card.suite, task.surface(asked.level)
    pool = describe_pool(outcome.pool, protocol)
    if outcome.unusable is not None:
        return FailedTask(
            task=asked.name,
            suite=suite,
            surface=surface,
            version=asked.version,
            level=asked.level,
            missing=outcome.unusable,
            pool=pool,
            cells=outcome.cells,
        )
    return TaskRecord(
        task=asked.name,
        suite=suite,
        surface=surface,
        version=asked.version,
        level=asked.level,
        pool=pool,
        prompts=contents["prompts"].root if "prompts" in contents else (),
        comparison=contents["comparison"],
        cards=TaskCards(**{member: _cards(contents.get(kind_name("cards", member))) for member in MEMBERS}),
        stages=of_enough(contents.get("stages", Stages()), protocol.minimum),
        function=contents.get("function"),
        causality=contents.get("causality"),
        cells=outcome.cells,
    )


def _cards(cell: CardsCell | None) -> NeuronCards | Missing:
    return Missing(missing="no cards were asked for") if cell is None else cell.root


def assemble(
    pair: PairProvenance, environment: Environment, protocol: Protocol, results: Sequence[TaskResult]
) -> Record:
    """The record of tasks' results; one of failed tasks alone says why each of them gave no comparison."""
    done = tuple(result for result in results if isinstance(result, TaskRecord))
    failed = tuple(result for result in results if isinstance(result, FailedTask))
    return Record(
        pair=pair,
        protocol=protocol,
        tasks=done,
        failed=failed,
        # Tasks without a comparison last, as a record has them: made again from it, the order is the same.
        reductions=_reductions((*done, *failed), protocol),
        summary=summarise(done, failed),
        environment=environment,
    )


def check_compared(record: Record) -> None:
    """Raises NotComputable, with the reasons, where no task of a record gives a comparison."""
    if not record.tasks:
        reasons = "; ".join(f"{one.task}: {one.missing}" for one in record.failed)
        raise NotComputable(
            f"no task gives a comparison: {reasons}",
            "check the read-out offset, the attention and the mask token where one member solves nothing; "
            "else choose a pair that solves the tasks",
        )


def _reductions(results: Sequence[TaskResult], protocol: Protocol) -> tuple[str, ...]:
    """In what the run is less than its protocol's whole, or other than it."""
    asked = {result.task: result for result in results}
    reductions = [f"task {task.name} was not asked for" for task in protocol.tasks if task.name not in asked]
    for result in results:
        wanted = protocol.task(result.task)
        if wanted is None:
            reductions.append(f"task {result.task} is none of the protocol's")
        elif result.level != wanted.level:
            reductions.append(f"task {result.task} was asked at level {result.level} and not {wanted.level}")
        if isinstance(result, FailedTask):
            reductions.append(f"task {result.task} gave no comparison")
        elif result.pool.common < protocol.sampling.pool:
            reductions.append(
                f"task {result.task} has {result.pool.common} of {protocol.sampling.pool} examples"
            )
    return tuple(reductions)


def as_asked(protocol: Protocol, names: Sequence[str] | None, level: str | None) -> tuple[ProtocolTask, ...]:
    """The tasks of a run as the protocol asks them: all of the protocol's, or the named ones.

    `level` is a difficulty that every task must have, None for the protocol's (a task's own default where the
    protocol does not ask it). Raises UsageError for an unknown task or level, and NotComputable where the
    installed task is not of the version that the protocol names.
    """
    wanted = [task.name for task in protocol.tasks] if names is None else list(dict.fromkeys(names))
    if not wanted:
        raise UsageError("no task was asked for", "name at least one task, or none for all of the protocol's")
    return tuple(_as_asked(protocol, name, level) for name in wanted)


def _as_asked(protocol: Protocol, name: str, level: str | None) -> ProtocolTask:
    task, known = get_task(name), protocol.task(name)
    if known is not None and known.version != task.card.version:
        raise NotComputable(
            f"protocol {protocol.name} asks version {known.version} of task {name}, and this is version "
            f"{task.card.version}",
            "use the release of mechshift whose protocol has this version of the task",
        )
    chosen = level if level is not None or known is None else known.level
    return ProtocolTask(name=name, level=task.level(chosen)[0], version=task.card.version)
