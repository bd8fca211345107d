"""What holds for the examples and for the checker of every task."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from string import ascii_uppercase

import pytest

from mechshift.tasks import Example, get_task, list_tasks

Draw = Callable[..., tuple[Example, ...]]
Affordable = Callable[[str, str, int], int]
PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
TRAINED = 2_000
"""Examples of the training split that are looked for among those held out."""
SHOWN = 3_000
"""Examples of the training split that a naive classifier counts in."""
TASKS = [task.card.name for task in list_tasks()]
PLANNING = [
    (task.card.name, task.card.default_level) for task in list_tasks() if task.card.suite == "planning"
]
OTHERS = [
    (task.card.name, level)
    for task in list_tasks()
    for level in task.card.levels
    if level != task.card.default_level
]


@pytest.mark.parametrize("name", TASKS)
def test_ten_thousand_examples_are_held_out_or_as_many_as_the_page_says(name: str, held_out: Draw) -> None:
    number = len(held_out(name))
    assert number == 10_000 or f"the evaluation split ends after {number:,} examples" in section(name)
    assert number >= 2_500


@pytest.mark.parametrize("name", TASKS)
def test_no_prompt_is_evaluated_twice(name: str, held_out: Draw) -> None:
    clean = [example.clean for example in held_out(name)]
    assert len(set(clean)) == len(clean)


@pytest.mark.parametrize(("name", "level"), OTHERS)
def test_no_prompt_of_another_level_is_evaluated_twice(
    name: str, level: str, held_out: Draw, affordable: Affordable
) -> None:
    number = affordable(name, level, 1000)
    clean = [example.clean for example in held_out(name, level, number)]
    assert len(clean) > number / 2
    assert len(set(clean)) == len(clean)


@pytest.mark.parametrize("name", TASKS)
def test_the_question_is_decided_by_what_differs(name: str, held_out: Draw) -> None:
    for example in held_out(name):
        assert example.clean != example.corrupted
        assert example.answer != example.foil
        assert set(example.answers) & set(example.foils) == set()


def plan(name: str, level: str, text: str) -> str:
    """The plan token: the first word where questions are made of words, else the first digit or letter."""
    whole = get_task(name).surface(level) == "words" or name == "greater-than"
    return text.split()[0] if whole else text.strip()[0]


@pytest.mark.parametrize("name", TASKS)
def test_answer_and_foil_part_at_the_plan_token(name: str, held_out: Draw) -> None:
    level = get_task(name).card.default_level
    for example in held_out(name):
        assert plan(name, level, example.answer) != plan(name, level, example.foil)


@pytest.mark.parametrize(("name", "level"), OTHERS)
def test_answer_and_foil_part_at_the_plan_token_of_other_levels(
    name: str, level: str, held_out: Draw, affordable: Affordable
) -> None:
    for example in held_out(name, level, affordable(name, level, 500)):
        assert plan(name, level, example.answer) != plan(name, level, example.foil)


@pytest.mark.parametrize("name", TASKS)
def test_copied_tokens_are_whole_and_behind_the_plan_token(name: str, held_out: Draw) -> None:
    card = get_task(name).card
    for example in held_out(name, number=2000):
        assert bool(example.copied) == bool(card.copied)
        assert list(example.copied) == sorted(set(example.copied))
        begins = len(example.answer) - len(example.answer.lstrip())
        first = begins + len(plan(name, card.default_level, example.answer))
        assert all(first <= place < len(example.answer) for place in example.copied)
        assert not any(example.answer[place].isspace() for place in example.copied)
        copied = [place in example.copied for place in range(len(example.answer))]
        for (place, here), (_, there) in pairwise(enumerate(copied)):
            assert here == there or not example.answer[place : place + 2].isalpha()


@pytest.mark.parametrize("name", TASKS)
def test_roles_are_words_or_digits_of_the_clean_prompt_in_their_order(name: str, held_out: Draw) -> None:
    for example in held_out(name, number=2000):
        assert example.roles
        ends = [0, *(end for role in example.roles for end in (role.start, role.end)), len(example.clean)]
        assert ends == sorted(ends)
        for role in example.roles:
            text = example.clean[role.start : role.end]
            assert role.name
            assert text
            assert text == text.strip(" ,.:\n")


@pytest.mark.parametrize(("name", "level"), OTHERS)
def test_behind_a_header_roles_lie_in_the_question(
    name: str, level: str, held_out: Draw, affordable: Affordable
) -> None:
    for example in held_out(name, level, affordable(name, level, 100)):
        begins = example.clean.rfind("\n\n") + 1
        assert (
            all(begins < role.start < role.end <= len(example.clean) for role in example.roles) or not begins
        )
        assert all(re.fullmatch(r"\w+( \w+)*|[-+]|___", text) for text in texts_of_roles(example))


@pytest.mark.parametrize("name", TASKS)
def test_either_prompt_has_as_many_words_and_a_role_that_differs(name: str, held_out: Draw) -> None:
    """So that roles are at the same words of the corrupted prompt."""
    for example in held_out(name, number=2000):
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        assert len(clean) == len(corrupted)
        differs = [one != other for one, other in zip(clean, corrupted, strict=True)]
        last = "".join(f"{word} " for word in clean[: len(differs) - differs[::-1].index(True)])
        first = "".join(f"{word} " for word in clean[: differs.index(True)])
        assert any(role.end > len(first) and role.start < len(last) for role in example.roles)


@pytest.mark.parametrize("name", TASKS)
def test_factors_have_names_and_a_few_values_each(name: str, held_out: Draw, affordable: Affordable) -> None:
    """Not every one has several at each level: countdown's equations all have the same signs at `small`."""
    values = defaultdict(set)
    for example in held_out(name, number=2000):
        assert len(dict(example.factors)) == len(example.factors) > 0
        for factor, value in example.factors:
            values[factor].add(value)
    assert all(len(found) <= 50 for found in values.values())
    for level in [level for other, level in OTHERS if other == name]:
        for example in held_out(name, level, affordable(name, level, 100)):
            for factor, value in example.factors:
                values[factor].add(value)
    assert all(len(found) >= 2 for found in values.values())


def last_tokens(prompt: str, number: int) -> tuple[str, ...]:
    """The end of a prompt in words, single digits and signs."""
    return tuple(re.findall(r"[A-Za-z_]+|\d|\n|[^\w\s]", prompt)[-number:])


def at_chance(
    name: str, level: str, trained: tuple[Example, ...], asked: tuple[Example, ...], number: int
) -> bool:
    """Whether what followed a prompt's last tokens in training tells answer from foil no better than a coin.

    Within four standard errors of a half, over the examples in which one of the two came more often.
    """
    followed: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for example in trained:
        followed[last_tokens(example.clean, number)][plan(name, level, example.answer)] += 1
    counts = [
        [followed[last_tokens(e.clean, number)][plan(name, level, text)] for text in (e.answer, e.foil)]
        for e in asked
    ]
    told = [answer > foil for answer, foil in counts if answer != foil]
    return len(told) > 100 and abs(sum(told) - len(told) / 2) <= 4 * (len(told) / 4) ** 0.5


@pytest.mark.parametrize(("name", "level"), [*PLANNING, ("star-path", "names")])
@pytest.mark.parametrize("number", [1, 2])
def test_the_last_tokens_of_a_prompt_do_not_tell_the_plan_token(
    name: str, level: str, number: int, drawn: Draw, held_out: Draw
) -> None:
    trained, asked = (
        drawn(name, SHOWN, "training", level),
        held_out(name, level, 10_000 if level != "names" else SHOWN),
    )
    assert at_chance(name, level, trained, asked, number)


def test_a_classifier_of_last_tokens_finds_what_they_tell(drawn: Draw) -> None:
    """Where a prompt ends in its answer."""
    trained, asked = drawn("induction", 500, "training"), drawn("induction", 500)
    leaking = [
        tuple(Example(e.clean + e.answer, "", e.answer, e.foil, "", "", ()) for e in examples)
        for examples in (trained, asked)
    ]
    assert not at_chance("induction", "six", *leaking, 1)


@pytest.mark.parametrize("name", TASKS)
def test_the_checker_accepts_every_answer_and_refuses_every_foil(name: str, held_out: Draw) -> None:
    check = get_task(name).check
    for example in held_out(name):
        answers, foils = {example.answer, *example.answers}, {example.foil, *example.foils}
        assert all(check(example, answer) for answer in answers)
        assert not any(check(example, foil) for foil in foils)


@pytest.mark.parametrize(("name", "level"), OTHERS)
def test_at_other_levels_too(name: str, level: str, held_out: Draw, affordable: Affordable) -> None:
    check = get_task(name).check
    for example in held_out(name, level, affordable(name, level, 500)):
        assert example.clean != example.corrupted
        assert check(example, example.answer)
        assert not check(example, example.foil)


@pytest.mark.parametrize("name", TASKS)
def test_the_checker_reads_an_answer_behind_spaces_and_not_behind_the_prompt(
    name: str, held_out: Draw
) -> None:
    check = get_task(name).check
    for example in held_out(name, number=500):
        # A tokenizer may write the characters of anything but a word apart.
        words = any(character.isalpha() for character in example.answer)
        spaced = example.answer if words else " ".join(example.answer.strip())
        assert check(example, f"  {spaced}")
        assert not check(example, " \n" + example.clean)
        assert not check(example, " \n" + example.clean + example.answer)


HOSTILE = [
    "", " ", "\n", "\r\n\r\n", "\x00", "\x00\x01\x02\x1b[2J\x7f", "\ufeff", "\u2028\u2029", "\ud800",
    "\U0010ffff", "٣٤", "①②", "１２３４", ".,;:!?\"'", "=", ">", "> > >", "A >", "A", "A A", "A\nB\nC",
    "Ａ Ｂ Ｃ", "(" * 10_000, "0" * 10_000, "x" * 10**6, "A > " * 10_000, "A B " * 100_000, "ABC" * 100_000,
    ascii_uppercase, " ".join(ascii_uppercase), "\n" * 10**6, " " * 10**6, "word " * 100_000,
    "%s{}\\", "None", "<mask>", "e\u0301" * 100,
]  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_hostile_output_is_refused(name: str, held_out: Draw) -> None:
    check = get_task(name).check
    for example in held_out(name, number=3):
        assert not any(check(example, text) for text in HOSTILE)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("strange", ["\x00", "\x1b", "\u200b", "\ufeff", "\ud800", "\u0301"])
def test_an_answer_behind_a_control_character_is_refused(name: str, strange: str, held_out: Draw) -> None:
    check = get_task(name).check
    assert not any(check(example, strange + example.answer.strip()) for example in held_out(name, number=20))


@pytest.mark.parametrize("name", TASKS)
def test_splits_share_no_content(name: str, drawn: Draw, held_out: Draw) -> None:
    assert contents(drawn(name, TRAINED, "training")) & contents(held_out(name)) == set()


@pytest.mark.parametrize(("name", "level"), OTHERS)
def test_no_level_asks_what_another_was_trained_on(
    name: str, level: str, drawn: Draw, held_out: Draw, affordable: Affordable
) -> None:
    trained = drawn(name, TRAINED, "training")
    asked = held_out(name, level, affordable(name, level, 500))
    assert contents(trained) & contents(asked) == set()
    assert texts(trained) & (texts(asked) | corrupted(asked)) == set()


@pytest.mark.parametrize("name", TASKS)
def test_no_evaluation_text_is_trained_on(name: str, drawn: Draw, held_out: Draw) -> None:
    asked = held_out(name)
    assert texts(drawn(name, TRAINED, "training")) & (texts(asked) | corrupted(asked)) == set()


def section(name: str) -> str:
    """What the page says about a task, its lines joined."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    return " ".join(text.split())


def texts_of_roles(example: Example) -> list[str]:
    return [example.clean[role.start : role.end] for role in example.roles]


def contents(examples: tuple[Example, ...]) -> set[str]:
    return {content for example in examples for content in example.contents}


def texts(examples: tuple[Example, ...]) -> set[str]:
    """The prompts that are answered, and the texts whose gap is filled in place."""
    prompts = {example.clean for example in examples}
    return prompts | {e.in_place.left + e.answer + e.in_place.right for e in examples if e.in_place}


def corrupted(examples: tuple[Example, ...]) -> set[str]:
    """The same of the corrupted prompts."""
    prompts = {example.corrupted for example in examples}
    return prompts | {e.in_place.left + e.foil + e.in_place.corrupted_right for e in examples if e.in_place}
