"""A run: every task of a protocol on a pair, each measured in cells, put together as a record."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...errors import NotComputable, UsageError
from ...tasks import Task, get_suite
from ...tasks.export import fingerprint
from ..asking.grouping import Grouping
from ..asking.pool import Pool
from ..asking.states import ROWS
from ..circuits.graph import Graph
from ..pairs.pair import Pair
from ..pairs.registry import list_pairs
from ..record.files import write_model
from ..record.protocol import Protocol
from ..record.summary import summarise
from ..record.types import FailedTask, PoolRecord, Record, TaskRecord
from .evidence import Setting, measure_comparison, measure_grouping, measure_pool
from .progress import Progress, silent
from .provenance import describe_environment, describe_pair, run_key
from .store import Store


def run(
    pair: Pair,
    protocol: Protocol,
    out: Path,
    tasks: Sequence[Task] | None = None,
    level: str | None = None,
    rows: int = ROWS,
    progress: Progress = silent,
) -> Record:
    """Measure a pair on tasks (None: all of the protocol's suite) and write the record, see `record_path`.

    Cells that are already in `out` are not computed again. `level` is a difficulty that every task must have,
    None for each task's default. Raises UsageError for an unknown level or less than one row,
    NotComputable where no task gives a comparison or the protocol does not apply, OutputError where `out`
    cannot be written.
    """
    if rows < 1:
        raise UsageError(f"{rows} token rows cannot be run at once", "run at least one")
    _check_applies(pair, protocol)
    whole = get_suite(protocol.suite)
    chosen = whole if tasks is None else tuple(tasks)
    for task in chosen:
        task.level(level)
    results = [_measure(setting_of(pair, task, level, protocol, out, rows, progress)) for task in chosen]
    done = tuple(result for result in results if isinstance(result, TaskRecord))
    failed = tuple(result for result in results if isinstance(result, FailedTask))
    if not done:
        reasons = "\n".join(f"  {one.task}: {one.missing}" for one in failed)
        raise NotComputable(
            f"no task gives a comparison\n{reasons}",
            "check --shift/--no-shift, --attention and --mask-token where one member solves nothing; "
            "else choose a pair that solves the tasks",
        )
    record = Record(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pair=describe_pair(pair, protocol),
        protocol=protocol,
        tasks=done,
        failed=failed,
        reductions=_reductions(whole, chosen, level, results, protocol),
        summary=summarise(done, failed, protocol.resamples),
        environment=describe_environment(pair),
        seconds=sum(sum(task.seconds.values()) for task in done),
    )
    write_model(record, record_path(out, record))
    return record


def record_path(out: Path, record: Record) -> Path:
    """Where a record is written: `PAIR-PROTOCOL.json`, with `-partial` for one that is less than the whole.

    A pair without a name of its own is told apart by the digest of its members and declarations.
    """
    pair = record.pair
    name = pair.name.replace("/", "-")
    if pair.name not in list_pairs():
        name += "-" + hashlib.sha256(pair.model_dump_json().encode()).hexdigest()[:8]
    return out / f"{name}-{record.protocol.name}{'-partial' if record.reductions else ''}.json"


def setting_of(
    pair: Pair, task: Task, level: str | None, protocol: Protocol, out: Path, rows: int, progress: Progress
) -> Setting:
    """What a task is measured with, its cells kept under `out`. Raises UsageError for an unknown level."""
    card, name = task.card, task.level(level)[0]
    store = Store(out / "cells" / card.name, run_key(pair, protocol, card.name, card.version, name))
    return Setting(pair, task, name, protocol, store, rows, progress)


def _measure(setting: Setting) -> TaskRecord | FailedTask:
    card, protocol = setting.task.card, setting.protocol
    pool = measure_pool(setting)
    grouping = measure_grouping(setting, pool)
    described = _pool_record(pool, grouping)
    reason = why_unusable(pool, grouping, protocol)
    if reason is not None:
        return FailedTask(
            task=card.name,
            suite=card.suite,
            version=card.version,
            level=setting.level,
            missing=reason,
            pool=described,
        )
    return TaskRecord(
        task=card.name,
        suite=card.suite,
        version=card.version,
        level=setting.level,
        pool=described,
        comparison=measure_comparison(setting, grouping),
        seconds=dict(setting.store.seconds),
    )


def why_unusable(pool: Pool, grouping: Grouping, protocol: Protocol) -> str | None:
    """Why a pool cannot be analysed; None where it can."""
    if not pool.arm.tried:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in pool.unfit.items())
        return f"the tokenizer leaves no example: {reasons}"
    if len(pool.solved) < protocol.minimum:
        return (
            f"ARM solves {pool.arm.solved} of {pool.arm.tried}, MDM {pool.mdm.solved}, "
            f"both {len(pool.solved)}: fewer than the {protocol.minimum} that protocol {protocol.name} needs"
        )
    if len(grouping.clusters) < 2:
        return "all examples are of one group, so that nothing can be resampled"
    return None


def _pool_record(pool: Pool, grouping: Grouping) -> PoolRecord:
    used = [encoded.example for encoded, _ in (*grouping.discovery, *grouping.evaluation)]
    return PoolRecord(
        arm=pool.arm,
        mdm=pool.mdm,
        mdm_in_place=pool.mdm_in_place,
        unfit=pool.unfit,
        other_form=pool.other_form,
        common=len(pool.solved),
        discovery=len(grouping.discovery),
        evaluation=len(grouping.evaluation),
        templates=len(set(grouping.clusters)),
        fingerprint=fingerprint(used),
    )


def _check_applies(pair: Pair, protocol: Protocol) -> None:
    edges = Graph.of(pair.arm.backbone.shape, protocol.kv).edges
    if edges < protocol.minimum_edges:
        raise NotComputable(
            f"protocol {protocol.name} compares {protocol.circuit_edges} edges and does not apply to the "
            f"{edges:,} edges of {pair.spec.name}: it needs {protocol.minimum_edges:,}",
            "use --protocol v1, which sizes circuits by faithfulness",
        )


def _reductions(
    whole: Sequence[Task],
    chosen: Sequence[Task],
    level: str | None,
    results: Sequence[TaskRecord | FailedTask],
    protocol: Protocol,
) -> tuple[str, ...]:
    """In what the run is less than its protocol's whole."""
    reductions = [f"task {task.card.name} was not asked for" for task in whole if task not in chosen]
    for result in results:
        if isinstance(result, FailedTask):
            reductions.append(f"task {result.task} gave no comparison")
        elif result.pool.common < protocol.pool:
            reductions.append(f"task {result.task} has {result.pool.common} of {protocol.pool} examples")
    if level is not None:
        reductions.append(f"level {level} was asked for")
    return tuple(reductions)
