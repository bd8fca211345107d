import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from build.models import random_model
from mechshift.benchmark.asking import decoding
from mechshift.benchmark.asking.decoding import _next, decode, target_logits
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

VOCABULARY, MASK, ROWS, TOKENS = 17, 3, 12, 14
SIZES = {
    "vocabulary": VOCABULARY,
    "width": 32,
    "positions": 32,
    "spread": None,
    "initializer_range": 0.4,
    "eos_token_id": None,
}
TARGETS = (6, 7, 9, 10, 13)


def llama() -> PreTrainedModel:
    return random_model("llama", seed=1, mlp_width=48, kv_heads=2, **SIZES)


def gpt2() -> PreTrainedModel:
    return random_model("gpt2", seed=2, mlp_width=128, tied=True, **SIZES)


MODELS = {"llama": llama, "gpt2": gpt2}


def rows() -> Tensor:
    tokens = torch.randint(VOCABULARY - 1, (ROWS, TOKENS), generator=torch.Generator().manual_seed(0))
    return tokens + (tokens >= MASK)


def positions(*targets: int) -> Tensor:
    return torch.tensor(targets).expand(ROWS, -1)


def member(model: PreTrainedModel, role: str, attention: str, shift: bool) -> Member:
    return Member(role, read_backbone(model), Attention.parse(attention), shift, MASK)  # type: ignore[arg-type]


def raw_logits(model: PreTrainedModel, row: list[int], attention: str) -> Tensor:
    """Logits [tokens, vocabulary] of one row of the native model, the mask written out cell by cell."""
    mask = written_mask(len(row), attention, tuple(token == MASK for token in row))
    with torch.no_grad():
        output = model(input_ids=torch.tensor([row]), attention_mask=mask, use_cache=False)
    return output.logits[0]  # type: ignore[no-any-return]


@cache
def written_mask(size: int, attention: str, masked: tuple[bool, ...]) -> Tensor:
    mask = torch.zeros(1, 1, size, size)
    block = {"causal": 1, "full": size}.get(attention) or int(attention.partition(":")[2])
    for i in range(size):
        first = block * (i // block)
        filled = attention.startswith("context-causal") and not any(masked[first : first + block])
        for j in range(size):
            if j > i and (filled or j // block > i // block):
                mask[0, 0, i, j] = torch.finfo(torch.float32).min
    return mask


def schedule(targets: tuple[int, ...], block: int, steps: int) -> list[tuple[int, int, int]]:
    """Step, block and number of targets of each step: to each block its share of the budget, rounded up."""
    planned: list[tuple[int, int, int]] = []
    for place in sorted({target // block for target in targets}):
        left = sum(target // block == place for target in targets)
        for remaining in range(math.ceil(Fraction(steps * left, len(targets))), 0, -1):
            number = math.ceil(Fraction(left, remaining))
            planned.append((len(planned), place, number))
            left -= number
    return planned


def plainly(
    model: PreTrainedModel,
    row: list[int],
    targets: tuple[int, ...],
    steps: int,
    attention: str,
    shift: bool,
    precedence: dict[int, float] | None = None,
) -> tuple[list[int], list[int], bool]:
    """One row by the definition: its tokens, each target's step, and whether the mask was ever likeliest."""
    row = [MASK if position in targets else token for position, token in enumerate(row)]
    block = int(attention.partition(":")[2] or TOKENS)
    step = dict.fromkeys(targets, -1)
    tempted = False
    for now, place, number in schedule(targets, block, steps):
        logits = raw_logits(model, row, attention)
        open_ = [target for target in targets if step[target] < 0]
        choices = []
        for target in open_:
            scores = logits[target - 1 if shift else target].tolist()
            tempted |= max(scores) == scores[MASK]
            scores[MASK] = float("-inf")
            probability = torch.tensor(scores).softmax(0).max().item()
            if target // block == place:
                first = probability if precedence is None else precedence[target]
                choices.append((-first, target, scores.index(max(scores))))
        for _, target, token in sorted(choices)[:number]:
            row[target], step[target] = token, now
    return row, list(step.values()), tempted


@pytest.mark.parametrize("role", ["arm", "control"])
@pytest.mark.parametrize("architecture", MODELS)
def test_an_arm_decodes_as_the_models_own_greedy_generation(architecture: str, role: str) -> None:
    model, tokens = MODELS[architecture](), rows()
    number = 5
    targets = positions(*range(TOKENS - number, TOKENS))
    prompt = tokens[:, : TOKENS - number]
    expected = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=number,
        do_sample=False,
        suppress_tokens=[MASK],
        pad_token_id=0,
    )
    found = decode(member(model, role, "causal", True), tokens, targets, steps=1)
    assert torch.equal(found.tokens, expected)
    assert found.step.tolist() == [list(range(number))] * ROWS


@pytest.mark.parametrize("guessed", range(6))
def test_an_arm_is_decoded_alike_whatever_stands_there_and_in_one_pass_where_it_is_right(
    guessed: int,
) -> None:
    """At the targets stands what the model writes, as far as `guessed` tokens of every row but the first."""
    model, prompt, places = llama(), rows()[:, : TOKENS - 5], range(TOKENS - 5, TOKENS)
    expected = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=5, do_sample=False,
        suppress_tokens=[MASK], pad_token_id=0,
    )  # fmt: skip
    wrong = (expected + 1) % MASK
    tokens = expected.where(torch.arange(TOKENS) < TOKENS - 5 + guessed, wrong)
    tokens[0] = expected[0]
    ran: list[int] = []
    with torch.no_grad(), counted(model, ran):
        found = decode(member(model, "arm", "causal", True), tokens, positions(*places), 5)
    assert torch.equal(found.tokens, expected)
    assert ran == [ROWS, *[ROWS - 1] * (4 - guessed)]


@contextmanager
def counted(model: PreTrainedModel, ran: list[int]) -> Iterator[None]:
    """Has the rows of every pass added to a list."""

    def count(module: torch.nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Any]) -> None:
        ran.append(len(kwargs["inputs_embeds"]))

    handle = model.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("attention", ["full", "block:4", "block:1", "context-causal:4", "causal"])
@pytest.mark.parametrize("architecture", MODELS)
def test_an_mdm_decodes_most_confident_first(
    architecture: str, attention: str, shift: bool, steps: int
) -> None:
    model, tokens = MODELS[architecture](), rows()
    found = decode(member(model, "mdm", attention, shift), tokens, positions(*TARGETS), steps)
    # Of some rows, as the plain way takes a pass for every row and step.
    expected = [plainly(model, row, TARGETS, steps, attention, shift) for row in tokens[::3].tolist()]
    assert found.tokens[::3].tolist() == [row for row, _, _ in expected]
    assert found.step[::3].tolist() == [step for _, step, _ in expected]


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("attention", ["full", "block:4"])
@pytest.mark.parametrize("order", ["left to right", "another for each row"])
def test_an_mdm_decodes_in_the_order_that_it_is_given(order: str, attention: str, steps: int) -> None:
    model, tokens = llama(), rows()
    if order == "left to right":
        precedence = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0]]).expand(ROWS, -1)
    else:
        precedence = torch.rand(ROWS, len(TARGETS), generator=torch.Generator().manual_seed(1))
    found = decode(
        member(model, "mdm", attention, True), tokens, positions(*TARGETS), steps, precedence.double()
    )
    expected = [
        plainly(model, row, TARGETS, steps, attention, True, dict(zip(TARGETS, first, strict=True)))
        for row, first in zip(tokens[::3].tolist(), precedence[::3].tolist(), strict=True)
    ]
    assert found.tokens[::3].tolist() == [row for row, _, _ in expected]
    assert found.step[::3].tolist() == [step for _, step, _ in expected]
    if order == "left to right":
        assert (found.step.diff(dim=1) >= 0).all()


def test_the_mask_token_is_never_chosen() -> None:
    model, tokens = llama(), rows()
    with torch.no_grad():
        model.lm_head.weight[MASK] *= 3  # the likeliest token wherever its logit is positive
    found = decode(member(model, "mdm", "full", True), tokens, positions(*TARGETS), 5)
    assert all(plainly(model, row, TARGETS, 5, "full", True)[2] for row in tokens.tolist())
    assert MASK not in found.tokens
    found = decode(member(model, "arm", "causal", True), tokens, positions(*TARGETS), 5)
    assert MASK not in found.tokens


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [(1, [5]), (2, [3, 2]), (3, [2, 2, 1]), (4, [2, 1, 1, 1]), (5, [1] * 5), (99, [1] * 5)],
)
def test_a_budget_is_shared_out_evenly_larger_steps_first(steps: int, sizes: list[int]) -> None:
    found = decode(member(llama(), "mdm", "full", True), rows(), positions(*TARGETS), steps)
    assert [torch.bincount(row).tolist() for row in found.step] == [sizes] * ROWS


@pytest.mark.parametrize("attention", ["block:4", "context-causal:4"])
def test_earlier_blocks_are_filled_before_later_ones(attention: str) -> None:
    found = decode(member(llama(), "mdm", attention, False), rows(), positions(*TARGETS), steps=5)
    blocks = [
        [target // 4 for _, target in sorted(zip(row, TARGETS, strict=True))] for row in found.step.tolist()
    ]
    assert blocks == [[1, 1, 2, 2, 3]] * ROWS
    assert len({tuple(row) for row in found.step.tolist()}) > 1


def test_a_step_stays_in_one_block() -> None:
    """Five targets in three blocks, with a budget of one step."""
    found = decode(member(llama(), "mdm", "block:4", False), rows(), positions(*TARGETS), steps=1)
    assert found.step.tolist() == [[0, 0, 1, 1, 2]] * ROWS


def test_close_confidences_are_told_apart_in_late_blocks() -> None:
    confidences = torch.tensor([[0.99999, 0.999999]])
    late, masked = torch.tensor([[7_500, 7_500]]), torch.ones(1, 2, dtype=torch.bool)
    chosen = _next(confidences, late, masked, number=torch.tensor([1]))
    assert chosen.tolist() == [[False, True]]


@pytest.mark.parametrize("level", [0.0, -100.0, 1000.0])
@pytest.mark.parametrize(
    ("attention", "gaps", "expected"),
    [
        ("full", (30, 40, 0.5, 40, 50), [3, 1, 4, 2, 0]),
        ("full", (50, 40, 40, 40, 60), [1, 2, 3, 4, 0]),
        ("block:4", (30, 40, 35, 50, 60), [1, 0, 3, 2, 4]),
        ("block:4", (40, 40, 40, 40, 60), [0, 1, 2, 3, 4]),
        ("causal", (30, 40, 0.5, 40, 50), [3, 1, 4, 2, 0]),
    ],
)
def test_certainties_beyond_a_probability_of_one_are_told_apart(
    attention: str,
    gaps: tuple[float, ...],
    expected: list[int],
    level: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One token lies above all others by the gap; its probability is 1 from 20 on, in float64 from 40 on."""
    logits = torch.full((ROWS, len(TARGETS), VOCABULARY), level)
    logits[..., 5] += torch.tensor(gaps)
    logits[..., MASK] = -torch.inf
    assert (logits.softmax(-1)[..., 5] == 1).float().mean() > 0.7
    monkeypatch.setattr(decoding, "_logits_by_rows", lambda member, tokens, targets: [logits])
    found = decode(member(llama(), "mdm", attention, True), rows(), positions(*TARGETS), steps=5)
    assert found.step.tolist() == [expected] * ROWS
    assert (found.tokens[:, list(TARGETS)] == 5).all()


def test_equal_confidences_are_decided_by_position() -> None:
    model = llama()
    torch.nn.init.zeros_(model.lm_head.weight)
    found = decode(member(model, "mdm", "full", True), rows(), positions(*TARGETS), steps=5)
    assert found.step.tolist() == [[0, 1, 2, 3, 4]] * ROWS


@pytest.mark.parametrize(("role", "attention"), [("arm", "causal"), ("mdm", "full")])
def test_what_stands_at_the_targets_does_not_matter(role: str, attention: str) -> None:
    tokens = rows()
    other = tokens.clone()
    other[:, list(TARGETS)] = 0
    asked = member(llama(), role, attention, True)
    first, second = (decode(asked, given, positions(*TARGETS), 5) for given in (tokens, other))
    assert torch.equal(first.tokens, second.tokens)
    assert torch.equal(tokens, rows()), "the caller's tokens were changed"


def test_prompts_are_left_as_they_are() -> None:
    tokens = rows()
    found = decode(member(llama(), "mdm", "full", True), tokens, positions(*TARGETS), 2)
    kept = [position for position in range(TOKENS) if position not in TARGETS]
    assert torch.equal(found.tokens[:, kept], tokens[:, kept])


@pytest.mark.parametrize(("attention", "steps"), [("full", 2), ("block:4", 1), ("block:4", 2)])
def test_rows_may_have_different_targets(attention: str, steps: int) -> None:
    model, tokens = llama(), rows()
    places = [(5, 9), (6, 13), (1, 2)]
    found = decode(member(model, "mdm", attention, True), tokens[:3], torch.tensor(places), steps)
    for row, targets, filled in zip(tokens.tolist(), places, found.tokens.tolist(), strict=False):
        assert filled == plainly(model, row, targets, steps, attention, True)[0]


@pytest.mark.parametrize(("shift", "offset"), [(True, 1), (False, 0)])
def test_logits_are_read_where_the_shift_says(shift: bool, offset: int) -> None:
    model, tokens = llama(), rows()[:4]
    found = target_logits(member(model, "mdm", "full", shift), tokens, positions(*TARGETS)[:4])
    assert found.shape == (4, len(TARGETS), VOCABULARY)
    assert bool((found[..., MASK] == -torch.inf).all())
    kept = [token for token in range(VOCABULARY) if token != MASK]
    for row, logits in zip(tokens.tolist(), found, strict=True):
        expected = raw_logits(model, row, "full")[[target - offset for target in TARGETS]]
        torch.testing.assert_close(logits[:, kept], expected[:, kept], atol=1e-4, rtol=1e-4)
