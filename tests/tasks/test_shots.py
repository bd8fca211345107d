"""Headers of solved questions: what stands in them, and what never does."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest

from mechshift.tasks import Example, get_task, list_tasks
from mechshift.tasks.example import Draw as Given
from mechshift.tasks.example import split_of
from mechshift.tasks.shots import few_shot, question_of

Draw = Callable[..., tuple[Example, ...]]
FEW_SHOT = [
    ("countdown", "dream-3"), ("countdown", "dream-4"), ("infilling", "few-shot"), ("sudoku", "dream"),
    ("star-path", "few-shot"),
]  # fmt: skip
SHOTS = 8
NUMBER = {"dream-4": 60}
TEMPLATES = {"countdown": 10, "infilling": 24, "sudoku": 10, "star-path": 10}
VERBS = {"took", "went", "saw", "became", "wore", "played"}
SOLVED = re.compile(r"(.*(?:Output:\n|:| is))([^:]+)", re.S)
"""A shot's question and its answer."""


def asked(name: str, level: str, drawn: Draw, split: str = "evaluation") -> tuple[Example, ...]:
    return drawn(name, NUMBER.get(level, 400), split, level=level)


def parts(prompt: str) -> list[str]:
    """The instruction where there is one, the shots, and the question."""
    return prompt.split("\n\n")


def shots_of(example: Example) -> list[str]:
    return parts(example.clean)[-SHOTS - 1 : -1]


def content(name: str, shot: str) -> str:
    """What decides a solved question's split, read from its text."""
    if name == "countdown":
        first, _, steps = shot.partition("\nOutput: ")
        target = re.findall(r"\d+", steps)[-1]
        numbers = re.findall(r"\d+", first)
        assert target in (numbers[0], numbers[-1])
        numbers.pop(-1 if numbers[-1] == target else 0)
        return "|".join(sorted(numbers, key=int))
    if name == "sudoku":
        return shot.partition("Output:\n")[2].replace("\n", "")
    if name == "star-path":
        (edges,) = re.findall(r"[A-Z] [A-Z](?:, [A-Z] [A-Z])+", shot)
        return ", ".join(sorted(edges.split(", ")))
    found = re.search(r"(\w+) \w+ (?:the|to the|a) ___ (?:[^.]*)\.", shot)
    assert found is not None
    middle = "out of the drawer to|in order to|that just|who now|because of the|well by"
    return f"{found[1]}|" + re.split(f"___ (?:{middle}) ", found[0])[1].removesuffix(".")


def test_these_levels_have_shots() -> None:
    found = [
        (t.card.name, name) for t in list_tasks() for name, level in t.card.levels.items() if "shots" in level
    ]
    assert found == FEW_SHOT
    assert {get_task(name).card.levels[level]["shots"] for name, level in FEW_SHOT} == {SHOTS}


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_a_template_has_one_header(name: str, level: str, drawn: Draw) -> None:
    headers = defaultdict(set)
    for example in (*asked(name, level, drawn), *asked(name, level, drawn, "training")):
        for prompt in (example.clean, example.corrupted):
            headers[example.template].add(prompt.rpartition("\n\n")[0])
    assert len(headers) == TEMPLATES[name]
    assert {len(texts) for texts in headers.values()} == {1}


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_a_header_is_an_instruction_and_the_shots(name: str, level: str, drawn: Draw) -> None:
    for example in asked(name, level, drawn):
        assert all(SOLVED.fullmatch(shot) for shot in shots_of(example))
        instruction = parts(example.clean)[: -SHOTS - 1]
        assert len(instruction) == (0 if (name, example.variant) == ("sudoku", "bare") else 1)
        assert not any("\n" in text for text in instruction)


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_shots_are_solved_questions_with_different_answers(name: str, level: str, drawn: Draw) -> None:
    check = get_task(name).check
    for example in asked(name, level, drawn):
        answers = []
        for shot in shots_of(example):
            solved = SOLVED.fullmatch(shot)
            assert solved is not None
            question, answer = solved.groups()
            assert check(replace(example, clean=question, answer=answer), answer)
            answers.append(answer)
        assert len(set(answers)) == SHOTS


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_shots_are_of_the_training_split(name: str, level: str, drawn: Draw) -> None:
    shots = {shot for example in asked(name, level, drawn) for shot in shots_of(example)}
    assert {split_of(content(name, shot)) for shot in shots} == {"training"}


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_no_question_is_a_shot(name: str, level: str, drawn: Draw) -> None:
    for example in (*asked(name, level, drawn), *asked(name, level, drawn, "training")):
        for prompt in (example.clean, example.corrupted):
            assert not any(shot.startswith(parts(prompt)[-1]) for shot in shots_of(example))


def test_no_shot_of_infilling_has_the_questions_frame(drawn: Draw) -> None:
    for example in asked("infilling", "few-shot", drawn):
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
