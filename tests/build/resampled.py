"""Records whose tasks were resampled: real draws, of means of simulated prompts."""

from collections.abc import Mapping

import numpy as np

from mechshift.benchmark.record.comparison import HEADLINE
from mechshift.benchmark.record.number import Measured, Number, measured
from mechshift.benchmark.record.protocol import V2, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.task_record import PoolRecord, TaskRecord
from mechshift.metrics import bootstrap

from .records import SHIFTS, a_comparison, a_curve, a_member, a_record, a_task

PROMPTS = 40


def resampled(values: np.ndarray) -> Number:
    """The mean of values [prompts], with interval and draws; every call resamples alike."""
    found = measured(bootstrap(lambda w: {"": float(w @ values / w.sum())}, np.arange(len(values)), 200)[""])
    assert isinstance(found, Number)
    return found


def a_resampled_task(name: str, values: np.ndarray, fingerprint: str = "f00d", size: int = 100) -> TaskRecord:
    """A task whose overlap, shifts and faithfulness are means of the five columns of values [prompts, 5].

    Its similarity is the mean of the last three.
    """
    overlap, early, special, arm, mdm = (resampled(column) for column in values.T)
    curve = a_curve(0, 0.5, 0.9, 1)
    members = [
        a_member(clean=3, early=0.5).model_copy(
            update={"absolute": curve.model_copy(update={"log_area": area})}
        )
        for area in (arm, mdm)
    ]
    comparison = a_comparison(
        (size, overlap),
        {100: overlap, 200: resampled(values[:, 0] / 2)},
        *members,
        structure={**SHIFTS["structure"], HEADLINE: resampled(values[:, 2:].mean(axis=1))},
        depth_shift={"early_share": early},
        specialisation_shift={"specialisation": special},
    )
    task = a_task(name, comparison=comparison)
    pool: PoolRecord = task.pool.model_copy(update={"fingerprint": fingerprint})
    return task.model_copy(update={"pool": pool})


def a_resampled_record(
    tasks: Mapping[str, np.ndarray | TaskRecord], protocol: Protocol = V2, **changes: object
) -> Record:
    """A record of tasks, each of values as in `a_resampled_task`, with the summary that follows from them."""
    found = tuple(
        value if isinstance(value, TaskRecord) else a_resampled_task(name, value)
        for name, value in tasks.items()
    )
    record = a_record(protocol=protocol, tasks=found)
    return record.model_copy(update={"summary": summarise(found, ()), **changes})


def draw_prompts(seed: int) -> np.ndarray:
    """Values [prompts, 5] of simulated prompts."""
    return np.random.default_rng(seed).normal(0.5, 0.2, (PROMPTS, 5))


def bounds(value: Measured) -> tuple[float, float, float]:
    assert isinstance(value, Number), value
    assert value.low is not None
    assert value.high is not None
    return value.value, value.low, value.high
