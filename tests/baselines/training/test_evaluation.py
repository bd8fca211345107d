from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from mechshift.baselines.training import evaluation
from mechshift.benchmark.asking.decoding import Trajectory
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.member import Member, Role
from mechshift.tasks import list_tasks

Decode = Callable[[Member, Tensor, Tensor, int], Trajectory]


def knowing(share: float) -> Decode:
    """A decoder that leaves the true answer in that share of the rows, and padding in the others."""

    def decode(member: Member, tokens: Tensor, targets: Tensor, steps: int) -> Trajectory:
        wrong = torch.arange(len(tokens)) >= share * len(tokens)
        tokens = torch.where(wrong[:, None], tokens.scatter(1, targets, 0), tokens)
        return Trajectory(tokens, torch.zeros_like(targets))

    return decode


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_accuracy_of_a_decoder_that_knows(
    share: float,
    toy: Callable[[int], LlamaForCausalLM],
    tokenizer: PreTrainedTokenizerFast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evaluation, "HELD_OUT", 20)
    monkeypatch.setattr(evaluation, "decode", knowing(share))
    tasks = {f"the {task.card.name}": task for task in list_tasks()}
    evaluate = evaluation.accuracies("mdm", Attention("full"), True, tasks, tokenizer)
    assert evaluate(toy(0)) == dict.fromkeys(tasks, share)


@pytest.mark.parametrize(
    ("role", "attention", "shift"),
    [("arm", "causal", True), ("mdm", "full", True), ("mdm", "block:4", False), ("control", "causal", True)],
)
def test_members_are_asked_as_the_benchmark_asks_them(
    role: Role,
    attention: str,
    shift: bool,
    toy: Callable[[int], LlamaForCausalLM],
    tokenizer: PreTrainedTokenizerFast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[int, set[int]] = {}

    def decode(member: Member, tokens: Tensor, targets: Tensor, steps: int) -> Trajectory:
        assert (member.role, str(member.attention), member.shift, member.mask_id) == (
            role,
            attention,
            shift,
            2,
        )
        asked.setdefault(targets.shape[1], set()).add(steps)
        return Trajectory(tokens, torch.zeros_like(targets))

    monkeypatch.setattr(evaluation, "HELD_OUT", 20)
    monkeypatch.setattr(evaluation, "decode", decode)
    tasks = {task.card.name: task for task in list_tasks()}
    declared = Attention.parse(attention)
    evaluation.accuracies(role, declared, shift, tasks, tokenizer)(toy(0))
    assert asked[2] == {1, 2}  # two digits of a year in one step, those of a sum one by one
    assert asked[11] == {11}  # an equation such as 30+18-28=20, a step a token
