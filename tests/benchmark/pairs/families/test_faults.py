"""Every wrong declaration, in every family, and the name of the check that catches it.

What only weights can show is asked once of families that are the same weights under other names.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from build.families.each import EVERY_FAMILY, of_families
from build.families.published import FAMILIES
from build.families.writing import mask_id_of
from mechshift.benchmark.admission.behaviour import observe
from mechshift.benchmark.admission.load import load_pair, open_pair
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.spec import MemberSpec, PairSpec
from mechshift.errors import PairError

Published = Callable[[str], PairSpec]
Fault = Literal["shift", "attention", "block", "layout", "mask token", "key map", "lost key"]

FAULTS = ("shift", "attention", "block", "layout", "mask token", "key map", "lost key")
B, M, P, C, DOUBT = "behaviour", "mask token", "parameters", "configuration", "doubt"
TABLE: dict[str, tuple[str, ...]] = {
    "dream": (B, B, B, B, M, P, C),
    "dream-coder": (B, B, B, B, M, P, C),
    "diffucoder": (B, B, B, B, M, P, C),
    "diffullama": (B, B, B, B, B, P, C),
    "diffugpt-s": (B, B, B, B, B, P, P),
    "diffugpt-m": (B, B, B, B, B, P, P),
    "a2d-qwen3-mdlm": (B, B, B, B, M, P, C),
    "a2d-qwen3-bd3lm": (B, B, B, B, M, P, C),
    "a2d-qwen2-mdlm": (B, B, B, B, M, P, C),
    "a2d-qwen2-bd3lm": (B, B, B, B, M, P, C),
    "opdlm": (B, B, B, B, M, P, C),
    "open-dcoder": (B, B, B, B, M, P, C),
    "sdar": (B, B, B, B, M, P, C),
    "sdar-moe": (B, B, B, B, M, P, C),
    "trado": (B, B, B, B, M, P, C),
    "trado-thinking": (B, B, B, B, M, P, C),
    "opdlm-math": (B, B, B, B, M, P, C),
    "i-dlm": (B, B, B, DOUBT, M, P, C),
    "stable-diffcoder": (B, B, B, B, B, P, C),
    "efficient-dlm": (B, B, B, B, M, P, C),
    "nemotron": (B, B, B, DOUBT, M, P, C),
    "fast-dllm-v2": (B, B, B, B, M, P, C),
    "wedlm-8b": (B, B, B, B, M, P, C),
    "wedlm-7b": (B, B, B, B, M, P, C),
    "rnd1": (B, B, B, B, M, P, C),
}
"""By family, in the order of FAULTS: the check that refuses the declaration.

A mask token that the MDM's own files name is refused by them; DiffuLLaMA's, DiffuGPT's and Stable-DiffCoder's
name none. A lost key is `rope_theta`. GPT-2 has no rotary embedding: there it is `n_positions`, without which
the native class has position embeddings of another shape. Llama's is the native class's own, so that losing
it changes nothing: there it is `rms_norm_eps`. Ministral 3's stands among other rotary settings, which are
lost with it.

In either order of the tokens, what stands before a single gap sees the same, and there I-DLM reads;
Nemotron-Labs-Diffusion, which has learnt from causal contexts, fills a gap well from one with a hole in it.
So the other order is not refused, but it is in doubt, and blocks of the right size are named.
"""

INSTEAD: dict[str, tuple[str, str, str]] = {
    "full": ("causal", "block:4", "observed-first"),
    "causal": ("full", "block:32", "observed-first"),
    "block:4": ("full", "block:32", "observed-first"),
    "block:32": ("causal", "block:8", "observed-first"),
    "context-causal:32": ("causal", "context-causal:8", "observed-first"),
    "observed-first": ("causal", "block:4", "full"),
}
"""By attention, the wrong ones: of another kind, with blocks of another size, and in another order."""
LOST = {"gpt2": "n_positions", "llama": "rms_norm_eps", "ministral3": "rope_parameters"}


def wrong(name: str, fault: str, right: MemberSpec) -> MemberSpec:
    """The family's declaration with one fault in it."""
    family, loader = FAMILIES[name], right.loader
    if fault == "shift":
        return replace(right, shift=not right.shift)
    if fault == "mask token":
        return replace(right, mask_token=mask_id_of(family) - 1)
    if fault == "key map":
        published = r"^encoder\.norm\." if family.encoder else r"^model\.norm\."
        renamed = r"^denoise_model\." if family.kind == "gpt2" else published
        return replace(right, loader=replace(loader, key_map=((renamed, "elsewhere."),)))
    if fault == "lost key":
        lost = LOST.get(family.kind, "rope_theta")
        return replace(right, loader=replace(loader, dropped_keys=(*loader.dropped_keys, lost)))
    instead = INSTEAD[str(right.attention)][("attention", "block", "layout").index(fault)]
    return replace(right, attention=Attention.parse(instead))


def test_every_family_has_a_row_and_every_fault_a_column() -> None:
    assert set(TABLE) == set(FAMILIES)
    assert {len(row) for row in TABLE.values()} == {len(FAULTS)}


def catch(name: str, fault: str, published: Published) -> None:
    spec = published(name)
    faulty = replace(spec, mdm=wrong(name, fault, spec.mdm))
    check = TABLE[name][FAULTS.index(fault)]
    if check == DOUBT:
        behaviour, right = observe(open_pair(faulty, "cpu")), spec.mdm.attention
        assert behaviour.verdict == "undecided"
        named = {str(way.attention) for way in behaviour.alike}
        assert str(right) in named or f"block:{right.block}" in named
        return
    with pytest.raises(PairError) as caught:
        load_pair(faulty, "cpu")
    assert caught.value.check == check


@pytest.mark.parametrize("fault", ["mask token", "key map", "lost key"])
@EVERY_FAMILY
def test_a_wrong_declaration_is_caught_by_its_check(name: str, fault: str, published: Published) -> None:
    catch(name, fault, published)


FIRST = tuple({family.mdm: name for name, family in reversed(FAMILIES.items())}.values())
"""The first family of those that have learnt the same lesson, and so fill gaps by the same weights."""


@pytest.mark.parametrize("fault", ["shift", "attention", "block", "layout"])
@of_families(FIRST)
def test_a_wrong_way_to_read_is_caught_by_how_gaps_are_filled(
    name: str, fault: str, published: Published
) -> None:
    catch(name, fault, published)


TOLD = {"block:32": "full", "block:4": "block:8", "context-causal:32": "block:32"}
"""What is too near to a declaration to be refused.

Clozes are about as long as a block of 32, and few gaps see more in a block of 8 than in one of 4.
"""


@of_families(name for name in FIRST if FAMILIES[name].attention in TOLD)
def test_a_declaration_too_near_to_be_refused_is_told(name: str, published: Published) -> None:
    spec, attention = published(name), FAMILIES[name].attention
    declared = replace(spec.mdm, attention=Attention.parse(TOLD[attention]))
    behaviour = observe(open_pair(replace(spec, mdm=declared), "cpu"))
    right = f"{'shift' if spec.mdm.shift else 'no shift'}, {attention}"
    assert right in map(str, (*behaviour.alike, behaviour.better))
    assert right in behaviour.detail
