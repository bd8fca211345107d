from contextlib import suppress
from itertools import islice

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from build.tokenizers import byte_pairs_tokenizer, pieces, words_tokenizer
from mechshift.baselines.training import vocabulary
from mechshift.benchmark.asking.encoding import DoesNotFit, continuation, encode, token_ids
from mechshift.tasks import Example, get_task, list_tasks

TASKS = [task.card.name for task in list_tasks()]
EXAMPLES = {name: list(islice(get_task(name).examples(0), 40)) for name in TASKS}


@pytest.fixture(scope="module")
def word_level() -> PreTrainedTokenizerBase:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "SAMPLE", 2000)
        return vocabulary.build_tokenizer(list_tasks(), seed=0)


@pytest.fixture(scope="module")
def byte_level() -> PreTrainedTokenizerBase:
    """Byte-pair encoding in GPT-2's manner, of so few merges that some words are split and some are not."""
    texts = [
        e.clean + e.answer for name in TASKS for e in islice(get_task(name).examples(1, "training"), 500)
    ]
    return byte_pairs_tokenizer(texts, 1500, bos_token="<|end|>")


def made(pattern: str, *words: str, closing: bool = False) -> PreTrainedTokenizerBase:
    """A word-level tokenizer with a pattern of pieces and a vocabulary; with `closing`, in <s> … </s>."""
    special = [("<s>", 1), ("</s>", 2)]
    wrap = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special) if closing else None
    known = ("?", "<s>", "</s>", *words)
    return words_tokenizer(known, pieces(pattern), wrap, bos_token="<s>", eos_token="</s>")


def asked(clean: str, corrupted: str, answer: str, foil: str) -> Example:
    return Example(clean, corrupted, answer, foil, "variant", "template", ("content",))


@pytest.mark.parametrize("name", TASKS)
def test_every_example_fits_the_word_level_tokenizer(name: str, word_level: PreTrainedTokenizerBase) -> None:
    check = get_task(name).check
    for example in EXAMPLES[name]:
        encoded = encode(word_level, example)
        for ids, text in ((encoded.clean, example.clean), (encoded.corrupted, example.corrupted)):
            assert word_level.decode(ids).replace(" ", "") == "".join(text.split())
        assert len(encoded.clean) == len(encoded.corrupted)
        assert len(encoded.answer) == len(encoded.foil)
        assert check(example, word_level.decode(encoded.answer))
        assert not check(example, word_level.decode(encoded.foil))


@pytest.mark.parametrize("name", TASKS)
def test_what_fits_byte_pairs_is_of_equal_length(name: str, byte_level: PreTrainedTokenizerBase) -> None:
    fitting = 0
    for example in EXAMPLES[name]:
        lengths = [len(byte_level.encode(text)) for text in (example.clean, example.corrupted)]
        if lengths[0] != lengths[1]:
            with pytest.raises(DoesNotFit, match="clean and corrupted differ in token length"):
                encode(byte_level, example)
            continue
        with suppress(DoesNotFit):
            encoded = encode(byte_level, example)
            fitting += 1
            assert [len(encoded.clean), len(encoded.corrupted)] == lengths
            assert len(encoded.answer) == len(encoded.foil)
            for prompt, text in ((encoded.clean, example.clean), (encoded.corrupted, example.corrupted)):
                assert byte_level.decode(prompt + encoded.answer) == text + example.answer
            assert byte_level.decode(encoded.clean + encoded.foil) == example.clean + example.foil
    # These byte pairs merge years as they happened to occur, so that hardly any set of years is whole.
    assert fitting > 0 or name == "greater-than"


def test_targets_and_decisions_by_hand(word_level: PreTrainedTokenizerBase) -> None:
    example = asked("Make 20 from 30, 28, 18:", "Make 76 from 30, 28, 18:", " 30+18-28=20", " 30+28+18=76")
    encoded = encode(word_level, example)
    assert len(encoded.clean) == 13  # Make 2 0 from 3 0 , 2 8 , 1 8 :
    assert encoded.targets == range(13, 24)  # 3 0 + 1 8 - 2 8 = 2 0
    assert encoded.decisions == (3, 5, 6, 9, 10)  # 2 for 1, + for -, 1 for 2, 7 for 2, 6 for 0


def test_split_digits_give_two_tokens_a_year(word_level: PreTrainedTokenizerBase) -> None:
    for example in EXAMPLES["greater-than"]:
        encoded = encode(word_level, example)
        years = [int(word_level.decode(ids).replace(" ", "")) for ids in encoded.foils + encoded.answers]
        assert years == list(range(100))
        assert {len(ids) for ids in encoded.answers + encoded.foils} == {2}
        assert len(encoded.foils) == len(example.foils)
        assert encoded.answer in encoded.answers


def test_a_year_of_another_length_is_in_neither_set() -> None:
    tokenizer = made(r"45|[0-9]|[a-z]+", "in", "on", "45", *"0123456789")
    answers, foils = tuple(str(year) for year in range(45, 60)), tuple(str(year) for year in range(10, 45))
    example = Example("in", "on", "57", "12", "v", "t", ("c",), answers=answers, foils=foils)
    encoded = encode(tokenizer, example)
    assert [tokenizer.decode(ids).replace(" ", "") for ids in encoded.answers] == list(answers[1:])
    assert [tokenizer.decode(ids).replace(" ", "") for ids in encoded.foils] == list(foils)


def test_an_answer_set_with_gaps_does_not_fit() -> None:
    tokenizer = made(r"45|[0-9]|[a-z]+", "in", "on", "45", *"0123456789")
    example = Example("in", "on", "67", "12", "v", "t", ("c",), answers=("45", "67"), foils=("12", "13"))
    with pytest.raises(DoesNotFit, match="too many of the answer set's texts"):
        encode(tokenizer, example)


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (asked("a zebra", "a b", " c", " d"), "a word is not in the vocabulary"),
        (asked("a b", "a zebra", " c", " d"), "a word is not in the vocabulary"),
        (asked("a b", "b a", " zebra", " d"), "a word is not in the vocabulary"),
        (asked("a b", "b a", " c", " zebra"), "a word is not in the vocabulary"),
        (asked("a b", "b a", " c", "  c"), "answer and foil are the same tokens"),
        (asked("a b", "a", " c", " d"), "clean and corrupted differ in token length"),
        (asked("a b", "a  b", " c", " d"), "clean and corrupted are the same tokens"),
        (asked("a a", "a b", "b", " d"), "the answer's text merges with the prompt's last token"),
        (asked("a a", "a b", "", " d"), "the answer's text merges with the prompt's last token"),
        (asked("a b", "b a", " c", " c d"), "answer and foil differ in token length"),
        (asked("a .", "a a", "b", "c"), "the answer's text merges with the prompt's last token"),
    ],
)
def test_the_reason_why_an_example_does_not_fit(example: Example, reason: str) -> None:
    with pytest.raises(DoesNotFit) as found:
        encode(made(r"[a-z]+|\.", "a", "b", "c", "d", "ab", "."), example)
    assert str(found.value) == reason


def test_an_answer_whose_tokens_depend_on_the_prompt() -> None:
    vocabulary = {word: index for index, word in enumerate(["?", "a", "b", ".", "c", "##c", "d", "##d"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    example = asked("a .", "a b", "c", "d")
    with pytest.raises(DoesNotFit, match="the answer's tokens depend on the prompt"):
        encode(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?"), example)


def test_a_closing_token_is_left_out_and_an_opening_one_kept() -> None:
    tokenizer = made(r"[a-z]+", "a", "b", closing=True)
    assert token_ids(tokenizer, "a b") == (1, 3, 4)
    assert continuation(token_ids(tokenizer, "a"), token_ids(tokenizer, "a b")) == (4,)
