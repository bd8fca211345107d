from itertools import product

import pytest
import torch

from mechshift.benchmark.pairs.attention import Attention
from mechshift.errors import UsageError


def seen(kind: str, block: int, row: int, column: int) -> bool:
    return {"causal": column <= row, "full": True, "block": column // block <= row // block}[kind]


@pytest.mark.parametrize("text", ["causal", "full", "block:3", "block:32"])
def test_allowed_follows_the_definition(text: str) -> None:
    attention = Attention.parse(text)
    expected = [
        [seen(attention.kind, attention.block, row, column) for column in range(7)] for row in range(7)
    ]
    assert attention.allowed(torch.zeros(2, 7, dtype=torch.bool)).tolist() == [expected, expected]
    assert str(attention) == text


def within_context(block: int, row: int, column: int, masked: tuple[bool, ...]) -> bool:
    """What stands before is seen, and all of one's own block as long as something in it is masked."""
    first = row - row % block
    return column <= row or (first <= column < first + block and any(masked[first : first + block]))


@pytest.mark.parametrize("block", [1, 2, 3, 4, 6, 7, 32])
def test_a_causal_context_follows_the_definition_whatever_is_masked(block: int) -> None:
    every = list(product([False, True], repeat=7))
    attention = Attention.parse(f"context-causal:{block}")
    expected = [
        [[within_context(block, row, column, masked) for column in range(7)] for row in range(7)]
        for masked in every
    ]
    assert attention.allowed(torch.tensor(every)).tolist() == expected
    assert str(attention) == f"context-causal:{block}"


def test_in_a_causal_context_the_block_that_is_filled_is_full_and_what_is_filled_causal() -> None:
    """An answer of 70 tokens behind a prompt of 40, filled but for its last block of 32, which is full."""
    masked = torch.arange(110)[None] >= 96
    found = Attention.parse("context-causal:32").allowed(masked)[0]
    causal = torch.ones(110, 110).tril().bool()
    assert torch.equal(found[:96], causal[:96])
    assert bool(found[96:].all())


@pytest.mark.parametrize(("masked", "same"), [(True, "block:3"), (False, "causal")])
def test_a_causal_context_is_blocks_where_all_is_masked_and_causal_where_nothing_is(
    masked: bool, same: str
) -> None:
    where = torch.full((2, 8), masked)
    found, expected = (Attention.parse(text).allowed(where) for text in ("context-causal:3", same))
    assert torch.equal(found, expected)


def test_the_mask_of_a_causal_context_is_each_row_s_own() -> None:
    masked = torch.tensor([[False, False, True, False], [True, False, False, False]])
    mask = Attention.parse("context-causal:2").mask(masked, torch.float32)
    seen = (mask[:, 0] == 0).long().tolist()
    assert seen[0] == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert seen[1] == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("text", "blocks"), [("full", [0, 0, 0]), ("block:4", [0, 0, 2]), ("context-causal:4", [0, 0, 2])]
)
def test_positions_are_in_blocks_counted_from_the_first_token(text: str, blocks: list[int]) -> None:
    assert Attention.parse(text).block_of(torch.tensor([0, 3, 8])).tolist() == blocks


def test_observed_first_is_causal_over_the_visible_tokens_and_then_the_masked_ones() -> None:
    masked = torch.tensor([[False, True, False, True, False], [False] * 5])
    first, second = Attention.parse("observed-first").allowed(masked).tolist()
    order = [0, 2, 4, 1, 3]
    for place, row in enumerate(order):
        assert {column for column in range(5) if first[row][column]} == set(order[: place + 1])
    assert second == Attention.parse("causal").allowed(masked)[0].tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mask_is_zero_where_seen_and_the_minimum_elsewhere(dtype: torch.dtype) -> None:
    mask = Attention.parse("block:2").mask(torch.zeros(1, 4, dtype=torch.bool), dtype)
    low = torch.finfo(dtype).min
    assert mask.dtype == dtype
    assert mask.tolist() == [[[[0, 0, low, low], [0, 0, low, low], [0, 0, 0, 0], [0, 0, 0, 0]]]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bidirectional",
        "block",
        "block:0",
        "block:-3",
        "block:x",
        "full:2",
        "context-causal",
        "context-causal:0",
        "context-causal:full",
    ],
)
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="block:32"):
        Attention.parse(text)


@pytest.mark.parametrize("size", ["0", "-4", "99999999", "9" * 5000])
def test_a_block_has_a_size_that_a_text_can_have(size: str) -> None:
    for kind in ("block", "context-causal"):
        with pytest.raises(UsageError, match=r"is not known(?s:.)*block:SIZE"):
            Attention.parse(f"{kind}:{size}")
