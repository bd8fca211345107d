"""Fast-dLLM v2 reads a block's first token at the last position of the block before: the plain shift."""

from collections.abc import Callable

import pytest
import torch

from build.families.each import of_families
from mechshift.benchmark.asking.decoding import target_logits
from mechshift.benchmark.pairs.pair import Pair

FAST_DLLM = of_families(["fast-dllm-v2"])
BLOCK = 32


@FAST_DLLM
@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_blocks_first_token_is_read_in_the_block_before(
    name: str, block: int, loaded: Callable[[str], Pair]
) -> None:
    member = loaded(name).mdm
    start = BLOCK * block
    assert member.attention.block == BLOCK
    assert member.readout(start) == start - 1
    assert member.readout(start) // BLOCK == block - 1


@FAST_DLLM
def test_it_is_read_off_the_block_before_alone(name: str, loaded: Callable[[str], Pair]) -> None:
    """As the native model, without any mask, gives it for the first block alone, all of which sees all."""
    member = loaded(name).mdm
    tokens = torch.randint(3, 200, (2, 2 * BLOCK))
    tokens[:, BLOCK:] = member.mask_id
    whole = torch.zeros(1, 1, BLOCK, BLOCK)
    with torch.no_grad():
        found = target_logits(member, tokens, torch.tensor([[BLOCK], [BLOCK]]))[:, 0]
        model = member.backbone.model
        expected = model(tokens[:, :BLOCK], attention_mask=whole.expand(2, -1, -1, -1)).logits[:, -1]
    expected[:, member.mask_id] = -torch.inf
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@FAST_DLLM
def test_its_other_tokens_are_read_inside_the_block(name: str, loaded: Callable[[str], Pair]) -> None:
    member = loaded(name).mdm
    inside = range(BLOCK + 1, 2 * BLOCK)
    assert {member.readout(position) // BLOCK for position in inside} == {1}
