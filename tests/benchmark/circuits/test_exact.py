"""Exact patching, against models written out by hand, the EAP-IG library and circuits without an edge."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from build.batches import VOCABULARY
from build.models import KINDS
from build.written_out import written_effects
from mechshift.benchmark.circuits import exact, prefix
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.exact import exact_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable, UsageError

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
Oracle = tuple[Member, Batch, dict[str, np.ndarray]]


@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_effects_are_those_of_a_model_written_out(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str
) -> None:
    member, batch = random_member(kind, attention), random_batch("states")
    found = exact_effects(member, [batch], groups=2)
    edges = [(int(source), int(destination)) for source, destination in np.argwhere(found.graph.mask)]
    with torch.no_grad():
        expected = written_effects(member.backbone.model, attention == "causal", batch, edges).numpy()
    assert np.abs(expected).max() > 0.1
    tolerance = 2e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.effects(), expected.mean(axis=1), rtol=0, atol=tolerance)
    second = expected[:, batch.groups.numpy() == 1].sum(axis=1)
    np.testing.assert_allclose(found.sums[1], second, rtol=0, atol=3 * tolerance)
    assert found.counts.tolist() == [2, 1]


def test_effects_are_the_eap_ig_librarys(oracle: Oracle) -> None:
    member, batch, reference = oracle
    found = exact_effects(member, [batch], groups=3)
    np.testing.assert_array_equal(found.edges, reference["edge_mask"])
    np.testing.assert_allclose(found.scores(), reference["scores_exact_patching"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("metric", ["states", "probability"])
@pytest.mark.parametrize("kind", KINDS)
def test_effects_are_what_circuits_lose_without_an_edge(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, metric: str
) -> None:
    member, batch = random_member(kind, "block:2"), random_batch(metric)
    mask = Graph.of(member.backbone.shape).mask
    edges = np.argwhere(mask)
    circuits = np.repeat(mask[None], len(edges), axis=0)
    circuits[np.arange(len(edges)), edges[:, 0], edges[:, 1]] = False
    expected = (whole_model(member, batch)[0] - run_circuits(member, batch, circuits)).mean(axis=1)
    found = exact_effects(member, [batch], groups=2).effects()
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5 * max(1, np.abs(expected).max()))


def test_some_edges_have_the_effects_that_they_have_among_all(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch = random_member("qwen3", "full"), random_batch("states")
    everything = exact_effects(member, [batch], groups=2)
    some = everything.graph.mask & (np.random.default_rng(0).random(everything.graph.mask.shape) < 0.2)
    found = exact_effects(member, [batch], groups=2, edges=some)
    np.testing.assert_allclose(found.effects(), everything.scores()[some], rtol=0, atol=1e-5)
    with pytest.raises(NotComputable, match="not measured"):
        found.scores()
    none = exact_effects(member, [batch], groups=2, edges=np.zeros_like(some))
    assert none.effects().shape == (0,)


def test_stacks_and_batches_change_nothing(
    random_member: MakeMember, random_batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, batches = random_member("gpt2", "full"), [random_batch("states"), random_batch(tokens=5, seed=3)]
    whole = exact_effects(member, batches, groups=2)
    each = [exact_effects(member, [batch], groups=2).sums for batch in batches]
    np.testing.assert_allclose(whole.sums, each[0] + each[1], rtol=0, atol=1e-5)
    assert whole.counts.tolist() == [4, 2]
    few = exact_effects(member, batches, groups=2, tokens_at_once=1)
    np.testing.assert_allclose(few.sums, whole.sums, rtol=0, atol=1e-4)
    monkeypatch.setattr(exact, "MEMORY", 1)
    np.testing.assert_allclose(exact_effects(member, batches, groups=2).sums, whole.sums, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shared_beginning_changes_nothing(
    random_member: MakeMember, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, corrupted = torch.randint(VOCABULARY - 1, (2, 3, 24), generator=torch.Generator().manual_seed(4))
    corrupted[:, :20] = clean[:, :20] = clean[:1, :20].clone()
    index = torch.arange(3)
    metric = LogitDifference(index, index + 1, index + 7, 3)
    batch = Batch(clean, corrupted, index, torch.full((3,), 23), metric, index % 2)
    member = random_member(kind)
    behind = exact_effects(member, [batch], groups=2).sums
    monkeypatch.setattr(prefix, "LEAST", 24)
    np.testing.assert_allclose(behind, exact_effects(member, [batch], groups=2).sums, rtol=0, atol=1e-4)


def test_half_precision_gives_nearly_the_same(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen2", "full"), random_batch()
    precise = exact_effects(member, [batch], groups=2).effects()
    member.backbone.model.to(torch.bfloat16)
    assert np.corrcoef(precise, exact_effects(member, [batch], groups=2).effects())[0, 1] > 0.98


def test_the_model_is_left_as_it_was(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("llama"), random_batch()
    model = member.backbone.model.train()
    exact_effects(member, [batch], groups=2)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    for module in model.modules():
        assert not list(itertools.chain(module._forward_hooks, module._forward_pre_hooks))


def test_what_cannot_be_measured_is_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("gpt2"), random_batch()
    with pytest.raises(UsageError, match="this graph takes"):
        exact_effects(member, [batch], groups=2, edges=np.ones((2, 2), bool))
    with pytest.raises(NotComputable, match="at least one batch"):
        exact_effects(member, [], groups=2)
    member.backbone.layers[0].output.weight.data.fill_(torch.nan)
    with pytest.raises(NotComputable, match="not finite"):
        exact_effects(member, [batch], groups=2)
