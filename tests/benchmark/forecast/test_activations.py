"""Every term of the memory formulas against what torch keeps or allocates on small random members."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from build.models import KINDS
from mechshift.benchmark.asking.decoding import decode
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.capture import run, still, taken_off
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits
from mechshift.benchmark.circuits.later import read_at
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.forecast import activations, memory
from mechshift.benchmark.forecast.sizes import Sizes
from mechshift.benchmark.forecast.workload import Load
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.ungrouping import ungroup

DTYPES = (torch.float32, torch.bfloat16)
ROWS, TOKENS = 32, 24

Make = Callable[..., Member]


def sizes_of(member: Member) -> Sizes:
    return Sizes.of(member.backbone, member.backbone.dtype.itemsize)


def batch(rows: int = ROWS, tokens: int = TOKENS) -> Batch:
    generator = torch.Generator().manual_seed(0)
    clean, corrupted = torch.randint(490, (2, rows, tokens), generator=generator)
    answer, foil = torch.randint(490, (2, rows), generator=generator)
    index = torch.arange(rows)
    metric = LogitDifference(index, answer, foil, rows)
    return Batch(clean, corrupted, index, torch.full((rows,), tokens - 1), metric, index % 4)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_autograd_keeps_what_is_said(
    kind: str, dtype: torch.dtype, random_member: Make, saved_by_autograd: Callable[..., Any]
) -> None:
    member = random_member(kind, dtype=dtype)
    embeddings = member.embed(torch.randint(490, (8, 12))).requires_grad_()
    with still(member.backbone.model), saved_by_autograd(member.backbone.model) as found:
        member.hidden(embeddings)
    kept = sum(tensor.untyped_storage().nbytes() for tensor in found.values())
    assert activations.saved(sizes_of(member), 8, 12) == kept


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "qwen3"])
def test_autograd_keeps_what_is_said_behind_a_prefix(
    kind: str, random_member: Make, saved_by_autograd: Callable[..., Any]
) -> None:
    member = random_member(kind)
    behind = member.behind(torch.randint(490, (8, 20)))
    embeddings = member.embed(torch.randint(490, (8, 12))).requires_grad_()
    with still(member.backbone.model), saved_by_autograd(member.backbone.model) as found:
        behind.hidden(embeddings)
    kept = sum(tensor.untyped_storage().nbytes() for tensor in found.values())
    assert activations.saved(sizes_of(member), 8, 12, before=20) == pytest.approx(kept, rel=0.01)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_attribution_spares_what_is_said(
    kind: str, dtype: torch.dtype, random_member: Make, saved_by_autograd: Callable[..., Any]
) -> None:
    """The last MLP runs at two of twelve positions, and the way back ends at the first maps' outputs."""
    member, positions = random_member(kind, dtype=dtype), torch.tensor([[3, 11]]).repeat(8, 1)
    first = member.backbone.layers[0]
    for module in {each.module for each in (first.query, first.key, first.value)}:
        module.register_forward_hook(lambda _, __, output: output.requires_grad_())
    embeddings = member.embed(torch.randint(490, (8, 12)))
    with (
        still(member.backbone.model),
        read_at(member.backbone, positions),
        saved_by_autograd(member.backbone.model) as found,
    ):
        member.hidden(embeddings)
    kept = sum(tensor.untyped_storage().nbytes() for tensor in found.values())
    sizes, indices = sizes_of(member), 2 * (8 + 2 * 8) * 8
    said = activations.saved(sizes, 8, 12) - activations.spared(sizes, 8, 12, read=2)
    assert said == pytest.approx(kept - indices, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_as_large_as_is_said(kind: str, random_member: Make) -> None:
    member = random_member(kind)
    found, _ = run(member, torch.randint(490, (8, 12)))
    size = sum(each.nbytes for each in (found.embedding, *found.heads, *found.mlps))
    assert activations.outputs(sizes_of(member), 8, 12) == size


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_attribution_takes_what_is_said(
    kind: str, dtype: torch.dtype, random_member: Make, allocated: Any
) -> None:
    """Two batches, so that what the first one leaves behind would show."""
    member = random_member(kind, dtype=dtype)
    with allocated(member.backbone.model) as found:
        attribute(member, [batch(), batch()], Integration("midpoint", 2), groups=4)
    phases = memory._attribution_phases(sizes_of(member), Load(ROWS, TOKENS, ROWS, ROWS), 2)
    said = max(sum(phase.values()) for phase in phases)
    assert 0.93 * found.peak < said < 1.13 * found.peak


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("neurons", [False, True])
def test_attribution_by_place_and_of_neurons_takes_what_is_said(
    neurons: bool, kind: str, dtype: torch.dtype, random_member: Make, allocated: Any
) -> None:
    """Prompts that differ in their middle and are read before their end have positions in all places."""
    member = random_member(kind, attention="full", dtype=dtype)
    given = batch()
    corrupted = given.clean.clone()
    corrupted[:, 8] = given.clean[:, 8] % 480 + 1
    apart = replace(given, corrupted=corrupted, read_position=torch.full((ROWS,), TOKENS - 6))
    with allocated(member.backbone.model) as found:
        attribute(member, [apart, apart], Integration("midpoint", 2), groups=4, places=True, neurons=neurons)
    load = Load(ROWS, TOKENS, ROWS, ROWS)
    phases = memory._attribution_phases(sizes_of(member), load, 2, neurons)
    said = max(sum(phase.values()) for phase in phases)
    assert 0.93 * found.peak < said < 1.13 * found.peak


def test_many_neurons_take_what_is_said(random_member: Make, allocated: Any) -> None:
    """So many that they are a large part of what is held."""
    member = random_member("llama", mlp_width=3000)
    with allocated(member.backbone.model) as found:
        attribute(member, [batch()], Integration("midpoint", 1), groups=4, neurons=True)
    phases = memory._attribution_phases(sizes_of(member), Load(ROWS, TOKENS, ROWS, ROWS), 1, neurons=True)
    said = max(sum(phase.values()) for phase in phases)
    of_neurons = max(phase["what neurons put out"] for phase in phases)
    assert of_neurons > said / 4
    assert 0.93 * found.peak < said < 1.13 * found.peak


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_nothing_is_held_of_a_second_run(kind: str, random_member: Make, allocated: Any) -> None:
    member, given = random_member(kind, layers=12), batch()
    with allocated(member.backbone.model) as one:
        difference, _ = run(member, given.clean)
    with allocated(member.backbone.model) as two:
        difference, _ = run(member, given.clean)
        with torch.no_grad(), taken_off(member.backbone, difference):
            member.hidden(member.embed(given.corrupted), given.corrupted)
    # With both held it would be more by what the sources write, two fifths of all that one run takes.
    assert activations.outputs(sizes_of(member), ROWS, TOKENS) > 0.4 * one.peak
    assert two.peak < 1.15 * one.peak


@pytest.mark.parametrize("kind", KINDS)
def test_stacked_steps_take_what_is_said(kind: str, random_member: Make, allocated: Any) -> None:
    member = random_member(kind)
    with allocated(member.backbone.model) as found:
        attribute(member, [batch(8, 20)], Integration("midpoint", 5), groups=4)
    phases = memory._attribution_phases(sizes_of(member), Load(8, 20, 8, 8), 5)
    said = max(sum(phase.values()) for phase in phases)
    assert 0.93 * found.peak < said < 1.13 * found.peak


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_circuits_take_no_more_than_is_said(
    kind: str, dtype: torch.dtype, random_member: Make, allocated: Any
) -> None:
    member = random_member(kind, dtype=dtype)
    mask = Graph.of(member.backbone.shape).mask
    chosen = np.random.default_rng(0).random(mask.shape)
    edges = np.stack([mask & (chosen < share) for share in (0, 0.01, 0.2, 0.5, 1)])
    with allocated(member.backbone.model) as found:
        run_circuits(member, batch(), edges)
    sizes, load = sizes_of(member), Load(ROWS, TOKENS, ROWS, ROWS)
    said = activations.stack(sizes, load, len(edges)) + activations.outputs(sizes, ROWS, TOKENS)
    assert 0.75 * said < found.peak < 1.1 * said


@pytest.mark.parametrize("kind", ["gpt2", "qwen2"])
def test_a_member_that_may_hold_little_takes_what_is_said(
    kind: str, random_member: Make, allocated: Any
) -> None:
    """A step and a circuit at a time; the sources of the circuit are copied a few at a time."""
    little = replace(random_member(kind), share=2.0**-6)
    sizes = replace(sizes_of(little), share=little.share)
    with allocated(little.backbone.model) as found:
        attribute(little, [batch()], Integration("midpoint", 8), groups=4)
    phases = memory._attribution_phases(sizes, Load(ROWS, TOKENS, ROWS, ROWS), 1)
    said = max(sum(each.values()) for each in phases)
    assert 0.93 * found.peak < said < 1.13 * found.peak
    rows, load = 2, Load(2, TOKENS, 2, 2)
    mask = Graph.of(little.backbone.shape).mask
    edges = np.stack([mask & (np.random.default_rng(0).random(mask.shape) < share) for share in (0.5, 1)])
    with allocated(little.backbone.model) as found:
        run_circuits(little, batch(rows), edges)
    said = activations.stack(sizes, load, len(edges)) + activations.outputs(sizes, rows, TOKENS)
    assert 0.7 * said < found.peak < 1.1 * said
    usual = activations.stack(replace(sizes, share=1.0), load, len(edges))
    assert activations.stack(sizes, load, len(edges)) < usual / 1.2


def test_decoding_takes_no_more_than_is_said(random_member: Make, allocated: Any) -> None:
    member = random_member("llama", attention="full")
    targets = torch.arange(12, 24).expand(ROWS, -1)
    with allocated(member.backbone.model) as found:
        decode(member, torch.randint(490, (ROWS, TOKENS)), targets, 12)
    said = activations.confidence(sizes_of(member), ROWS * 12)
    assert 0.55 * said < found.peak < 1.1 * (said + activations.passing(sizes_of(member), ROWS, TOKENS))


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_copies_of_grouped_maps_are_as_large_as_is_said(kind: str, random_member: Make) -> None:
    member = random_member(kind)
    shared = {each.untyped_storage().data_ptr() for each in member.backbone.model.parameters()}
    added = [
        each.nbytes
        for each in ungroup(member).backbone.model.parameters()
        if each.untyped_storage().data_ptr() not in shared
    ]
    assert sizes_of(member).copied == sum(added)
