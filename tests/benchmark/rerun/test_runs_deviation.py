"""How far circuits that were run in a host again lie from those that were submitted."""

from dataclasses import replace

import numpy as np
import pytest

from build.circuit_runs import LEVELS, made_up_runs
from mechshift.benchmark.measure.circuit_runs import CircuitRuns
from mechshift.benchmark.rerun.deviation import deviation

RUNS = made_up_runs()
GAP = float(RUNS.whole.mean() - RUNS.empty.mean())


def moved(name: str, by: float) -> CircuitRuns:
    return replace(RUNS, **{name: getattr(RUNS, name) + by * GAP})


def test_the_same_does_not_deviate() -> None:
    assert deviation(RUNS, made_up_runs(), None) == 0


@pytest.mark.parametrize("name", ["whole", "empty", "circuits", "shuffled"])
def test_a_shift_of_all_is_its_share_of_the_gap(name: str) -> None:
    assert deviation(RUNS, moved(name, 0.03), None) == pytest.approx(0.03)


def test_one_circuit_counts_by_itself() -> None:
    circuits = RUNS.circuits.copy()
    circuits[4] += 0.02 * GAP
    assert deviation(RUNS, replace(RUNS, circuits=circuits), None) == pytest.approx(0.02)


@pytest.mark.parametrize(
    "other",
    [
        made_up_runs({name.replace("ioi", "article"): level for name, level in LEVELS.items()}),
        replace(RUNS, edges=30),
        replace(RUNS, examples=RUNS.examples + 1),
        replace(RUNS, shuffled_at=RUNS.shuffled_at + 1),
        replace(RUNS, shuffled=RUNS.shuffled[:2]),
        replace(RUNS, examples=np.arange(20)[::-1].copy()),
    ],
    ids=["task", "size", "examples", "shuffled examples", "shuffled circuits", "order"],
)
def test_other_circuits_or_examples_agree_in_nothing(other: CircuitRuns) -> None:
    assert deviation(RUNS, other, None) == 1
