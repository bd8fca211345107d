"""Headers of solved questions: what stands in them, and what never does."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest

from mechshift.errors import NotComputable
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
ANSWERS = {
    "arithmetic": r" \d+",
    "countdown": r" \S+",
    "infilling": r" \w+",
    "sudoku": r"[1-4\n]{19}",
    "star-path": r" \w+ \w+",
    "article": r" an? \w+",
}
"""What an answer at a level with shots looks like."""


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


def solved(name: str, example: Example) -> list[tuple[str, str]]:
    """The header's questions and answers, told apart by what an answer looks like."""
    found = [re.fullmatch(f"(.*)({ANSWERS[name]})", shot, re.S) for shot in shots_of(example)]
    assert None not in found
    return [(shot[1], shot[2]) for shot in found if shot]


GRAPH = re.compile(r"\b\w+ \w+(?:, \w+ \w+){3,}")


def as_asked(example: Example, question: str, answer: str) -> Example:
    """The example with another question; one about a graph has its edges as contents."""
    edges = [edge for graph in GRAPH.findall(question) for edge in graph.split(", ")]
    return replace(example, clean=question, answer=answer, contents=(", ".join(sorted(edges)),))


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
    for example in examples:
        shots = solved(name, example)
        assert all(check(as_asked(example, *shot), shot[1]) for shot in shots)
        assert len({answer for _, answer in shots}) == SHOTS


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_no_word_begins_more_than_half_of_the_answers(name: str, level: str, asked: Draw) -> None:
    for example in {example.template: example for example in asked(name, level)}.values():
        firsts = Counter(answer.split()[0] for _, answer in solved(name, example))
        assert max(firsts.values()) <= SHOTS / 2


@pytest.mark.parametrize(("name", "level"), FEW_SHOT)
def test_no_question_is_a_shot(name: str, level: str, asked: Draw) -> None:
    for example in (*asked(name, level), *asked(name, level, "training")):
        for prompt in (example.clean, example.corrupted):
            assert not any(shot.startswith(parts(prompt)[-1]) for shot in shots_of(example))


def test_no_shot_of_infilling_has_the_questions_frame(asked: Draw) -> None:
    for example in asked("infilling", "few-shot"):
        *shots, thing = (re.findall(r" that the (\w+) was ", text) for text in parts(example.clean)[1:])
        assert len(thing) == 1
        assert all(other != thing for other in shots)


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


@pytest.mark.parametrize("answer", ["the", "same"])
def test_a_generator_without_enough_answers_is_named_and_not_waited_for(answer: str) -> None:
    """Of one first word at most half of the shots can begin; of one answer there is one."""

    def draw(given: Given) -> Example:
        number = given.rng.randrange(1000)
        said = f" the {number}" if answer == "the" else " same"
        return Example(f"q {number}", f"c {number}", said, " x", given.variant, f"{given.variant}-0", ())

    task = get_task("arithmetic")
    instructions = dict.fromkeys(task.card.variants, ("",))
    card = replace(task.card, levels={"shown": {"shots": SHOTS}}, default_level="shown")
    with pytest.raises(NotComputable, match="task 'arithmetic', level 'shown': 3,000 draws"):
        next(replace(task, card=card, draw=few_shot(draw, instructions)).examples(0))
