"""From an example's texts to token ids of equal length, or the reason why they do not fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from ...tasks import Example
from ..pairs.tokens import tokenizing

Ids = tuple[int, ...]

TOKENIZER = "the ARM's tokenizer"
"""The one that writes all texts of a pair, in messages."""
COMPLETE = 0.9
"""Share of the texts of an answer set that a tokenizer has to write as continuations of one length."""


@dataclass(frozen=True)
class Encoded:
    """An example as token ids.

    `clean` and `corrupted`: prompts of equal length. `answer` and `foil`: continuations of equal length,
    the same tokens after either prompt. `answers`, `foils`: the continuations of the two sets
    where the answer is any of a set, each as long as `answer`. `plan`: index of the answer's plan token;
    `copied`: those of its copied tokens.
    """

    example: Example
    clean: Ids
    corrupted: Ids
    answer: Ids
    foil: Ids
    answers: tuple[Ids, ...] = ()
    foils: tuple[Ids, ...] = ()
    plan: int = 0
    copied: tuple[int, ...] = ()

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
    with tokenizing(TOKENIZER):
        return _unclosed(tokenizer, tokenizer(text)["input_ids"])


def _unclosed(tokenizer: PreTrainedTokenizerBase, row: Iterable[int]) -> Ids:
    # A closing token would stand between prompt and answer.
    ids = tuple(row)
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def text_of(tokenizer: PreTrainedTokenizerBase, ids: Ids) -> str:
    """The text of token ids, special tokens included."""
    text = tokenizer.decode(list(ids))
    assert isinstance(text, str), "one row of ids is one text"
    return text


def continuation(prompt: Ids, whole: Ids) -> Ids:
    """What a whole text has behind a prompt that it begins with.

    Raises DoesNotFit where it changes the prompt's own ids.
    """
    # A text is tokenised together with its prompt, because on its own it can be split differently.
    if whole[: len(prompt)] != prompt or len(whole) == len(prompt):
        raise DoesNotFit("the answer's text merges with the prompt's last token")
    return whole[len(prompt) :]


def gapped(tokenizer: PreTrainedTokenizerBase, left: str, word: str, right: str) -> tuple[Ids, range]:
    """Ids of the whole text, and the positions of the word in it.

    Raises DoesNotFit where the word's borders are no borders of tokens.
    """
    texts = left, left + word, left + word + right
    before, with_word, whole = (token_ids(tokenizer, text) for text in texts)
    gap, rest = continuation(before, with_word), continuation(with_word, whole)
    return before + gap + rest, range(len(before), len(with_word))


def encode(tokenizer: PreTrainedTokenizerBase, example: Example) -> Encoded:
    """The example as token ids. Raises DoesNotFit with the reason where lengths or tokens do not agree."""
    clean, corrupted = token_ids(tokenizer, example.clean), token_ids(tokenizer, example.corrupted)
    _require_known(tokenizer, clean + corrupted)
    if len(clean) != len(corrupted):
        raise DoesNotFit("clean and corrupted differ in token length")
    if clean == corrupted:
        raise DoesNotFit("clean and corrupted are the same tokens")
    wholes = (token_ids(tokenizer, example.clean + text) for text in (example.answer, example.foil))
    answer, foil = (continuation(clean, whole) for whole in wholes)
    _require_known(tokenizer, answer + foil)
    if len(answer) != len(foil):
        raise DoesNotFit("answer and foil differ in token length")
    if answer == foil:
        raise DoesNotFit("answer and foil are the same tokens")
    # The same answer tokens are replayed after the corrupted prompt.
    replayed = (token_ids(tokenizer, example.corrupted + text) for text in (example.answer, example.foil))
    if [continuation(corrupted, whole) for whole in replayed] != [answer, foil]:
        raise DoesNotFit("the answer's tokens depend on the prompt")
    answers, foils = (
        _members(tokenizer, example, clean, texts, len(answer)) for texts in (example.answers, example.foils)
    )
    if len(answers) + len(foils) < COMPLETE * (len(example.answers) + len(example.foils)):
        raise DoesNotFit("too many of the answer set's texts merge with the prompt or differ in token length")
    ends = answer_ends(tokenizer, example, clean, answer)
    plan = token_at(ends, len(example.answer) - len(example.answer.lstrip()))
    copied = {token_at(ends, place) for place in example.copied} - {plan}
    return Encoded(example, clean, corrupted, answer, foil, answers, foils, plan, tuple(sorted(copied)))


def answer_ends(tokenizer: PreTrainedTokenizerBase, example: Example, clean: Ids, answer: Ids) -> list[int]:
    """Where the text of each of the answer's tokens ends, in characters of the answer."""
    end = len(clean) + len(answer)
    if tokenizer.is_fast:
        with tokenizing(TOKENIZER):
            found = tokenizer(example.clean + example.answer, return_offsets_mapping=True)["offset_mapping"]
        return [after - len(example.clean) for _, after in found[len(clean) : end]]
    # Decoded behind the prompt, as a tokenizer may drop a space that stands first.
    before = len(text_of(tokenizer, clean))
    return [len(text_of(tokenizer, (clean + answer)[:at])) - before for at in range(len(clean) + 1, end + 1)]


def token_at(ends: Sequence[int], place: int) -> int:
    """Index of the token that writes the character at a place; the last one where the texts end before it."""
    return next((index for index, end in enumerate(ends) if end > place), len(ends) - 1)


def _require_known(tokenizer: PreTrainedTokenizerBase, ids: Ids) -> None:
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id in ids:
        raise DoesNotFit("a word is not in the vocabulary")


def _members(
    tokenizer: PreTrainedTokenizerBase, example: Example, prompt: Ids, texts: tuple[str, ...], length: int
) -> tuple[Ids, ...]:
    """Continuations of the given length; a text that is written otherwise belongs to neither set."""
    if not texts:
        return ()
    with tokenizing(TOKENIZER):
        rows = tokenizer([example.clean + text for text in texts])["input_ids"]
    wholes = [_unclosed(tokenizer, row) for row in rows]
    end = len(prompt) + length
    return tuple(whole[-length:] for whole in wholes if len(whole) == end and whole[: len(prompt)] == prompt)
