"""Passes that begin at a later layer end as whole ones do, on every backbone; the model is left as it was."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from build.batches import batch_of_one_beginning
from build.models import KINDS
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.effects import component_drops
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.later import begun_at, kept_streams, read_at
from mechshift.benchmark.circuits.prefix import behind_shared_prefix
from mechshift.benchmark.pairs.member import Member

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
LAYERS = 3


def ran_in(member: Member) -> list[int]:
    """A list to which every layer that is run adds its number."""
    seen: list[int] = []
    for number, layer in enumerate(member.backbone.layers):
        layer.attention_norm.module.register_forward_pre_hook(lambda *_, number=number: seen.append(number))
    return seen


@torch.no_grad()
def known(member: Member, tokens: Tensor) -> tuple[list[Tensor], Tensor]:
    with kept_streams(member.backbone) as streams:
        return streams, member.hidden(member.embed(tokens), tokens)


@pytest.mark.parametrize("attention", ["causal", "full", "block:2"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_as_the_whole_pass_does_and_runs_no_layer_below(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str
) -> None:
    member, tokens = random_member(kind, attention, layers=LAYERS), random_batch("states").clean
    streams, whole = known(member, tokens)
    rows, seen = torch.tensor([4, 0, 0]), ran_in(member)
    for layer in range(1, LAYERS + 1):
        seen.clear()
        # What goes in as embeddings makes no difference: these are of other tokens.
        with torch.no_grad(), begun_at(member.backbone, layer, streams, rows):
            found = member.hidden(member.embed(tokens[rows] * 0), tokens[rows])
        torch.testing.assert_close(found, whole[rows], rtol=1e-5, atol=1e-5)
        assert seen == list(range(layer, LAYERS))


@pytest.mark.parametrize("kind", KINDS)
def test_behind_a_shared_beginning_too(random_member: MakeMember, kind: str) -> None:
    member, batch = behind_shared_prefix(random_member(kind, layers=LAYERS), batch_of_one_beginning())
    assert member.prefix is not None
    streams, whole = known(member, batch.clean)
    rows = torch.tensor([2, 1])
    with torch.no_grad(), begun_at(member.backbone, 2, streams, rows):
        found = member.of_rows(rows).hidden(member.embed(batch.clean[rows]), batch.clean[rows])
    torch.testing.assert_close(found, whole[rows], rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_the_last_layer_writes_where_rows_are_read_and_nowhere_else(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    """Two stacks of the batch's rows; the stream behind the last layer as hooks on native modules see it."""
    member, tokens = random_member(kind, "full", layers=LAYERS), random_batch().clean
    positions = torch.tensor([[1, 4], [3, 0], [2, 4]])
    stacked = tokens.repeat(2, 1)
    (_, *_, last, behind), _ = known(member, stacked)
    with kept_streams(member.backbone) as streams, read_at(member.backbone, positions):
        member.hidden(member.embed(stacked), stacked)
    read = torch.zeros(stacked.shape, dtype=torch.bool)
    for row in range(len(stacked)):
        read[row, positions[row % len(tokens)]] = True
    assert (behind != last)[~read].any()
    torch.testing.assert_close(streams[-1], torch.where(read[..., None], behind, last), rtol=1e-5, atol=1e-5)


def test_where_rows_are_read_each_position_counts_once(random_batch: MakeBatch) -> None:
    """Row 0 is read at 3 twice, and at 1; row 1 nowhere, and row 2 at 0: one of the others fills it up."""
    batch = replace(
        random_batch(),
        read_row=torch.tensor([0, 2, 0, 0]),
        read_position=torch.tensor([3, 0, 1, 3]),
    )
    found = batch.positions_read.tolist()
    assert [len(set(row)) for row in found] == [2] * len(batch.clean)
    assert set(found[0]) == {1, 3}
    assert 0 in found[2]


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(random_member: MakeMember, random_batch: MakeBatch, fails: bool) -> None:
    """A layer of a model that is spread over devices has a `forward` of its own, which comes back."""
    member, tokens = random_member("qwen2", "full", layers=LAYERS), random_batch().clean
    blocks = [layer.block for layer in member.backbone.layers]
    native = blocks[1].forward
    vars(blocks[1])["forward"] = own = lambda *inputs, **named: native(*inputs, **named)
    streams, whole = known(member, tokens)
    try:
        with begun_at(member.backbone, 3, streams, torch.arange(3)):
            if fails:
                raise RuntimeError("in the middle of it")
    except RuntimeError:
        assert fails
    assert vars(blocks[1])["forward"] is own
    assert "forward" not in vars(blocks[0]) | vars(blocks[2])
    torch.testing.assert_close(known(member, tokens)[1], whole, rtol=0, atol=0)


@torch.no_grad()
def metric_with(
    member: Member, batch: Batch, module: nn.Module, before: bool, change: Callable
) -> np.ndarray:
    """The metric of a whole pass in which what a module takes, or gives, is changed."""
    handle = (
        module.register_forward_pre_hook(lambda _, inputs: (change(inputs[0]), *inputs[1:]))
        if before
        else module.register_forward_hook(lambda _, __, output: change(output))
    )
    hidden = member.hidden(member.embed(batch.clean), batch.clean)
    handle.remove()
    return batch.metric(member.logits(hidden[batch.read_row, batch.read_position])).double().numpy()


@torch.no_grad()
def taken(member: Member, tokens: Tensor, module: nn.Module, before: bool) -> Tensor:
    """What a module takes, or gives, in a whole pass."""
    seen: list[Tensor] = []
    handle = module.register_forward_hook(
        lambda _, inputs, output: seen.append((inputs[0] if before else output).clone())
    )
    member.hidden(member.embed(tokens), tokens)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_drops_are_those_of_whole_passes(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str
) -> None:
    """One component after the other, by hooks on the native modules and whole passes."""
    member, batch = random_member(kind, attention, layers=LAYERS), random_batch("states")
    size, heads = member.backbone.shape.head_dim, member.backbone.shape.heads
    clean = metric_with(member, batch, member.backbone.final_norm.module, False, lambda output: output)
    expected = []
    for layer in member.backbone.layers:
        corrupted = taken(member, batch.corrupted, layer.output, before=True)
        for head in range(heads):
            columns = slice(head * size, (head + 1) * size)

            def swap(mixed: Tensor, columns: slice = columns, by: Tensor = corrupted) -> Tensor:
                mixed = mixed.clone()
                mixed[..., columns] = by[..., columns]
                return mixed

            expected.append(clean - metric_with(member, batch, layer.output, True, swap))
        written = taken(member, batch.corrupted, layer.mlp, before=False)
        expected.append(clean - metric_with(member, batch, layer.mlp, False, lambda _, by=written: by))
    seen = ran_in(member)
    found = component_drops(member, [batch])
    largest = np.abs(expected).max()
    assert largest > 0.01
    np.testing.assert_allclose(found.lost, expected, rtol=0, atol=2e-5 * max(1, largest))
    np.testing.assert_allclose(found.clean, clean, rtol=0, atol=1e-5)
    # Both whole runs, and of each layer's components those layers alone that come from it on.
    assert [seen.count(layer) for layer in range(LAYERS)] == [2 + layer + 1 for layer in range(LAYERS)]


def test_edges_are_patched_from_the_layer_of_their_destination_on(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch = random_member("llama", layers=LAYERS), random_batch()
    graph = Graph.of(member.backbone.shape)
    edges = graph.mask & (graph.destination_layers >= LAYERS - 1)
    seen = ran_in(member)
    exact_effects(member, [batch], 2, edges)
    # Both whole runs below the last layer, and nothing more; of the logits nothing but the final norm.
    assert [seen.count(layer) for layer in range(LAYERS - 1)] == [2, 2]
    seen.clear()
    exact_effects(member, [batch], 2, graph.mask & (graph.destination_layers == LAYERS))
    assert [seen.count(layer) for layer in range(LAYERS)] == [2, 2, 2]
