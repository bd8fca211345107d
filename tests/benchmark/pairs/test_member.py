from collections.abc import Callable

import pytest
import torch
from transformers import DynamicCache

from build.models import KINDS
from mechshift.benchmark.pairs.member import Member

Make = Callable[..., Member]


@pytest.mark.parametrize("kind", KINDS)
def test_a_causal_member_gives_the_native_models_own_logits(kind: str, make: Make) -> None:
    member = make(kind)
    tokens = torch.randint(3, 40, (3, 9))
    with torch.no_grad():
        logits = member.logits(member.hidden(member.embed(tokens)))
        expected = member.backbone.model(tokens).logits
    assert bool((logits[..., 2] == -torch.inf).all())
    kept = [index for index in range(40) if index != 2]
    torch.testing.assert_close(logits[..., kept], expected[..., kept], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_observed_first_is_the_reordered_sequence_with_its_logical_positions(kind: str, make: Make) -> None:
    """As WeDLM runs: visible tokens first, masks last, causally, each with its position in the text."""
    member = make(kind, "observed-first", role="mdm", shift=False)
    tokens = torch.randint(3, 40, (2, 9))
    tokens[0, [2, 3, 7]] = member.mask_id
    tokens[1, [0, 8]] = member.mask_id
    with torch.no_grad():
        found = member.hidden(member.embed(tokens), tokens)
        for row, hidden in zip(tokens, found, strict=True):
            order = torch.tensor(sorted(range(9), key=lambda at: (row[at].item() == member.mask_id, at)))
            expected = member.backbone.base(input_ids=row[order][None], position_ids=order[None])
            torch.testing.assert_close(hidden[order], expected.last_hidden_state[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_causal_context_is_what_a_cache_keeps_and_a_block_without_a_mask_behind_it(
    kind: str, make: Make
) -> None:
    """As Nemotron-Labs-Diffusion decodes: finished blocks causally, once; then the block that is filled."""
    member = make(kind, "context-causal:4", role="mdm", shift=False)
    tokens = torch.randint(3, 40, (2, 12))
    tokens[0, [9, 11]] = member.mask_id
    tokens[1, 8:] = member.mask_id
    base, cache = member.backbone.base, DynamicCache()
    with torch.no_grad():
        found = member.hidden(member.embed(tokens), tokens)
        kept = {member.backbone.cache_argument: cache}
        context = base(input_ids=tokens[:, :8], use_cache=True, **kept)
        block = base(
            input_ids=tokens[:, 8:],
            attention_mask=torch.zeros(2, 1, 4, 12),
            position_ids=torch.arange(8, 12)[None],
            **kept,
        )
    expected = torch.cat((context.last_hidden_state, block.last_hidden_state), dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_padding_that_looks_masked_is_part_of_no_block(make: Make) -> None:
    """Behind a finished block of two tokens stands what another row is longer by."""
    member = make("llama", "context-causal:4", role="mdm", shift=False)
    tokens = torch.randint(3, 40, (1, 8))
    tokens[:, [1, 6, 7]] = member.mask_id
    with torch.no_grad():
        found = member.hidden(member.embed(tokens), tokens, torch.tensor([6]))[:, :6]
        expected = member.hidden(member.embed(tokens[:, :6]), tokens[:, :6])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ["causal", "full", "block:3"])
@pytest.mark.parametrize("kind", KINDS)
def test_both_kernels_agree(kind: str, attention: str, make: Make) -> None:
    embeddings = torch.randn(2, 8, 32)
    outputs = []
    for kernel in ("sdpa", "eager"):
        member = make(kind, attention, attn_implementation=kernel)
        assert member.backbone.model.config._attn_implementation == kernel
        with torch.no_grad():
            outputs.append(member.hidden(embeddings))
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("role", "left_to_right"), [("arm", True), ("control", True), ("mdm", False)])
def test_an_arm_and_a_control_are_asked_from_left_to_right(
    role: str, left_to_right: bool, make: Make
) -> None:
    member = make()
    object.__setattr__(member, "role", role)
    assert member.autoregressive == left_to_right


def test_the_readout_is_one_early_with_shift_alone(make: Make) -> None:
    assert make(shift=True).readout(5) == 4
    assert make(shift=False).readout(5) == 5


def test_a_mask_id_beyond_the_vocabulary_excludes_nothing(make: Make) -> None:
    member = make()
    object.__setattr__(member, "mask_id", 40)
    assert bool(member.logits(torch.randn(1, 32)).isfinite().all())
