"""The losses: next token, and masked diffusion with shift or without, with full or with block attention."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from ...benchmark.pairs.attention import Attention
from .data import Rows, TrainingBatch
from .recipe import Diffusion

Objective = Callable[[PreTrainedModel, TrainingBatch, int, np.random.Generator], Tensor]
"""Loss of a batch at a step, given the step's random numbers."""


def next_token(prompt_weight: float) -> Objective:
    """Cross-entropy of the next token, prompt tokens weighted beside 1 for the answer's."""

    def loss(model: PreTrainedModel, batch: TrainingBatch, step: int, rng: np.random.Generator) -> Tensor:
        total, weights = torch.zeros(()), torch.zeros(())
        for rows in batch:
            tokens, answer, real = map(torch.from_numpy, (rows.tokens, rows.answer, rows.real))
            logits = _logits(model, tokens, _causal(tokens.shape[1]) & real[:, None, :])
            weight = ((answer + prompt_weight * ~answer) * real)[:, 1:]
            total = total + _weighted(logits[:, :-1], tokens[:, 1:], weight)
            weights = weights + weight.sum()
        return total / weights

    return loss


def masked_diffusion(diffusion: Diffusion, mask_id: int) -> Objective:
    """The exact evidence bound of masked diffusion over the answer tokens.

    LLaDA (arXiv 2502.09992, eq. 3), with shift and annealing as in DiffuLLaMA (arXiv 2410.17891). The noise
    levels of a batch are stratified over U(smallest_t, 1): less variance, and the same mean.
    """

    def loss(model: PreTrainedModel, batch: TrainingBatch, step: int, rng: np.random.Generator) -> Tensor:
        total, answers = torch.zeros(()), 0
        for rows, t in _with_noise_levels(batch, diffusion.smallest_t, rng):
            tokens, answer, real = map(torch.from_numpy, (rows.tokens, rows.answer, rows.real))
            masked = answer & torch.from_numpy(rng.random(answer.shape) < t[:, None].numpy())
            allowed = _annealed(tokens.shape[1], step, diffusion.anneal, rng) & real[:, None, :]
            logits = _logits(model, tokens.masked_fill(masked, mask_id), allowed)
            # A token is masked with probability t, so 1/t makes every answer token count alike in
            # expectation.
            weight = masked / t[:, None]
            if diffusion.shift:
                logits, tokens, weight = logits[:, :-1], tokens[:, 1:], weight[:, 1:]
            total, answers = total + _weighted(logits, tokens, weight), answers + int(answer.sum())
        # Divided by all answer tokens: dividing by the masked ones would not give the bound.
        return total / answers

    return loss


def block_diffusion(diffusion: Diffusion, mask_id: int) -> Objective:
    """The exact evidence bound of block diffusion over the answer tokens, all blocks of a row at once.

    BD3-LM (arXiv 2503.09573, eq. 8): each block is masked with its own t and sees itself and the clean blocks
    before it. A row is therefore followed by a noisy copy of its blocks from the first that holds an answer
    token on, which the clean tokens do not see. Raises ValueError for a shift, which the copy cannot read.
    """
    block = Attention.parse(diffusion.attention).block
    if diffusion.shift or diffusion.anneal:
        raise ValueError("block diffusion is trained without shift and without annealing")

    def loss(model: PreTrainedModel, batch: TrainingBatch, step: int, rng: np.random.Generator) -> Tensor:
        total, answers = torch.zeros(()), 0
        for rows in batch:
            tokens, answer, real = map(torch.from_numpy, (rows.tokens, rows.answer, rows.real))
            length = tokens.shape[1]
            # Blocks before the first answer token hold no noise, so they need no noisy copy.
            start = int(answer.int().argmax(dim=1).min()) // block * block
            number = torch.arange(length) // block
            copied = number[start:] - number[start]
            blocks = int(copied[-1]) + 1
            levels = [_noise_levels(len(tokens), diffusion.smallest_t, rng) for _ in range(blocks)]
            t = torch.stack(levels, dim=1)[:, copied]
            masked = answer[:, start:] & torch.from_numpy(rng.random(t.shape) < t.numpy())
            noisy = tokens[:, start:].masked_fill(masked, mask_id)
            place = torch.cat([torch.arange(length), torch.arange(start, length)])
            allowed = _with_noisy_blocks(number, start) & torch.cat([real, real[:, start:]], dim=1)[:, None]
            logits = _logits(model, torch.cat([tokens, noisy], dim=1), allowed, place)
            weight = masked / t
            total = total + _weighted(logits[:, length:], tokens[:, start:], weight)
            answers += int(answer.sum())
        return total / answers

    return loss


def _with_noisy_blocks(number: Tensor, start: int) -> Tensor:
    """Boolean attention of a row and of its noisy copy from `start` on; `number` is each position's block."""
    copied = number[start:]
    clean = number[:, None] >= number[None, :]
    return torch.cat(
        [
            torch.cat([clean, torch.zeros(len(number), len(copied), dtype=torch.bool)], dim=1),
            torch.cat([copied[:, None] > number[None, :], copied[:, None] == copied[None, :]], dim=1),
        ]
    )


def _with_noise_levels(
    batch: TrainingBatch, smallest: float, rng: np.random.Generator
) -> Iterator[tuple[Rows, Tensor]]:
    """The blocks of a batch with a noise level for each of their rows, stratified over all rows."""
    sizes = [len(rows.tokens) for rows in batch]
    return zip(batch, _noise_levels(sum(sizes), smallest, rng).split(sizes), strict=True)


def _noise_levels(rows: int, smallest: float, rng: np.random.Generator) -> Tensor:
    # One offset for all strata: every t is uniform on its own, and together they cover the range evenly.
    strata = (np.arange(rows) + rng.random()) / rows
    return torch.from_numpy(smallest + (1 - smallest) * rng.permutation(strata)).float()


def _causal(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril()


def _annealed(length: int, step: int, anneal: int, rng: np.random.Generator) -> Tensor:
    """Lower triangle, and every other position with a probability that grows to 1 over `anneal` steps."""
    share = min(1.0, (step + 1) / anneal) if anneal else 1.0
    return _causal(length) | torch.from_numpy(rng.random((length, length)) < share)


def _logits(model: PreTrainedModel, tokens: Tensor, allowed: Tensor, place: Tensor | None = None) -> Tensor:
    """Logits under boolean attention [rows, length, length], every position seeing at least itself.

    `place`: the position [length] that each token stands at, if not its index.
    """
    allowed = allowed | torch.eye(tokens.shape[1], dtype=torch.bool)
    # Every position sees itself, so that even a padding row has something to attend to.
    mask = torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float32).min)
    where = {} if place is None else {"position_ids": place[None]}
    return model(input_ids=tokens, attention_mask=mask[:, None], use_cache=False, **where).logits  # type: ignore[no-any-return]


def _weighted(logits: Tensor, tokens: Tensor, weight: Tensor) -> Tensor:
    """Sum of weighted cross-entropies, computed where the weight is not zero."""
    at = weight > 0
    return (functional.cross_entropy(logits[at], tokens[at], reduction="none") * weight[at]).sum()
