"""Headers of solved questions: what stands in them, and what never does."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, takewhile

import pytest

from mechshift.tasks import Example, get_task, list_tasks
from mechshift.tasks.example import Draw as Given
from mechshift.tasks.shots import few_shot, question_of

Draw = Callable[..., tuple[Example, ...]]
Affordable = Callable[[str, str, int], int]
FEW_SHOT = [
    (task.card.name, name)
    for task in list_tasks()
    for name, level in task.card.levels.items()
    if "shots" in level
]
SHOTS = 8
VERBS = {"took", "went", "saw", "became", "wore", "played"}


@pytest.fixture
def asked(drawn: Draw, affordable: Affordable) -> Draw:
    """Questions of a level, fewer where they are slow to draw."""

    def of(name: str, level: str, split: str = "evaluation") -> tuple[Example, ...]:
        return drawn(name, affordable(name, level, 400), split, level=level)

    return of


def parts(prompt: str) -> list[str]:
    """The instruction where there is one, the shots, and the question."""
    return prompt.split("\n\n")


def shots_of(example: Example) -> list[str]:
    return parts(example.clean)[-SHOTS - 1 : -1]


def solved(example: Example, questions: list[str]) -> list[tuple[str, str]]:
    """The header's questions and answers, told apart by what all questions of this variant end with."""
    ends = takewhile(lambda last: len(set(last)) == 1, zip(*map(reversed, questions), strict=False))
    end = "".join(last[0] for last in ends)[::-1]
    found = [shot.rpartition(end) for shot in shots_of(example)]
    return [(question + middle, answer) for question, middle, answer in found]


def test_levels_have_eight_shots() -> None:
    assert len(FEW_SHOT) >= 5
    assert {get_task(name).card.levels[level]["shots"] for name, level in FEW_SHOT} == {SHOTS}


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_a_template_has_one_header(name: str, level: str, asked: Draw) -> None:
    headers = defaultdict(set)
    for example in (*asked(name, level), *asked(name, level, "training")):
        for prompt in (example.clean, example.corrupted):
            headers[example.template].add(prompt.rpartition("\n\n")[0])
    assert {len(texts) for texts in headers.values()} == {1}
    assert len(set().union(*headers.values())) == len(headers)


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_a_header_is_a_line_of_instruction_if_any_and_the_shots(name: str, level: str, asked: Draw) -> None:
    for example in asked(name, level):
        instruction = parts(example.clean)[: -SHOTS - 1]
        assert len(instruction) <= 1
        assert not any("\n" in text for text in instruction)


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_shots_are_solved_questions_with_different_answers(name: str, level: str, asked: Draw) -> None:
    check, examples = get_task(name).check, (*asked(name, level), *asked(name, level, "training"))
    questions = defaultdict(list)
    for example in examples:
        questions[example.variant] += [parts(prompt)[-1] for prompt in (example.clean, example.corrupted)]
    for example in examples:
        shots = solved(example, questions[example.variant])
        assert all(
            check(replace(example, clean=question, answer=answer), answer) for question, answer in shots
        )
        assert len({answer for _, answer in shots}) == SHOTS


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_no_question_is_a_shot(name: str, level: str, asked: Draw) -> None:
    for example in (*asked(name, level), *asked(name, level, "training")):
        for prompt in (example.clean, example.corrupted):
            assert not any(shot.startswith(parts(prompt)[-1]) for shot in shots_of(example))


def test_no_shot_of_infilling_has_the_questions_frame(asked: Draw) -> None:
    for example in asked("infilling", "few-shot"):
        *shots, question = (VERBS & set(text.split()) for text in parts(example.clean)[1:])
        assert all(verb != question for verb in shots)


def test_other_prompts_have_no_header(drawn: Draw) -> None:
    for task in list_tasks():
        for example in drawn(task.card.name, 200):
            assert question_of(example.clean) == example.clean
            assert question_of(example.corrupted) == example.corrupted


INSTRUCTIONS = {"ABBA": ("Add.", ""), "BABA": ("Sum.", "Both.")}


def sum_of(given: Given) -> Example:
    """One-digit sums that a test can follow: `2+3=` is answered with 5, 2+4= with 6."""
    left, right, index = (given.rng.randrange(top) for top in (10, 9, 2))
    texts = [f"{'so' * index}{left}+{n}=" for n in (right, right + 1)]
    return Example(
        *texts,
        str(left + right),
        str(left + right + 1),
        given.variant,
        f"{given.variant}-{index}",
        (texts[0],),
    )


def test_a_header_by_hand() -> None:
    task = replace(get_task("ioi"), draw=few_shot(sum_of, INSTRUCTIONS))
    card = replace(task.card, levels={"two": {"shots": 2}}, default_level="two")
    for example in islice(replace(task, card=card).examples(0), 20):
        *instruction, first, second, question = example.clean.split("\n\n")
        number = int(example.template[-1])
        assert instruction == [text for text in (INSTRUCTIONS[example.variant][number],) if text]
        sums = [re.fullmatch(r"(so)?(\d)\+(\d)=(\d+)", shot) for shot in (first, second)]
        assert all(found and int(found[2]) + int(found[3]) == int(found[4]) for found in sums)
        assert all(found and bool(found[1]) == bool(number) for found in sums)
        assert question.startswith("so") == bool(number)


def test_a_generator_without_shots_is_as_it_was() -> None:
    task = get_task("ioi")
    wrapped = replace(task, draw=few_shot(task.draw, {}))
    assert list(islice(wrapped.examples(0), 50)) == list(islice(task.examples(0), 50))
