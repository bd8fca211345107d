"""Running what two prompts share once changes no number beyond rounding."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from build.models import KINDS
from mechshift.benchmark.circuits import prefix
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits, whole_model
from mechshift.benchmark.circuits.prefix import behind_shared_prefix
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member

ROWS, TOKENS, SHARED = 4, 26, 20
RandomMember = Callable[..., Member]


@pytest.fixture
def batch() -> Batch:
    """Prompts of random tokens, two rows of one header, read at two positions; apart right after it."""
    generator = torch.Generator().manual_seed(3)
    clean = torch.randint(1, 22, (ROWS, TOKENS), generator=generator)
    clean[1, :SHARED] = clean[0, :SHARED]
    corrupted = clean.clone()
    corrupted[:, SHARED] = (clean[:, SHARED] + 7) % 22
    index = torch.arange(ROWS)
    read = torch.cat([torch.full((ROWS,), TOKENS - 2), torch.full((ROWS,), TOKENS - 1)])
    answer, foil = torch.randint(1, 22, (2, 2 * ROWS), generator=generator)
    metric = LogitDifference(index.repeat(2), answer, foil, ROWS)
    return Batch(clean, corrupted, index.repeat(2), read, metric, index % 2)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes every pass take whole prompts."""
    return lambda: monkeypatch.setattr(prefix, "LEAST", TOKENS)


@pytest.mark.parametrize("kind", KINDS)
def test_later_tokens_are_computed_as_behind_whole_prompts(
    kind: str, batch: Batch, random_member: RandomMember
) -> None:
    member = random_member(kind, "causal")
    behind, rest = behind_shared_prefix(member, batch)
    assert rest.clean.shape == rest.corrupted.shape == (ROWS, TOKENS - SHARED)
    assert rest.read_position.tolist() == [each - SHARED for each in batch.read_position.tolist()]
    for whole, part in ((batch.clean, rest.clean), (batch.corrupted, rest.corrupted)):
        expected = member.hidden(member.embed(whole))[:, SHARED:]
        assert torch.allclose(behind.hidden(behind.embed(part)), expected, atol=1e-5)


@pytest.mark.parametrize("tokens_at_once", [1, 60, 4096])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_whole_prompts(
    kind: str,
    tokens_at_once: int,
    batch: Batch,
    random_member: RandomMember,
    without: Callable[[], None],
) -> None:
    member, integration = random_member(kind, "causal"), Integration("midpoint", 3)
    found = attribute(member, [batch], integration, 2, tokens_at_once)
    without()
    assert behind_shared_prefix(member, batch) == (member, batch)
    expected = attribute(member, [batch], integration, 2)
    largest = np.abs(expected.score_sums).max()
    assert found.score_sums == pytest.approx(expected.score_sums, abs=1e-5 * largest)
    assert found.clean == pytest.approx(expected.clean, abs=1e-5)
    assert found.corrupted == pytest.approx(expected.corrupted, abs=1e-5)


@pytest.mark.parametrize("memory", [1, 2**24])
@pytest.mark.parametrize("intervention", ["patch", "zero"])
@pytest.mark.parametrize("kind", KINDS)
def test_circuits_run_as_on_whole_prompts(
    kind: str,
    intervention: str,
    memory: int,
    batch: Batch,
    random_member: RandomMember,
    without: Callable[[], None],
) -> None:
    member = random_member(kind, "causal")
    graph = Graph.of(member.backbone.shape)
    edges = graph.mask & (np.random.default_rng(0).random((3, *graph.mask.shape)) < 0.5)
    found = run_circuits(member, batch, edges, intervention, memory=memory)  # type: ignore[arg-type]
    whole = whole_model(member, batch)
    without()
    expected = run_circuits(member, batch, edges, intervention)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, abs=1e-4)
    assert np.array(whole) == pytest.approx(np.array(whole_model(member, batch)), abs=1e-5)


@pytest.mark.parametrize("attention", ["full", "block:4"])
def test_what_later_tokens_reach_is_not_run_once(
    attention: str, batch: Batch, random_member: RandomMember
) -> None:
    member = random_member("llama", attention)
    assert behind_shared_prefix(member, batch) == (member, batch)


def test_what_is_read_stays_in_the_batch(batch: Batch, random_member: RandomMember) -> None:
    early = replace(batch, read_position=batch.read_position.clamp(max=17))
    _, rest = behind_shared_prefix(random_member("llama", "causal"), early)
    assert rest.read_position.tolist() == [0] * 2 * ROWS
    assert rest.clean.shape[1] == TOKENS - 17


def test_few_shared_tokens_are_not_worth_a_pass(batch: Batch, random_member: RandomMember) -> None:
    member = random_member("llama", "causal")
    few = replace(batch, corrupted=batch.corrupted.index_fill(1, torch.tensor([prefix.LEAST - 1]), 0))
    assert behind_shared_prefix(member, few) == (member, few)
