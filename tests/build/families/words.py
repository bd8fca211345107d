"""Small tokenizers in the manner of Qwen's, Llama's and GPT-2's, trained on words of the asked texts.

A word that stands in a gap, or tells two prompts apart, is one token; others are spelled in pieces, so that
texts are longer than a block of 32 tokens.
"""

import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Literal

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from mechshift.benchmark.admission.cloze import SENTENCES
from mechshift.benchmark.record.protocol import V2
from mechshift.tasks import get_task

FOLDER = Path(__file__).parent / "learnt"
Manner = Literal["qwen", "llama", "gpt2"]

QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
"""Words with what stands before them, and digits one by one."""

MANY = 100_000
DRAWN = {"ioi": 16, "infilling": 16}
ORDINARY = " ornate"
"""A word that no text has, for a mask token that is an ordinary one."""


@cache
def asked_words() -> tuple[str, ...]:
    """Words with the space before them that stand in gaps, or by which the prompts of an example differ."""
    words = {word for _, word, _ in SENTENCES} | {ORDINARY}
    for task in (get_task(asked.name) for asked in V2.tasks):
        for example in islice(task.examples(0), DRAWN.get(task.card.name, 12)):
            differing = set(example.clean.split()) ^ set(example.corrupted.split())
            words |= {example.answer, example.foil, *(f" {word}" for word in differing)}
    return tuple(sorted(words))


@cache
def make_tokenizer(manner: Manner) -> str:
    """The base model's tokenizer as its tokenizer.json has it."""
    return _file(manner).read_text(encoding="utf-8")


def write_tokenizer(manner: Manner) -> None:
    """Train the tokenizer anew on the words that are asked now."""
    trained = {"qwen": _qwen, "gpt2": _gpt2, "llama": _llama}[manner]()
    _file(manner).write_text(trained.to_str(), encoding="utf-8")


def _file(manner: Manner) -> Path:
    return FOLDER / f"tokenizer-{manner}.json"


def with_token(content: str, token: str) -> str:
    """The tokenizer with a special token added behind all others."""
    tokenizer = Tokenizer.from_str(content)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
    return str(tokenizer.to_str())


def size(content: str) -> int:
    """How many ids the tokenizer has."""
    return int(Tokenizer.from_str(content).get_vocab_size())


def _byte_level(split: list[pre_tokenizers.PreTokenizer]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=MANY, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(asked_words(), trainer)
    return tokenizer


def _qwen() -> Tokenizer:
    split = pre_tokenizers.Split(Regex(QWEN_SPLIT), behavior="isolated")
    tokenizer = _byte_level([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def _gpt2() -> Tokenizer:
    tokenizer = _byte_level([pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def _llama() -> Tokenizer:
    """Pieces with "▁" for a space, bytes for what has no piece, and <s> before every text."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="never"),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    trained.train_from_iterator(asked_words(), trainers.BpeTrainer(vocab_size=MANY, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += sorted(model["vocab"], key=model["vocab"].get)
    tokenizer = Tokenizer(
        models.BPE(
            {piece: index for index, piece in enumerate(pieces)},
            list(map(tuple, model["merges"])),
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="first"),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer
