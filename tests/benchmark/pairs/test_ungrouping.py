from collections.abc import Callable

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.ungrouping import ungroup

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_an_ungrouped_member_computes_the_same(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    member, tokens = random_member(kind, "full"), random_batch().clean
    alone = ungroup(member)
    assert (member.backbone.shape.kv_heads, alone.backbone.shape.kv_heads) == (2, 4)
    with torch.no_grad():
        hidden = [each.hidden(each.embed(tokens)) for each in (member, alone)]
    torch.testing.assert_close(hidden[1], hidden[0])


def test_an_ungrouped_member_is_a_native_model_of_its_configuration(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    alone, tokens = ungroup(random_member("qwen2")).backbone.model, random_batch().clean
    fresh = type(alone)(alone.config).eval()
    fresh.load_state_dict(alone.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(fresh(tokens).logits, alone(tokens).logits)


def test_other_weights_are_shared_and_ungrouped_members_stay_themselves(random_member: MakeMember) -> None:
    member = random_member("qwen3")
    alone = ungroup(member)
    assert alone.backbone.embedding.weight is member.backbone.embedding.weight
    assert (
        alone.backbone.layers[1].query.weight.data_ptr() == member.backbone.layers[1].query.weight.data_ptr()
    )
    assert ungroup(alone) is alone


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_a_shared_inputs_score_is_the_sum_of_its_copies(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    member, batch = random_member(kind, "full"), random_batch("states")
    shared, alone = (attribute(each, [batch], Integration(), groups=2) for each in (member, ungroup(member)))
    column = dict(zip(alone.graph.destination_names, alone.scores().T, strict=True))
    tolerance = 1e-5 * np.abs(shared.scores()).max()
    for name, scores in zip(shared.graph.destination_names, shared.scores().T, strict=True):
        copies = [name]
        if ".g" in name:
            layer, group, kind_of_input = name[:2], int(name[4]), name[5:]
            copies = [f"{layer}.h{head}{kind_of_input}" for head in (2 * group, 2 * group + 1)]
        np.testing.assert_allclose(sum(column[copy] for copy in copies), scores, rtol=1e-4, atol=tolerance)
