"""A record's variations, one after the other, kept in the file beside it as they come."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import NotComputable
from ..contrast.side import judgeable
from ..record.files import write_model
from ..record.missing import Missing
from ..record.protocol import Protocol
from ..record.record import Record
from ..record.robustness import (
    Result,
    Robustness,
    Varied,
    VariedKind,
    content_digest,
    read_robustness,
    robustness_path,
)
from ..record.summary import summarise
from ..record.task_record import FailedTask, TaskRecord, TaskResult
from ..run.progress import Announce, announce_nothing
from .judging import result_beside, result_of
from .kept import kept_task
from .variations import Variation, list_variations

RunUnder = Callable[[Protocol], Sequence[TaskResult]]
"""Runs the record's tasks under another protocol, as far as its comparison and its transfer need."""

NEEDS_PAIR = "needs the pair: models run for it"


@dataclass(frozen=True)
class RecordPlace:
    """Where a record lies: `record`, the file with its cells beside it; `beside`: what the user named."""

    record: Path
    beside: Path


def vary(
    record: Record,
    place: RecordPlace,
    kinds: Collection[VariedKind] | None = None,
    run_under: RunUnder | None = None,
    announce: Announce = announce_nothing,
) -> Robustness:
    """Vary one thing at a time, and write what comes of it beside the record after each variation.

    `kinds`: None for all. `run_under`: None where the pair is not at hand; what needs it is then left out,
    and said to be. What the file has already of this record is not done again. Raises NotComputable for a
    record without its cells, OutputError where the file cannot be written.
    """
    if not record.tasks:
        raise NotComputable(f"{place.beside} has no task with a comparison", "name a record that has one")
    with judgeable(str(place.beside)):
        found = _begun(record, place.beside, announce)
    there = {one.name: one for one in found.variations}
    wanted = [one for one in list_variations(record) if kinds is None or one.kind in kinds]
    for number, variation in enumerate(wanted, 1):
        if not _is_due(variation, there.get(variation.name), run_under is not None):
            continue
        if variation.from_cells is None and run_under is None:
            found = _left_out(found, variation, NEEDS_PAIR)
            continue
        announce(f"[{number}/{len(wanted)} {variation.kind}] {variation.name} …")
        found = _with(found, _varied(variation, record, place.record, run_under))
        write_model(found, robustness_path(place.beside))
    found = _in_order(found, record)
    write_model(found, robustness_path(place.beside))
    return found


def _begun(record: Record, beside: Path, announce: Announce) -> Robustness:
    """What is kept of this record; else, as where the file is of another one or broken, nothing yet."""
    kept, base = read_robustness(beside, record), result_of(record)
    if isinstance(kept, Robustness) and kept.base == base:
        return kept
    if isinstance(kept, Missing):
        announce(f"made anew: {kept.missing}")
    return Robustness(
        record=content_digest(record),
        pair=record.pair.name,
        protocol=f"{record.protocol.name}@{record.protocol.version}",
        base=base,
        variations=(),
    )


def _is_due(variation: Variation, kept: Varied | None, has_pair: bool) -> bool:
    """Whether it is still to be made, or made by the models where it was made from the cells alone."""
    if kept is None or isinstance(kept.result, Missing):
        return True
    return has_pair and bool(variation.settings) and not kept.with_models


def _varied(variation: Variation, record: Record, path: Path, run_under: RunUnder | None) -> Varied:
    with_models = run_under is not None and bool(variation.settings)
    try:
        # Of few prompts, or under another setting, a number can overflow or have no value at all.
        with np.errstate(all="ignore"):
            results = (
                run_under(record.protocol.changed(**variation.settings, **_named(record, variation)))
                if run_under is not None and with_models
                else list(_from_cells(variation, record, path))
            )
            result: Result | Missing = result_beside(_put_together(record, results), record)
    except NotComputable as error:
        if not with_models:
            raise
        result = Missing(missing=error.problem)
    return Varied(
        name=variation.name,
        kind=variation.kind,
        settings={name: str(value) for name, value in variation.settings.items()},
        with_models=with_models,
        result=result,
    )


def _named(record: Record, variation: Variation) -> dict[str, object]:
    """No board takes a varied protocol, and none passes for the one that it was made of."""
    return {"name": f"{record.protocol.name}, {variation.name}", "board": False}


def _from_cells(variation: Variation, record: Record, path: Path) -> Iterator[TaskResult]:
    assert variation.from_cells is not None, "others need the pair"
    for task in record.tasks:
        kept = kept_task(path, record, task.task)
        try:
            found = variation.from_cells(kept)
        except (ValueError, ArithmeticError) as error:
            # The metrics' word for too few groups, or too few examples, for any number.
            found = Missing(missing=str(error))
        yield found if isinstance(found, TaskRecord) else _failed(task, found.missing)
    yield from record.failed


def _failed(task: TaskRecord, why: str) -> FailedTask:
    kept = {name: getattr(task, name) for name in FailedTask.model_fields if name != "missing"}
    return FailedTask(missing=why, **kept)


def _put_together(record: Record, results: Sequence[TaskResult]) -> Record:
    """The record with other results of its tasks."""
    done = tuple(one for one in results if isinstance(one, TaskRecord))
    failed = tuple(one for one in results if isinstance(one, FailedTask))
    return record.model_copy(update={"tasks": done, "failed": failed, "summary": summarise(done, failed)})


def _with(found: Robustness, varied: Varied) -> Robustness:
    others = tuple(one for one in found.variations if one.name != varied.name)
    left_out = {name: why for name, why in found.left_out.items() if name != varied.name}
    return found.model_copy(update={"variations": (*others, varied), "left_out": left_out})


def _left_out(found: Robustness, variation: Variation, why: str) -> Robustness:
    return found.model_copy(update={"left_out": {**found.left_out, variation.name: why}})


def _in_order(found: Robustness, record: Record) -> Robustness:
    order = {one.name: place for place, one in enumerate(list_variations(record))}
    known = [one for one in found.variations if one.name in order]
    return found.model_copy(update={"variations": tuple(sorted(known, key=lambda one: order[one.name]))})
