"""What attribution adds up, against exact sums."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.portions import (
    MOST_BYTES,
    SOURCE_BYTES,
    SOURCE_POSITIONS,
    rows_at_once,
    tokens_stacked,
)
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.circuits.sums import ByGroup, GroupSums, widest
from mechshift.benchmark.pairs.member import Member

DEVICE = torch.device("cpu")


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    """A device that has float64, and one that has not."""
    monkeypatch.setattr("mechshift.benchmark.circuits.sums.widest", lambda _: request.param)
    found: torch.dtype = request.param
    return found


def test_this_device_has_double_precision() -> None:
    assert widest(DEVICE) == torch.float64


@pytest.mark.usefixtures("precision")
def test_thousands_of_numbers_add_up_as_in_double_precision() -> None:
    """Of sizes from 1e-4 to 1e4, so that what is small is lost in plain single precision."""
    numbers = np.random.default_rng(0)
    values = numbers.standard_normal((4000, 2)) * 10.0 ** numbers.integers(-4, 5, (4000, 2))
    values = values.astype(np.float32)
    sums, plain = GroupSums((3, 4, 5), DEVICE), np.zeros(2, np.float32)
    for value in values:
        plain += value
        sums.add(torch.tensor([2, 0]), (slice(1, 2), slice(3)), torch.from_numpy(value).view(2, 1, 1))
    exact = [float(sum(map(Fraction, column.tolist()))) for column in values.T]
    found = sums.fetched().numpy()
    assert found.dtype == np.float64
    size = np.abs(values).sum(axis=0, dtype=np.float64)
    assert (np.abs(plain - exact) > 1e-9 * size).all(), "float32 alone would do"
    for group, expected, scale in zip((2, 0), exact, size, strict=True):
        np.testing.assert_allclose(found[group, 1, :3], expected, rtol=0, atol=1e-13 * scale)
    elsewhere = np.ones(found.shape, bool)
    elsewhere[[0, 2], 1, :3] = False
    assert (found[elsewhere] == 0).all()


@pytest.mark.usefixtures("precision")
def test_a_number_that_is_not_finite_stays_so() -> None:
    sums = GroupSums((1, 1), DEVICE)
    for value in (1.0, torch.inf, 1.0):
        sums.add(torch.tensor([0]), (slice(1),), torch.tensor([[value]]))
    assert not sums.fetched().isfinite().any()


def test_scores_do_not_need_double_precision(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch], precision: torch.dtype
) -> None:
    member, batches = random_member("qwen2", "full"), [random_batch("states", seed=seed) for seed in (1, 2)]
    found = attribute(member, batches, Integration("midpoint", 2), groups=4, places=True, neurons=True)
    apart = [attribute(member, [each], Integration("midpoint", 2), groups=4) for each in batches]
    expected = sum(each.score_sums for each in apart)
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-6}[precision] * np.abs(expected).max()
    np.testing.assert_allclose(found.score_sums, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("rows", [slice(None), slice(1, 4), torch.tensor([4, 0])], ids=str)
def test_rows_are_summed_by_the_group_of_their_example(rows: torch.Tensor | slice) -> None:
    group = torch.tensor([7, 2, 7, 9, 2])
    values = torch.from_numpy(np.random.default_rng(1).standard_normal((5, 2, 3)).astype(np.float32))
    by_group = ByGroup.of(group, DEVICE)
    expected = np.zeros((10, 2, 3))
    np.add.at(expected, group[rows].numpy(), values[rows].double().numpy())
    assert by_group.groups.tolist() == [2, 7, 9]
    np.testing.assert_allclose(by_group.summed(values[rows], rows), expected[[2, 7, 9]], atol=1e-12)


def test_where_no_edge_is_there_is_no_score(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    """An MLP's output and its own input are in one product, and are no edge."""
    found = attribute(random_member("llama", "full"), [random_batch()], Integration(), groups=3, places=True)
    assert found.outside is not None
    assert found.outside.sums is not None
    for sums in (found.score_sums, found.outside.sums):
        assert (sums[..., ~found.graph.mask] == 0).all()
    assert (found.score_sums[0][found.graph.mask] != 0).mean() > 0.9


def test_groups_without_an_example_have_no_score(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    batch = random_batch()
    found = attribute(
        random_member("gpt2"), [batch, batch], Integration("midpoint", 2), groups=5, neurons=True
    )
    once = attribute(random_member("gpt2"), [batch], Integration("midpoint", 2), groups=5, neurons=True)
    unused = np.setdiff1d(np.arange(5), batch.groups.numpy())
    assert len(unused)
    assert found.neuron_sums is not None
    assert once.neuron_sums is not None
    assert (found.score_sums[unused] == 0).all()
    assert (found.neuron_sums[unused] == 0).all()
    # The same batch twice is twice the sum to the last bit: nothing of the first is lost.
    np.testing.assert_array_equal(found.score_sums, 2 * once.score_sums)
    np.testing.assert_array_equal(found.neuron_sums, 2 * once.neuron_sums)


def test_narrow_models_are_run_in_longer_stacks() -> None:
    assert [tokens_stacked(width) for width in (16, 64, 128, 768, 8192)] == [4096, 1024, 512, 512, 512]


@pytest.mark.parametrize(
    ("sources", "width", "tokens"),
    [(49, 128, 24), (157, 768, 20), (157, 768, 1000), (813, 3584, 30), (5201, 8192, 60)],
)
def test_what_sources_write_is_held_within_its_bounds(sources: int, width: int, tokens: int) -> None:
    """At least so many bytes or positions as are worth it, as long as they are not too many."""
    row = 4 * sources * width * tokens
    rows = rows_at_once(sources, width, tokens)
    assert rows == 1 or rows * row <= MOST_BYTES
    one_more = (rows + 1) * row
    assert one_more > MOST_BYTES or (one_more > SOURCE_BYTES and (rows + 1) * tokens > SOURCE_POSITIONS)
