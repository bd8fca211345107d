import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

LENGTHS = {"six": 6, "twelve": 12, "digits": 6}
SEPARATORS = {"spaced": " ", "listed": ", "}


def words_of(prompt: str) -> list[str]:
    return re.findall("[a-z]+|[0-9]", prompt)


def continuations(prompt: str) -> list[str]:
    """What came after the last word at each of its earlier places."""
    *words, last = words_of(prompt)
    return [after for word, after in pairwise(words) if word == last]


def is_right(prompt: str, output: str) -> bool:
    (word,) = continuations(prompt)
    return re.match(rf"""\s*[.,;:!?"']*{word}[.,;:!?"']*(\s|\Z)""", output) is not None


def test_a_known_instance() -> None:
    example = Example(
        clean="cat, dog, owl, bee, cat, dog,",
        corrupted="cat, dog, elk, bee, cat, dog,",
        answer=" owl",
        foil=" elk",
        variant="listed",
        template="listed-02",
        contents=(),
    )
    assert continuations(example.clean) == ["owl"]
    assert continuations(example.corrupted) == ["elk"]
    check = get_task("induction").check
    assert [word for word in ("cat", "dog", "owl", "bee", "elk") if check(example, word)] == ["owl"]


def test_clean_asks_for_the_answer_and_corrupted_for_the_foil(held_out: Draw) -> None:
    for example in held_out("induction"):
        assert [f" {word}" for word in continuations(example.clean)] == [example.answer]
        assert [f" {word}" for word in continuations(example.corrupted)] == [example.foil]


def test_one_word_of_the_first_pass_differs(held_out: Draw) -> None:
    for example in held_out("induction"):
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        changed = [(at, a, b) for at, (a, b) in enumerate(zip(clean, corrupted, strict=True)) if a != b]
        ((at, before, after),) = changed
        comma = "," * (example.variant == "listed")
        assert (f" {before}", f" {after}") == (example.answer + comma, example.foil + comma)
        assert at < LENGTHS["six"]


@pytest.mark.parametrize("level", LENGTHS)
def test_a_prompt_is_a_sequence_and_its_beginning(level: str, held_out: Draw) -> None:
    length = LENGTHS[level]
    ends = set()
    for example in held_out("induction", level, 2000):
        for prompt, next_word in ((example.clean, example.answer), (example.corrupted, example.foil)):
            written = words_of(prompt + next_word)
            assert len(set(written[:length])) == length
            assert written[length:] == written[: len(written) - length]
            ends.add(len(written) - length - 1)
    assert ends == set(range(1, length))


def test_words_are_separated_as_the_variant_says(held_out: Draw) -> None:
    for example in held_out("induction", number=2000):
        separator = SEPARATORS[example.variant]
        for prompt in (example.clean, example.corrupted):
            assert prompt == separator.join(words_of(prompt)) + separator.rstrip()


def test_contents_are_the_two_sequences(held_out: Draw) -> None:
    for example in held_out("induction", number=2000):
        prompts = example.clean, example.corrupted
        assert example.contents == tuple(" ".join(words_of(prompt)[:6]) for prompt in prompts)


def test_the_level_says_whether_words_or_digits_are_repeated(held_out: Draw) -> None:
    for level, form in (("six", "[a-z]+"), ("twelve", "[a-z]+"), ("digits", "[0-9]")):
        for example in held_out("induction", level, 500):
            texts = (*words_of(example.clean), example.answer.strip(), example.foil.strip())
            assert all(re.fullmatch(form, text) for text in texts)


@pytest.mark.parametrize("level", LENGTHS)
def test_roles_are_the_passes(level: str, held_out: Draw) -> None:
    length = LENGTHS[level]
    for example in held_out("induction", level, 500):
        words = words_of(example.clean)
        at = words.index(example.answer.strip())
        expected = ["first pass"] * length + ["second pass"] * (len(words) - length - 1) + ["last"]
        expected[at - 1 : at + 1] = "first place of the last", "first place of the answer"
        texts = [(role.name, example.clean[role.start : role.end]) for role in example.roles]
        assert texts == list(zip(expected, words, strict=True))
        assert dict(example.factors)["place"] == str(at)


def nasty(example: Example, rng: random.Random) -> str:
    """Other words of the sequence, the answer in company, parts of words."""
    words, answer = words_of(example.clean), example.answer.strip()
    return rng.choice(
        [
            *(f" {word}" for word in words),
            f"{words[-1]}{example.answer}",
            f"{example.answer}{rng.choice((' ', ', '))}{rng.choice(words)}",
            f'"{answer}"',
            f"{answer}{rng.choice(words)}",
            f"{answer}-{rng.choice(words)}",
            f"{answer},{rng.choice(words)}",
            f"{answer}s",
        ]
    )


def test_mutated_answers(mutants: Mutants) -> None:
    check, verdicts = get_task("induction").check, Counter[bool]()
    for example, text in mutants("induction", nasty):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000
