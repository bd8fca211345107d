"""The two losses: next token, and masked diffusion with shift, 1/t and annealed attention."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from .data import Rows
from .recipe import Diffusion

Objective = Callable[[PreTrainedModel, Rows, int, np.random.Generator], Tensor]
"""Loss of a batch at a step, given the step's random numbers."""


def next_token(prompt_weight: float) -> Objective:
    """Cross-entropy of the next token, prompt tokens weighted beside 1 for the answer's."""

    def loss(model: PreTrainedModel, rows: Rows, step: int, rng: np.random.Generator) -> Tensor:
        tokens, answer, real = map(torch.from_numpy, (rows.tokens, rows.answer, rows.real))
        logits = _logits(model, tokens, _causal(tokens.shape[1]) & real[:, None, :])
        weight = (answer + prompt_weight * ~answer) * real
        return _weighted(logits[:, :-1], tokens[:, 1:], weight[:, 1:]) / weight[:, 1:].sum()

    return loss


def masked_diffusion(diffusion: Diffusion, mask_id: int) -> Objective:
    """The exact evidence bound of masked diffusion over the answer tokens.

    LLaDA (arXiv 2502.09992, eq. 3), with shift and annealing as in DiffuLLaMA (arXiv 2410.17891).

    The noise levels of a batch are stratified over U(smallest_t, 1): less variance, and the same mean.
    """

    def loss(model: PreTrainedModel, rows: Rows, step: int, rng: np.random.Generator) -> Tensor:
        tokens, answer, real = map(torch.from_numpy, (rows.tokens, rows.answer, rows.real))
        t = _noise_levels(len(tokens), diffusion.smallest_t, rng)
        masked = answer & torch.from_numpy(rng.random(answer.shape) < t[:, None].numpy())
        noisy = tokens.masked_fill(masked, mask_id)
        allowed = _annealed(tokens.shape[1], step, diffusion.anneal, rng) & real[:, None, :]
        logits = _logits(model, noisy, allowed)
        weight = masked / t[:, None]
        if diffusion.shift:
            logits, tokens, weight = logits[:, :-1], tokens[:, 1:], weight[:, 1:]
        return _weighted(logits, tokens, weight) / answer.sum()

    return loss


def _noise_levels(rows: int, smallest: float, rng: np.random.Generator) -> Tensor:
    strata = (np.arange(rows) + rng.random()) / rows
    return torch.from_numpy(smallest + (1 - smallest) * rng.permutation(strata)).float()


def _causal(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril()


def _annealed(length: int, step: int, anneal: int, rng: np.random.Generator) -> Tensor:
    """Lower triangle, and every other position with a probability that grows to 1 over `anneal` steps."""
    share = min(1.0, (step + 1) / anneal) if anneal else 1.0
    return _causal(length) | torch.from_numpy(rng.random((length, length)) < share)


def _logits(model: PreTrainedModel, tokens: Tensor, allowed: Tensor) -> Tensor:
    """Logits under boolean attention [rows, length, length], every position seeing at least itself."""
    allowed = allowed | torch.eye(tokens.shape[1], dtype=torch.bool)
    mask = torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float32).min)
    return model(input_ids=tokens, attention_mask=mask[:, None], use_cache=False).logits  # type: ignore[no-any-return]


def _weighted(logits: Tensor, tokens: Tensor, weight: Tensor) -> Tensor:
    """Sum of weighted cross-entropies, computed where the weight is not zero."""
    at = weight > 0
    return (functional.cross_entropy(logits[at], tokens[at], reduction="none") * weight[at]).sum()
