"""Nemotron-Labs-Diffusion is an MDM and, with a causal mask, an ARM: a control of the very same weights."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from build.families.each import of_families
from build.families.lessons import learnt_texts
from build.families.published import FAMILIES
from mechshift.benchmark.admission.examination import check_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_controls, get_pair
from mechshift.benchmark.pairs.spec import CAUSAL, PairSpec

NEMOTRON = of_families(["nemotron"])


@pytest.fixture(scope="module")
def as_arm(published: Callable[[str], PairSpec]) -> Pair:
    """The control pair of the entry, its checkpoints those of the family's small pair."""
    spec = published("nemotron")
    entry = get_pair(get_controls(FAMILIES["nemotron"].pair)[0])
    assert (entry.control, entry.mdm.attention, entry.mdm.shift) == (True, CAUSAL, True)
    found = check_pair(
        replace(entry, arm=spec.arm, mdm=replace(spec.mdm, attention=CAUSAL, shift=True)), "cpu"
    )
    assert {finding.verdict for finding in found.findings} == {"passed"}
    assert found.pair is not None
    return found.pair


@NEMOTRON
def test_the_control_has_the_weights_of_the_mdm(
    name: str, as_arm: Pair, loaded: Callable[[str], Pair]
) -> None:
    assert as_arm.mdm_provenance.digest == loaded(name).mdm_provenance.digest
    assert as_arm.mdm.autoregressive
    assert not loaded(name).mdm.autoregressive


def right_next_tokens(logits: Tensor, tokens: Tensor, lengths: Tensor) -> float:
    """Share of the tokens behind the first that are the likeliest ones behind those before them."""
    inside = torch.arange(1, tokens.shape[1]) < lengths[:, None]
    return float((logits[:, :-1].argmax(-1) == tokens[:, 1:])[inside].float().mean())


@NEMOTRON
def test_it_goes_on_from_left_to_right_as_its_native_model_does(name: str, as_arm: Pair) -> None:
    member, texts = as_arm.mdm, learnt_texts(FAMILIES[name].manner, ends=True)
    tokens, lengths = texts.tokens[:16], texts.lengths[:16]
    with torch.no_grad():
        found = member.logits(member.hidden(member.embed(tokens), tokens, lengths))
        native = member.backbone.model(tokens).logits
    native[..., member.mask_id] = -torch.inf
    share = right_next_tokens(found, tokens, lengths)
    assert share == right_next_tokens(native, tokens, lengths)
    assert share > 0.5
