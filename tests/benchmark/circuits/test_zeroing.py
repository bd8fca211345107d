"""Nodes whose outputs are zero, against copies of the model whose weights are."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from build.batches import batch_of_one_beginning
from build.models import KINDS
from mechshift.benchmark.circuits.batch import Batch, LogitDifference, LogOdds, ProbabilityDifference
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.circuits.zeroing import Zeroed, run_without
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.ungrouping import ungroup
from mechshift.errors import NotComputable

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]


def copied(member: Member) -> Member:
    return replace(member, backbone=read_backbone(copy.deepcopy(member.backbone.model)))


def without_head(member: Member, layer: int, head: int) -> Member:
    """A copy in which what the head gives is multiplied by 0."""
    found = copied(member)
    size = found.backbone.shape.head_dim
    found.backbone.layers[layer].output_weight.data[:, head * size : (head + 1) * size] = 0
    return found


def without_mlp(member: Member, layer: int) -> Member:
    """A copy in which weight and bias of the MLP's output map are 0, of experts all of their weights."""
    found = copied(member)
    mlp = found.backbone.layers[layer].mlp
    last = found.backbone.layers[layer].mlp_output
    for parameter in (mlp if last is None else last).parameters():
        parameter.data.zero_()
    return found


def without_neuron(member: Member, layer: int, neuron: int) -> Member:
    found = copied(member)
    weight = found.backbone.layers[layer].mlp_output_weight
    assert weight is not None
    weight.data[:, neuron] = 0
    return found


def zeroed(member: Member, variants: int, neurons: bool = True) -> Zeroed:
    """As many variants in which nothing is zero yet."""
    shape, width = member.backbone.shape, member.backbone.neurons
    return Zeroed(
        np.zeros((variants, shape.layers, shape.heads), bool),
        np.zeros((variants, shape.layers), bool),
        np.zeros((variants, shape.layers, width), bool) if neurons and width else None,
    )


def metric(member: Member, batch: Batch) -> np.ndarray:
    return whole_model(member, batch)[0]


@pytest.mark.parametrize("measure", ["states", "probability"])
@pytest.mark.parametrize("attention", ["causal", "full", "block:2"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_model_with_weights_of_zero(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str, measure: str
) -> None:
    member, batch = random_member(kind, attention), random_batch(measure)
    has_neurons = member.backbone.neurons is not None
    sets = zeroed(member, 5)
    sets.heads[1, 0, 2] = True
    sets.mlps[2, 1] = True
    sets.heads[3, 0, 1] = sets.heads[3, 1, 3] = sets.mlps[3, 0] = True
    expected = [
        member,
        without_head(member, 0, 2),
        without_mlp(member, 1),
        without_mlp(without_head(without_head(member, 0, 1), 1, 3), 0),
        member,
    ]
    if sets.neurons is not None:
        sets.neurons[4, 0, 7] = sets.neurons[4, 1, 0] = True
        expected[4] = without_neuron(without_neuron(member, 0, 7), 1, 0)
    values = np.stack([metric(each, batch) for each in expected])
    found, _ = run_without(member, batch, sets)
    size = np.abs(values).max()
    np.testing.assert_allclose(found, values, rtol=0, atol=2e-5 * max(1, size))
    apart = np.abs(values[1 : 5 if has_neurons else 4] - values[0]).max(axis=1)
    assert apart.min() > 1e-3 * size
    # Stacks of a few rows, some with the rows of two variants in them, change nothing.
    few, _ = run_without(member, batch, sets, tokens_at_once=1)
    np.testing.assert_allclose(few, found, rtol=0, atol=1e-5 * max(1, size))


def test_layers_below_the_first_zero_are_run_once(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("llama", "full", layers=3), random_batch()
    sets = zeroed(member, 4)
    assert sets.neurons is not None
    sets.mlps[0, 1] = sets.heads[2, 2, 0] = sets.neurons[3, 2, 5] = sets.neurons[3, 1, 5] = True
    assert sets.first_layers.tolist() == [1, 3, 2, 1]
    seen: list[int] = []
    for number, layer in enumerate(member.backbone.layers):
        layer.attention_norm.module.register_forward_pre_hook(lambda *_, number=number: seen.append(number))
    # Eight rows at once: both that begin in layer 1 and two rows of the next; then its third and the whole.
    run_without(member, batch, sets, tokens_at_once=1)
    assert [seen.count(layer) for layer in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
def test_heads_are_the_same_where_keys_and_values_are_shared_and_where_not(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    member, batch = random_member(kind, "full", kv_heads=2), random_batch("states")
    sets = zeroed(member, 4)
    for head in range(4):
        sets.heads[head, 1, head] = True
    grouped, apart = run_without(member, batch, sets)[0], run_without(ungroup(member), batch, sets)[0]
    np.testing.assert_allclose(apart, grouped, atol=1e-5)


def test_nodes_are_zero_at_a_shared_beginning_too(random_member: MakeMember) -> None:
    member, batch = random_member("gpt2"), batch_of_one_beginning()
    sets = zeroed(member, 1)
    sets.mlps[0, 0] = True
    found, _ = run_without(member, batch, sets)
    np.testing.assert_allclose(found[0], metric(without_mlp(member, 0), batch), atol=1e-4)


def likeliest(member: Member, batch: Batch) -> Tensor:
    """The token with the largest logit at every read, the mask token excluded."""
    with torch.no_grad():
        hidden = member.hidden(member.embed(batch.clean), batch.clean)
        logits = member.backbone.head(hidden[batch.read_row, batch.read_position])
    logits[:, member.mask_id] = -torch.inf
    return logits.argmax(-1)


def by_hand(member: Member, batch: Batch) -> list[bool]:
    """Whether every example is right, read by read."""
    tokens, asked = likeliest(member, batch).tolist(), batch.metric
    if isinstance(asked, LogitDifference):
        own = zip(asked.example.tolist(), tokens, asked.answer.tolist(), strict=True)
        wrong = {example for example, token, answer in own if token != answer}
        return [example not in wrong for example in range(batch.examples)]
    if isinstance(asked, LogOdds):
        return [bool(asked.answers[i, tokens[int(asked.read[i])]]) for i in range(batch.examples)]
    assert isinstance(asked, ProbabilityDifference)
    assert asked.second is not None
    assert asked.second_sign is not None
    assert asked.boundary is not None
    found = []
    for i in range(batch.examples):
        first, second = tokens[int(asked.first[i])], tokens[int(asked.second[i])]
        behind = first == int(asked.boundary[i])
        sign = asked.second_sign[i, second] if behind else asked.first_sign[i, first]
        found.append(float(sign) > 0)
    return found


@pytest.mark.parametrize("measure", ["one read", "states", "probability", "log odds"])
def test_an_answer_is_right_where_it_is_the_likeliest_token(
    random_member: MakeMember, random_batch: MakeBatch, measure: str
) -> None:
    member, batch = random_member("llama", "full"), random_batch(measure, examples=12)
    # Random answers would hardly ever be right: half of the examples ask for what the member says.
    tokens, asked = likeliest(member, batch), batch.metric
    if isinstance(asked, LogitDifference):
        told = torch.where(asked.example % 2 == 0, tokens, asked.answer)
        batch = replace(batch, metric=replace(asked, answer=told))
    elif isinstance(asked, ProbabilityDifference):
        assert asked.boundary is not None
        half = torch.arange(12) % 2 == 0
        batch = replace(
            batch, metric=replace(asked, boundary=torch.where(half, tokens[asked.first], asked.boundary))
        )
    sets = zeroed(member, 2)
    sets.heads[1, 0, 1] = True
    _, right = run_without(member, batch, sets)
    expected = [by_hand(member, batch), by_hand(without_head(member, 0, 1), batch)]
    assert right.tolist() == expected
    assert 0 < sum(expected[0]) < 12


def test_an_answer_read_several_times_is_right_only_where_every_read_is() -> None:
    asked = LogitDifference(torch.tensor([0, 0, 1]), torch.tensor([2, 3, 1]), torch.tensor([0, 0, 0]), 2)
    logits = nn.functional.one_hot(torch.tensor([2, 1, 1]), 4).float()
    assert asked.right(logits).tolist() == [False, True]


def test_the_model_is_left_as_it_was(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen2"), random_batch()
    before = metric(member, batch)
    sets = zeroed(member, 1)
    sets.heads[:] = sets.mlps[:] = True
    run_without(member, batch, sets)
    assert metric(member, batch).tolist() == before.tolist()
    for module in member.backbone.model.modules():
        assert not list(itertools.chain(module._forward_hooks, module._forward_pre_hooks))


def test_neurons_of_experts_are_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen3_moe"), random_batch()
    sets = replace(zeroed(member, 1), neurons=np.ones((1, 2, 24), bool))
    with pytest.raises(NotComputable, match="have experts"):
        run_without(member, batch, sets)
