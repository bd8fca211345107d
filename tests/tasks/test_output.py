"""The first word of an output, and that every checker which reads one word reads it so."""

import random
from collections.abc import Callable

import pytest

from mechshift.tasks import Example, get_task, list_tasks
from mechshift.tasks.output import first_line, first_word, first_words

Draw = Callable[..., tuple[Example, ...]]
AROUND = ".,;:!?\"'"
"""What is left out around a word."""


def by_characters(output: str) -> str:
    """The first run of characters that are no spaces, taken off at both ends while it is punctuation."""
    rest = list(output)
    while rest and rest[0].isspace():
        rest.pop(0)
    spaces = [at for at, character in enumerate(rest) if character.isspace()]
    word = rest[: spaces[0]] if spaces else rest
    while word and word[0] in AROUND:
        word.pop(0)
    while word and word[-1] in AROUND:
        word.pop()
    return "".join(word)


@pytest.mark.parametrize(
    "output",
    [
        "Mary",
        " Mary",
        "\n\t Mary",
        "\xa0Mary",
        "Mary gave",
        "Mary\ngave",
        "Mary\u2003gave",
        " Mary, who",
        ' "Mary".',
        "'Mary'!?",
        ':;"Mary',
    ],
)
def test_a_word_with_what_stands_around_it(output: str) -> None:
    assert first_word(output) == "Mary"


@pytest.mark.parametrize("output", ["", " ", "\r\n\x1f\u2028", "...", ' "" Mary', ". Mary", "?\nMary"])
def test_where_no_word_comes_first(output: str) -> None:
    assert first_word(output) == ""


@pytest.mark.parametrize(
    "word",
    [
        "Mary's",
        "Mary-John",
        "Mary,John",
        'Ma"ry',
        "MARY",
        "(Mary)",
        "“Mary”",
        "Mary…",
        "Mary=",
        "\x00Mary",
        "\u200bMary",
        "Mary\u0301",
        "7",
    ],
)
def test_anything_else_is_part_of_the_word(word: str) -> None:
    assert first_word(f" {word} gave") == word


def test_random_outputs() -> None:
    rng = random.Random(0)
    for _ in range(10_000):
        output = "".join(rng.choices(AROUND + " \n\t\xa0\u2028abAB's-(”\x00\u200b", k=rng.randrange(12)))
        assert first_word(output) == by_characters(output), repr(output)


def test_the_first_line_that_is_not_blank_without_its_spaces() -> None:
    assert first_line(" \n 3 4\n5") == "34"
    assert first_line("3 4\r\n") == "34"
    assert first_line("3\t4") == "3\t4"
    assert first_line(" \n") == first_line("") == ""


def test_first_words_are_read_one_by_one() -> None:
    assert first_words(' "an" owl, and', 2) == ["an", "owl"]
    assert first_words("an", 2) == ["an"]
    assert first_words("a . owl", 2) == ["a", ""]
    assert first_words("", 2) == []


WORDS = [
    task.card.name for task in list_tasks() if next(task.examples(0, "training")).answer.strip().isalpha()
]
"""The tasks that are answered with a word."""


def test_some_tasks_are_answered_with_a_word() -> None:
    assert len(WORDS) >= 4


@pytest.mark.parametrize("name", WORDS)
def test_checkers_of_one_word_read_it_without_punctuation_and_quotes(name: str, drawn: Draw) -> None:
    check = get_task(name).check
    for example in drawn(name, 100):
        answer, foil = example.answer.strip(), example.foil.strip()
        right = (f'"{answer}"', f" '{answer}',", f"\n{answer}; {foil}", f'."{answer}?!')
        assert [text for text in right if not check(example, text)] == []
        wrong = (f'"{foil}"', f'" {answer}"', f"({answer})", f"“{answer}”", f'{answer}"{foil}', f"{answer}-")
        assert [text for text in wrong if check(example, text)] == []
