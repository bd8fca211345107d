"""Effects of neurons, against gradients by hand in float64 and against patching one neuron at a time."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from build.models import KINDS
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
DENSE = tuple(kind for kind in KINDS if kind != "qwen3_moe")


def map_of(model: nn.Module, layer: int) -> nn.Module:
    """The output map of a layer's MLP, found by its published name."""
    ends = (f".{layer}.mlp.c_proj", f".{layer}.mlp.down_proj")
    return next(module for name, module in model.named_modules() if name.endswith(ends))


class ByHand:
    """A member in float64 whose neurons can be read, and set or moved before they are written."""

    def __init__(self, member: Member, batch: Batch) -> None:
        model = copy.deepcopy(member.backbone.model).double()
        self.member, self.batch = replace(member, backbone=read_backbone(model)), batch
        self.layers = len(self.member.backbone.layers)
        self.change: dict[int, Callable[[Tensor], Tensor]] = {}
        self.seen: dict[int, Tensor] = {}
        for layer in range(self.layers):
            map_of(model, layer).register_forward_pre_hook(self._hook(layer))

    def _hook(self, layer: int) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor]]:
        def see(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
            self.seen[layer] = inputs[0]
            return (self.change.get(layer, lambda z: z)(inputs[0]),)

        return see

    def run(self, point: float) -> Tensor:
        """The metric of each example, between the corrupted (0) and the clean (1) embeddings."""
        clean, corrupted = (self.member.embed(ids) for ids in (self.batch.clean, self.batch.corrupted))
        hidden = self.member.hidden(corrupted + point * (clean - corrupted), self.batch.clean)
        logits = self.member.logits(hidden[self.batch.read_row, self.batch.read_position])
        return self.batch.metric(logits)

    def neurons(self, point: float) -> Tensor:
        """What the neurons put out, [layers, rows, tokens, neurons]."""
        with torch.no_grad():
            self.run(point)
        return torch.stack([self.seen[layer] for layer in range(self.layers)])

    def effects(self, points: list[float]) -> np.ndarray:
        """Effects summed over positions, [rows, layers, neurons], by a probe added at every neuron."""
        difference = self.neurons(1) - self.neurons(0)
        mean = torch.zeros_like(difference)
        for point in points:
            probes = torch.zeros_like(difference, requires_grad=True)
            self.change = {layer: partial(torch.add, probes[layer]) for layer in range(self.layers)}
            mean += torch.autograd.grad(self.run(point).sum(), probes)[0] / len(points)
        self.change = {}
        return (difference * mean).sum(2).transpose(0, 1).numpy()

    @torch.no_grad()
    def patched(self) -> np.ndarray:
        """Drop of the metric with one neuron as in the corrupted run, over examples, [layers, neurons]."""
        reference, clean = self.neurons(0), self.run(1).sum()
        drops = np.zeros((self.layers, reference.shape[-1]))
        for layer, neuron in np.ndindex(*drops.shape):
            place = reference[layer, :, :, neuron, None]
            self.change = {
                layer: lambda z, n=neuron, p=place: torch.cat([z[..., :n], p, z[..., n + 1 :]], -1)
            }
            drops[layer, neuron] = float(clean - self.run(1).sum())
        self.change = {}
        return drops


@pytest.mark.parametrize("metric", ["states", "probability"])
@pytest.mark.parametrize("attention", ["causal", "full", "block:2"])
@pytest.mark.parametrize("kind", DENSE)
def test_effects_equal_gradients_by_hand(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str, metric: str
) -> None:
    member, batch = random_member(kind, attention), random_batch(metric)
    for integration in (Integration("midpoint", 3), Integration("eap", 1), Integration("left", 2)):
        found = attribute(member, [batch], integration, groups=2, tokens_at_once=40, neurons=True)
        assert found.neuron_sums is not None
        assert (found.neuron_sums.dtype, found.neuron_sums.shape) == (np.float32, (2, 2, 20))
        by_row = ByHand(member, batch).effects(integration.points()[:, 0].tolist())
        group = batch.groups[batch.example_of_row].numpy()
        expected = np.stack([by_row[group == each].sum(axis=0) for each in range(2)])
        tolerance = 2e-5 * np.abs(expected).max()
        np.testing.assert_allclose(found.neuron_sums, expected, rtol=1e-4, atol=tolerance)
        np.testing.assert_allclose(
            found.neurons(), expected.sum(axis=0) / batch.examples, rtol=1e-4, atol=tolerance
        )


def test_effects_are_slopes_by_finite_differences(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen2", "full"), random_batch("log odds")
    found = (
        attribute(member, [batch], Integration("eap", 1), groups=2, neurons=True).neurons() * batch.examples
    )
    hand = ByHand(member, batch)
    difference = hand.neurons(1) - hand.neurons(0)
    for layer, neuron in ((0, 3), (1, 17)):
        along = torch.zeros_like(difference[layer])
        along[..., neuron] = difference[layer, ..., neuron]
        values = []
        for step in (1e-2, -1e-2):
            hand.change = {layer: lambda z, move=step * along: z + move}
            with torch.no_grad():
                values.append(float(hand.run(1).sum()))
        assert found[layer, neuron] == pytest.approx((values[0] - values[1]) / 2e-2, rel=1e-2)


@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", DENSE)
def test_effects_rank_neurons_as_patching_them_one_by_one(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str
) -> None:
    member, batch = random_member(kind, attention), random_batch(examples=8)
    with torch.no_grad():
        # A large part in common makes the norms, and so the model, bend little between the two prompts.
        member.backbone.embedding.weight[:, ::2] += 8
    found = attribute(member, [batch], Integration("midpoint", 10), groups=2, neurons=True).neurons()
    drops = ByHand(member, batch).patched() / batch.examples
    assert spearmanr(found.ravel(), drops.ravel()).statistic > 0.95
    assert spearmanr(np.abs(found).ravel(), np.abs(drops).ravel()).statistic > 0.9


def test_the_shared_beginning_changes_no_effect(
    random_member: MakeMember, random_batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, batch = random_member("llama"), random_batch(tokens=24)
    batch.corrupted[:, :20] = batch.clean[:, :20] = batch.clean[:1, :20].clone()
    behind = attribute(member, [batch], Integration(), groups=2, neurons=True).neurons()
    monkeypatch.setattr("mechshift.benchmark.circuits.prefix.LEAST", 24)
    whole = attribute(member, [batch], Integration(), groups=2, neurons=True).neurons()
    np.testing.assert_allclose(behind, whole, rtol=0, atol=1e-5 * np.abs(whole).max())


def test_half_precision_gives_effects_that_are_as_good(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch = random_member("qwen2", "full"), random_batch()
    exact = attribute(member, [batch], Integration(), groups=2, neurons=True).neurons()
    member.backbone.model.to(torch.bfloat16)
    rounded = attribute(member, [batch], Integration(), groups=2, neurons=True).neurons()
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.99


def test_every_backbone_names_its_neurons_or_has_none(random_member: MakeMember) -> None:
    for kind in DENSE:
        backbone = random_member(kind).backbone
        assert backbone.neurons == 20
        assert [layer.mlp_output for layer in backbone.layers] == [
            map_of(backbone.model, i) for i in range(2)
        ]
    assert random_member("qwen3_moe").backbone.neurons is None


@pytest.mark.parametrize("dense", [[], [0]])
def test_neurons_of_experts_are_refused(
    random_member: MakeMember, random_batch: MakeBatch, dense: list[int]
) -> None:
    member = random_member("qwen3_moe", mlp_only_layers=dense)
    assert [layer.mlp_output is None for layer in member.backbone.layers] == [0 not in dense, True]
    with pytest.raises(NotComputable, match="Qwen3MoeForCausalLM: its layers have experts"):
        attribute(member, [random_batch()], Integration(), groups=2, neurons=True)
