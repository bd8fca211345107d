"""Records of all reference pairs made by hand: one task a suite, so that a mean is the task's own value.

Intervals are symmetric, a pair's values having half the width 3 and the control's 4 (in hundredths for shifts
and overlaps, in tenths for ratios), so that those of their differences have 5.
"""

from collections.abc import Mapping
from typing import Any

from build import records
from build.records import WHOLE, a_comparison, a_member, a_pair, number
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.structure.roster import CONTROL, PAIRS, is_control
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

GRID = (10, 50, 100, 200, WHOLE)
ARM = {"checkpoint": "tiny/arm", "digest": "0123456789abcdef"}
MOVEMENT = {"norm": 0.25, "lm_head": 0.75}
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


for _values in (LOCAL, PLANNING, RATIOS):
    # Seeds that the tables of the report need no values of their own for.
    _values |= {f"tiny-seed-{seed}": _values["tiny-seed-2"] for seed in (4, 5)}
    _values |= {f"{CONTROL}-seed-{seed}": _values[CONTROL] for seed in range(2, 6)}
    _values |= {f"{CONTROL}-low": _values[CONTROL]}


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
    """Overlaps by number of edges, the task's own number, its shifts, and the members' early shares."""
    by_size = {size: number(0.6, 0.03) for size in GRID} | dict(overlap or {}) | {WHOLE: NO_OVERLAP}
    comparison = a_comparison(
        (edges, by_size[edges]),
        {size: by_size[size] for size in GRID},
        a_member(clean=3, early=arm),
        a_member(clean=3, early=mdm),
        depth_shift={"early_share": early, "early_share_ratio": ratio},
        depth_shift_edges={"early_share": early},
        specialisation_shift={"specialisation": special, "output_sharpness": sharp},
    )
    return records.a_task(name, comparison=comparison, **changes)


def a_record(
    pair: str,
    tasks: tuple[TaskRecord, ...] | None = None,
    failed: tuple[FailedTask, ...] = (),
    **changes: Any,
) -> Record:
    """Of the tasks by hand, unless others are given, with the summary that they have."""
    chosen = tasks_by_hand(pair) if tasks is None else tasks
    attention = {"attention": "causal"} if is_control(pair) else {"shift": pair != "tiny-noshift"}
    described = a_pair(pair, control=is_control(pair), arm=ARM, mdm=attention, movement=MOVEMENT)
    summary = summarise(chosen, failed)
    return records.a_record(
        pair, tasks=chosen, failed=failed, **{"pair": described, "summary": summary, **changes}
    )


def tasks_by_hand(pair: str) -> tuple[TaskRecord, ...]:
    half = 4 if is_control(pair) else 3
    found = []
    for task, values in (("ioi", LOCAL[pair]), ("countdown", PLANNING[pair])):
        overlap, early, special, sharp = (number(value, half / 100) for value in values)
        ratio = number(RATIOS[pair], half / 10)
        found.append(a_task(task, {100: overlap}, 100, early, special, sharp, ratio))
    return tuple(found)


def all_pairs(replaced: Mapping[str, Record] | None = None) -> Pairs:
    """The records of all pairs, some of them replaced."""
    return Pairs({pair: (replaced or {}).get(pair) or a_record(pair) for pair in PAIRS})
