"""Examples of a few tokens, and plain loops that ask a member for them and share no code with the package."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from build.tokenizers import LETTERS
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.pairs.member import Member
from mechshift.tasks import Example


def raw_logits(member: Member, row: Sequence[int]) -> Tensor:
    """Logits [tokens, vocabulary] of the native model, the mask written cell by cell, no token excluded."""
    size, kind = len(row), member.attention.kind
    block = member.attention.block if kind in ("block", "context-causal") else 1
    mask = torch.zeros(1, 1, size, size)
    for query in range(size):
        first = query - query % block
        filled = kind == "context-causal" and member.mask_id not in row[first : first + block]
        for key in range(query + 1, size):
            if kind != "full" and (filled or key // block > query // block):
                mask[0, 0, query, key] = torch.finfo(torch.float32).min
    with torch.no_grad():
        output = member.backbone.model(
            input_ids=torch.tensor([list(row)]), attention_mask=mask, use_cache=False
        )
    return output.logits[0].double()


def plain_decode(
    member: Member, prompt: Sequence[int], targets: Sequence[int], length: int, steps: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What one row is filled with and in which order, by the definition; `prompt` by position."""
    row = [prompt[position] if position not in targets else member.mask_id for position in range(length)]
    step = dict.fromkeys(targets, -1)
    if member.role == "arm":
        for index, target in enumerate(targets):
            logits = raw_logits(member, row[:target])[-1]
            logits[member.mask_id] = -torch.inf
            row[target], step[target] = int(logits.argmax()), index
        return tuple(row[target] for target in targets), tuple(step.values())
    budget, block = min(steps, len(targets)), member.attention.block
    if member.attention.kind not in ("block", "context-causal"):
        block = length
    for now in range(budget):
        logits = raw_logits(member, row)
        logits[:, member.mask_id] = -torch.inf
        probability = logits.softmax(-1)
        open_ = [target for target in targets if step[target] < 0]
        best = {target: probability[target - 1 if member.shift else target].max(-1) for target in open_}
        number = -(-len(open_) // (budget - now))
        first = sorted(open_, key=lambda each: (each // block, -float(best[each].values), each))
        for target in first[:number]:
            row[target], step[target] = int(best[target].indices), now
    return tuple(row[target] for target in targets), tuple(step.values())


def encoded(
    prompt: int, answer: Sequence[int], foil: Sequence[int], seed: int = 0, vocabulary: int = len(LETTERS)
) -> Encoded:
    """An example of random prompt tokens (neither unknown nor mask) and the given answer and foil."""
    generator = random.Random(seed)
    clean, corrupted = (
        tuple(generator.randrange(1, vocabulary - 1) for _ in range(prompt)) for _ in range(2)
    )
    example = Example("clean", "corrupted", "answer", "foil", "variant", f"template {seed % 3}", ())
    return Encoded(example, clean, corrupted, tuple(answer), tuple(foil))
