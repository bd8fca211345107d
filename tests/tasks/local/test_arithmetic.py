import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

EXPRESSION = re.compile(r"\d+(?:[-+]\d+)+")
SIZES = {"two": 2, "three": 3, "large": 4, "few-shot": 3}
ENDS = {
    "named": [r"The value of E is", r"Expression: E. Value:", r"Work out E. Result:"],
    "bare": [r"E =", r"E makes", r"E is equal to"],
}


def question(prompt: str) -> str:
    return prompt.rpartition("\n\n")[2]


def expression(prompt: str) -> str:
    (found,) = EXPRESSION.findall(question(prompt))
    return str(found)


def terms(text: str) -> list[int]:
    """The numbers of an expression with their signs."""
    return [int(sign + number) for sign, number in re.findall(r"([-+]?)(\d+)", text)]


def is_right(prompt: str, output: str) -> bool:
    """Whether the first line that is not blank begins with the value, and no ASCII digit follows on it."""
    digits = " *".join(str(sum(terms(expression(prompt)))))
    return re.match(rf"\s*{digits} *([^0-9 ]|\Z)", output) is not None


def test_a_known_instance() -> None:
    example = Example("14+36-16 =", "14+36-34 =", " 34", " 16", "bare", "bare-0", ())
    assert terms("14+36-16") == [14, 36, -16]
    check = get_task("arithmetic").check
    right = ("34", " 34", " 3 4", "34.", "34 and", "\n34\n\n5 + 5", "34\t5")
    assert [text for text in right if not (check(example, text) and is_right(example.clean, text))] == []
    wrong = (
        "16",
        "3",
        "4",
        "340",
        "34 0",
        "3\n4",
        "3\u20034",
        "034",
        "-34",
        "= 34",
        "",
        "thirty-four",
        "３４",
        "3.4",
    )
    assert [text for text in wrong if check(example, text) or is_right(example.clean, text)] == []


def test_answer_and_foil_are_the_values(held_out: Draw) -> None:
    for example in held_out("arithmetic"):
        for prompt, value in ((example.clean, example.answer), (example.corrupted, example.foil)):
            assert value == f" {sum(terms(expression(prompt)))}"


def test_one_number_differs_and_has_as_many_digits(held_out: Draw) -> None:
    for example in held_out("arithmetic"):
        clean, corrupted = (re.split(r"(\d+)", prompt) for prompt in (example.clean, example.corrupted))
        ((one, other),) = [(a, b) for a, b in zip(clean, corrupted, strict=True) if a != b]
        assert len(one) == len(other) == 2
        assert len(example.answer) == len(example.foil) == 3
        changed = [example.clean[r.start : r.end] for r in example.roles if r.name == "changed operand"]
        assert changed == [one]


@pytest.mark.parametrize("level", SIZES)
def test_expressions_keep_to_their_level(level: str, held_out: Draw) -> None:
    given = get_task("arithmetic").card.levels[level]
    signs = set()
    for example in held_out("arithmetic", level, 300):
        for prompt in (example.clean, example.corrupted):
            numbers = terms(expression(prompt))
            assert len(numbers) == len(set(map(abs, numbers))) == SIZES[level]
            assert all(int(given["smallest"]) <= abs(n) <= int(given["largest"]) for n in numbers)
            assert 10 <= sum(numbers) <= int(given["value"])
        signs |= set(re.sub(r"\d", "", expression(example.clean)))
    assert signs == {"+", "-"}


def test_the_levels_are_these() -> None:
    levels = get_task("arithmetic").card.levels
    assert {name: level["operands"] for name, level in levels.items()} == SIZES


def test_the_default_levels_numbers_are_those_of_a_level_of_countdown() -> None:
    ours, theirs = (
        get_task(name).card.levels[level]
        for name, level in (("arithmetic", "three"), ("countdown", "small-operand"))
    )
    assert [ours[key] for key in ("operands", "smallest", "largest")] == [
        theirs[key] for key in ("operands", "smallest", "largest")
    ]


def test_wordings(held_out: Draw) -> None:
    found = {variant: set() for variant in ENDS}
    for example in held_out("arithmetic", number=2000):
        found[example.variant].add(EXPRESSION.sub("E", example.clean))
    assert found == {variant: set(wordings) for variant, wordings in ENDS.items()}


def test_no_first_digit_is_more_often_the_answers_than_the_foils(held_out: Draw) -> None:
    examples = held_out("arithmetic")
    answers, foils = Counter(e.answer[1] for e in examples), Counter(e.foil[1] for e in examples)
    for digit in "123456789":
        # The two counts are of disjoint examples, so that their difference has the sum as its variance.
        assert abs(answers[digit] - foils[digit]) < 4 * (answers[digit] + foils[digit]) ** 0.5


def test_the_same_terms_in_another_order_are_of_one_split(held_out: Draw) -> None:
    for example in held_out("arithmetic", number=2000):
        assert len(example.contents) == 2
        for prompt, content in zip((example.clean, example.corrupted), example.contents, strict=True):
            assert sorted(terms(content)) == sorted(terms(expression(prompt)))
    keys: dict[tuple[int, ...], set[str]] = {}
    for example in held_out("arithmetic"):
        for content in example.contents:
            keys.setdefault(tuple(sorted(terms(content))), set()).add(content)
    assert {len(written) for written in keys.values()} == {1}


@pytest.mark.parametrize("level", ["three", "few-shot"])
def test_roles_are_the_numbers_and_their_signs(level: str, held_out: Draw) -> None:
    for example in held_out("arithmetic", level, 300):
        texts = [(role.name, example.clean[role.start : role.end]) for role in example.roles]
        assert "".join(text for _, text in texts) == expression(example.clean)
        assert [text for name, text in texts if name == "sign"] == re.findall(
            "[-+]", expression(example.clean)
        )
        assert sorted({name for name, _ in texts}) == ["changed operand", "operand", "sign"]
        place = [name for name, _ in texts if name != "sign"].index("changed operand")
        assert dict(example.factors)["changed"] == str(place)


def test_shots_are_solved_and_of_the_training_split(held_out: Draw) -> None:
    trained = set()
    for example in held_out("arithmetic", "few-shot", 300):
        for shot in example.clean.split("\n\n")[1:-1]:
            asked, _, value = shot.rpartition(" ")
            assert int(value) == sum(terms(expression(asked)))
            trained.add(tuple(sorted(terms(expression(asked)))))
    for numbers in trained:
        added, removed = (sorted(abs(n) for n in numbers if (n > 0) == sign) for sign in (True, False))
        content = "".join([*(f"+{n}" for n in added), *(f"-{n}" for n in removed)])
        assert split_of(content) == "training"


def nasty(example: Example, rng: random.Random) -> str:
    """Other values of the same numbers, digits apart, more digits, words before and behind."""
    numbers, answer = terms(expression(example.clean)), example.answer.strip()
    value = rng.choice(
        [
            *[answer] * 3,
            str(sum(map(abs, numbers))),
            str(numbers[0] - sum(numbers[1:])),
            str(int(answer) + rng.choice((-10, -1, 1, 10, 100))),
            answer[::-1],
            example.foil.strip(),
        ]
    )
    return rng.choice(
        [
            f" {value}",
            " ".join(value),
            "\n".join(value),
            f"{value}.",
            f"{value}{rng.randrange(10)}",
            f"{value} {rng.randrange(10)}",
            f"0{value}",
            f"={value}",
            f"-{value}",
            f"{value} or {answer}",
            f"{value},{answer}",
            f"{expression(example.clean)}={value}",
            f"The value is {value}",
        ]
    )


@pytest.mark.parametrize("level", ["three", "few-shot"])
def test_mutated_answers(level: str, mutants: Mutants) -> None:
    check, verdicts = get_task("arithmetic").check, Counter[bool]()
    for example, text in mutants("arithmetic", nasty, level):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000
