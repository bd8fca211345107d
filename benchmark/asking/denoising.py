"""How a protocol has an MDM denoise an answer: in how many steps, and in which order."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...tasks import Task
from ..record.protocol import Sampling
from .decoding import steps_of


def budget_of(task: Task, answer: int, sampling: Sampling) -> int:
    """Steps in which an MDM decodes an answer of so many tokens, at most."""
    return steps_of(task, answer) if sampling.denoising_steps == "task" else sampling.denoising_steps


def precedence_of(indices: Sequence[int], answer: int, sampling: Sampling) -> Tensor | None:
    """Which tokens of an answer come first, [examples, answer], the largest first; None: by confidence.

    `indices`: places of the examples in the task's stream. A random order is drawn for each example by
    itself, so that it does not depend on those that it is decoded with.
    """
    if sampling.denoising_order == "confidence":
        return None
    if sampling.denoising_order == "left to right":
        return -torch.arange(answer, dtype=torch.float64).expand(len(indices), -1)
    orders = [np.random.default_rng((sampling.seed, index)).permutation(answer) for index in indices]
    return torch.tensor(np.array(orders), dtype=torch.float64)
