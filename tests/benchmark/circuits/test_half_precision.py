"""Weights in bfloat16: what is added up is added up in float32 or better."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from build.batches import VOCABULARY
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.effects import direct_effects
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.entropies import _unwritten
from mechshift.benchmark.pairs.member import Member

MakeMember, MakeBatch = Callable[..., Member], Callable[..., Batch]


def in_both(random_member: MakeMember, kind: str) -> tuple[Member, Member]:
    """A member in bfloat16, and one in float64 with the very same weights."""
    half = random_member(kind, "full", dtype=torch.bfloat16)
    wide = random_member(kind, "full", dtype=torch.bfloat16)
    wide.backbone.model.double()
    return half, wide


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3"])
def test_scores_are_those_of_the_same_weights_in_float64(
    kind: str, random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """As near as rounded activations allow: about 2⁻⁸ for each layer, on their way there and back."""
    batch = random_batch("states")
    half, wide = (
        attribute(member, [batch], Integration("midpoint", 3), 2).scores()
        for member in in_both(random_member, kind)
    )
    assert np.linalg.norm(half - wide) < 0.05 * np.linalg.norm(wide)


def alike(examples: int) -> Batch:
    """The same example so often, in one group."""
    generator = torch.Generator().manual_seed(0)
    clean, corrupted = torch.randint(VOCABULARY - 1, (2, 1, 6), generator=generator).repeat(1, examples, 1)
    index = torch.arange(examples)
    metric = LogitDifference(index, torch.full_like(index, 3), torch.full_like(index, 4), examples)
    return Batch(clean, corrupted, index, torch.full_like(index, 5), metric, torch.zeros_like(index))


def test_many_examples_add_up_as_one_of_them_many_times(random_member: MakeMember) -> None:
    """In bfloat16 a sum no longer grows from 256 equal summands on."""
    member, _ = in_both(random_member, "llama")
    one, many = (
        attribute(member, [alike(number)], Integration("midpoint", 2), 1, neurons=True) for number in (1, 400)
    )
    assert one.neuron_sums is not None
    assert many.neuron_sums is not None
    for single, summed in (
        (one.score_sums, many.score_sums),
        (one.neuron_sums, many.neuron_sums),
        (direct_effects(member, [alike(1)], 1).clean, direct_effects(member, [alike(400)], 1).clean),
    ):
        # Products in bfloat16 of one row and of many are rounded in other places.
        np.testing.assert_allclose(summed, 400 * single, rtol=0, atol=400 * 0.02 * np.abs(single).max())


def test_biases_of_many_layers_are_added_up_in_float32(random_member: MakeMember) -> None:
    """Of GPT-2, whose output maps have one each: in bfloat16 1/128 is lost beside 4."""
    backbone = random_member("gpt2", "full", dtype=torch.bfloat16, layers=24).backbone
    with torch.no_grad():
        for layer in backbone.layers:
            layer.output.bias.fill_(1 / 128)  # type: ignore[union-attr]
        backbone.layers[0].output.bias.fill_(4)  # type: ignore[union-attr]
        assert backbone.position_embedding is not None
        backbone.position_embedding.weight.zero_()
        found = _unwritten(backbone, torch.arange(3))
    assert isinstance(found, torch.Tensor)
    assert found.tolist() == [[4 + 23 / 128] * backbone.shape.width] * 3
