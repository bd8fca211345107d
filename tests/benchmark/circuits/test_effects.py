"""What components do, against a logit lens by hand in float64 and against circuits without them."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from build.batches import batch_of_one_beginning
from build.models import KINDS
from mechshift.benchmark.circuits import effects
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.effects import component_drops, direct_effects
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
SlowRun = Callable[..., tuple[Tensor, list[Tensor]]]


def projected(member: Member, slow_run: SlowRun, batch: Batch) -> tuple[Tensor, Tensor]:
    """What sources write at the reads through the final norm's clean scale, [runs, sources, reads, width].

    Also the norm's output in the clean run, [reads, width].
    """
    model = copy.deepcopy(member.backbone.model).double()
    streams: list[Tensor] = []

    def read(_: int, stream: Tensor, __: list[Tensor]) -> Tensor:
        streams.append(stream)
        return stream

    norm = member.backbone.final_norm
    embed = model.get_input_embeddings()
    wrote = []
    for tokens in (batch.clean, batch.corrupted):
        _, outputs = slow_run(member, batch, embed(tokens), read)
        wrote.append(torch.stack([each[batch.read_row, batch.read_position] for each in outputs]))
        streams = streams if len(wrote) > 1 else [streams[-1]]
    stream = streams[0][batch.read_row, batch.read_position]
    both = torch.stack(wrote)
    centred = stream - stream.mean(-1, keepdim=True) if norm.centred else stream
    if norm.centred:
        both = both - both.mean(-1, keepdim=True)
    scale = (centred.square().mean(-1, keepdim=True) + norm.epsilon).sqrt()
    bias = 0 if norm.bias is None else norm.bias.double()
    gain = norm.weight.double()
    return both / scale * gain, centred / scale * gain + bias


@pytest.mark.parametrize("metric", ["one read", "states"])
@pytest.mark.parametrize("attention", ["causal", "full"])
@pytest.mark.parametrize("kind", KINDS)
def test_direct_effects_are_answer_minus_foil_of_a_logit_lens(
    random_member: MakeMember,
    random_batch: MakeBatch,
    slow_run: SlowRun,
    kind: str,
    attention: str,
    metric: str,
) -> None:
    member, batch = random_member(kind, attention), random_batch(metric)
    assert isinstance(batch.metric, LogitDifference)
    with torch.no_grad():
        seen, _ = projected(member, slow_run, batch)
        unembedding = member.backbone.head.weight.double()
        expected = np.zeros((2, 2, len(seen[0])))
        reads = batch.metric.example.tolist()
        for place, example in enumerate(reads):
            direction = unembedding[batch.metric.answer[place]] - unembedding[batch.metric.foil[place]]
            share = (seen[:, :, place] @ direction).numpy() / reads.count(example)
            expected[:, int(batch.groups[example])] += share
    found = direct_effects(member, [batch], groups=2)
    tolerance = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.clean, expected[0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.changed, expected[0] - expected[1], rtol=0, atol=tolerance)
    assert found.counts.tolist() == [2, 1]


@pytest.mark.parametrize("metric", ["probability", "log odds"])
def test_for_sets_of_tokens_direct_effects_are_the_metrics_slope(
    random_member: MakeMember, random_batch: MakeBatch, slow_run: SlowRun, metric: str
) -> None:
    member, batch = random_member("qwen2", "full"), random_batch(metric)
    member.backbone.model.double()
    found = direct_effects(member, [batch], groups=2).clean.sum(axis=0)
    with torch.no_grad():
        seen, final = projected(member, slow_run, batch)
        logits = member.backbone.head.weight @ final.T
        for source in range(len(seen[0])):
            along = member.backbone.head.weight @ seen[0, source].T
            values = []
            for step in (1e-5, -1e-5):
                moved = (logits + step * along).T.clone()
                moved[:, member.mask_id] = -torch.inf
                values.append(float(batch.metric(moved).sum()))
            assert found[source] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "gpt2"])
def test_without_biases_the_sources_add_up_to_the_metric(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    member, batch = random_member(kind, "full"), random_batch("states")
    clean, _ = whole_model(member, batch)
    assert direct_effects(member, [batch], groups=2).clean.sum() == pytest.approx(clean.sum(), rel=1e-4)


def without(graph: Graph) -> np.ndarray:
    """All edges but those that leave a component, [components, sources, destinations]."""
    circuits = np.repeat(graph.mask[None], graph.sources - 1, axis=0)
    for component in range(graph.sources - 1):
        circuits[component, component + 1] = False
    return circuits


@pytest.mark.parametrize("metric", ["states", "probability"])
@pytest.mark.parametrize("attention", ["causal", "full", "block:2"])
@pytest.mark.parametrize("kind", KINDS)
def test_drops_are_those_of_circuits_without_the_component(
    random_member: MakeMember, random_batch: MakeBatch, kind: str, attention: str, metric: str
) -> None:
    member, batch = random_member(kind, attention), random_batch(metric)
    graph = Graph.of(member.backbone.shape)
    expected = whole_model(member, batch)[0] - run_circuits(member, batch, without(graph))
    found = component_drops(member, [batch]).lost
    assert found.shape == (len(Components(graph).names), batch.examples)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * max(1, np.abs(expected).max()))
    # Stacks of a few rows, some with the rows of two components in them, change nothing.
    few = component_drops(member, [batch], tokens_at_once=1).lost
    np.testing.assert_allclose(few, found, rtol=0, atol=1e-5)


def test_a_head_is_replaced_at_what_the_output_map_takes_of_it(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    """The third head of the first layer, by hand."""
    member, batch = random_member("qwen3", "full"), random_batch()
    output, size = member.backbone.layers[0].output, member.backbone.shape.head_dim
    seen: list[Tensor] = []

    def metric(tokens: Tensor, hook: Callable[..., object]) -> np.ndarray:
        handle = output.register_forward_pre_hook(hook)
        with torch.no_grad():
            hidden = member.hidden(member.embed(tokens))
            values = batch.metric(member.logits(hidden[batch.read_row, batch.read_position]))
        handle.remove()
        return values.double().numpy()

    def swap(_: object, inputs: tuple[Tensor]) -> tuple[Tensor]:
        changed = inputs[0].clone()
        changed[..., 2 * size : 3 * size] = seen[0][..., 2 * size : 3 * size]
        return (changed,)

    metric(batch.corrupted, lambda _, inputs: seen.append(inputs[0]))
    clean = metric(batch.clean, lambda *_: None)
    expected = clean - metric(batch.clean, swap)
    np.testing.assert_allclose(component_drops(member, [batch]).lost[2], expected, atol=1e-5)


@pytest.fixture
def shared() -> Batch:
    return batch_of_one_beginning()


def test_the_shared_beginning_changes_nothing(
    random_member: MakeMember, shared: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = random_member("gpt2")
    behind = direct_effects(member, [shared], groups=2), component_drops(member, [shared]).lost
    monkeypatch.setattr("mechshift.benchmark.circuits.prefix.LEAST", 24)
    whole = direct_effects(member, [shared], groups=2), component_drops(member, [shared]).lost
    np.testing.assert_allclose(behind[0].clean, whole[0].clean, atol=1e-4)
    np.testing.assert_allclose(behind[1], whole[1], atol=1e-4)


def test_batches_and_memory_change_nothing(
    random_member: MakeMember, random_batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, batches = random_member("llama", "full"), [random_batch("states"), random_batch(tokens=5, seed=3)]
    each = [direct_effects(member, [batch], groups=2) for batch in batches]
    drops = [component_drops(member, [batch]).lost for batch in batches]
    monkeypatch.setattr(effects, "MEMORY", 1)
    found = direct_effects(member, batches, groups=2)
    np.testing.assert_allclose(found.changed, each[0].changed + each[1].changed, atol=1e-5)
    assert found.counts.tolist() == [4, 2]
    np.testing.assert_allclose(
        component_drops(member, batches).lost, np.concatenate(drops, axis=1), atol=1e-5
    )


def test_half_precision_gives_nearly_the_same(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen2", "full"), random_batch()
    exact = direct_effects(member, [batch], groups=2).changed, component_drops(member, [batch]).lost
    member.backbone.model.to(torch.bfloat16)
    rounded = direct_effects(member, [batch], groups=2).changed, component_drops(member, [batch]).lost
    for one, other in zip(exact, rounded, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.98


def test_the_model_is_left_as_it_was(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("llama"), random_batch()
    direct_effects(member, [batch], groups=2)
    component_drops(member, [batch])
    model = member.backbone.model
    assert all(parameter.requires_grad for parameter in model.parameters())
    for module in model.modules():
        assert not list(itertools.chain(module._forward_hooks, module._forward_pre_hooks))


def test_what_cannot_be_measured_is_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("gpt2"), random_batch()
    for measure in (
        lambda given: direct_effects(member, given, groups=2),
        lambda given: component_drops(member, given).lost,
    ):
        with pytest.raises(NotComputable, match="at least one batch"):
            measure([])
    member.backbone.layers[0].output.weight.data.fill_(torch.nan)
    for measure in (
        lambda given: direct_effects(member, given, groups=2),
        lambda given: component_drops(member, given).lost,
    ):
        with pytest.raises(NotComputable, match="not finite"):
            measure([replace(batch)])
