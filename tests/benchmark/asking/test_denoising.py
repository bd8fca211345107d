"""In how many steps and in which order a protocol has an answer denoised."""

from dataclasses import replace
from itertools import permutations

import pytest
import torch

from mechshift.benchmark.asking.denoising import budget_of, precedence_of
from mechshift.benchmark.record.protocol import V2
from mechshift.tasks import Task, get_task


def task(steps: int | str) -> Task:
    real = get_task("arithmetic")
    return replace(real, card=replace(real.card, steps=steps))  # type: ignore[arg-type]


def test_by_default_the_task_says_how_many_steps() -> None:
    assert V2.sampling.denoising_steps == "task"
    assert budget_of(task("tokens"), 7, V2.sampling) == 7
    assert budget_of(task(1), 7, V2.sampling) == 1


@pytest.mark.parametrize("card", ["tokens", 1, 4])
def test_a_protocol_overrules_the_task(card: int | str) -> None:
    assert budget_of(task(card), 7, V2.changed(denoising_steps=2).sampling) == 2


def test_by_default_the_model_says_what_comes_first() -> None:
    assert V2.sampling.denoising_order == "confidence"
    assert precedence_of([0, 1], 3, V2.sampling) is None


def test_from_left_to_right_every_token_comes_before_the_next() -> None:
    found = precedence_of([4, 9], 3, V2.changed(denoising_order="left to right").sampling)
    assert found is not None
    assert found.argsort(dim=1, descending=True).tolist() == [[0, 1, 2]] * 2


def test_random_orders_are_the_examples_own() -> None:
    """Whatever it is decoded with, an example keeps its order; another seed gives another."""
    sampling = V2.changed(denoising_order="random").sampling
    found = precedence_of(range(600), 3, sampling)
    assert found is not None
    alone = [precedence_of([index], 3, sampling) for index in range(600)]
    assert torch.equal(found, torch.cat([one for one in alone if one is not None]))
    other = precedence_of(range(600), 3, V2.changed(denoising_order="random", seed=1).sampling)
    assert other is not None
    assert not torch.equal(found, other)
    # All six orders, each a sixth of the time: 100 of 600, of which the standard error is 9.
    rows = [tuple(row) for row in found.long().tolist()]
    for order in permutations(range(3)):
        assert 64 < rows.count(order) < 136
