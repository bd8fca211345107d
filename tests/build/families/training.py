"""Small models that have learnt by heart the texts that they will be asked, each in its own way.

An ARM learns the next token; the MDM goes on from its weights and learns masked tokens, with the shift and
the attention that its family declares. The mask token is the row behind the tokenizer's last one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from build.models import random_model
from mechshift.benchmark.admission.cloze import TRIED, clozes
from mechshift.benchmark.asking.encoding import DoesNotFit, Ids, encode, gapped
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.tasks import get_task

from .words import DRAWN, Manner, make_tokenizer, size

SPARE = 3
"""Rows behind the tokenizer's: the mask token's, and padding as Qwen's embedding has it."""

WIDTH, LAYERS, HEADS = 48, 3, 4
EVERY: dict[str, Any] = {"width": WIDTH, "layers": LAYERS, "heads": HEADS}
ROTARY: dict[str, Any] = {"positions": 256, "rope_theta": 1_000_000.0, "hidden_act": "silu"}
ROPE = {**EVERY, **ROTARY, "mlp_width": 96}
QWEN3 = {**ROPE, "head_dim": 16}
GELU = {"activation_function": "gelu_new", "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {**EVERY, "mlp_width": 4 * WIDTH, "positions": 96, **GELU},
    "llama": {**ROPE, "rms_norm_eps": 1e-5, "rope_theta": 10_000.0},
    "qwen2": ROPE,
    "qwen3": QWEN3,
    "qwen3_moe": {**QWEN3, "expert_width": 48},
}
"""Of each class's small models."""

ROWS = 24
SHORT = 4
"""Tokens of a block in which a gap is told by what is left of it."""


@dataclass(frozen=True)
class Course:
    """Steps, the highest learning rate, and the share of rows in which an MDM's gap alone is masked."""

    steps: int
    rate: float
    alone: float = 0.0


ARM = Course(200, 6e-3)
SHIFTED, UNSHIFTED, REORDERED = (
    Course(300, 6e-3, alone=0.5),
    Course(500, 1e-2, alone=0.3),
    Course(600, 1e-2, alone=0.4),
)
"""Without the shift an MDM has further to go from its ARM. Were all gaps filled, nothing would show."""


def course_of(attention: str, shift: bool) -> Course:
    """That of an MDM."""
    if shift:
        return SHIFTED
    return REORDERED if attention == "observed-first" else UNSHIFTED


Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Padded:
    """An attention to rows of several lengths: nothing sees what stands behind a row's end."""

    attention: Attention
    lengths: Tensor

    def mask(self, masked: Tensor, dtype: torch.dtype) -> Tensor:
        beyond = torch.arange(masked.shape[1]) >= self.lengths[:, None]
        return self.attention.mask(masked, dtype).masked_fill(beyond[:, None, None], torch.finfo(dtype).min)


@dataclass(frozen=True)
class Texts:
    """Token ids [texts, tokens], padded, the number of tokens of each, and the tokens to mask as a whole."""

    tokens: Tensor
    lengths: Tensor
    gaps: Tensor

    def at(self, rows: Tensor) -> "Texts":
        longest = int(self.lengths[rows].max())
        return Texts(self.tokens[rows, :longest], self.lengths[rows], self.gaps[rows, :longest])


Hide = Callable[[Texts, float, torch.Generator], Tensor]
"""What to mask of a batch."""


@cache
def learnt_texts(manner: Manner, ends: bool) -> Texts:
    """The behaviour check's clozes, with `ends` their counterparts, and examples of two tasks."""
    backend = Tokenizer.from_str(make_tokenizer(manner))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    rows = [(cloze.tokens, range(cloze.position, cloze.position + 1)) for cloze in clozes(tokenizer)]
    rows += _other_ends(tokenizer) if ends else ()
    for name, number in DRAWN.items():
        for example in islice(get_task(name).examples(0), number):
            try:
                encoded = encode(tokenizer, example)
            except DoesNotFit:
                continue
            rows.append((encoded.clean + encoded.answer, encoded.targets))
    longest = max(len(tokens) for tokens, _ in rows)
    tokens = torch.tensor([list(row) + [0] * (longest - len(row)) for row, _ in rows])
    gaps = torch.zeros_like(tokens, dtype=torch.bool)
    for row, (_, gap) in enumerate(rows):
        gaps[row, gap.start : gap.stop] = True
    return Texts(tokens, torch.tensor([len(row) for row, _ in rows]), gaps)


def _other_ends(tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[Ids, range]]:
    """Counterparts of the texts with a gap in place: what is left of the gap does not tell it."""
    for example in islice(get_task("infilling").examples(0), TRIED):
        place = example.in_place
        assert place is not None
        with suppress(DoesNotFit):
            tokens, gap = gapped(tokenizer, place.left, example.foil, place.corrupted_right)
            if len(gap) == 1:
                yield tokens, gap


@cache
def trained_arm(kind: str, manner: Manner) -> Weights:
    """Weights, in the native class's names, of a model that continues the texts."""
    model = _model(kind, manner)
    _train(model, manner, Attention("causal"), shift=True, hide=_nothing, course=ARM)
    return _weights(model)


@cache
def trained_mdm(kind: str, manner: Manner, attention: str, shift: bool) -> Weights:
    """Weights of a model made from that ARM which fills gaps in the texts in the given way."""
    model = _model(kind, manner)
    model.load_state_dict(trained_arm(kind, manner))
    _train(model, manner, Attention.parse(attention), shift, hide=_some, course=course_of(attention, shift))
    return _weights(model)


def _model(kind: str, manner: Manner) -> PreTrainedModel:
    rows = size(make_tokenizer(manner)) + SPARE
    return random_model(kind, spread=None, vocabulary=rows, tied=True, **SIZES[kind])


def _weights(model: PreTrainedModel) -> Weights:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _train(
    model: PreTrainedModel,
    manner: Manner,
    attention: Attention,
    shift: bool,
    hide: Hide,
    course: Course,
) -> None:
    ends = attention.kind != "block" or attention.block > SHORT  # a short block seldom sees the end
    texts, generator = learnt_texts(manner, ends), torch.Generator().manual_seed(0)
    mask_id = size(make_tokenizer(manner))
    member = Member("mdm", read_backbone(model.train()), attention, shift, mask_id)
    optimiser = torch.optim.AdamW(model.parameters(), course.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, course.rate, course.steps, pct_start=0.1)
    for _ in range(course.steps):
        batch = texts.at(torch.randperm(len(texts.tokens), generator=generator)[:ROWS])
        padded = replace(member, attention=Padded(attention, batch.lengths))
        optimiser.zero_grad()
        _loss(padded, batch, hide(batch, course.alone, generator)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def _loss(member: Member, batch: Texts, hidden: Tensor) -> Tensor:
    """Of the hidden tokens; where none is, of every token that has one before it."""
    tokens = batch.tokens.masked_fill(hidden, member.mask_id)
    wanted = hidden
    if not hidden.any():
        wanted = torch.arange(tokens.shape[1]) < batch.lengths[:, None]
        wanted[:, 0] = False
    row, position = wanted.nonzero(as_tuple=True)
    read = member.hidden(member.embed(tokens), tokens)[row, position - int(member.shift)]
    return torch.nn.functional.cross_entropy(member.logits(read), batch.tokens[row, position])


def _nothing(batch: Texts, alone: float, generator: torch.Generator) -> Tensor:
    return torch.zeros_like(batch.gaps)


def _some(batch: Texts, alone: float, generator: torch.Generator) -> Tensor:
    """In some rows the gap alone, in the others each token with one probability of the row's own."""
    share = 0.1 + 0.9 * torch.rand(len(batch.tokens), 1, generator=generator)
    drawn = torch.rand(batch.tokens.shape, generator=generator) < share
    only = torch.rand(len(batch.tokens), 1, generator=generator) < alone
    hidden = torch.where(only, batch.gaps, drawn)
    hidden &= torch.arange(hidden.shape[1]) < batch.lengths[:, None]
    hidden[:, 0] = False
    return hidden
