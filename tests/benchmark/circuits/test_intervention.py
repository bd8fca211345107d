from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import each_logits, mean_outputs, run_circuits, whole_model
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import UsageError

Oracle = tuple[Member, Batch, dict[str, np.ndarray]]


@pytest.mark.parametrize(
    ("intervention", "suffix", "tolerance"), [("patch", "", 1e-3), ("zero", "_zero", 1e-2)]
)
def test_circuits_give_the_eap_ig_librarys_logit_differences(
    oracle: Oracle, intervention: str, suffix: str, tolerance: float
) -> None:
    member, batch, reference = oracle
    budgets = (10, 30, 60, 120)
    circuits = np.stack([reference[f"circuit_top{n}_edges"] for n in budgets])
    expected = np.stack([reference[f"circuit_top{n}{suffix}_logit_diff"] for n in budgets])
    found = run_circuits(member, batch, circuits, intervention)
    if member.backbone.position_embedding is not None:
        tolerance = 1e-3  # only the Llama oracle's zeroed streams magnify rounding
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_all_edges_but_one_give_the_exact_patching_scores(oracle: Oracle) -> None:
    member, batch, reference = oracle
    mask = reference["edge_mask"]
    edges = np.argwhere(mask)
    circuits = np.repeat(mask[None], len(edges), axis=0)
    circuits[np.arange(len(edges)), edges[:, 0], edges[:, 1]] = False
    lost = whole_model(member, batch)[0] - run_circuits(member, batch, circuits)
    np.testing.assert_allclose(lost.mean(axis=1), reference["scores_exact_patching"][mask], rtol=0, atol=1e-3)


def test_the_whole_model_and_nothing(oracle: Oracle) -> None:
    member, batch, reference = oracle
    clean, corrupted = whole_model(member, batch)
    np.testing.assert_allclose(clean, reference["logit_diff_clean"], atol=1e-4)
    np.testing.assert_allclose(corrupted, reference["logit_diff_corrupted"], atol=1e-4)
    mask = reference["edge_mask"]
    values = run_circuits(member, batch, np.stack([mask, np.zeros_like(mask)]))
    np.testing.assert_allclose(values, [clean, corrupted], atol=1e-4)


def special_circuits(graph: Graph) -> list[np.ndarray]:
    """One path; heads that keep no input; all edges but one, and all but those into the first layer."""
    of, to = (names.index for names in (graph.source_names, graph.destination_names))
    path = np.zeros_like(graph.mask)
    path[of("input"), to("m0")] = path[of("m0"), to("logits")] = True
    heads = graph.mask & (graph.source_kinds == "head")[:, None] & (graph.destination_kinds == "logits")
    but_one = graph.mask.copy()
    but_one[of("a0.h1"), to("m1")] = False
    return [path, heads, but_one, graph.mask & (graph.destination_layers > 0)]


@pytest.mark.parametrize("intervention", ["patch", "zero", "mean"])
@pytest.mark.parametrize(
    ("kind", "attention", "metric"),
    [
        ("gpt2", "causal", "states"),
        ("gpt2", "full", "one read"),
        ("llama", "full", "probability"),
        ("qwen2", "block:2", "states"),
        ("qwen3", "causal", "probability"),
        ("qwen3", "full", "states"),
    ],
)
def test_circuits_equal_destinations_run_one_by_one(
    random_member: Callable[..., Member],
    random_batch: Callable[..., Batch],
    slow_run: Callable,
    kind: str,
    attention: str,
    metric: str,
    intervention: str,
) -> None:
    member, batch = random_member(kind, attention), random_batch(metric)
    graph = Graph.of(member.backbone.shape)
    rng = np.random.default_rng(0)
    random = [graph.mask & (rng.random(graph.mask.shape) < p) for p in (0.1, 0.4, 0.6, 0.9)]
    circuits = np.stack([*random, *special_circuits(graph)])
    states = 2 if metric == "states" else 1

    def unchanged(_: int, stream: torch.Tensor, __: Sequence[torch.Tensor]) -> torch.Tensor:
        return stream

    with torch.no_grad():
        corrupted = slow_run(member, batch, member.embed(batch.corrupted).double(), unchanged)[1]
    reference = {
        "patch": corrupted,
        "zero": [torch.zeros_like(source) for source in corrupted],
        "mean": [
            torch.stack([source[i::states].mean(dim=0) for i in range(states)]).repeat(
                len(source) // states, 1, 1
            )
            for source in corrupted
        ],
    }[intervention]
    expected = []
    for circuit in circuits:

        def kept(
            destination: int, stream: torch.Tensor, now: Sequence[torch.Tensor], edges=circuit
        ) -> torch.Tensor:
            for source in np.flatnonzero(graph.mask[:, destination] & ~edges[:, destination]):
                stream = stream + reference[source] - now[source]
            return stream

        with torch.no_grad():
            expected.append(slow_run(member, batch, member.embed(batch.clean).double(), kept)[0].numpy())
    means = mean_outputs(member, [batch]) if intervention == "mean" else None
    found = run_circuits(member, batch, circuits, intervention, means)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    # Stacks of a few rows, some with the rows of two circuits in them, change nothing.
    few = run_circuits(member, batch, circuits, intervention, means, memory=1)
    np.testing.assert_allclose(few, found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("intervention", ["patch", "zero"])
@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_modules_that_a_circuit_does_not_need_are_not_run(
    random_member: Callable[..., Member],
    random_batch: Callable[..., Batch],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    intervention: str,
) -> None:
    member, batch = random_member(kind, "full", layers=3), random_batch()
    graph = Graph.of(member.backbone.shape)
    of, to = (names.index for names in (graph.source_names, graph.destination_names))
    path = np.zeros_like(graph.mask)
    path[of("input"), to("m1")] = path[of("m1"), to("logits")] = True
    positions: list[list[int]] = [[], [], []]
    for seen, layer in zip(positions, member.backbone.layers, strict=True):
        layer.activation.register_forward_pre_hook(
            lambda _, inputs, seen=seen: seen.append(inputs[0].flatten(0, -2).shape[0])
        )
    run_circuits(member, batch, path[None], intervention)
    runs, every = 2, batch.clean.numel()
    assert positions == [[every] * runs, [every] * (runs + 1), [every] * runs]
    # The last MLP is read by the logits alone, and they where the answer is.
    for seen in positions:
        seen.clear()
    path[of("m1"), to("m2")] = path[of("m2"), to("logits")] = True
    run_circuits(member, batch, path[None], intervention)
    assert positions[2] == [every, every, len(batch.read_row)]
    # All edges are the clean run, which is made anyway; no edge needs no module.
    for seen in positions:
        seen.clear()
    run_circuits(member, batch, np.stack([graph.mask, graph.mask & False]), intervention)
    assert positions == [[every] * runs] * 3


def test_pruned_edges_change_nothing_under_patch(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member, batch = random_member("qwen2", "full"), random_batch()
    graph = Graph.of(member.backbone.shape)
    edges = graph.mask & (np.random.default_rng(3).random(graph.mask.shape) < 0.3)
    pruned = graph.prune(edges)
    assert 0 < pruned.sum() < edges.sum()
    whole, rest = run_circuits(member, batch, np.stack([edges, pruned]))
    np.testing.assert_allclose(rest, whole, atol=1e-5)


@pytest.mark.parametrize("reads", [0, 1, 5, 40])
def test_logits_of_variants_are_those_of_each_by_itself(
    random_member: Callable[..., Member], reads: int
) -> None:
    member = random_member("llama")
    read = torch.randn(15, reads, member.backbone.shape.width)
    with torch.no_grad():
        found = [*each_logits(member, read)]
        for logits, alone in zip(found, read, strict=True):
            torch.testing.assert_close(logits, member.logits(alone))


def test_means_of_several_batches_weigh_every_prompt_the_same(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member = random_member("gpt2")
    small, large = random_batch(examples=1, seed=2), random_batch(examples=4, seed=3)
    together = torch.cat([small.corrupted, large.corrupted])
    means = mean_outputs(member, [small, large])
    torch.testing.assert_close(means.embedding, member.embed(together).mean(dim=0, keepdim=True))


def test_strange_requests_are_refused(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member, batch = random_member("llama"), random_batch()
    mask = Graph.of(member.backbone.shape).mask
    with pytest.raises(UsageError, match="stack circuits"):
        run_circuits(member, batch, mask)
    with pytest.raises(UsageError, match="takes boolean edges"):
        run_circuits(member, batch, mask[None, :, 1:])
    with pytest.raises(UsageError, match="mean_outputs"):
        run_circuits(member, batch, mask[None], "mean")
    with pytest.raises(UsageError, match="known: patch, zero, mean"):
        run_circuits(member, batch, mask[None], "resample")
    with pytest.raises(UsageError, match="at least one batch"):
        mean_outputs(member, [])
    with pytest.raises(UsageError, match="one length at a time"):
        mean_outputs(member, [batch, random_batch(tokens=7)])
