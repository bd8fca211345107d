"""How far runs without sets of nodes that were made again lie from those that were submitted."""

from dataclasses import replace

import numpy as np
import pytest

from build.ablations import HEADS, LOSSES, made_up_ablations
from mechshift.benchmark.measure.ablations import Ablations
from mechshift.benchmark.rerun.deviation import deviation

RUNS = made_up_ablations()
GAP = float(RUNS.whole.mean() - RUNS.empty.mean())


def test_the_same_does_not_deviate() -> None:
    assert deviation(RUNS, made_up_ablations(), None) == 0


@pytest.mark.parametrize("name", ["whole", "empty", "without"])
def test_a_shift_of_all_is_its_share_of_the_gap(name: str) -> None:
    moved = replace(RUNS, **{name: getattr(RUNS, name) + 0.03 * GAP})
    assert deviation(RUNS, moved, None) == pytest.approx(0.03)


def test_another_answer_is_its_share_of_all() -> None:
    right = RUNS.right.copy()
    right[3, 7] ^= True
    assert deviation(RUNS, replace(RUNS, right=right), None) == pytest.approx(1 / (20 * (1 + len(LOSSES))))


def test_another_node_is_its_share_of_all() -> None:
    nodes = RUNS.nodes.copy()
    nodes[0, 1] = 2
    number = 2 * len(LOSSES)
    assert deviation(RUNS, replace(RUNS, nodes=nodes), None) == pytest.approx(2 / (number + 1))


@pytest.mark.parametrize(
    "other",
    [
        made_up_ablations({**HEADS}),
        replace(RUNS, examples=RUNS.examples + 1),
        replace(RUNS, examples=np.arange(20)[::-1].copy()),
    ],
    ids=["sets", "examples", "order"],
)
def test_other_sets_or_examples_agree_in_nothing(other: Ablations) -> None:
    assert deviation(RUNS, other, None) == 1
