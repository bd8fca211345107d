"""Dimensions read from a sketch are those of the loaded model."""

from collections.abc import Callable

import pytest
import torch

from build.models import KINDS
from mechshift.benchmark.forecast.sizes import Sizes, sketch_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import at_precision


def test_a_sketch_has_the_sizes_of_the_loaded_pair(tiny: Pair) -> None:
    sketch = sketch_pair(tiny.spec)
    assert sketch.sizes == tuple(Sizes.of(member.backbone, 4) for member in tiny.members)
    assert sketch.arm.backbone.shape == tiny.arm.backbone.shape
    assert sketch.mdm.mask_id == tiny.mdm.mask_id
    assert sketch.arm.device == torch.device("meta")


def test_a_precision_that_is_asked_for_decides_the_bytes(tiny: Pair) -> None:
    sizes = sketch_pair(at_precision(tiny.spec, "bfloat16")).sizes
    assert [one.itemsize for one in sizes] == [2, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_the_bytes_of_the_parameters(kind: str, random_member: Callable[..., Member]) -> None:
    model = random_member(kind).backbone.model
    assert Sizes.of(random_member(kind).backbone, 4).weights == sum(p.nbytes for p in model.parameters())


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "qwen3"])
def test_active_parameters_are_the_matrices_of_the_layers(
    kind: str, random_member: Callable[..., Member]
) -> None:
    member = random_member(kind)
    matrices = [
        p.numel()
        for n, p in member.backbone.model.named_parameters()
        if p.ndim == 2 and (".h." in n or "layers" in n)
    ]
    assert Sizes.of(member.backbone, 4).active == sum(matrices)


def test_of_experts_the_chosen_are_active(random_member: Callable[..., Member]) -> None:
    sizes = Sizes.of(random_member("qwen3_moe").backbone, 4)
    attention = 64 * (2 * 4 * 24 + 2 * 2 * 24)
    assert sizes.active == 3 * (attention + 2 * 3 * 64 * 40 + 4 * 64)
