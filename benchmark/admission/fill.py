"""How well a member fills masked tokens under one declaration and under others: what no structure shows.

A wrong shift, attention or mask token runs without an error. But a model fills a gap best in the way in which
it was trained to.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..asking.encoding import Ids
from ..pairs.attention import Attention
from ..pairs.member import Member
from .cloze import Cloze

OTHERS = tuple(
    map(
        Attention.parse,
        ("full", "causal", "observed-first", "block:4", "block:8", "block:16", "block:32", "block:64"),
    )
)
FLOOR = -15.0
"""Log probabilities are cut off here, so that a single cloze does not decide."""
ERRORS = 3.0
"""By how many standard errors one way of filling has to be better than another one."""
LEAST_GAIN = 0.1
"""And by how many nats at the least."""
LEAST_SHARE = 0.25
"""A way that fills a smaller share of the clozes rightly proves nothing."""
LEAST_SOURCES = 16
"""Clozes of fewer wordings decide nothing."""
ROWS = 32
"""Texts that go through a model together at most."""
PADDED = 1.2
"""With padding they have at most so many times their tokens."""
MASKED = 3
"""One in this many tokens is masked where mask tokens are compared."""


@dataclass(frozen=True)
class Fill:
    """How a member fills clozes under one declaration.

    `log_probability`: [clozes], of the right token in nats, not below −15; `right`: boolean [clozes],
    whether no other token is more probable; `sources`: the wording of each cloze.
    """

    shift: bool
    attention: Attention
    mask_id: int
    log_probability: Tensor
    right: Tensor
    sources: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean log probability of the right token in nats; NaN where there is no cloze."""
        return float(self.log_probability.mean())

    def clearly_better(self, other: "Fill") -> bool:
        """Whether this is by a clear margin the better way to fill the same clozes.

        More of them are filled rightly, and the right token is more probable by a paired comparison. Either
        alone misleads: unfilled gaps differ by how wrong they are, filled ones by chance.
        """
        gain = (self.log_probability - other.log_probability).double()
        filled, theirs = int(self.right.sum()), int(other.right.sum())
        if len(set(self.sources)) < LEAST_SOURCES or filled < LEAST_SHARE * len(gain) or filled <= theirs:
            return False
        # Paired: both ways fill the same texts, so how hard a text is cancels out.
        mean, error = float(gain.mean()), clustered_error(gain, self.sources)
        return mean >= LEAST_GAIN and mean > ERRORS * error

    def __str__(self) -> str:
        return f"{'shift' if self.shift else 'no shift'}, {self.attention}"


def clustered_error(values: Tensor, clusters: Sequence[str]) -> float:
    """The standard error of the values' mean, where values of a cluster depend on each other.

    Of G clusters √(G/(G−1) Σ_g (Σ_{i∈g} (x_i − x̄))²) / n (Liang and Zeger 1986), which for clusters of one
    is the usual one. Infinite for a single cluster.
    """
    deviations: dict[str, float] = defaultdict(float)
    for cluster, deviation in zip(clusters, (values - values.mean()).tolist(), strict=True):
        deviations[cluster] += deviation
    number = len(deviations)
    if number < 2:
        return math.inf
    return math.sqrt(number / (number - 1) * sum(each**2 for each in deviations.values())) / len(values)


def askable(member: Member, texts: Sequence[Cloze]) -> list[Cloze]:
    """The texts that the member has token rows and positions for; none where it has no row of its mask."""
    rows, position = member.backbone.shape.vocabulary, member.backbone.position_embedding
    if not member.has_mask_row:
        return []
    longest = None if position is None else position.num_embeddings
    return [
        cloze
        for cloze in texts
        if max(cloze.tokens) < rows and (longest is None or len(cloze.tokens) <= longest)
    ]


def fills(member: Member, texts: Sequence[Cloze]) -> list[Fill]:
    """The declared way first, then every other shift and attention that makes a difference to these texts."""
    return fills_under(member, texts, distinct_attentions(member.attention, texts))


@torch.no_grad()
def fills_under(member: Member, texts: Sequence[Cloze], attentions: Iterable[Attention]) -> list[Fill]:
    """Under each of the attentions both shifts, the declared one first."""
    return [
        fill for attention in attentions for fill in _both_shifts(replace(member, attention=attention), texts)
    ]


@torch.no_grad()
def fills_with(member: Member, texts: Sequence[Cloze], mask_ids: Iterable[int]) -> list[Fill]:
    """The declared shift and attention with other mask tokens, each on a third of a text's tokens.

    One masked token says little of which token that is: a shifted model reads the gap before it.
    """
    return [_both_shifts(replace(member, mask_id=mask_id), texts, MASKED)[0] for mask_id in mask_ids]


def distinct_attentions(declared: Attention, texts: Sequence[Cloze]) -> list[Attention]:
    """The attentions under which the texts' tokens see different things, the declared one first."""
    # Attentions that agree on every text would fill it alike, and no data could tell them apart.
    kept: list[tuple[Attention, list[Tensor]]] = []
    for attention in (declared, *OTHERS, *_of_its_size(declared)):
        seen = [attention.allowed(_masked(cloze)) for cloze in texts]
        if not any(all(map(torch.equal, seen, others)) for _, others in kept):
            kept.append((attention, seen))
    return [attention for attention, _ in kept]


def _of_its_size(declared: Attention) -> tuple[Attention, ...]:
    """For blocks those of the other kind: whether text in front of them is read causally is on no card."""
    if not declared.in_blocks:
        return ()
    return (replace(declared, kind="block" if declared.kind == "context-causal" else "context-causal"),)


def _masked(cloze: Cloze) -> Tensor:
    return (torch.arange(len(cloze.tokens)) == cloze.position)[None]


def _both_shifts(member: Member, texts: Sequence[Cloze], every: int | None = None) -> tuple[Fill, Fill]:
    """Filled with the member's shift and with the other one, from the same passes.

    `every`: besides the gap, tokens at multiples of this distance from it are masked, the first aside.
    """
    shifts = (member.shift, not member.shift)
    sources = tuple(cloze.source for cloze in texts)
    value = torch.empty(2, len(texts))
    right = torch.empty(2, len(texts), dtype=torch.bool)
    for numbers in filling_batches(texts):
        tokens, lengths = _padded([texts[number].tokens for number in numbers], member.device)
        position = torch.tensor([texts[number].position for number in numbers], device=member.device)
        rows = torch.arange(len(numbers), device=member.device)
        wanted = tokens[rows, position]
        distance = torch.arange(tokens.shape[1], device=member.device) - position[:, None]
        masked = distance == 0 if every is None else distance % every == 0
        masked[:, 0] = False
        tokens[masked] = member.mask_id
        hidden = member.hidden(member.embed(tokens), tokens, lengths)
        for which, shift in enumerate(shifts):
            scores = member.logits(hidden[rows, position - int(shift)]).log_softmax(dim=-1)
            value[which, numbers] = scores[rows, wanted].clamp(min=FLOOR).cpu()
            right[which, numbers] = (scores.argmax(dim=-1) == wanted).cpu()
    first, second = (
        Fill(shift, member.attention, member.mask_id, value[which], right[which], sources)
        for which, shift in enumerate(shifts)
    )
    return first, second


def filling_batches(texts: Sequence[Cloze]) -> list[list[int]]:
    """The numbers of the texts that go through a model together, those of like length."""
    # Texts have some thirty lengths. A pass for each would take a small model several times as long, one for
    # all a large model twice as long, half of it on padding.
    batches: list[list[int]] = []
    tokens = 0
    for number in sorted(range(len(texts)), key=lambda number: len(texts[number].tokens)):
        length = len(texts[number].tokens)
        batch = batches[-1] if batches else []
        if batch and len(batch) < ROWS and length * (len(batch) + 1) <= PADDED * (tokens + length):
            batch.append(number)
            tokens += length
        else:
            batches.append([number])
            tokens = length
    return batches


def _padded(rows: Sequence[Ids], device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids [rows, tokens], a row's last one repeated behind its end; and the rows' lengths."""
    longest = max(map(len, rows))
    tokens = [[*row, *row[-1:] * (longest - len(row))] for row in rows]
    return torch.tensor(tokens, device=device), torch.tensor(list(map(len, rows)), device=device)
