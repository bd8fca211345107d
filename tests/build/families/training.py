"""Trains the small models of `lessons`: `python -m build.families.training`, in tests/ (about ten minutes).

A new word in a task's texts does no harm to what has been learnt. Run it where tests of families fail because
many texts have changed, or for other sizes, courses or families; then run these tests: what a fault shows is
a matter of how well a model has learnt.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from build.models import random_model
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.spec import CAUSAL

from .lessons import HEAD, SPARE, Lesson, Texts, Weights, learnt_texts, trained
from .published import FAMILIES
from .words import FOLDER, make_tokenizer, size, write_tokenizer

ROWS = 24
"""Texts of a batch."""

Hide = Callable[[Texts, float, torch.Generator], Tensor]
"""What to mask of a batch."""


def train(lesson: Lesson) -> Weights:
    """The weights anew; an MDM's from those of its ARM."""
    model = random_model(
        lesson.kind,
        spread=None,
        vocabulary=size(make_tokenizer(lesson.manner)) + SPARE,
        tied=True,
        **lesson.sizes,
    )
    if lesson.attention is None:
        _train(model, lesson, Attention("causal"), hide=_nothing)
    else:
        model.load_state_dict(trained(Lesson(lesson.kind, lesson.manner)))
        _train(model, lesson, Attention.parse(lesson.attention), hide=_some)
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _train(model: PreTrainedModel, lesson: Lesson, attention: Attention, hide: Hide) -> None:
    texts, generator = learnt_texts(lesson.manner, lesson.ends), torch.Generator().manual_seed(0)
    mask_id, course = size(make_tokenizer(lesson.manner)), lesson.course
    member = Member("mdm", read_backbone(model.train()), attention, lesson.shift, mask_id)
    as_arm = replace(member, attention=CAUSAL, shift=True)
    optimiser = torch.optim.AdamW(model.parameters(), course.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, course.rate, course.steps, pct_start=0.1)
    for _ in range(course.steps):
        batch = texts.at(torch.randperm(len(texts.tokens), generator=generator)[:ROWS])
        optimiser.zero_grad()
        _loss(member, batch, hide(batch, course.alone, generator)).backward()
        if lesson.joint:
            _loss(as_arm, batch, _nothing(batch, course.alone, generator)).backward()
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
    read = member.hidden(member.embed(tokens), tokens, batch.lengths)[row, position - int(member.shift)]
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


def main() -> None:
    """Write every family's tokenizer and weights, its ARM's first."""
    lessons = dict.fromkeys(lesson for family in FAMILIES.values() for lesson in (family.arm, family.mdm))
    FOLDER.mkdir(exist_ok=True)
    for manner in dict.fromkeys(family.manner for family in FAMILIES.values()):
        write_tokenizer(manner)
    for lesson in lessons:
        # Half of the digits do: most families publish bfloat16. A tied head is in its embedding.
        kept = {name: value.bfloat16() for name, value in train(lesson).items() if name != HEAD}
        save_file(kept, lesson.file, {"format": "pt"})
        print(lesson.file.name, flush=True)


if __name__ == "__main__":
    main()
