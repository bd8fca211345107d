"""In-place infilling: the gap masked in the text itself, which only a masked diffusion model can be asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from ...tasks import Example, Task
from ..pairs.pair import Pair
from ..record.missing import Missing
from ..record.number import Accuracy
from .decoding import answers
from .encoding import DoesNotFit, Ids, gapped, text_of
from .masking import check_prompts, check_targets


@dataclass(frozen=True)
class Gapped:
    """A whole text as token ids, and the positions of its gap."""

    example: Example
    tokens: Ids
    gap: range


def in_place_accuracy(pair: Pair, task: Task, examples: Sequence[Example], rows: int) -> Accuracy | Missing:
    """How many gaps the MDM fills rightly, one token a step; missing, with the reason, where none is tried.

    An ARM in its place is not asked, and an example whose gap does not fall on token borders is not tried.
    Raises PairError for a text that holds the mask token, and for a gap that a shifted member cannot read.
    """
    if pair.mdm.autoregressive:
        return Missing(missing=f"a {pair.mdm.called} is no MDM and fills nothing in place")
    by_shape: dict[tuple[int, range], list[Gapped]] = defaultdict(list)
    for example in examples:
        found = find_gap(pair.tokenizer, example)
        if found is not None:
            check_prompts(pair.mdm, [found.tokens])
            check_targets(pair.mdm, found.gap)
            by_shape[len(found.tokens), found.gap].append(found)
    pair.bring(pair.mdm)
    solved = tried = 0
    for (_, gap), alike in by_shape.items():
        for start in range(0, len(alike), rows):
            batch = alike[start : start + rows]
            # Rows share their gap's position as well as their length, so one set of targets serves a batch.
            targets = torch.tensor([list(gap)] * len(batch))
            filled, _ = answers(pair.mdm, torch.tensor([each.tokens for each in batch]), targets, len(gap))
            texts = [text_of(pair.tokenizer, ids) for ids in filled]
            solved += sum(task.check(each.example, text) for each, text in zip(batch, texts, strict=True))
            tried += len(batch)
    if not tried:
        return Missing(missing=_why_none(examples))
    return Accuracy(solved=solved, tried=tried)


def _why_none(examples: Sequence[Example]) -> str:
    if not examples:
        return "no example was tried"
    if all(example.in_place is None for example in examples):
        return "the task has no form that is filled in place"
    return "no gap falls on token borders"


def find_gap(tokenizer: PreTrainedTokenizerBase, example: Example) -> Gapped | None:
    """The whole text with its gap; None where it has none, or one that does not fall on token borders."""
    if example.in_place is None:
        return None
    try:
        tokens, gap = gapped(tokenizer, example.in_place.left, example.answer, example.in_place.right)
    except DoesNotFit:
        return None
    return Gapped(example, tokens, gap)
