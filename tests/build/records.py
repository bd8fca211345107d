"""Records made by hand, with numbers that are easy to find again."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from mechshift.benchmark.record.protocol import V1, Protocol
from mechshift.benchmark.record.types import (
    Accuracy,
    CellRecord,
    Comparison,
    Component,
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
    SameSize,
    Summary,
    TaskRecord,
)

TASKS = dict.fromkeys(("ioi", "greater-than", "induction", "agreement"), "local") | dict.fromkeys(
    ("countdown", "infilling", "sudoku", "star-path"), "planning"
)

CELLS = (
    "pool",
    *(f"{what}-{role}" for what in ("scores", "sweep", "circuit", "entropies") for role in ("arm", "mdm")),
    "comparison",
)
"""Of what a task's record is made."""


def number(value: float, spread: float | None = None) -> Number:
    return (
        Number(value=value)
        if spread is None
        else Number(value=value, low=value - spread, high=value + spread)
    )


def a_curve(*levels: float) -> Curve:
    points = tuple(
        CurvePoint(
            share=10.0 ** (i - 3), edges=10**i, kept=10**i, faithfulness=number(f, 0.1), median=number(f)
        )
        for i, f in enumerate(levels)
    )
    areas = {"log_area": number(0.62, 0.04), "cpr": number(0.98, 0.03), "cmd": number(0.05, 0.02)}
    return Curve(points=points, dropped=0, **areas)


def a_member(clean: float, early: float) -> MemberRecord:
    depth = {"early_share": number(early, 0.01)}
    return MemberRecord(
        clean=clean,
        corrupted=-1.5,
        completeness=number(0.0041),
        absolute=a_curve(0, 0.5, 0.9, 1),
        signed=a_curve(0, 0.6, 0.95, 1),
        smallest_share=number(0.1),
        profile=(early, 0.75 - early, 0.25),
        profile_heads=(early, 0.75 - early, 0.25),
        profile_mlps=(early, 0.75 - early, 0.25),
        profile_edges=(early, 0.75 - early, 0.25),
        depth=depth,
        depth_edges=depth,
        specialisation={
            "specialisation": number(0.4, 0.02),
            "random": number(0.1),
            "output_sharpness": number(0.015, 0.001),
        },
        top=(Component(name="m0", share=early), Component(name=f"a1.h{round(clean)}", share=0.2)),
    )


def an_overlap_point(share: float, edges: int, normalised: Measured) -> OverlapPoint:
    edge = Overlap(
        jaccard=number(0.55, 0.05),
        cross=number(0.5, 0.05),
        ceiling_arm=number(0.8, 0.1),
        ceiling_mdm=number(0.7, 0.1),
        floor=0.025,
        normalised=normalised,
        chance_tail=number(1e-9),
    )
    node = edge.model_copy(update={"normalised": Missing(missing="the ceiling does not exceed the floor")})
    return OverlapPoint(share=share, edges=edges, edge=edge, node=node)


def a_comparison() -> Comparison:
    curve = tuple(an_overlap_point(10.0 ** (i - 3), 10**i, number(0.6 + i / 10, 0.05)) for i in range(3))
    whole = an_overlap_point(1.0, 1000, Missing(missing="every circuit is the whole graph"))
    return Comparison(
        arm=a_member(clean=3, early=0.5),
        mdm=a_member(clean=2, early=0.62),
        compared=an_overlap_point(0.1, 100, number(0.75, 0.05)),
        curve=(*curve, whole),
        uniform_profile=(0.3, 0.4, 0.3),
        depth_shift={"early_share": number(0.12, 0.02)},
        depth_shift_edges={"early_share": number(-0.06, 0.02)},
        specialisation_shift={"specialisation": number(-0.001, 0.002)},
    )


def a_pool() -> PoolRecord:
    return PoolRecord(
        arm=Accuracy(solved=570, tried=600),
        mdm=Accuracy(solved=450, tried=600),
        mdm_in_place=Missing(missing="the task has no form that is filled in place"),
        unfit={"clean and corrupted differ in length": 7},
        other_form=2,
        common=500,
        discovery=252,
        evaluation=248,
        templates=15,
        fingerprint="f00d",
    )


def a_cell(name: str) -> CellRecord:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return CellRecord(key=digest[:16], digest=digest)


def level_of(task: str) -> str:
    """The level at which protocol v1 asks a task; `easy` for one that it does not ask."""
    asked = V1.task(task)
    return "easy" if asked is None else asked.level


def a_task(name: str, suite: Any = None) -> TaskRecord:
    return TaskRecord(
        task=name,
        suite=suite or TASKS[name],
        version=1,
        level=level_of(name),
        pool=a_pool(),
        comparison=a_comparison(),
        cells={cell: a_cell(cell) for cell in CELLS},
    )


def a_failed_task(name: str, reason: str) -> FailedTask:
    pool = a_pool().model_copy(update={"arm": Accuracy(solved=3, tried=500), "common": 1})
    return FailedTask(
        task=name,
        suite="planning",
        version=1,
        level=level_of(name),
        missing=reason,
        pool=pool,
        cells={"pool": a_cell("pool")},
    )


def a_summary(shift: Measured) -> Summary:
    return Summary(
        accuracy_arm={"local": number(0.98, 0.01), "planning": number(0.95, 0.02)},
        accuracy_mdm={"local": number(0.97, 0.02), "planning": number(0.9, 0.03)},
        overlap={"local": number(0.75, 0.05), "planning": number(0.5, 0.05)},
        task_dependent_shift=shift,
        one_size=SameSize(
            edges=1000,
            overlap={"local": number(0.7, 0.05), "planning": number(0.6, 0.05)},
            task_dependent_shift=number(0.1, 0.06),
        ),
        early_shift={"local": number(-0.001, 0.01), "planning": number(0.12, 0.02)},
        specialisation_shift={"local": number(0.05, 0.01), "planning": number(-0.05, 0.01)},
        faithfulness={"arm": number(0.67, 0.03), "mdm": number(0.65, 0.05)},
    )


def a_record(
    name: str = "tiny",
    shift: Measured = Number(value=0.25, low=0.2, high=0.3),  # noqa: B008 a frozen value
    protocol: Protocol = V1,
    tasks: tuple[TaskRecord, ...] | None = None,
    failed: tuple[FailedTask, ...] = (),
    **changes: Any,
) -> Record:
    arm = MemberProvenance(
        checkpoint=f"{name}/arm",
        revision=None,
        digest=f"{name} arm digest",
        native="LlamaForCausalLM",
        dtype="float32",
        attention="causal",
        shift=True,
    )
    pair = PairProvenance(
        name=name,
        control=False,
        arm=arm,
        mdm=arm.model_copy(
            update={
                "checkpoint": f"{name}/mdm",
                "digest": f"{name} mdm digest",
                "attention": "full",
                "revision": "main",
            }
        ),
        mask_id=2,
        ordinary_mask=False,
        tokenizer="beef",
        layers=3,
        heads=8,
        kv_heads=4,
        edges=1000,
        movement={"norm": 0.01, "lm_head": 0.25},
    )
    environment = Environment(
        mechshift="0.1.0",
        python="3.11.7",
        torch="2.13.0",
        transformers="5.23.0",
        numpy="2.4.6",
        platform="Linux",
        processor="x86_64",
        device="cpu",
        threads=2,
    )
    record = Record(
        pair=pair,
        protocol=protocol,
        tasks=tuple(a_task(task) for task in TASKS) if tasks is None else tasks,
        failed=failed,
        reductions=(),
        summary=a_summary(shift),
        environment=environment,
    )
    return record.model_copy(update=changes)


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Make a whole record of protocol v1: `make_record(name, shift, protocol, tasks, failed, **changes)`."""
    return a_record


@pytest.fixture
def make_task() -> Callable[..., TaskRecord]:
    """Make a task's record: `make_task(name, suite)`."""
    return a_task


@pytest.fixture
def make_failed_task() -> Callable[..., FailedTask]:
    """Make the record of a task without a comparison: `make_failed_task(name, reason)`."""
    return a_failed_task
