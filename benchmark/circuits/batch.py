"""What a batch of examples asks of a member: token rows of one length, and how logits make a number."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ...errors import UsageError


class Metric(Protocol):
    """A differentiable number per example, larger when the member behaves as the clean prompt asks."""

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits [reads, vocabulary] (float32) to values [examples]."""
        ...

    def right(self, logits: Tensor) -> Tensor:
        """Whether the largest logit is the answer's wherever an example is read, boolean [examples]."""
        ...


@dataclass(frozen=True)
class LogitDifference:
    """Weighted sum over an example's reads of logit(answer) − logit(foil).

    `example`, `answer`, `foil`: [reads]; `examples`: how many there are; `weight`: [reads], None for the mean
    over an example's reads. The mean over states of the mean over a state's reads is a matter of weights.
    """

    example: Tensor
    answer: Tensor
    foil: Tensor
    examples: int
    weight: Tensor | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits [reads, vocabulary] to values [examples]."""
        answer = logits.gather(1, self.answer[:, None]).squeeze(1)
        difference = answer - logits.gather(1, self.foil[:, None]).squeeze(1)
        weight = self.weight
        if weight is None:
            # Examples can have different numbers of reads, but each has the same weight.
            weight = 1 / torch.bincount(self.example, minlength=self.examples)[self.example]
        return logits.new_zeros(self.examples).index_add(0, self.example, difference * weight)

    def right(self, logits: Tensor) -> Tensor:
        """Whether at every read of an example the answer has the largest logit, [examples]."""
        wrong = self.example[logits.argmax(dim=-1) != self.answer]
        return torch.bincount(wrong, minlength=self.examples) == 0


@dataclass(frozen=True)
class ProbabilityDifference:
    """P(answer set) − P(foil set), over continuations of one token, or of two read in two steps.

    `first`: [examples], the read of the first token; `first_sign`: [examples, vocabulary], +1 for tokens
    whose every continuation is an answer, −1 for foils, 0 elsewhere. Where continuations have two tokens,
    `second` [examples], `second_sign` [examples, vocabulary] and `boundary` [examples] give the one first
    token whose second token decides: P(sign of first) + P(boundary) · P(sign of second | boundary).
    """

    first: Tensor
    first_sign: Tensor
    second: Tensor | None = None
    second_sign: Tensor | None = None
    boundary: Tensor | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits [reads, vocabulary] to values [examples]."""
        probability = logits.softmax(dim=-1)
        first = probability[self.first]
        value = (first * self.first_sign).sum(dim=-1)
        if self.second is None or self.second_sign is None or self.boundary is None:
            return value
        second = (probability[self.second] * self.second_sign).sum(dim=-1)
        gate = first.gather(1, self.boundary[:, None]).squeeze(1)
        return value + gate * second

    def right(self, logits: Tensor) -> Tensor:
        """Whether the largest logit is an answer's, behind the boundary at the second read, [examples]."""
        chosen = logits.argmax(dim=-1)
        first = chosen[self.first]
        found = self.first_sign.gather(1, first[:, None]).squeeze(1) > 0
        if self.second is None or self.second_sign is None or self.boundary is None:
            return found
        behind = self.second_sign.gather(1, chosen[self.second][:, None]).squeeze(1) > 0
        return torch.where(first == self.boundary, behind, found)


@dataclass(frozen=True)
class LogOdds:
    """log P(answer set) − log P(foil set) of one token, in nats.

    Unlike a difference of probabilities it does not saturate where the member is sure. `read`: [examples];
    `answers`, `foils`: boolean [examples, vocabulary], at least one token of each a row.
    """

    read: Tensor
    answers: Tensor
    foils: Tensor

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits [reads, vocabulary] to values [examples]."""
        # The softmax's denominator cancels in the difference, so logits stand in for log probabilities.
        at = logits[self.read]
        answers, foils = (
            at.masked_fill(~members, -torch.inf).logsumexp(dim=-1) for members in (self.answers, self.foils)
        )
        return answers - foils

    def right(self, logits: Tensor) -> Tensor:
        """Whether the largest logit is that of one of the answers, [examples]."""
        return self.answers.gather(1, logits[self.read].argmax(dim=-1, keepdim=True)).squeeze(1)


@dataclass(frozen=True)
class Batch:
    """Examples of one token length, as the rows that a member runs.

    An ARM has one row per example, an MDM one per denoising state; all rows of an example are in one
    batch. `clean`, `corrupted`: ids [rows, tokens]. `read_row`, `read_position`: [reads], where the
    metric's logits come from. `groups`: [examples], the group each example's scores are summed in.
    `row_example`: [rows], the example that a row belongs to, its states in ascending order; None where
    row i is example i. Both prompts of a row have the mask token at the same positions, so that attention is
    the same. All tensors are on the member's device.
    """

    clean: Tensor
    corrupted: Tensor
    read_row: Tensor
    read_position: Tensor
    metric: Metric
    groups: Tensor
    row_example: Tensor | None = None

    def __post_init__(self) -> None:
        if self.row_example is None and len(self.clean) != self.examples:
            raise UsageError(
                f"a batch of {self.examples} examples has {len(self.clean)} rows",
                "say with row_example which example each row belongs to",
            )

    @property
    def examples(self) -> int:
        """How many examples the batch holds."""
        return len(self.groups)

    @property
    def example_of_row(self) -> Tensor:
        """The example that each row belongs to, [rows]."""
        if self.row_example is None:
            return torch.arange(self.examples, device=self.clean.device)
        return self.row_example

    @property
    def state_of_row(self) -> Tensor:
        """How many of its example's rows come before each row, [rows]: the index of its denoising state."""
        example = self.example_of_row
        return (example[:, None] == example).tril(-1).sum(1)

    @property
    def positions_read(self) -> Tensor:
        """Where each row is read, every position once, [rows, as many as of the row that is read at most].

        A row that is read at fewer has some others besides.
        """
        read = torch.zeros_like(self.clean)
        read[self.read_row, self.read_position] = 1
        return read.sort(dim=1, descending=True, stable=True).indices[:, : int(read.sum(dim=1).max())]
