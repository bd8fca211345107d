"""Scores split by the position of their source, against explicit sums over positions in float64."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from build.batches import MASK
from build.models import KINDS
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.places import BEFORE, BEHIND, BETWEEN, borders, spans
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.errors import NotComputable

MakeMember = Callable[..., Member]
TOKENS = 7
ROWS = {
    # row: (first token that differs, positions that are read)
    0: (2, [4]),
    1: (2, [4]),
    2: (1, [3, 5]),
    3: (4, [2]),  # read before anything differs
    4: (0, [6]),
    5: (3, []),  # a state in which nothing is read
}
EXAMPLES = torch.tensor([0, 1, 2, 2, 3, 3])


@pytest.fixture
def batch() -> Batch:
    """Rows of several borders, of four examples in two groups."""
    generator = torch.Generator().manual_seed(5)
    clean = torch.randint(MASK, (len(ROWS), TOKENS), generator=generator)
    corrupted = clean.clone()
    for row, (first, _) in ROWS.items():
        corrupted[row, first:] = (clean[row, first:] + 5) % MASK
        corrupted[row, first + 1 : first + 2] = clean[
            row, first + 1 : first + 2
        ]  # differs, and is equal again
    read = [(row, position) for row, (_, positions) in ROWS.items() for position in positions]
    read_row, read_position = torch.tensor(read).T
    answer, foil = torch.randint(MASK, (2, len(read)), generator=generator)
    metric = LogitDifference(EXAMPLES[read_row], answer, foil, 4)
    return Batch(clean, corrupted, read_row, read_position, metric, torch.tensor([0, 1, 1, 0]), EXAMPLES)


def place_of(row: int, position: int) -> int:
    first, reads = ROWS[row]
    if position < first:
        return BEFORE
    return BETWEEN if position <= max(reads, default=-1) else BEHIND


def slowly(slow_run: Callable, member: Member, batch: Batch, points: list[float]) -> np.ndarray:
    """Scores [3, groups, sources, destinations]: every row and position alone, put into its place by hand."""
    graph = Graph.of(member.backbone.shape)
    clean, corrupted = (member.embed(tokens).double().detach() for tokens in (batch.clean, batch.corrupted))
    with torch.no_grad():
        wrote = [
            slow_run(member, batch, start, lambda _, stream, __: stream)[1] for start in (clean, corrupted)
        ]
    mean = torch.zeros(graph.destinations, *clean.shape, dtype=torch.double)
    for point in points:
        probes = torch.zeros_like(mean, requires_grad=True)

        def probed(destination: int, stream: Tensor, _: list[Tensor], probes: Tensor = probes) -> Tensor:
            return stream + probes[destination]

        values, _ = slow_run(member, batch, corrupted + point * (clean - corrupted), probed)
        mean += torch.autograd.grad(values.sum(), probes)[0] / len(points)
    difference = torch.stack([a - b for a, b in zip(*wrote, strict=True)])
    found = np.zeros((3, 2, *graph.mask.shape))
    for row in ROWS:
        group = int(batch.groups[EXAMPLES[row]])
        for position in range(TOKENS):
            here = (difference[:, row, position] @ mean[:, row, position].T).numpy() * graph.mask
            found[place_of(row, position), group] += here
    return found


@pytest.mark.parametrize("attention", ["full", "block:3"])
@pytest.mark.parametrize("kind", KINDS)
def test_places_hold_what_their_positions_add_up_to(
    random_member: MakeMember, batch: Batch, slow_run: Callable, kind: str, attention: str
) -> None:
    member, integration = random_member(kind, attention), Integration("midpoint", 3)
    expected = slowly(slow_run, member, batch, integration.points()[:, 0].tolist())
    assert (np.abs(expected).sum(axis=(1, 2, 3)) > 0.005 * np.abs(expected).sum()).all(), "all have a share"
    found = attribute(member, [batch], integration, groups=2, tokens_at_once=40, places=True)
    assert found.outside is not None
    assert found.outside.sums is not None
    assert found.outside.sums.dtype == np.float32
    tolerance = 2e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found.outside.sums, expected[::2], rtol=1e-4, atol=tolerance)
    np.testing.assert_allclose(found.score_sums, expected.sum(axis=0), rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_places_add_up_to_the_score_as_it_is_without_them(
    random_member: MakeMember, batch: Batch, kind: str
) -> None:
    member = random_member(kind, "full")
    whole = attribute(member, [batch], Integration(), groups=2)
    split = attribute(member, [batch], Integration(), groups=2, places=True)
    largest = np.abs(whole.scores()).max()
    for groups in (None, np.array([1, 1, 0])):
        by_place = split.scores_by_place(groups)
        assert by_place.shape == (3, *whole.graph.mask.shape)
        np.testing.assert_allclose(by_place.sum(axis=0), whole.scores(groups), rtol=0, atol=1e-6 * largest)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_causal_model_everything_is_between(
    random_member: MakeMember, batch: Batch, slow_run: Callable, kind: str
) -> None:
    """Blocks of one token are causal too, but go through the code that tells places apart."""
    causal, blocks = random_member(kind, "causal"), random_member(kind, "block:1")
    by_hand = slowly(slow_run, causal, batch, Integration().points()[:, 0].tolist())
    assert np.abs(by_hand[BETWEEN]).max() > 0.1
    assert np.abs(by_hand[[BEFORE, BEHIND]]).max() < 1e-12 * np.abs(by_hand).max()
    found = attribute(causal, [batch], Integration(), groups=2, places=True)
    measured = attribute(blocks, [batch], Integration(), groups=2, places=True)
    assert found.outside is not None
    assert found.outside.sums is None, "nothing is kept where it is 0 by construction"
    np.testing.assert_array_equal(
        found.scores_by_place(), [0 * found.scores(), found.scores(), 0 * found.scores()]
    )
    assert measured.outside is not None
    assert np.abs(measured.outside.sums).max() <= 1e-6 * np.abs(measured.score_sums).max()


@pytest.mark.parametrize("at_once", [1, 3])
def test_rows_taken_a_few_at_a_time_give_the_same(
    random_member: MakeMember, batch: Batch, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = random_member("gpt2", "full")
    whole = attribute(member, [batch], Integration(), groups=2, places=True).scores_by_place()
    monkeypatch.setattr("mechshift.benchmark.circuits.attribution.rows_at_once", lambda *_: at_once)
    parts = attribute(member, [batch], Integration(), groups=2, places=True).scores_by_place()
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6 * np.abs(whole).max())


def test_every_row_and_position_is_in_one_span(batch: Batch) -> None:
    """So that telling places apart costs no further products."""
    found = spans(borders(batch), TOKENS)
    seen = torch.full((len(ROWS), TOKENS), -1)
    for span in found:
        assert (seen[span.rows, span.tokens] == -1).all()
        seen[span.rows, span.tokens] = span.place
    assert seen.tolist() == [[place_of(row, position) for position in range(TOKENS)] for row in ROWS]
    assert len([span for span in found if span.place == BETWEEN]) == 3, "rows 0 and 1 stand together"


def test_rows_alike_are_not_copied(batch: Batch) -> None:
    alike = spans(borders(batch)[:2], TOKENS)
    assert [(span.rows, span.place) for span in alike] == [(slice(None), place) for place in range(3)]
    values = torch.zeros(5, 2, TOKENS, 3)
    assert all(span.of(values).data_ptr() == values[:, :, span.tokens].data_ptr() for span in alike)


def test_prompts_that_are_the_same_have_nothing_between(batch: Batch) -> None:
    same = replace(batch, corrupted=batch.clean)
    assert (borders(same) == TOKENS).all()


def test_places_that_were_not_told_apart_are_not_given(random_member: MakeMember, batch: Batch) -> None:
    found = attribute(random_member("llama", "full"), [batch], Integration(), groups=2)
    with pytest.raises(NotComputable, match="not told apart"):
        found.scores_by_place()
