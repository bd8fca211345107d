"""From an example's texts to token ids of equal length, or the reason why they do not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from ..tasks import Example

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Encoded:
    """An example as token ids.

    `clean` and `corrupted`: prompts of equal length. `answer` and `foil`: continuations of equal length,
    the same tokens after either prompt. `answers`, `foils`: the continuations of a probability
    difference's two sets, each as long as `answer`.
    """

    example: Example
    clean: Ids
    corrupted: Ids
    answer: Ids
    foil: Ids
    answers: tuple[Ids, ...] = ()
    foils: tuple[Ids, ...] = ()

    @property
    def targets(self) -> range:
        """Positions of the answer's tokens in prompt + answer."""
        return range(len(self.clean), len(self.clean) + len(self.answer))

    @property
    def decisions(self) -> tuple[int, ...]:
        """Indices into the answer at which it differs from the foil: where the prompts' difference shows."""
        return tuple(i for i, (a, f) in enumerate(zip(self.answer, self.foil, strict=True)) if a != f)


class DoesNotFit(Exception):
    """An example that the pair's tokenizer cannot express; the message is the reason that is counted."""


def token_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> Ids:
    """Ids of a text with the tokenizer's own special tokens, less a closing one."""
    ids = tuple(tokenizer(text)["input_ids"])
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def continuation(tokenizer: PreTrainedTokenizerBase, prompt: str, text: str) -> Ids:
    """Ids that `text` adds behind `prompt`. Raises DoesNotFit where it changes the prompt's own ids."""
    before, whole = token_ids(tokenizer, prompt), token_ids(tokenizer, prompt + text)
    if whole[: len(before)] != before or len(whole) == len(before):
        raise DoesNotFit("the answer's text merges with the prompt's last token")
    return whole[len(before) :]


def encode(tokenizer: PreTrainedTokenizerBase, example: Example) -> Encoded:
    """The example as token ids. Raises DoesNotFit with the reason where lengths or tokens do not agree."""
    clean, corrupted = token_ids(tokenizer, example.clean), token_ids(tokenizer, example.corrupted)
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in clean + corrupted:
        raise DoesNotFit("a word is not in the vocabulary")
    if len(clean) != len(corrupted):
        raise DoesNotFit("clean and corrupted differ in token length")
    if clean == corrupted:
        raise DoesNotFit("clean and corrupted are the same tokens")
    answer = continuation(tokenizer, example.clean, example.answer)
    foil = continuation(tokenizer, example.clean, example.foil)
    if len(answer) != len(foil):
        raise DoesNotFit("answer and foil differ in token length")
    if continuation(tokenizer, example.corrupted, example.answer) != answer:
        raise DoesNotFit("the answer's tokens depend on the prompt")
    return Encoded(
        example,
        clean,
        corrupted,
        answer,
        foil,
        _members(tokenizer, example, example.answers, len(answer)),
        _members(tokenizer, example, example.foils, len(answer)),
    )


def _members(
    tokenizer: PreTrainedTokenizerBase, example: Example, texts: Iterable[str], length: int
) -> tuple[Ids, ...]:
    """Continuations of the given length; a text that the tokenizer writes otherwise belongs to neither set."""
    found = []
    for text in texts:
        try:
            ids = continuation(tokenizer, example.clean, text)
        except DoesNotFit:
            continue
        if len(ids) == length:
            found.append(ids)
    return tuple(found)
