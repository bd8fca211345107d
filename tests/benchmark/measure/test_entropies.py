"""Entropies of components' output, against a logit lens of one component at a time in float64."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from build.models import KINDS
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.measure import entropies as sharpness
from mechshift.benchmark.measure.entropies import component_entropies
from mechshift.benchmark.pairs.member import Member


@torch.no_grad()
def slowly(
    slow_run: Callable[..., tuple[Tensor, list[Tensor]]], member: Member, batch: Batch
) -> list[list[float]]:
    """Normalised entropy of every source at every read, [sources][reads]."""
    streams: list[Tensor] = []

    def read(_: int, stream: Tensor, __: list[Tensor]) -> Tensor:
        streams.append(stream)
        return stream

    model = copy.deepcopy(member.backbone.model).double()
    _, written = slow_run(member, batch, model.get_input_embeddings()(batch.clean), read)
    stream, norm = streams[-1], member.backbone.final_norm
    gain, unembedding = norm.weight.double(), member.backbone.head.weight.double()
    found: list[list[float]] = []
    for output in written:
        entropies = []
        for row, position in zip(batch.read_row.tolist(), batch.read_position.tolist(), strict=True):
            seen, single = stream[row, position], output[row, position]
            if norm.centred:
                variance = seen.var(unbiased=False)
                single = single - single.mean()
            else:
                variance = (seen**2).mean()
            logits = unembedding @ (single / (variance + norm.epsilon).sqrt() * gain)
            kept = torch.cat([logits[: member.mask_id], logits[member.mask_id + 1 :]])
            logarithm = kept.log_softmax(0)
            entropies.append(float(-(logarithm.exp() * logarithm).sum() / np.log(len(kept))))
        found.append(entropies)
    return found


@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_component_is_seen_as_a_logit_lens_sees_it(
    kind: str,
    attention: str,
    random_member: Callable[..., Member],
    random_batch: Callable[..., Batch],
    slow_run: Callable[..., tuple[Tensor, list[Tensor]]],
) -> None:
    member = random_member(kind, attention)
    batches = [random_batch("states"), random_batch("one read", tokens=4, seed=2)]
    # Example by example: its reads are as many a row as another row's.
    sums, counts = np.zeros((2, len(slowly(slow_run, member, batches[1])))), np.zeros(2)
    for batch in batches:
        reads = np.array(slowly(slow_run, member, batch)).T
        example = batch.example_of_row[batch.read_row].numpy()
        for number, group in enumerate(batch.groups.tolist()):
            sums[group] += reads[example == number].mean(axis=0)
            counts[group] += 1
    expected = sums / counts[:, None]
    assert expected.min() < 0.95, "something is to be seen"
    found = component_entropies(member, batches, np.arange(expected.shape[1]), 2)
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_sources_asked_for_are_the_ones_given(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member, batch = random_member("llama"), random_batch()
    everything = component_entropies(member, [batch], np.arange(11), 2)
    some = component_entropies(member, [batch], np.array([9, 2, 5]), 2)
    assert some == pytest.approx(everything[:, [9, 2, 5]], abs=1e-6)


def test_how_many_reads_are_held_at_a_time_does_not_matter(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    member, batch = random_member("gpt2", "full"), random_batch("states")
    before = component_entropies(member, [batch], np.arange(11), 2)
    monkeypatch.setattr(sharpness, "MEMORY", 1)
    assert component_entropies(member, [batch], np.arange(11), 2) == pytest.approx(before, abs=1e-6)


def test_the_model_is_left_as_it_was(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member = random_member("llama")
    component_entropies(member, [random_batch()], np.arange(3), 2)
    assert all(parameter.requires_grad for parameter in member.backbone.model.parameters())
    assert all(not module._forward_hooks for module in member.backbone.model.modules())
    assert all(not module._forward_pre_hooks for module in member.backbone.model.modules())
