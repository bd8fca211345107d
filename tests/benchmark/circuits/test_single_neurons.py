"""Effects of neurons of the reference pair, against patching one neuron at a time.

An effect is a mean of gradients over the path between the two prompts. Patching a neuron in the clean run
asks at the one end of that path, where the gradient is another one. So each is held against its like: the
gradient at the clean run against patching there, and the mean over the path against patching all along it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.states import batches, questions
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import V2
from mechshift.tasks import get_task

EVERY = 64
"""Every so many neurons are patched, in all layers."""

Change = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def asked(tiny: Pair) -> Callable[[str, int], tuple[Member, list[Batch]]]:
    """A member, and what it is asked in four examples of a task that both members solve."""

    def build(name: str, place: int) -> tuple[Member, list[Batch]]:
        task, wanted = get_task(name), V2.task(name)
        assert wanted is not None
        sampling = V2.changed(pool=4).sampling
        pool = find_pool(tiny, task, wanted.level, sampling, 64, lambda _: None)
        examples = pooled_examples(tiny, task, wanted.level, sampling, pool)
        member = tiny.members[place]
        return member, list(batches(member, questions(member, examples, pool.solved), 64))

    return build


@contextmanager
def changed(module: nn.Module, change: Change) -> Iterator[None]:
    """Within, what a module reads is changed first."""

    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (change(inputs[0]), *inputs[1:])

    handle = module.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def value(member: Member, batch: Batch, point: float) -> float:
    """The metric, summed over examples, between the corrupted (0) and the clean (1) embeddings."""
    clean, corrupted = member.embed(batch.clean), member.embed(batch.corrupted)
    hidden = member.hidden(corrupted + point * (clean - corrupted), batch.clean)
    return float(batch.metric(member.logits(hidden[batch.read_row, batch.read_position])).sum())


def noted(seen: list[Tensor], z: Tensor) -> Tensor:
    """What neurons put out, as it is; it is kept among what was seen."""
    seen.append(z)
    return z


def moved(at: int, by: Tensor, z: Tensor) -> Tensor:
    """What neurons put out, with neuron `at` moved."""
    return torch.cat([z[..., :at], z[..., at : at + 1] + by[..., None], z[..., at + 1 :]], dim=-1)


@torch.no_grad()
def patched(member: Member, batch: Batch, ways: list[tuple[float, float, float]]) -> np.ndarray:
    """The mean over `ways` of how the metric changes with one neuron moved, [layers, some neurons].

    A way is a point of the path, and the two places, in units of its difference clean − corrupted, between
    which the neuron is moved there.
    """
    maps = [layer.mlp_output for layer in member.backbone.layers]
    found = np.zeros((len(maps), -(-int(member.backbone.neurons or 0) // EVERY)))
    for layer, module in enumerate(maps):
        seen: list[Tensor] = []
        for point in (1, 0):
            with changed(module, partial(noted, seen)):
                value(member, batch, point)
        difference = seen[0] - seen[1]
        for place in range(found.shape[1]):
            neuron = place * EVERY
            for point, low, high in ways:
                ends = []
                for end in (low, high):
                    change = partial(moved, neuron, end * difference[..., neuron])
                    with changed(module, change):
                        ends.append(value(member, batch, point))
                found[layer, place] += (ends[1] - ends[0]) / (high - low) / len(ways)
    return found


CLEAN = [(1.0, -1.0, 0.0)]
"""Patching: in the clean run from what the neuron puts out on the corrupted prompt."""

ALONG = [((k + 0.5) / 5, -0.5, 0.5) for k in range(5)]
"""Along the path by the same difference, half of it to either side."""


# Every two of member, task and way are together in one of these.
@pytest.mark.parametrize(
    ("place", "task", "integration", "ways"),
    [
        (0, "agreement", Integration("eap", 1), CLEAN),
        (1, "greater-than", Integration("eap", 1), CLEAN),
        (0, "greater-than", Integration(), ALONG),
        (1, "agreement", Integration(), ALONG),
    ],
)
def test_effects_rank_neurons_as_patching_each_of_them_does(
    asked: Callable[[str, int], tuple[Member, list[Batch]]],
    task: str,
    place: int,
    integration: Integration,
    ways: list[tuple[float, float, float]],
) -> None:
    member, batched = asked(task, place)
    effects = attribute(member, batched, integration, 1, neurons=True).neuron_sums
    assert effects is not None
    truth = sum(patched(member, batch, ways) for batch in batched)
    found = effects[0][:, ::EVERY]
    assert spearmanr(found.ravel(), np.ravel(truth)).statistic > 0.95
    assert np.corrcoef(found.ravel(), np.ravel(truth))[0, 1] > 0.95
