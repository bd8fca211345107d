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


@pytest.mark.parametrize("text", ["", "bidirectional", "block", "block:0", "block:-3", "block:x", "full:2"])
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="block:32"):
        Attention.parse(text)


@pytest.mark.parametrize("size", ["0", "-4", "99999999", "9" * 5000])
def test_a_block_has_a_size_that_a_text_can_have(size: str) -> None:
    with pytest.raises(UsageError, match=r"is not known(?s:.)*block:SIZE"):
        Attention.parse(f"block:{size}")
