"""Records of all reference pairs made by hand: one task a suite, so that a mean is the task's own value.

Intervals are symmetric, a pair's values having half the width 3 and the control's 4 (in hundredths for shifts
and overlaps, in tenths for ratios), so that those of their differences have 5.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.roster import CONTROL, PAIRS
from mechshift.benchmark.record.protocol import V1
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.types import (
    Accuracy,
    Comparison,
    Curve,
    CurvePoint,
    Environment,
    FailedTask,
    Measured,
    MemberProvenance,
    MemberRecord,
    Missing,
    Number,
    Overlap,
    OverlapPoint,
    PairProvenance,
    PoolRecord,
    Record,
    TaskRecord,
)

SUITES = {"ioi": "local", "greater-than": "local", "countdown": "planning", "sudoku": "planning"}
GRID = (10, 50, 100, 200, 1000)
WHOLE = 1000
NO_OVERLAP = Missing(missing="both circuits are the whole graph")

LOCAL = {
    "tiny": (0.70, 0.00, -0.20, -0.02),
    "tiny-noshift": (0.62, 0.01, -0.12, -0.02),
    "tiny-block": (0.50, 0.02, -0.04, -0.02),
    "tiny-seed-2": (0.71, 0.03, -0.01, -0.02),
    "tiny-seed-3": (0.69, 0.04, 0.05, -0.02),
    "tiny-continued": (0.60, 0.05, -0.10, -0.02),
    "tiny-scratch": (0.10, 0.06, -0.30, -0.02),
}
"""Of the local task: Ĵ at 100 edges, early shift, specialisation shift, shift of the output sharpness."""

PLANNING = {
    "tiny": (0.40, 0.20, -0.20, 0.07),
    "tiny-noshift": (0.55, 0.12, -0.20, 0.07),
    "tiny-block": (0.65, 0.04, -0.20, 0.07),
    "tiny-seed-2": (0.44, 0.01, -0.20, 0.07),
    "tiny-seed-3": (0.30, -0.05, -0.20, 0.07),
    "tiny-continued": (0.55, 0.10, -0.20, -0.02),
    "tiny-scratch": (0.05, 0.30, -0.20, 0.07),
}

RATIOS = {
    "tiny": 2.9,
    "tiny-noshift": 2.5,
    "tiny-block": 2.4,
    "tiny-seed-2": 2.1,
    "tiny-seed-3": 1.5,
    "tiny-continued": 2.2,
    "tiny-scratch": 3.0,
}
"""Of the early shares on the planning task."""


def number(value: float, spread: float | None = None) -> Number:
    """The value, with an interval that reaches as far to either side."""
    if spread is None:
        return Number(value=value)
    return Number(value=value, low=value - spread, high=value + spread)


def a_curve() -> Curve:
    point = CurvePoint(share=0.1, edges=100, kept=100, faithfulness=number(0.9, 0.1), median=number(0.9))
    areas = {"log_area": number(0.6, 0.1), "cpr": number(0.9), "cmd": number(0.1)}
    return Curve(points=(point,), dropped=0, **areas)


def a_member(first: float) -> MemberRecord:
    profile = (first, 0.75 - first, 0.25)
    return MemberRecord(
        clean=3,
        corrupted=-1,
        completeness=number(0.004),
        absolute=a_curve(),
        signed=a_curve(),
        smallest_share=number(0.1),
        profile=profile,
        profile_heads=profile,
        profile_mlps=profile,
        profile_edges=profile,
        depth={"early_share": number(first, 0.01)},
        depth_edges={"early_share": number(first, 0.01)},
        specialisation={"specialisation": number(0.4, 0.02)},
        top=(),
    )


def a_point(edges: int, overlap: Measured) -> OverlapPoint:
    edge = Overlap(
        jaccard=number(0.5, 0.05),
        cross=number(0.5, 0.05),
        ceiling_arm=number(0.8, 0.1),
        ceiling_mdm=number(0.8, 0.1),
        floor=0.02,
        normalised=overlap,
        chance_tail=number(1e-9),
    )
    return OverlapPoint(share=edges / WHOLE, edges=edges, edge=edge, node=edge)


def a_task(
    name: str = "ioi",
    overlap: Mapping[int, Measured] | None = None,
    edges: int = 100,
    early: Measured = number(0.1, 0.03),  # noqa: B008 a frozen value
    special: Measured = number(-0.1, 0.03),  # noqa: B008
    sharp: Measured = number(0.0, 0.03),  # noqa: B008
    ratio: Measured = number(1.2, 0.3),  # noqa: B008
    arm: float = 0.5,
    mdm: float = 0.6,
    **changes: Any,
) -> TaskRecord:
    by_size = {size: number(0.6, 0.03) for size in GRID} | dict(overlap or {}) | {WHOLE: NO_OVERLAP}
    comparison = Comparison(
        arm=a_member(arm),
        mdm=a_member(mdm),
        compared=a_point(edges, by_size[edges]),
        curve=tuple(a_point(size, by_size[size]) for size in GRID),
        uniform_profile=(0.3, 0.4, 0.3),
        depth_shift={"early_share": early, "early_share_ratio": ratio},
        depth_shift_edges={"early_share": early},
        specialisation_shift={"specialisation": special, "output_sharpness": sharp},
    )
    record = TaskRecord(
        task=name,
        suite=SUITES[name],  # type: ignore[arg-type]
        version=1,
        level="easy",
        pool=a_pool(),
        comparison=comparison,
        cells={},
    )
    return record.model_copy(update=changes)


def a_pool() -> PoolRecord:
    return PoolRecord(
        arm=Accuracy(solved=570, tried=600),
        mdm=Accuracy(solved=450, tried=600),
        mdm_in_place=Missing(missing="the task has no form that is filled in place"),
        unfit={},
        other_form=0,
        common=500,
        discovery=250,
        evaluation=250,
        templates=15,
        fingerprint="f00d",
    )


def a_failed_task(name: str, reason: str) -> FailedTask:
    return FailedTask(
        task=name,
        suite=SUITES[name],  # type: ignore[arg-type]
        version=1,
        level="easy",
        missing=reason,
        pool=a_pool(),
        cells={},
    )


def a_record(
    pair: str,
    tasks: tuple[TaskRecord, ...] | None = None,
    failed: tuple[FailedTask, ...] = (),
    **changes: Any,
) -> Record:
    chosen = tasks_by_hand(pair) if tasks is None else tasks
    record = Record(
        pair=a_pair(pair),
        protocol=V1,
        tasks=chosen,
        failed=failed,
        reductions=(),
        summary=summarise(chosen, failed),
        environment=Environment(
            mechshift="0.1.0",
            python="3.11.7",
            torch="2.13.0",
            transformers="5.23.0",
            numpy="2.4.6",
            platform="Linux",
            processor="x86_64",
            device="cpu",
            threads=1,
        ),
    )
    return record.model_copy(update=changes)


def a_pair(pair: str) -> PairProvenance:
    arm = MemberProvenance(
        checkpoint="tiny/arm",
        revision=None,
        digest="0123456789abcdef",
        native="LlamaForCausalLM",
        dtype="float32",
        attention="causal",
        shift=True,
    )
    second = {"checkpoint": f"{pair}/mdm", "digest": f"of {pair}"}
    attention = {} if pair == CONTROL else {"attention": "full", "shift": pair != "tiny-noshift"}
    return PairProvenance(
        name=pair,
        control=pair == CONTROL,
        arm=arm,
        mdm=arm.model_copy(update=second | attention),
        mask_id=2,
        ordinary_mask=False,
        tokenizer="beef",
        layers=3,
        heads=8,
        kv_heads=8,
        edges=WHOLE,
        movement={"norm": 0.25, "lm_head": 0.75},
    )


def tasks_by_hand(pair: str) -> tuple[TaskRecord, ...]:
    half = 4 if pair == CONTROL else 3
    found = []
    for task, values in (("ioi", LOCAL[pair]), ("countdown", PLANNING[pair])):
        overlap, early, special, sharp = (number(value, half / 100) for value in values)
        ratio = number(RATIOS[pair], half / 10)
        found.append(a_task(task, {100: overlap}, 100, early, special, sharp, ratio))
    return tuple(found)


@pytest.fixture
def make_task() -> Callable[..., TaskRecord]:
    """Make a task's record: `make_task(name, overlap, edges, early, special, sharp, ratio, arm, mdm)`."""
    return a_task


@pytest.fixture
def make_failed_task() -> Callable[..., FailedTask]:
    """Make the record of a task without a comparison: `make_failed_task(name, reason)`."""
    return a_failed_task


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Make a pair's record: `make_record(pair, tasks, failed, **changes)`."""
    return a_record


@pytest.fixture
def make_pairs() -> Callable[..., Pairs]:
    """Make the records of all pairs, some of them replaced: `make_pairs({pair: record})`."""

    def build(replaced: Mapping[str, Record] | None = None) -> Pairs:
        return Pairs({pair: (replaced or {}).get(pair) or a_record(pair) for pair in PAIRS})

    return build


@pytest.fixture
def put() -> Callable[[Pairs, Path], Path]:
    """Write the records where the command looks for them: `put(pairs, folder)`."""

    def write(pairs: Pairs, folder: Path) -> Path:
        for pair, record in pairs.records.items():
            (folder / pair).mkdir(parents=True, exist_ok=True)
            (folder / pair / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
        return folder

    return write
