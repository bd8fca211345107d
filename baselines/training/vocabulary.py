"""A word-level tokenizer for the reference pairs: every word of the tasks, digits one by one."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ...tasks import Task

PIECE = r"___|[0-9]|[A-Za-z]+|[^A-Za-z0-9\s]"
MASK, PAD, UNKNOWN = "<|mask|>", "<|pad|>", "<|unknown|>"
SAMPLE = 20_000


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a member that was trained here."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    assert isinstance(tokenizer, PreTrainedTokenizerFast), "the class that it was asked of"
    return tokenizer


def build_tokenizer(tasks: Iterable[Task], seed: int) -> PreTrainedTokenizerFast:
    """The tokenizer whose vocabulary is every piece in a sample of the tasks' training examples.

    Ids are in alphabetical order behind the three special tokens, the same for the same tasks.
    """
    splitter = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    # Every digit, whether or not the sample has it.
    pieces = {str(digit) for digit in range(10)}
    for task in tasks:
        for example in islice(task.examples(seed, "training"), SAMPLE):
            for text in (example.clean, example.corrupted, example.answer, example.foil):
                pieces.update(piece for piece, _ in splitter.pre_tokenize_str(text))
    vocabulary = {piece: index for index, piece in enumerate([PAD, UNKNOWN, MASK, *sorted(pieces)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = splitter
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, mask_token=MASK, pad_token=PAD, unk_token=UNKNOWN
    )
