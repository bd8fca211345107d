from collections.abc import Callable

import pytest
import torch
from torch import nn

from build.models import KINDS
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.capture import run, sites, still, taken_off, written
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.pairs.member import Member


@pytest.mark.parametrize("attention", ["causal", "full", "block:2"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_sources_write_adds_up_to_the_residual_stream(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch], kind: str, attention: str
) -> None:
    member, tokens = random_member(kind, attention), random_batch().clean
    backbone = member.backbone
    streams: list[torch.Tensor] = []
    handle = backbone.final_norm.module.register_forward_pre_hook(lambda _, inputs: streams.append(inputs[0]))
    outputs, _ = run(member, tokens)
    handle.remove()
    total = written(backbone, outputs).sum(dim=0)
    if kind == "gpt2":
        total = total + backbone.position_embedding.weight[: tokens.shape[1]]
        total = total + sum(layer.output.bias for layer in backbone.layers)
    torch.testing.assert_close(total.detach(), streams[0].detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_taken_off_leaves_the_difference(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch], kind: str, dtype: torch.dtype
) -> None:
    member, batch = random_member(kind, "full"), random_batch()
    member.backbone.model.to(dtype)
    outputs, _ = run(member, batch.clean)
    # In single precision these are the tensors that the model made, of which one could be in two places.
    clean = outputs.map(torch.clone)
    corrupted, _ = run(member, batch.corrupted)
    with torch.enable_grad(), taken_off(member.backbone, outputs):
        member.hidden(member.embed(batch.corrupted), batch.corrupted)
    for found, one, other in zip(
        (*outputs.heads, *outputs.mlps),
        (*clean.heads, *clean.mlps),
        (*corrupted.heads, *corrupted.mlps),
        strict=True,
    ):
        assert not found.requires_grad
        assert found.dtype == torch.float32
        assert torch.equal(found, one - other)


def test_sites_read_the_graphs_destinations(random_member: Callable[..., Member]) -> None:
    backbone = random_member("qwen3").backbone
    graph = Graph.of(backbone.shape)
    assert [site.destinations for site in sites(backbone)] == [8, 1, 8, 1, 1]
    assert sum(site.destinations for site in sites(backbone)) == graph.destinations


def test_a_model_is_left_as_it_was_found() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).train()
    model[0].bias.requires_grad_(False)
    with still(model):
        assert not model.training
        assert not any(parameter.requires_grad for parameter in model.parameters())
    assert model.training
    assert model[0].weight.requires_grad
    assert not model[0].bias.requires_grad
