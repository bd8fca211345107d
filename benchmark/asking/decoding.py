"""Greedy decoding: left to right for an ARM; with a budget of steps, and in an order, for an MDM."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...tasks import Task
from ..pairs.member import Member
from .encoding import Ids

LOGITS = 128 * 2**20
"""Bytes of float64 logits that are held at a time, unless one row alone needs more."""


@dataclass(frozen=True)
class Trajectory:
    """What decoding did.

    `tokens`: the filled rows [rows, tokens]; `step`: when each target was committed [rows, targets], 0 first.
    """

    tokens: Tensor
    step: Tensor


@torch.no_grad()
def decode(
    member: Member, tokens: Tensor, targets: Tensor, steps: int, precedence: Tensor | None = None
) -> Trajectory:
    """Fill the target positions greedily, at temperature 0, without ever choosing the mask token.

    `tokens`: ids [rows, tokens]; what stands at the targets is no part of the answer, but an ARM that would
    write just that is decoded in one pass. `targets`: ascending positions [rows, targets]. `steps`: the MDM's
    budget, at most the number of targets; an ARM takes one step a token, and an MDM with block attention at
    least one a block. `precedence`: numbers [rows, targets], of which an MDM commits the largest first within
    a block; None: the most confident first.
    """
    if member.autoregressive:
        return _left_to_right(member, tokens, targets)
    return _step_by_step(member, tokens, targets, min(steps, targets.shape[1]), precedence)


def answers(
    member: Member, tokens: Tensor, targets: Tensor, steps: int, precedence: Tensor | None = None
) -> tuple[list[Ids], list[Ids]]:
    """What `decode` fills in, and the step at which it did, both as [rows] of one entry per target."""
    targets = targets.to(member.device)
    given = None if precedence is None else precedence.to(member.device)
    trajectory = decode(member, tokens.to(member.device), targets, steps, given)
    chosen = trajectory.tokens.gather(1, targets)
    return [tuple(row) for row in chosen.tolist()], [tuple(row) for row in trajectory.step.tolist()]


def target_logits(member: Member, tokens: Tensor, targets: Tensor) -> Tensor:
    """Float32 logits [rows, targets, vocabulary] for the tokens at the target positions."""
    return member.logits(_readout(member, tokens, targets))


def _readout(member: Member, tokens: Tensor, targets: Tensor) -> Tensor:
    """The final norm's output where the targets are read, [rows, targets, width]."""
    hidden = member.hidden(member.embed(tokens), tokens)
    readout = targets - 1 if member.shift else targets
    rows = torch.arange(len(tokens), device=tokens.device)[:, None]
    return hidden[rows, readout]


def _left_to_right(member: Member, tokens: Tensor, targets: Tensor) -> Trajectory:
    tokens, number = tokens.clone(), targets.shape[1]
    # What stands at the targets is a guess; where it is no token of the model, any other will do. Up to the
    # first one that the model would not choose, each was read with what decoding has chosen before it, so
    # that one pass stands for one a token.
    guess = tokens.gather(1, targets).clamp(max=member.backbone.shape.vocabulary - 1)
    tokens.scatter_(1, targets, guess)
    chosen = _greedy(member, tokens, targets)
    known = 1 + (chosen == guess).cumprod(dim=1).sum(dim=1)
    tokens.scatter_(1, targets, chosen)
    for index in range(int(known.min()), number):
        rows = (known <= index).nonzero()[:, 0]
        at = targets[rows, index : index + 1]
        tokens[rows[:, None], at] = _greedy(member, tokens[rows], at)
    step = torch.arange(targets.shape[1], device=tokens.device).expand_as(targets)
    return Trajectory(tokens, step)


def _greedy(member: Member, tokens: Tensor, targets: Tensor) -> Tensor:
    """The likeliest token at each target [rows, targets], from what comes before it."""
    # A causal model sees nothing beyond the last target, so what follows need not be run.
    before = tokens[:, : int(targets.max())]
    return torch.cat([logits.argmax(dim=-1) for logits in _logits_by_rows(member, before, targets)])


def _step_by_step(
    member: Member, tokens: Tensor, targets: Tensor, steps: int, precedence: Tensor | None
) -> Trajectory:
    tokens = tokens.scatter(1, targets, member.mask_id)
    step = torch.full_like(targets, -1)
    block = member.attention.block_of(targets)
    for now, number in enumerate(_numbers(block, steps).unbind(dim=1)):
        confidence, chosen = _confidences(member, tokens, targets)
        first = confidence if precedence is None else precedence
        commit = _next(first, block, masked=step < 0, number=number)
        tokens.scatter_(1, targets, torch.where(commit, chosen, tokens.gather(1, targets)))
        step = torch.where(commit, now, step)
    return Trajectory(tokens, step)


def _numbers(block: Tensor, steps: int) -> Tensor:
    """How many targets of each row are committed at each step, [rows, steps taken].

    A step stays in one block, so that a block is read with those before it filled. Each block has its share
    of the budget, rounded up: rows whose targets lie in several blocks may take more steps than `steps`.
    """
    rows = [commits(row.unique_consecutive(return_counts=True)[1].tolist(), steps) for row in block]
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=block.device)


def steps_of(task: Task, answer: int) -> int:
    """Decoding steps of a task for an answer of so many tokens, as its card has them."""
    return answer if task.card.steps == "tokens" else task.card.steps


def commits(sizes: Sequence[int], steps: int) -> list[int]:
    """How many targets are committed at each step, for numbers of targets in consecutive blocks."""
    # Rounded up, as a block with no step would never be filled.
    own = [-(-steps * size // sum(sizes)) for size in sizes]
    return [size // n + (now < size % n) for size, n in zip(sizes, own, strict=True) for now in range(n)]


def _confidences(member: Member, tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    found = [_confidence(logits.double()) for logits in _logits_by_rows(member, tokens, targets)]
    confidence, chosen = (torch.cat(parts) for parts in zip(*found, strict=True))
    return confidence, chosen


def _logits_by_rows(member: Member, tokens: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Those of `target_logits`, a few rows at a time: all at once could be more than the rest together."""
    hidden = _readout(member, tokens, targets)
    bytes_at_once = member.part_of(LOGITS)
    at_once = max(1, bytes_at_once // (8 * targets.shape[1] * member.backbone.shape.vocabulary))
    yield from (member.logits(some) for some in hidden.split(at_once))


def _confidence(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Log-odds of the likeliest token, and the token, for logits [..., vocabulary].

    They order as its probability does, which cannot be told from 1 where a model is sure of several tokens.
    """
    best, chosen = logits.max(dim=-1)
    others = logits.scatter(-1, chosen[..., None], -torch.inf).logsumexp(dim=-1)
    return best - others, chosen


def _next(precedence: Tensor, block: Tensor, masked: Tensor, number: Tensor) -> Tensor:
    """Boolean [rows, targets]: the `number` [rows] masked targets of most precedence, earliest blocks first.

    Equals, such as equally confident ones, are decided by position, so that a run can be repeated.
    """
    # Sorted by precedence first and then stably by block, which keeps the order by precedence within each
    # block.
    order = torch.where(masked, precedence, -torch.inf).argsort(dim=1, descending=True, stable=True)
    place = torch.where(masked, block, torch.iinfo(block.dtype).max)
    order = order.gather(1, place.gather(1, order).argsort(dim=1, stable=True))
    first = torch.arange(block.shape[1], device=block.device) < number[:, None]
    return torch.zeros_like(masked).scatter(1, order, first)
