"""Headers of solved questions are the same tokens in both prompts, and a causal member runs them once."""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice

import pytest
from transformers import PreTrainedTokenizerBase

from build.tokenizers import byte_pairs_tokenizer
from mechshift.benchmark.asking.encoding import DoesNotFit, Encoded, encode, token_ids
from mechshift.benchmark.asking.states import batches, question
from mechshift.benchmark.circuits.prefix import behind_shared_prefix
from mechshift.benchmark.pairs.member import Member
from mechshift.tasks import Example, get_task

FEW_SHOT = [
    ("countdown", "dream-3"), ("countdown", "dream-4"), ("infilling", "few-shot"), ("sudoku", "dream"),
    ("star-path", "few-shot"), ("star-path", "few-shot-names"), ("arithmetic", "few-shot"),
    ("article", "few-shot"),
]  # fmt: skip
VOCABULARY = 2000
SIDE_BY_SIDE = 12


@pytest.fixture(scope="module")
def single_digits() -> PreTrainedTokenizerBase:
    """Byte-level BPE in the manner of 7B models: every digit a token of its own, words merged."""
    texts = [e.clean + e.answer for name, level in FEW_SHOT for e in examples(name, level, "training")]
    for name, level in (("infilling", "words"), ("star-path", "names"), ("article", "four")):
        some = islice(get_task(name).examples(1, "training", level), 2000)
        texts += [e.clean + e.answer for e in some]
    return byte_pairs_tokenizer(texts, VOCABULARY - 1, single_digits=True)


def examples(name: str, level: str, split: str) -> list[Example]:
    return list(islice(get_task(name).examples(1, split, level), 24))  # type: ignore[arg-type]


def header_of(example: Example) -> str:
    """The prompt as far as the last solved question: a tokenizer may join line ends with what comes next."""
    return example.clean[: example.clean.rindex("\n\n")]


@pytest.mark.parametrize(
    ("name", "level"), [each for each in FEW_SHOT if get_task(each[0]).surface(each[1]) == "symbols"]
)
def test_where_digits_are_single_every_example_fits(
    name: str, level: str, single_digits: PreTrainedTokenizerBase
) -> None:
    for example in examples(name, level, "evaluation"):
        encoded = encode(single_digits, example)
        assert len(encoded.clean) == len(encoded.corrupted)
        assert single_digits.decode(encoded.clean + encoded.answer) == example.clean + example.answer


def fitting(name: str, level: str, tokenizer: PreTrainedTokenizerBase) -> list[Encoded]:
    """Cues and answers in words are of as many words, and not always of as many tokens."""
    found = []
    for example in examples(name, level, "evaluation"):
        with suppress(DoesNotFit):
            found.append(encode(tokenizer, example))
    return found


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_both_prompts_begin_with_the_headers_tokens(
    name: str, level: str, single_digits: PreTrainedTokenizerBase
) -> None:
    found = fitting(name, level, single_digits)
    assert len(found) > 12
    for encoded in found:
        header = token_ids(single_digits, header_of(encoded.example))
        assert encoded.clean[: len(header)] == encoded.corrupted[: len(header)] == header


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_the_whole_header_is_run_once(
    name: str, level: str, single_digits: PreTrainedTokenizerBase, member: Callable[..., Member]
) -> None:
    arm = member("arm", vocabulary=VOCABULARY)
    for encoded in fitting(name, level, single_digits)[:SIDE_BY_SIDE]:
        (batch,) = batches(arm, [question(arm, encoded, (), 0)], rows=1)
        behind, rest = behind_shared_prefix(arm, batch)
        header = token_ids(single_digits, header_of(encoded.example))
        assert behind.prefix is not None
        assert behind.prefix.tokens >= len(header)
        asked = single_digits.decode(rest.clean[0])
        assert "\n\n" not in asked
        assert asked in encoded.example.clean + encoded.example.answer
