"""Fills against one row at a time, the mask written cell by cell; the comparison against its closed form."""

import random
from collections.abc import Callable
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from build.models import KINDS
from mechshift.benchmark.admission.cloze import Cloze
from mechshift.benchmark.admission.fill import (
    Fill,
    clustered_error,
    filling_batches,
    fills,
    fills_under,
    fills_with,
)
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.member import Member

Make = Callable[..., Member]
TEXTS = [
    Cloze((5, 6, 7, 8, 9, 10, 11, 12, 13, 14), 4, "a"),
    Cloze((15, 3, 16, 17, 18, 19), 5, "b"),
    Cloze((9, 20, 4, 21, 22, 7, 8, 3, 5, 6), 1, "c"),
]
"""Of two lengths, with a gap inside, at the end and behind the first token."""


def sees(attention: str, query: int, key: int, masked: set[int]) -> bool:
    if attention == "full":
        return True
    if attention == "causal":
        return key <= query
    if attention == "observed-first":
        return (key in masked, key) <= (query in masked, query)
    kind, _, size = attention.partition(":")
    block, other = query // int(size), key // int(size)
    whole = kind == "block" or any(place // int(size) == block for place in masked)
    return other < block or (other == block and (whole or key <= query))


def plainly(
    member: Member, attention: str, shift: bool, mask_id: int, cloze: Cloze, masked: set[int]
) -> tuple[float, bool]:
    """Log probability of the right token, not below −15, and whether it is the likeliest."""
    size = len(cloze.tokens)
    row = [mask_id if position in masked else token for position, token in enumerate(cloze.tokens)]
    mask = torch.zeros(1, 1, size, size)
    for query in range(size):
        for key in range(size):
            if not sees(attention, query, key, {at for at, token in enumerate(row) if token == mask_id}):
                mask[0, 0, query, key] = torch.finfo(torch.float32).min
    with torch.no_grad():
        logits = member.backbone.model(torch.tensor([row]), attention_mask=mask, use_cache=False).logits[0]
    scores = logits[cloze.position - 1 if shift else cloze.position].double()
    scores[mask_id] = -torch.inf
    right = cloze.tokens[cloze.position]
    return max(float(scores.log_softmax(-1)[right]), -15.0), int(scores.argmax()) == right


def compare(fill: Fill, expected: list[tuple[float, bool]]) -> None:
    assert fill.log_probability.tolist() == pytest.approx([value for value, _ in expected], abs=1e-4)
    assert fill.right.tolist() == [right for _, right in expected]


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize(
    "attention", ["full", "causal", "block:4", "block:3", "context-causal:3", "observed-first"]
)
@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_gaps_are_filled_in_every_way(kind: str, attention: str, shift: bool, make: Make) -> None:
    member = make(kind, attention, role="mdm", shift=shift)
    found = fills(member, TEXTS)
    assert (found[0].shift, str(found[0].attention)) == (shift, attention)
    for fill in found:
        compare(
            fill,
            [plainly(member, str(fill.attention), fill.shift, 2, cloze, {cloze.position}) for cloze in TEXTS],
        )


def many_texts(number_of: int = 70) -> list[Cloze]:
    """More than two batches of them, of 2 to 23 tokens in no order of length, with gaps anywhere."""
    rng = random.Random(0)
    texts = []
    for number in range(number_of):
        tokens = tuple(rng.randrange(3, 40) for _ in range(rng.randrange(2, 24)))
        texts.append(Cloze(tokens, rng.randrange(1, len(tokens)), str(number)))
    return texts


# Every class where padding and the order of tokens meet; else those of two ways to know positions.
@pytest.mark.parametrize(
    ("kind", "attention"),
    [
        *product(KINDS, ["observed-first"]),
        *product(["gpt2", "qwen3_moe"], ["full", "block:4"]),
        ("qwen3", "context-causal:4"),
    ],
)
def test_texts_of_all_lengths_are_filled_as_one_by_one(kind: str, attention: str, make: Make) -> None:
    member, texts = make(kind, attention, role="mdm", shift=False), many_texts(40)
    assert len(filling_batches(texts)) > 2
    for fill in fills_under(member, texts, [member.attention]):
        each = [plainly(member, attention, fill.shift, 2, cloze, {cloze.position}) for cloze in texts]
        compare(fill, each)
    (found,) = fills_with(member, texts, [2])
    masked = [{at for at in range(1, len(cloze.tokens)) if (at - cloze.position) % 3 == 0} for cloze in texts]
    pairs = zip(texts, masked, strict=True)
    compare(found, [plainly(member, attention, False, 2, cloze, gaps) for cloze, gaps in pairs])


def test_texts_go_through_a_model_in_few_batches_of_like_length() -> None:
    texts = many_texts()
    batches = filling_batches(texts)
    assert sorted(number for batch in batches for number in batch) == list(range(70))
    lengths = [[len(texts[number].tokens) for number in batch] for batch in batches]
    assert all(max(one) <= min(other) for one, other in pairwise(lengths))
    assert len(batches) < len({length for batch in lengths for length in batch}) / 2
    for batch in lengths:
        assert len(batch) * max(batch) <= 1.2 * sum(batch)


def test_a_batch_has_so_many_texts_at_most() -> None:
    texts = [Cloze((5, 6, 7), 1, "a")] * 70
    assert [len(batch) for batch in filling_batches(texts)] == [32, 32, 6]
    assert filling_batches([]) == []


def test_ways_are_all_that_differ_on_the_texts(make: Make) -> None:
    """Ten tokens are within one block of 16 or more, where block attention is full."""
    found = fills(make(role="mdm", attention="full", shift=True), TEXTS)
    attentions = ("full", "causal", "observed-first", "block:4", "block:8")
    assert [(str(fill.attention), fill.shift) for fill in found] == [
        (attention, shift) for attention in attentions for shift in (True, False)
    ]


def test_the_declared_way_stands_for_those_that_are_the_same(make: Make) -> None:
    found = fills(make(role="mdm", attention="block:16", shift=False), TEXTS)
    assert [str(fill.attention) for fill in found[::2]] == [
        "block:16",
        "causal",
        "observed-first",
        "block:4",
        "block:8",
    ]


@pytest.mark.parametrize(
    ("declared", "other"), [("block:3", "context-causal:3"), ("context-causal:3", "block:3")]
)
def test_blocks_are_tried_with_and_without_a_causal_context(declared: str, other: str, make: Make) -> None:
    found = fills(make(role="mdm", attention=declared, shift=False), TEXTS)
    assert [str(fill.attention) for fill in found[::2]] == [
        declared,
        "full",
        "causal",
        "observed-first",
        "block:4",
        "block:8",
        other,
    ]


@pytest.mark.parametrize("shift", [True, False])
def test_mask_tokens_are_compared_on_a_third_of_a_text(shift: bool, make: Make) -> None:
    member = make(role="mdm", attention="full", shift=shift)
    found = fills_with(member, TEXTS, [2, 30])
    masked = [{4, 1, 7}, {5, 2}, {1, 4, 7}]
    assert [fill.mask_id for fill in found] == [2, 30]
    for fill in found:
        each = zip(TEXTS, masked, strict=True)
        compare(fill, [plainly(member, "full", shift, fill.mask_id, cloze, gaps) for cloze, gaps in each])


def test_an_improbable_token_is_cut_off(make: Make) -> None:
    member = make(role="mdm", attention="full")
    member.backbone.head.weight[TEXTS[0].tokens[4]] *= -1000
    member.backbone.final_norm.weight.abs_()
    values = torch.stack([fill.log_probability for fill in fills(member, TEXTS)])
    assert values.min() == -15


def fill_of(values: list[float], right: int, alike: int = 1) -> Fill:
    """Clozes of which the first `right` are filled rightly; so many in a row are of one wording."""
    filled = torch.arange(len(values)) < right
    sources = tuple(str(index // alike) for index in range(len(values)))
    return Fill(True, Attention("full"), 2, torch.tensor(values), filled, sources)


def better(gain: list[float], right: int = 6, theirs: int = 5, alike: int = 1) -> bool:
    return fill_of(gain, right, alike).clearly_better(fill_of([0.0] * len(gain), theirs, alike))


BORDER = [(20, 6, False), (20, 7, True), (40, 7, False), (40, 8, True)]
"""A share f of n gains 1, the rest 0: mean over standard error √(f (n − 1) / (1 − f)), 3 at 6.4 and 7.5."""


@pytest.mark.parametrize(("number", "ones", "clear"), BORDER)
def test_a_gain_has_to_be_three_standard_errors(number: int, ones: int, clear: bool) -> None:
    assert better([1.0] * ones + [0.0] * (number - ones), right=20) == clear


@pytest.mark.parametrize("alike", [2, 5])
@pytest.mark.parametrize(("number", "ones", "clear"), BORDER)
def test_texts_of_one_wording_count_as_one(number: int, ones: int, clear: bool, alike: int) -> None:
    """Each repeated: as sure as without the copies, which as texts of their own would make all clear."""
    gain = [1.0] * ones * alike + [0.0] * (number - ones) * alike
    assert better(gain, 20 * alike, 5, alike) == clear
    assert better(gain, 20 * alike, 5)


def test_a_clustered_error_is_that_of_its_formula() -> None:
    """Two clusters of 3 and 1: x̄ = 2; the sums of deviations are −4 and 4; √(2/1 · 32) / 4."""
    values = torch.tensor([0.0, 1.0, 1.0, 6.0])
    assert clustered_error(values, ("a", "a", "a", "b")) == pytest.approx(2**0.5 * 32**0.5 / 4)
    assert clustered_error(values, ("a", "b", "c", "d")) == pytest.approx(float(values.std()) / 2)
    assert clustered_error(values, ("a", "a", "a", "a")) == float("inf")


@pytest.mark.parametrize(("gain", "clear"), [(0.11, True), (0.09, False), (-1.0, False)])
def test_a_gain_has_to_be_a_tenth_of_a_nat(gain: float, clear: bool) -> None:
    assert better([gain] * 16) == clear


@pytest.mark.parametrize("alike", [1, 3])
@pytest.mark.parametrize(("number", "clear"), [(15, False), (16, True)])
def test_few_wordings_decide_nothing(number: int, clear: bool, alike: int) -> None:
    assert better([1.0] * number * alike, right=number * alike, alike=alike) == clear


@pytest.mark.parametrize(("right", "clear"), [(3, False), (4, True)])
def test_a_way_that_fills_less_than_a_quarter_is_none(right: int, clear: bool) -> None:
    assert better([1.0] * 16, right, theirs=0) == clear


@pytest.mark.parametrize(("right", "clear"), [(5, False), (6, True)])
def test_a_better_way_fills_more(right: int, clear: bool) -> None:
    assert better([1.0] * 16, right, theirs=5) == clear


def test_a_way_is_named_by_shift_and_attention() -> None:
    zeros: Tensor = torch.zeros(1)
    assert str(Fill(True, Attention("block", 4), 2, zeros, zeros > 0, ("a",))) == "shift, block:4"
    assert str(Fill(False, Attention("full"), 2, zeros, zeros > 0, ("a",))) == "no shift, full"
