"""Training sequences: prompts with their answers as padded token rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from ...tasks import Example, Task
from .recipe import Recipe

PADDING = 0


@dataclass(frozen=True)
class TaskTexts:
    """Sequences of one kind.

    `tokens`: [sequences, length], padded on the right; `answer`: of that shape, true at the answer's tokens.
    """

    tokens: npt.NDArray[np.int64]
    answer: npt.NDArray[np.bool_]

    @property
    def length(self) -> int:
        """Tokens of the longest sequence."""
        return int(self.tokens.shape[1])


@dataclass(frozen=True)
class Rows:
    """Rows of one kind: `tokens`, `answer` and `real` (not padding), each [rows, length]."""

    tokens: npt.NDArray[np.int64]
    answer: npt.NDArray[np.bool_]
    real: npt.NDArray[np.bool_]


TrainingBatch = tuple[Rows, ...]
"""The rows of a step, one block for each kind of sequence: short kinds are not padded to the longest."""


class Sampler:
    """Draws batches of a fixed mixture from pools, the batch of a step depending on the step alone."""

    def __init__(self, pools: dict[str, TaskTexts], mixture: dict[str, float], batch: int, seed: int) -> None:
        self._pools = pools
        self._counts = _whole(mixture, batch)
        self._seed = seed

    def batch(self, step: int) -> TrainingBatch:
        """The batch of a step; the same whenever it is asked for, so that training can resume."""
        rng = np.random.default_rng([self._seed, step])
        return tuple(self._rows(self._pools[name], count, rng) for name, count in self._counts.items())

    def _rows(self, pool: TaskTexts, count: int, rng: np.random.Generator) -> Rows:
        chosen = rng.integers(len(pool.tokens), size=count)
        tokens, answer = pool.tokens[chosen], pool.answer[chosen]
        longest = int((tokens != PADDING).sum(axis=1).max())
        tokens, answer = tokens[:, :longest], answer[:, :longest]
        return Rows(tokens, answer, tokens != PADDING)


def texts_by_task(
    recipe: Recipe, tasks: Mapping[str, Task], tokenizer: PreTrainedTokenizerBase
) -> dict[str, TaskTexts]:
    """Training examples of each task of a mixture, and "in-place": the texts with a gap filled in place."""
    drawn = {
        name: list(islice(task.examples(recipe.seed, "training"), recipe.pool))
        for name, task in tasks.items()
    }
    pools = {
        name: _pool([(e.clean, e.answer, "") for e in examples], tokenizer)
        for name, examples in drawn.items()
    }
    in_place = [_filled(e) for examples in drawn.values() for e in examples if e.in_place]
    if in_place:
        pools["in-place"] = _pool(in_place, tokenizer)
    return pools


def _filled(example: Example) -> tuple[str, str, str]:
    assert example.in_place is not None
    return example.in_place.left, example.answer, example.in_place.right


def _pool(texts: list[tuple[str, str, str]], tokenizer: PreTrainedTokenizerBase) -> TaskTexts:
    """Rows of left + answer + right. The pieces are tokenised apart, which a word-level vocabulary allows."""
    left, answer, right = (tokenizer(list(part))["input_ids"] for part in zip(*texts, strict=True))
    length = max(len(a) + len(b) + len(c) for a, b, c in zip(left, answer, right, strict=True))
    tokens = np.full((len(texts), length), PADDING, dtype=np.int64)
    mask = np.zeros((len(texts), length), dtype=np.bool_)
    for row, (a, b, c) in enumerate(zip(left, answer, right, strict=True)):
        tokens[row, : len(a) + len(b) + len(c)] = [*a, *b, *c]
        mask[row, len(a) : len(a) + len(b)] = True
    return TaskTexts(tokens, mask)


def _whole(mixture: dict[str, float], batch: int) -> dict[str, int]:
    """Whole numbers with the mixture's proportions that sum to the batch."""
    # Rounding the running sums instead of the shares makes the counts add up to the batch.
    ends = np.round(np.cumsum([0.0, *mixture.values()]) / sum(mixture.values()) * batch).astype(int)
    return {name: int(count) for name, count in zip(mixture, np.diff(ends), strict=True) if count}
