"""What the families' own code wrote and computed, loaded as their registry entries declare."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mechshift.benchmark.admission.checks import OF_A_MEMBER
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.loading import load_member
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.registry import get_pair

ORACLES = Path(__file__).parents[3] / "oracles" / "families"
BEYOND = 64
"""An id behind the vocabulary: nothing of the input counts as masked, and no logit is left out."""


def load(family: str, entry: str, kernel: str) -> Member:
    declared = get_pair(entry).mdm
    loader = replace(declared.loader, precision="float32", kernel=kernel)
    here = replace(
        declared, checkpoint=str(ORACLES / family), place="directory", revision=None, loader=loader
    )
    return load_member(here, find_checkpoint(here), "mdm", BEYOND, torch.device("cpu"))


def compare(member: Member, family: str, array: str) -> None:
    reference = np.load(ORACLES / family / "reference.npz")
    tokens = torch.tensor(reference["input_ids"])
    with torch.no_grad():
        logits = member.logits(member.hidden(member.embed(tokens), tokens))
    np.testing.assert_allclose(logits.numpy(), reference[array], atol=1e-4)


@pytest.mark.parametrize("kernel", ["sdpa", "eager"])
@pytest.mark.parametrize(
    ("family", "entry", "array"),
    [
        ("dream", "dream-7b", "logits_full"),
        ("sdar", "sdar-1.7b", "logits_block4"),
        ("wedlm", "wedlm-8b", "logits_causal"),
        ("diffugpt", "diffugpt-s", "logits_full"),
    ],
)
def test_a_familys_entry_gives_its_own_codes_logits(family: str, entry: str, array: str, kernel: str) -> None:
    """WeDLM's is causal here: nothing is masked, so that all of the text is observed, in its order."""
    member = load(family, entry, kernel)
    compare(member, family, array)
    for _, check, _ in OF_A_MEMBER:
        check(member)


def test_diffugpts_code_and_its_entry_agree_under_a_causal_mask_too() -> None:
    member = replace(load("diffugpt", "diffugpt-s", "sdpa"), attention=Attention("causal"))
    compare(member, "diffugpt", "logits_causal4d")
