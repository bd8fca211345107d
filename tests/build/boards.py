"""Boards of any size, of records whose values are known and drawn: no model runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from build.records import (
    SHIFTS,
    TASKS,
    a_comparison,
    a_member,
    a_pair,
    a_pool,
    a_record,
    a_task,
)
from mechshift.benchmark.record.comparison import HEADLINE, MemberRecord
from mechshift.benchmark.record.draws import take_draws, write_draws
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.benchmark.submission.layout import CARD, DRAWS, MANIFEST, RECORD
from mechshift.benchmark.submission.manifest import Changes, Manifest, describe_files
from mechshift.metrics import student_quantile

RESAMPLES = 200
EDGES = 100
"""Size of the compared circuits."""

MADE = date(2026, 11, 29)


@dataclass(frozen=True)
class Drawing:
    """Where the values of one row come from: its own noise, and the luck that it shares with its sample."""

    own: np.random.Generator
    luck: NDArray[np.float64]
    shared: float = 0.8

    def number(self, truth: float, error: float) -> Number:
        """A measured value: off the truth by chance, with draws and the interval that they give."""
        common = self.shared * self.luck
        noise = self.own.normal(size=RESAMPLES + 1) * np.sqrt(1 - self.shared**2)
        value, *draws = (truth + error * (common + noise)).tolist()
        low, centre, high = np.quantile(draws, [0.025, 0.5, 0.975])
        # Of fifteen templates (`a_pool`).
        wider = student_quantile(0.975, 14) / student_quantile(0.975, np.inf)
        measured = Number(
            value=value, low=value - wider * (centre - low), high=value + wider * (high - centre)
        )
        # Resamples lie around what was measured.
        return measured.drawn(np.asarray(draws) - centre + value)


@dataclass(frozen=True)
class Truth:
    """What is true of a pair: Ĵ and ρ on each task of a suite, the early shift, and the error of either."""

    local: float = 0.7
    planning: float = 0.5
    early: float = 0.1
    error: float = 0.03


def a_submitted_record(
    name: str,
    truth: Truth | None = None,
    seed: int = 0,
    sample: str | None = None,
    missing: Sequence[str] = (),
    **pair: Any,
) -> Record:
    """A whole record of protocol v2, with draws.

    `sample`: rows of one sample have the same examples (None: its own); `missing`: tasks whose Ĵ is; others
    change the pair's provenance.
    """
    own = np.random.default_rng([seed, *name.encode()])
    tasks = tuple(
        _task(task, suite, truth or Truth(), own, sample or name, task in missing)
        for task, suite in TASKS.items()
    )
    described = a_pair(name, **pair)
    return a_record(name, tasks=tasks, pair=described, summary=summarise(tasks, ()))


def _task(
    name: str, suite: str, truth: Truth, own: np.random.Generator, sample: str, missing: bool
) -> TaskRecord:
    drawing = Drawing(own, _luck(sample, name))
    overlap: Measured = drawing.number(truth.local if suite == "local" else truth.planning, truth.error)
    if missing:
        overlap = Missing(missing="the ceiling does not exceed the floor")
    # Of its own, as what is put together is found by which number it is.
    similarity = overlap if isinstance(overlap, Missing) else overlap.drawn(overlap.draws)
    structure = {**SHIFTS["structure"], HEADLINE: similarity}
    comparison = a_comparison(
        (EDGES, overlap),
        {EDGES: overlap, 10 * EDGES: Missing(missing="both circuits are the whole graph")},
        _member(drawing, 3, 0.5),
        _member(drawing, 2, 0.6),
        depth_shift={"early_share": drawing.number(truth.early, truth.error / 2)},
        specialisation_shift={"specialisation": drawing.number(-0.02, truth.error / 2)},
        structure=structure,
    )
    pool = a_pool().model_copy(update={"fingerprint": f"{sample} {name}"})
    return a_task(name, suite, comparison, pool=pool)


def _member(drawing: Drawing, clean: float, early: float) -> MemberRecord:
    base = a_member(clean, early)
    return base.model_copy(
        update={"absolute": base.absolute.model_copy(update={"log_area": drawing.number(0.6, 0.02)})}
    )


@cache
def _luck(sample: str, task: str) -> NDArray[np.float64]:
    return np.random.default_rng([*sample.encode(), 0, *task.encode()]).normal(size=RESAMPLES + 1)


CARD_TEXT = """\
authors = ["Ada Lovelace"]
contact = "ada@example.org"
pair = {pair}
date = {made}
description = "Two members that nobody has trained."
confounds = "none known"
weights_licence = "Apache-2.0"
licence = "CC-BY-4.0"

[checkpoints]
arm = "nobody/arm@main"
mdm = "nobody/mdm@main"
"""


def write_submission(board: Path, record: Record, made: date = MADE, stem: str | None = None) -> Path:
    """The record as a submission of a board, exact and without its cells."""
    folder = board / f"{made.isoformat()}-{stem or f'{record.pair.name}-{record.protocol.name}'}"
    folder.mkdir(parents=True)
    write_model(record, folder / RECORD)
    write_draws(take_draws(record), folder / DRAWS)
    (folder / CARD).write_text(CARD_TEXT.format(pair=json.dumps(record.pair.name), made=made.isoformat()))
    write_manifest(folder)
    return folder


def write_manifest(folder: Path, original_record: str = "0" * 64) -> None:
    """The manifest of whatever lies in a submission's folder."""
    manifest = Manifest(
        mechshift="0.1.0",
        form="exact",
        step=None,
        original_record=original_record,
        changes=Changes(
            numbers=0, changed=0, largest=None, largest_of_interval=None, unmatched_count=0, unmatched=()
        ),
        files=describe_files(folder),
    )
    write_model(manifest, folder / MANIFEST)


FAMILIES = ("gpt2", "llama-1b", "qwen3-0.6b", "pythia-410m", "smollm-135m", "olmo-1b")


def synthetic_records(pairs: int, seed: int = 0) -> list[Record]:
    """So many rows, all different and all from the same generator.

    Of every family's ARM there are ten MDMs, which differ in how much their circuits changed, and a control.
    Some share their prompts, have confounds, or lack a value.
    """
    generator = np.random.default_rng(seed)
    found = []
    for index in range(pairs):
        family, kind = FAMILIES[index // 11 % len(FAMILIES)], index % 11
        arm = {"digest": f"{family} {index // 66}", "checkpoint": f"{family}/arm"}
        local, planning = generator.uniform(0.3, 0.95, 2)
        truth = Truth(local, planning, early=0.3 * (1 - planning))
        control = kind == 10
        found.append(
            a_submitted_record(
                f"{family}-{'control' if control else f'mdm{kind}'}-{index // 66}",
                truth,
                seed,
                sample=f"{family} {index // 66}" if kind < 6 else None,
                missing=("sudoku",) if index % 23 == 7 else (),
                control=control,
                arm=arm,
                confounds=_CONFOUNDS[: index % 4 if index % 4 < 3 else 0],
            )
        )
    return found


_CONFOUNDS = (
    "trained on other data than the ARM",
    "undecided when loaded: behaviour of the MDM: 0.61 ± 0.04 with and 0.59 ± 0.04 without shift",
)


def write_board(board: Path, pairs: int, seed: int = 0) -> list[Path]:
    """A board of so many submissions, by `synthetic_records`."""
    return [write_submission(board, record) for record in synthetic_records(pairs, seed)]
