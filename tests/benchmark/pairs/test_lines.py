"""Lines: what they declare, what they see, and beside what there is none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.lines import make_line
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.spec import Noise, PairSpec, declare_pair
from mechshift.benchmark.pairs.words import Words
from mechshift.errors import UsageError

Write = Callable[..., Path]
MASK = 2
PAIR = declare_pair("org/arm@v1", "org/mdm@v2", shift=False, attention="block:4", name="mine")


def test_each_line_is_made_from_one_of_the_pair_s_checkpoints() -> None:
    bidirectional = make_line(PAIR, "arm-bidirectional", 7)
    assert bidirectional.mdm == replace(PAIR.arm, attention=Attention("full"), mask_token=7)
    causal = make_line(PAIR, "mdm-causal", 7)
    assert causal.mdm == replace(PAIR.mdm, attention=Attention("causal"), mask_token=7)
    noise = make_line(PAIR, "noise:3", 7)
    assert noise.mdm == replace(PAIR.arm, mask_token=7)
    assert noise.noise == Noise(PAIR.mdm, 0.5, 3)
    for line in (bidirectional, causal, noise):
        assert line.arm == PAIR.arm
        assert not line.control
    assert [line.name for line in (bidirectional, causal, noise)] == [
        "mine-arm-bidirectional",
        "mine-mdm-causal",
        "mine-noise-3",
    ]
    assert [line.autoregressive for line in (bidirectional, causal, noise)] == [False, False, True]


def test_one_seed_of_noise_is_one_line() -> None:
    assert make_line(PAIR, "noise:05", 7) == make_line(PAIR, "noise:5", 7)
    assert make_line(PAIR, "noise:0", 7) == make_line(PAIR, "noise", 7)


def test_what_a_line_is_stands_first_among_its_confounds() -> None:
    pair = replace(PAIR, confounds=("other data",))
    assert make_line(pair, "noise", 7).confounds == (
        "a line beside mine, no control: the ARM with normal noise on every matrix, asked as an ARM; its "
        "norm is 0.5 of what post-training moved the matrix by, its seed 0",
    )
    # The MDM's own training is in it, so that what came with that is too.
    assert make_line(pair, "mdm-causal", 7).confounds[1:] == ("other data",)


REFUSED: list[tuple[PairSpec, str, str]] = [
    (PAIR, "noisy", "unknown line 'noisy'\ndid you mean noise"),
    (PAIR, "noise:x", "unknown line 'noise:x'"),
    (PAIR, "noise:-1", "unknown line"),
    (declare_pair("a", "b", attention="causal"), "mdm-causal", "the MDM of a--b is causal itself"),
    (declare_pair("a", "b", control=True), "noise", "beside a--b, which is no pair with an MDM"),
    (make_line(PAIR, "noise", 7), "mdm-causal", "which is no pair with an MDM"),
]


@pytest.mark.parametrize(("pair", "line", "said"), REFUSED)
def test_a_line_that_makes_no_sense_is_refused(pair: PairSpec, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_line(pair, line, 7)


def test_the_option_is_named_as_it_was_given() -> None:
    causal = declare_pair("a", "b", attention="causal")
    with pytest.raises(UsageError, match=r"^--line mdm-causal"):
        make_line(causal, "mdm-causal", 7, Words.COMMAND_LINE)


def early_logits(member: Member, last: int) -> torch.Tensor:
    """At all positions but the last one, whose token is given."""
    text = torch.tensor([[3, 4, 5, 6, 7, last]])
    with torch.no_grad():
        return member.logits(member.hidden(member.embed(text), text))[:, :-1]


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3"])
def test_early_positions_see_later_tokens_under_the_bidirectional_mask_alone(kind: str, write: Write) -> None:
    pair = declare_pair(write("arm", kind), write("mdm", kind, seed=1))
    line = open_pair(make_line(pair, "arm-bidirectional", MASK), "cpu")
    assert torch.equal(early_logits(line.arm, 8), early_logits(line.arm, 9))
    moved = (early_logits(line.mdm, 8) - early_logits(line.mdm, 9)).nan_to_num().abs().amax(dim=-1)
    assert bool((moved > 1e-4).all())
    # It is the ARM: under the ARM's mask it computes what the ARM does.
    causal = replace(line.mdm, attention=Attention("causal"))
    assert torch.equal(early_logits(causal, 8), early_logits(line.arm, 8))
    assert line.same_weights


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3"])
def test_the_mdm_sees_no_later_token_under_the_causal_mask(kind: str, write: Write) -> None:
    spec = declare_pair(write("arm", kind), write("mdm", kind, seed=1))
    pair, line = open_pair(spec, "cpu"), open_pair(make_line(spec, "mdm-causal", MASK), "cpu")
    assert torch.equal(early_logits(line.mdm, 8), early_logits(line.mdm, 9))
    assert not torch.allclose(early_logits(pair.mdm, 8), early_logits(pair.mdm, 9))
    assert line.mdm_provenance == pair.mdm_provenance


@pytest.mark.parametrize("line", ["arm-bidirectional", "mdm-causal", "noise"])
def test_a_line_is_loaded_although_nobody_trained_it_to_fill_gaps(line: str) -> None:
    from mechshift.benchmark.pairs.registry import get_pair

    spec = make_line(get_pair("tiny"), line, MASK)
    pair = load_pair(spec, "cpu")
    # Nothing in doubt is noted: neither behaviour nor members of the same weights.
    assert pair.confounds == spec.confounds


def test_a_mask_token_that_the_arm_s_files_call_otherwise_is_the_pair_s(write: Write) -> None:
    arm = write("arm", mask="[MASK]")
    other = make_line(declare_pair(arm, write("mdm", seed=1)), "arm-bidirectional", 5)
    assert open_pair(other, "cpu").mdm.mask_id == 5
