"""Some of a pool's examples as tokens, for people to look at."""

from collections.abc import Iterator, Mapping

from transformers import PreTrainedTokenizerBase

from ..record.task_record import Prompt
from .encoding import Encoded, Ids, text_of
from .pool import Pool, Prompts

SHOWN = 4
"""Examples that a record shows of a task, each of another wording where there are as many."""


def shown_examples(pool: Pool) -> tuple[int, ...]:
    """Places in the task's stream of the examples that are shown: the first of each wording, then others."""
    first: dict[str, int] = {}
    for one in pool.solved:
        first.setdefault(one.template, one.index)
    others = (one.index for one in pool.solved if one.index not in first.values())
    return tuple(sorted((*first.values(), *others)[:SHOWN]))


def show_prompts(tokenizer: PreTrainedTokenizerBase, pool: Pool, encoded: Mapping[int, Encoded]) -> Prompts:
    """The shown examples, every token as the tokenizer writes it alone."""
    return Prompts(tuple(_prompt(tokenizer, index, encoded[index]) for index in shown_examples(pool)))


def _prompt(tokenizer: PreTrainedTokenizerBase, index: int, encoded: Encoded) -> Prompt:
    def tokens(ids: Ids) -> tuple[str, ...]:
        return tuple(_tokens(tokenizer, ids))

    return Prompt(
        index=index,
        template=encoded.example.template,
        clean=tokens(encoded.clean),
        corrupted=tokens(encoded.corrupted),
        answer=tokens(encoded.answer),
        foil=tokens(encoded.foil),
    )


def _tokens(tokenizer: PreTrainedTokenizerBase, ids: Ids) -> Iterator[str]:
    for each in ids:
        yield text_of(tokenizer, (each,))
