"""What holds for the examples and for the checker of every task."""

from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase

import pytest

from mechshift.tasks import Example, get_task, list_tasks

Draw = Callable[..., tuple[Example, ...]]
Affordable = Callable[[str, str, int], int]
PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
TRAINED = 2_000
"""Examples of the training split that are looked for among those held out."""
TASKS = [task.card.name for task in list_tasks()]
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
        spaced = example.answer if example.answer.strip().isalpha() else " ".join(example.answer.strip())
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
