"""Accuracy on held-out examples while a model is trained."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from ...benchmark.asking.decoding import decode, steps_of
from ...benchmark.asking.encoding import Encoded, encode
from ...benchmark.pairs.attention import Attention
from ...benchmark.pairs.families import read_backbone
from ...benchmark.pairs.member import Member, Role
from ...tasks import Task
from .train import Evaluate

HELD_OUT = 200
SEED = 1_000_003
"""Another draw of the evaluation split than a protocol's. Nothing is chosen by these accuracies."""


def accuracies(
    role: Role,
    attention: Attention,
    shift: bool,
    tasks: Mapping[str, Task],
    tokenizer: PreTrainedTokenizerBase,
) -> Evaluate:
    """A function from a model to its accuracy on each task of a mixture, decoded as the benchmark decodes."""
    held_out = {
        name: (task, [encode(tokenizer, e) for e in islice(task.examples(SEED, "evaluation"), HELD_OUT)])
        for name, task in tasks.items()
    }
    mask_id = tokenizer.mask_token_id
    assert isinstance(mask_id, int)

    def evaluate(model: LlamaForCausalLM) -> dict[str, float]:
        member = Member(role, read_backbone(model), attention, shift, mask_id)
        return {name: _accuracy(member, *asked, tokenizer) for name, asked in held_out.items()}

    return evaluate


def _accuracy(
    member: Member, task: Task, examples: list[Encoded], tokenizer: PreTrainedTokenizerBase
) -> float:
    by_length = defaultdict(list)
    for encoded in examples:
        by_length[len(encoded.clean), len(encoded.answer)].append(encoded)
    right = 0
    for (_, length), batch in by_length.items():
        tokens = torch.tensor([encoded.clean + encoded.answer for encoded in batch])
        targets = torch.tensor([list(encoded.targets) for encoded in batch])
        filled = decode(member, tokens, targets, steps_of(task, length)).tokens.gather(1, targets)
        outputs = tokenizer.batch_decode(filled.tolist())
        right += sum(task.check(e.example, text) for e, text in zip(batch, outputs, strict=True))
    return right / len(examples)
