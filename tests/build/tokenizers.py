"""Small tokenizers: of whole words, and of byte pairs as published models have them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

LETTERS = ("?", *"0123456789", *"abcdefgh", "[MASK]")
"""The tokens of the tokenizer of letters; the first is what is unknown."""

WORDS = ("<unk>", "<pad>", "[MASK]", *(f"w{index}" for index in range(37)))
"""The tokens of a random checkpoint's tokenizer."""


def pieces(pattern: str) -> Any:
    """Cuts a text into what matches a pattern, and drops the rest."""
    return pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)


def words_tokenizer(
    words: Sequence[str], cut: Any, processor: Any = None, **special: str
) -> PreTrainedTokenizerFast:
    """A token for each of the words, of which the first stands for all others; `cut` makes a text's words."""
    tokenizer = _of_words(words, cut)
    if processor is not None:
        tokenizer.post_processor = processor
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=words[0], **special)


def _of_words(words: Sequence[str], cut: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, words[0]))
    tokenizer.pre_tokenizer = cut
    return tokenizer


def letters_tokenizer() -> PreTrainedTokenizerFast:
    """One token per letter a–h and digit; anything else is unknown."""
    return words_tokenizer(LETTERS, pieces("[a-z0-9]"), mask_token="[MASK]")


def byte_pairs_tokenizer(
    texts: Iterable[str], vocabulary: int, single_digits: bool = False, **special: str
) -> PreTrainedTokenizerFast:
    """Byte-pair encoding in GPT-2's manner, learnt from texts; the token <|end|> is added.

    With `single_digits` every digit is a token of its own, as models of 7B have them.
    """
    cuts = [pre_tokenizers.Digits(individual_digits=True)] if single_digits else []
    cuts.append(pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cuts)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", **special)


def write_words(directory: Path, words: Sequence[str] = WORDS, **special: str) -> None:
    """Writes a tokenizer of words into a checkpoint's directory, as it is published."""
    _of_words(words, pre_tokenizers.Whitespace()).save(str(directory / "tokenizer.json"))
    content = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": words[0], **special}
    (directory / "tokenizer_config.json").write_text(json.dumps(content))
