import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from build.models import KINDS
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable, UsageError

MakeMember = Callable[..., Member]
MakeBatch = Callable[..., Batch]
Oracle = tuple[Member, Batch, dict[str, np.ndarray]]


@pytest.mark.parametrize(
    ("array", "integration"),
    [
        ("scores_eap", Integration("eap", 1)),
        ("scores_eap_ig_inputs_m5_left", Integration("left", 5)),
        ("scores_eap_ig_inputs_m50_left", Integration("left", 50)),
    ],
)
def test_scores_are_the_eap_ig_librarys(oracle: Oracle, array: str, integration: Integration) -> None:
    member, batch, reference = oracle
    found = attribute(member, [batch], integration, groups=3)
    expected = reference[array]
    np.testing.assert_allclose(found.scores(), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(found.clean, reference["logit_diff_clean"], atol=1e-4)
    np.testing.assert_allclose(found.corrupted, reference["logit_diff_corrupted"], atol=1e-4)


def test_rules_place_their_steps_as_their_sources_do() -> None:
    assert Integration("left", 4).points().T.tolist() == [[0, 0.25, 0.5, 0.75]]
    assert Integration("right", 4).points().T.tolist() == [[0.25, 0.5, 0.75, 1]]
    assert Integration("midpoint", 4).points().T.tolist() == [[0.125, 0.375, 0.625, 0.875]]
    assert Integration("eap", 1).points().T.tolist() == [[1]]


def test_staggered_points_are_evenly_spread_over_examples() -> None:
    points = Integration("staggered", 4).points(range(10, 210))
    assert points.shape == (4, 200)
    # One in every quarter of the path, the same part of it in each.
    np.testing.assert_allclose(points - points[0], np.full((4, 200), 0.25).cumsum(0) - 0.25)
    within = np.sort(4 * points[0])
    assert (within >= 0).all()
    assert (within < 1).all()
    # Every hundredth of it has its two examples: no gap is much wider than where all are equal.
    assert np.diff(within).max() < 3 / 200
    np.testing.assert_array_equal(Integration("staggered", 4).points(range(110, 120)), points[:, 100:110])


def slow_scores(
    slow_run: Callable, member: Member, batch: Batch, points: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Scores summed over examples: a gradient of its own for the stream that each destination reads."""
    graph = Graph.of(member.backbone.shape)

    def unchanged(_: int, stream: Tensor, __: list[Tensor]) -> Tensor:
        return stream

    clean, corrupted = member.embed(batch.clean).double(), member.embed(batch.corrupted).double()
    with torch.no_grad():
        wrote = [slow_run(member, batch, embeddings, unchanged)[1] for embeddings in (clean, corrupted)]
    mean = torch.zeros(graph.destinations, *clean.shape, dtype=torch.double)
    for point in points:
        probes = torch.zeros_like(mean, requires_grad=True)

        def probed(destination: int, stream: Tensor, _: list[Tensor], probes: Tensor = probes) -> Tensor:
            return stream + probes[destination]

        values, _ = slow_run(member, batch, corrupted + point * (clean - corrupted), probed)
        mean += torch.autograd.grad(values.sum(), probes)[0] / len(points)
    differences = torch.stack([a - b for a, b in zip(*wrote, strict=True)])
    scores = torch.einsum("srtd,vrtd->rsv", differences, mean).detach().numpy() * graph.mask
    return scores.sum(axis=0), scores


METRICS = "one read", "states", "probability", "log odds"
ATTENTIONS = "causal", "full", "block:2"


@pytest.mark.parametrize(
    ("kind", "attention", "metric"),
    [
        # Every kind with every metric and every attention, and every attention with every metric.
        (kind, ATTENTIONS[(place + turn) % len(ATTENTIONS)], metric)
        for place, kind in enumerate(KINDS)
        for turn, metric in enumerate(METRICS)
    ],
)
def test_scores_equal_one_gradient_per_destination(
    random_member: MakeMember,
    random_batch: MakeBatch,
    slow_run: Callable,
    kind: str,
    attention: str,
    metric: str,
) -> None:
    member, batch = random_member(kind, attention), random_batch(metric)
    for integration in (Integration("midpoint", 3), Integration("eap", 1)):
        found = attribute(member, [batch], integration, groups=2, tokens_at_once=40)
        expected, by_row = slow_scores(slow_run, member, batch, integration.points()[:, 0].tolist())
        tolerance = 2e-5 * np.abs(expected).max()
        np.testing.assert_allclose(found.score_sums.sum(axis=0), expected, rtol=1e-4, atol=tolerance)
        second_group = by_row[batch.groups[batch.example_of_row].numpy() == 1].sum(axis=0)
        np.testing.assert_allclose(found.score_sums[1], second_group, rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("metric", ["states", "log odds"])
def test_staggered_scores_equal_one_gradient_per_destination_at_each_rows_own_points(
    random_member: MakeMember, random_batch: MakeBatch, slow_run: Callable, metric: str
) -> None:
    member, batch, rule = random_member("qwen2", "full"), random_batch(metric), Integration("staggered", 3)
    found = attribute(member, [batch], rule, groups=2, tokens_at_once=40, neurons=True)
    points = [torch.from_numpy(at)[batch.example_of_row, None, None] for at in rule.points(range(3))]
    expected, _ = slow_scores(slow_run, member, batch, points)
    tolerance = 2e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.score_sums.sum(axis=0), expected, rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("steps", [1, 3, 12])
@pytest.mark.parametrize(("kind", "attention"), [("gpt2", "causal"), ("qwen3", "full")])
def test_the_corrupted_run_is_the_way_there_of_the_first_step_on_the_left(
    random_member: MakeMember,
    random_batch: MakeBatch,
    slow_run: Callable,
    kind: str,
    attention: str,
    steps: int,
) -> None:
    member, batch = random_member(kind, attention), random_batch("states")
    passes: list[int] = []
    handle = member.backbone.final_norm.module.register_forward_hook(
        lambda _, inputs, __: passes.append(len(inputs[0]))
    )
    rule = Integration("left", steps)
    found = attribute(member, [batch], rule, groups=2, tokens_at_once=1)
    handle.remove()
    # The clean run and the steps, of which more than ten are held at two times.
    assert passes == [len(batch.clean)] * (1 + steps)
    expected, _ = slow_scores(slow_run, member, batch, rule.points()[:, 0].tolist())
    tolerance = 2e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.score_sums.sum(axis=0), expected, rtol=1e-4, atol=tolerance)
    clean, corrupted = whole_model(member, batch)
    np.testing.assert_allclose(found.clean, clean, atol=1e-5)
    np.testing.assert_allclose(found.corrupted, corrupted, atol=1e-5)


def away_from_zero(member: Member) -> Member:
    """Embeddings with a large part in common: near zero a norm bends too much for few steps."""
    with torch.no_grad():
        member.backbone.embedding.weight[:, ::2] += 2
    return member


@pytest.mark.parametrize("kind", KINDS)
def test_the_inputs_scores_become_the_difference_of_the_runs(
    random_member: MakeMember, random_batch: MakeBatch, kind: str
) -> None:
    member, batch = away_from_zero(random_member(kind, "full")), random_batch("states")
    residuals = []
    for steps in (4, 40):
        found = attribute(member, [batch], Integration("midpoint", steps), groups=2)
        difference = (found.clean - found.corrupted).mean()
        assert found.completeness_residual == pytest.approx(
            abs(found.scores()[0].sum() - difference) / abs(difference)
        )
        residuals.append(found.completeness_residual)
    assert residuals[1] < 0.01
    assert residuals[1] < residuals[0] / 20  # with ten times the steps: faster than the first order


def test_the_gradient_at_the_embedding_is_the_finite_difference(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch = away_from_zero(random_member("qwen3", "full")), random_batch("probability")
    found = attribute(member, [batch], Integration("eap", 1), groups=2)
    clean = member.embed(batch.clean).detach()
    direction = clean - member.embed(batch.corrupted).detach()

    def total(step: float) -> float:
        with torch.no_grad():
            hidden = member.hidden(clean + step * direction)
            return float(batch.metric(member.logits(hidden[batch.read_row, batch.read_position])).sum())

    slope = (total(1e-3) - total(-1e-3)) / 2e-3
    assert found.score_sums[:, 0].sum() == pytest.approx(slope, rel=1e-2)


def test_for_a_linear_model_scores_are_the_effect_of_removing_an_edge(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch = random_member("llama"), random_batch()
    backbone, scale = member.backbone, 1e4
    # A norm that divides by a constant, uniform attention, and an MLP that writes nothing.
    norms = [norm for layer in backbone.layers for norm in (layer.attention_norm, layer.mlp_norm)]
    norms = [dataclasses.replace(norm, epsilon=scale**2) for norm in (*norms, backbone.final_norm)]
    for norm in norms:
        norm.module.variance_epsilon = scale**2
        norm.module.weight.data *= scale
    for layer in backbone.layers:
        layer.query.module.weight.data.zero_()
        layer.mlp.down_proj.weight.data.zero_()
    layers = tuple(
        dataclasses.replace(layer, attention_norm=norms[2 * i], mlp_norm=norms[2 * i + 1])
        for i, layer in enumerate(backbone.layers)
    )
    member = dataclasses.replace(
        member, backbone=dataclasses.replace(backbone, layers=layers, final_norm=norms[-1])
    )
    found = attribute(member, [batch], Integration("eap", 1), groups=2)
    edges = np.argwhere(found.graph.mask)
    circuits = np.repeat(found.graph.mask[None], len(edges), axis=0)
    circuits[np.arange(len(edges)), edges[:, 0], edges[:, 1]] = False
    lost = (whole_model(member, batch)[0] - run_circuits(member, batch, circuits)).mean(axis=1)
    assert np.abs(lost).max() > 0.1
    np.testing.assert_allclose(found.scores()[found.graph.mask], lost, atol=1e-4 * np.abs(lost).max())


def split(batch: Batch, sizes: Sequence[int]) -> list[Batch]:
    """The examples of a batch of one row each, in batches of the given sizes."""
    batches, start = [], 0
    assert isinstance(batch.metric, LogitDifference)
    for size in sizes:
        part, index = slice(start, start + size), torch.arange(size)
        metric = LogitDifference(index, batch.metric.answer[part], batch.metric.foil[part], size)
        batches.append(
            Batch(
                batch.clean[part],
                batch.corrupted[part],
                index,
                batch.read_position[part],
                metric,
                batch.groups[part],
            )
        )
        start += size
    return batches


def test_the_batches_sizes_and_order_do_not_matter(oracle: Oracle) -> None:
    member, batch, _ = oracle
    whole = attribute(member, [batch], Integration(), groups=3)
    parts = attribute(member, split(batch, (5, 1, 6))[::-1], Integration(), groups=3, tokens_at_once=1)
    tolerance = 1e-6 * np.abs(whole.score_sums).max()
    np.testing.assert_allclose(parts.score_sums, whole.score_sums, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(parts.counts, whole.counts)


@pytest.mark.parametrize(
    ("kind", "attention", "precision", "tolerance"),
    [
        # Every kind with both attentions and in both precisions, and the attentions in both.
        (kind, ("causal", "full")[(place + turn) % 2], precision, tolerance)
        for place, kind in enumerate(KINDS)
        for turn, (precision, tolerance) in enumerate(((torch.float32, 1e-5), (torch.bfloat16, 0.02)))
    ],
)
def test_no_backbones_scores_depend_on_the_batchs_size(
    kind: str,
    attention: str,
    precision: torch.dtype,
    tolerance: float,
    random_member: MakeMember,
    random_batch: MakeBatch,
) -> None:
    """In bfloat16 a kernel may round otherwise for another number of rows, in the third digit."""
    member, batch = random_member(kind, attention), random_batch(examples=6)
    member.backbone.model.to(precision)
    whole = attribute(member, [batch], Integration(), groups=2).score_sums
    alone = attribute(member, split(batch, (1,) * 6), Integration(), groups=2, tokens_at_once=1).score_sums
    np.testing.assert_allclose(alone, whole, rtol=0, atol=tolerance * np.abs(whole).max())


def test_staggered_points_go_with_the_examples_and_not_with_their_batches(
    random_member: MakeMember, random_batch: MakeBatch
) -> None:
    member, batch, rule = random_member("llama"), random_batch(examples=6), Integration("staggered", 4)
    whole = attribute(member, [batch], rule, groups=2).score_sums
    parts = attribute(member, split(batch, (1, 3, 2)), rule, groups=2).score_sums
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-5 * np.abs(whole).max())
    assert (
        np.abs(attribute(member, [batch], Integration("midpoint", 4), groups=2).score_sums - whole).max()
        > 1e-3
    )


@pytest.mark.parametrize("at_once", [1, 5])
def test_rows_taken_a_few_at_a_time_give_the_same(
    oracle: Oracle, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, batch, _ = oracle
    whole = attribute(member, [batch], Integration(), groups=3).score_sums
    monkeypatch.setattr("mechshift.benchmark.circuits.attribution.rows_at_once", lambda *_: at_once)
    parts = attribute(member, [batch], Integration(), groups=3).score_sums
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6 * np.abs(whole).max())


def test_sums_are_as_good_for_a_model_in_bfloat16(random_member: MakeMember, random_batch: MakeBatch) -> None:
    member, batch = random_member("qwen2", "full"), random_batch()
    exact = attribute(member, [batch], Integration(), groups=2)
    member.backbone.model.to(torch.bfloat16)
    rounded = attribute(member, [batch], Integration(), groups=2)
    mask = exact.graph.mask
    assert np.corrcoef(exact.scores()[mask], rounded.scores()[mask])[0, 1] > 0.99


def tiny_attribution() -> Attribution:
    graph = Graph(1, 1, 1)
    sums = np.stack([np.full(graph.mask.shape, value) for value in (2.0, 9.0, 0.0)]) * graph.mask
    index = np.array([0, 0, 1])
    return Attribution(graph, Integration(), sums, np.array([2, 1, 0]), index + 0.5, index * 1.0, index)


def test_means_weigh_examples_and_not_groups() -> None:
    found = tiny_attribution()
    assert found.scores()[0, 0] == pytest.approx(11 / 3)
    assert found.scores(np.array([0, 0, 1]))[0, 0] == pytest.approx(13 / 5)
    with pytest.raises(NotComputable, match="no example"):
        found.scores(np.array([2]))


def test_without_a_difference_there_is_no_residual() -> None:
    found = tiny_attribution()
    assert dataclasses.replace(found, clean=found.corrupted).completeness_residual is None


def test_what_cannot_be_integrated_is_refused(random_member: MakeMember, random_batch: MakeBatch) -> None:
    with pytest.raises(UsageError, match="rules are"):
        Integration("middle", 5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least one step"):
        Integration("left", 0)
    with pytest.raises(UsageError, match="not 5"):
        Integration("eap", 5)
    member = random_member("gpt2")
    with pytest.raises(NotComputable, match="at least one batch"):
        attribute(member, [], Integration(), groups=1)
    member.backbone.layers[0].output.weight.data.fill_(torch.nan)
    with pytest.raises(NotComputable, match="not finite"):
        attribute(member, [random_batch()], Integration(), groups=2)


def test_rows_that_are_not_examples_must_say_whose_they_are(random_batch: MakeBatch) -> None:
    with pytest.raises(UsageError, match="row_example"):
        dataclasses.replace(random_batch("states"), row_example=None)
    assert random_batch("states").state_of_row.tolist() == [0, 1] * 3
    assert random_batch().example_of_row.tolist() == [0, 1, 2]
