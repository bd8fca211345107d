import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from mechshift.baselines.training import objectives
from mechshift.baselines.training.data import Rows, TrainingBatch
from mechshift.baselines.training.objectives import (
    Objective,
    _noise_levels,
    block_diffusion,
    masked_diffusion,
    next_token,
)
from mechshift.baselines.training.recipe import Diffusion
from mechshift.benchmark.pairs.attention import Attention

Build = Callable[[int], LlamaForCausalLM]
MASK = 2
SEQUENCES = [([5, 6, 7, 8, 9], [3, 4]), ([4, 10, 3], [1, 2]), ([7, 3, 9, 5, 6, 4], [2, 3, 5])]
"""Tokens, and which of them are the answer."""


def rows(repeats: int = 1) -> Rows:
    length = max(len(tokens) for tokens, _ in SEQUENCES)
    tokens, answer = np.zeros((len(SEQUENCES), length), np.int64), np.zeros((len(SEQUENCES), length), bool)
    for row, (sequence, places) in enumerate(SEQUENCES):
        tokens[row, : len(sequence)] = sequence
        answer[row, places] = True
    return Rows(
        np.tile(tokens, (repeats, 1)), np.tile(answer, (repeats, 1)), np.tile(tokens, (repeats, 1)) != 0
    )


def in_pieces(whole: Rows) -> TrainingBatch:
    """The rows as a batch of two blocks of different lengths."""
    short = whole.real.sum(axis=1) <= 5
    return (
        Rows(whole.tokens[short, :5], whole.answer[short, :5], whole.real[short, :5]),
        Rows(whole.tokens[~short], whole.answer[~short], whole.real[~short]),
    )


def surprise(model: LlamaForCausalLM, seen: list[int], read: int, token: int, attention: str) -> float:
    """−log p of a token read at a position of one unpadded row."""
    mask = Attention.parse(attention).mask(torch.zeros(1, len(seen), dtype=torch.bool), torch.float32)
    with torch.no_grad():
        output = model(input_ids=torch.tensor([seen]), attention_mask=mask, use_cache=False)
    return -float(output.logits[0, read].double().log_softmax(0)[token])


@pytest.mark.parametrize("prompt_weight", [0.0, 0.1, 1.0])
def test_next_token_against_a_loop_over_tokens(toy: Build, prompt_weight: float) -> None:
    model = toy(0)
    total = weights = 0.0
    for tokens, answer in SEQUENCES:
        for place in range(1, len(tokens)):
            weight = 1.0 if place in answer else prompt_weight
            total += weight * surprise(model, tokens, place - 1, tokens[place], "causal")
            weights += weight
    for batch in ((rows(),), in_pieces(rows())):
        found = next_token(prompt_weight)(model, batch, 0, np.random.default_rng(0))
        assert found.item() == pytest.approx(total / weights, rel=1e-5)


def order_averaged(
    model: LlamaForCausalLM, tokens: list[int], answer: list[int], shift: bool, attention: str = "full"
) -> float:
    """−log p of an answer, token by token given the rest still masked, averaged over all orders."""
    values = []
    for order in permutations(answer):
        seen = [MASK if place in answer else token for place, token in enumerate(tokens)]
        value = 0.0
        for place in order:
            value += surprise(model, seen, place - shift, tokens[place], attention)
            seen[place] = tokens[place]
        values.append(value)
    return sum(values) / len(values)


@pytest.mark.parametrize("shift", [True, False])
def test_masked_diffusion_estimates_the_evidence_bound_without_bias(toy: Build, shift: bool) -> None:
    """The mean of the 1/t-weighted loss is −log p averaged over all orders (arXiv 2406.03736)."""
    model = toy(1)
    answers = sum(len(answer) for _, answer in SEQUENCES)
    expected = sum(order_averaged(model, *sequence, shift) for sequence in SEQUENCES) / answers
    objective = masked_diffusion(Diffusion(shift=shift, anneal=0, smallest_t=1e-4), MASK)
    assert_mean(objective, model, expected)


def assert_mean(objective: Objective, model: LlamaForCausalLM, expected: float) -> None:
    """The mean of many draws of a loss is as expected, within its own error, which is small."""
    batch = in_pieces(rows(400))
    with torch.no_grad():
        losses = [objective(model, batch, 0, np.random.default_rng([7, i])).item() for i in range(40)]
    error = np.std(losses, ddof=1) / math.sqrt(len(losses))
    assert error < 0.02 * expected
    assert abs(np.mean(losses) - expected) < 4 * error


@pytest.mark.parametrize("block", [1, 2, 4])
def test_block_diffusion_estimates_the_evidence_bound_of_every_block(block: int, toy: Build) -> None:
    """The sum over blocks of what their tokens cost given the blocks before, as they are when decoded."""
    model, attention = toy(1), f"block:{block}"
    expected = 0.0
    for tokens, answer in SEQUENCES:
        for number in {place // block for place in answer}:
            inside = [place for place in answer if place // block == number]
            expected += order_averaged(model, tokens, inside, False, attention)
    answers = sum(len(answer) for _, answer in SEQUENCES)
    diffusion = Diffusion(shift=False, anneal=0, attention=attention, smallest_t=1e-4)
    assert_mean(block_diffusion(diffusion, MASK), model, expected / answers)


def cost_of_hidden_blocks(model: LlamaForCausalLM, tokens: list[int], answer: list[int], block: int) -> float:
    """−log p of an answer, each block all masked behind the clean blocks before it and with none after it."""
    cost = 0.0
    for number in {place // block for place in answer}:
        inside = [place for place in answer if place // block == number]
        seen = [MASK if place in inside else token for place, token in enumerate(tokens)]
        until = seen[: (number + 1) * block]
        cost += sum(surprise(model, until, place, tokens[place], f"block:{block}") for place in inside)
    return cost


@pytest.mark.parametrize("block", [1, 2, 4])
def test_a_noisy_block_is_read_as_if_it_stood_alone_behind_its_clean_prefix(block: int, toy: Build) -> None:
    """At t = 1 all is masked and weighs one, so that the loss can be told to the last digit."""
    model = toy(3)
    expected = sum(cost_of_hidden_blocks(model, *sequence, block) for sequence in SEQUENCES)
    answers = sum(len(answer) for _, answer in SEQUENCES)
    objective = block_diffusion(Diffusion(False, 0, f"block:{block}", smallest_t=1.0), MASK)
    for batch in ((rows(),), in_pieces(rows())):
        found = objective(model, batch, 0, np.random.default_rng(0))
        assert found.item() == pytest.approx(expected / answers, rel=1e-5)


@pytest.mark.parametrize("block", [1, 2, 4])
def test_a_half_masked_block_costs_its_masked_tokens_at_its_own_weight(
    block: int, toy: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row of every block has a level that is known, and is run alone as the model was given it."""
    model = toy(4)
    levels: list[Tensor] = []
    inputs: list[Tensor] = []

    def known(count: int, smallest: float, rng: np.random.Generator) -> Tensor:
        levels.append(0.3 + len(levels) / 10 + torch.arange(count) / 20)
        return levels[-1]

    monkeypatch.setattr(objectives, "_noise_levels", known)
    model.register_forward_pre_hook(lambda _, __, given: inputs.append(given["input_ids"]), with_kwargs=True)
    objective = block_diffusion(Diffusion(False, 0, f"block:{block}"), MASK)
    found = objective(model, (rows(),), 0, np.random.default_rng(0))
    start = 1 // block * block  # the first answer token of all rows stands at 1, of six
    noisy = torch.cat([inputs[0][:, :start], inputs[0][:, 6:]], dim=1).tolist()
    hidden = [
        (row, place)
        for row, (_, answer) in enumerate(SEQUENCES)
        for place in answer
        if noisy[row][place] == MASK
    ]
    cost = 0.0
    for row, place in hidden:
        tokens, first = SEQUENCES[row][0], place // block * block
        seen = [*tokens[:first], *noisy[row][first : min(first + block, len(tokens))]]
        level = levels[(first - start) // block][row].item()
        cost += surprise(model, seen, place, tokens[place], f"block:{block}") / level
    assert 0 < len(hidden) < 7  # of seven answer tokens
    assert found.item() == pytest.approx(cost / 7, rel=1e-5)


@pytest.mark.parametrize("diffusion", [Diffusion(True, 0, "block:4"), Diffusion(False, 9, "block:4")])
def test_block_diffusion_has_neither_shift_nor_annealing(diffusion: Diffusion) -> None:
    with pytest.raises(ValueError, match="without shift and without annealing"):
        block_diffusion(diffusion, MASK)


@dataclass
class Recorder:
    """Stands for a model: remembers what it was given, and finds every one of 11 tokens equally likely."""

    tokens: list[Tensor] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)

    def __call__(self, input_ids: Tensor, attention_mask: Tensor, use_cache: bool) -> SimpleNamespace:
        self.tokens.append(input_ids)
        self.masks.append(attention_mask)
        return SimpleNamespace(logits=torch.zeros(*input_ids.shape, 11))


def given(diffusion: Diffusion, step: int, repeats: int = 1) -> tuple[Tensor, Tensor, float]:
    """The noisy tokens and the attention that a model is given at a step, and the loss."""
    recorder = Recorder()
    loss = masked_diffusion(diffusion, MASK)(
        recorder,  # type: ignore[arg-type]
        (rows(repeats),),
        step,
        np.random.default_rng(step),
    )
    return recorder.tokens[0], recorder.masks[0] == 0, loss.item()


def test_only_answers_are_masked_and_all_shares_occur() -> None:
    noisy, _, _ = given(Diffusion(True, 500), step=0, repeats=300)
    clean, answer = (torch.from_numpy(array) for array in (rows(300).tokens, rows(300).answer))
    assert torch.equal(noisy[~answer], clean[~answer])
    hidden = noisy[answer] == MASK
    assert torch.equal(noisy[answer][~hidden], clean[answer][~hidden])
    assert hidden.float().mean().item() == pytest.approx(0.5, abs=0.05)  # the mean of t
    three = (noisy[2::3] == MASK).sum(1)
    shares = torch.bincount(three, minlength=4) / len(three)
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.1)  # uniform t: every number equally often


def test_every_answer_token_weighs_one_on_average() -> None:
    losses = [given(Diffusion(True, 0, smallest_t=0.05), step, repeats=300)[2] for step in range(30)]
    assert np.mean(losses) == pytest.approx(math.log(11), rel=0.02)


def test_attention_is_almost_causal_at_first_and_full_at_last() -> None:
    length = rows().tokens.shape[1]
    real = torch.from_numpy(rows().real)[:, None, None, :].expand(-1, 1, length, length)
    itself = torch.eye(length, dtype=torch.bool)
    lower = torch.ones(length, length, dtype=torch.bool).tril()
    _, first, _ = given(Diffusion(shift=True, anneal=10_000), step=0)
    assert torch.equal(first, (lower & real) | itself)
    for step, anneal in ((99, 100), (5_000, 100), (0, 0)):
        _, last, _ = given(Diffusion(shift=True, anneal=anneal), step)
        assert torch.equal(last, real | itself)


def test_attention_opens_at_the_annealed_rate() -> None:
    above = torch.ones(5, 5, dtype=torch.bool).triu(1)  # of the longest sequence, which has six tokens
    shares = []
    for step in range(50, 950):
        _, allowed, _ = given(Diffusion(shift=True, anneal=1000), step)
        assert bool(allowed[2, 0][torch.ones(6, 6, dtype=torch.bool).tril()].all())
        shares.append(allowed[2, 0, :5, :5][above].float().mean().item() - (step + 1) / 1000)
    assert abs(np.mean(shares)) < 4 * 0.5 / math.sqrt(900 * 10)


def test_every_stratum_has_one_noise_level() -> None:
    smallest, count = 0.2, 16
    rng = np.random.default_rng(3)
    for _ in range(50):
        levels = _noise_levels(count, smallest, rng).double().numpy()
        assert (levels >= smallest).all()
        assert (levels < 1).all()
        strata = np.floor((levels - smallest) / (1 - smallest) * count)
        assert sorted(strata.tolist()) == list(range(count))


def test_noise_levels_are_uniform_and_in_any_order() -> None:
    """Each has the mean 0.6 of U(0.2, 1) and its variance 0.8² / 12, whatever place it stands at."""
    rng = np.random.default_rng(4)
    levels = np.stack([_noise_levels(4, 0.2, rng).double().numpy() for _ in range(2000)])
    error = math.sqrt(0.8**2 / 12 / len(levels))
    assert levels.mean(axis=0) == pytest.approx([0.6] * 4, abs=4 * error)
    assert levels.var(axis=0) == pytest.approx([0.8**2 / 12] * 4, rel=0.1)


def test_padding_does_not_change_a_loss(toy: Build) -> None:
    model, wide = toy(2), rows()
    missing = ((0, 0), (0, 3))
    padded = Rows(*(np.pad(array, missing) for array in (wide.tokens, wide.answer, wide.real)))
    losses = [
        next_token(0.1)(model, (batch,), 0, np.random.default_rng(0)).item() for batch in (wide, padded)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
