import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product
from pathlib import Path

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.example import split_of

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]
LEVELS = {"small": 500, "small-operand": 100, "medium": 300, "large": 10}
"""So many examples of each; of `medium`, so many that second solutions let through would show: with + and -
alone, a target of three different numbers has none."""
IN_STEPS = {"dream-3": 300, "dream-4": 15}
"""The levels that are answered step by step."""
PAGE = Path(__file__).parents[3] / "docs" / "tasks.md"
PRIME = 2**61 - 1
TARGET = re.compile(r"(?:[Tt]arget(?: is|:)|[Mm]ake) (\d+)")

Term = tuple[int, int]
"""An expression's value, and its value with random residues for the operands: what it is up to algebra."""


def combined(a: Term, b: Term, operators: str) -> list[Term]:
    results = []
    for (x, p), (y, q) in ((a, b), (b, a)):
        if "+" in operators:
            results.append((x + y, (p + q) % PRIME))
        if "-" in operators:
            results.append((x - y, (p - q) % PRIME))
        if "*" in operators:
            results.append((x * y, p * q % PRIME))
        if "/" in operators and y and Fraction(x, y).denominator == 1:
            results.append((x // y, p * pow(q, -1, PRIME) % PRIME))
    return results


def reached(terms: list[Term], operators: str) -> set[Term]:
    """Every value of every expression tree over all terms, by joining any two until one is left."""
    if len(terms) == 1:
        return set(terms)
    found: set[Term] = set()
    for i, j in combinations(range(len(terms)), 2):
        rest = [term for index, term in enumerate(terms) if index not in (i, j)]
        for term in combined(terms[i], terms[j], operators):
            found |= reached([*rest, term], operators)
    return found


def equations(numbers: list[int], target: int, operators: str) -> int:
    """How many algebraically different expressions over the numbers reach the target."""
    return values(tuple(sorted(numbers)), operators)[target]


@cache
def values(numbers: tuple[int, ...], operators: str) -> Counter[int]:
    """How many algebraically different expressions over the numbers reach each value."""
    rng = random.Random(0)
    residue = {number: rng.randrange(1, PRIME) for number in numbers}
    return Counter(value for value, _ in reached([(n, residue[n]) for n in numbers], operators))


def evaluated(equation: str) -> tuple[list[int], Fraction, int]:
    """Sorted operands, value of the left side, and right side of an equation."""
    expression, _, result = equation.partition("=")
    value = eval(re.sub(r"\d+", r"F(\g<0>)", expression), {"F": Fraction})
    return sorted(map(int, re.findall(r"\d+", expression))), value, int(result)


def stated(prompt: str, target: int) -> list[int]:
    """The operands that a prompt states beside the target."""
    return sorted((Counter(map(int, re.findall(r"\d+", prompt))) - Counter([target])).elements())


def test_the_brute_force_counts_a_known_instance() -> None:
    assert equations([2, 3, 7], 8, "+-") == 1
    assert equations([1, 5, 7], 7, "+-*/") == 0
    assert equations([1, 2, 6], 12, "+-*/") == 2  # 6·2·1 and 6·2/1
    assert equations([1, 3, 4, 6], 24, "+-*/") == 0  # only 6/(1−3/4), which leaves the whole numbers


@pytest.mark.parametrize("level", LEVELS)
def test_every_equation_is_the_only_one_up_to_commuting(level: str, drawn: Draw) -> None:
    operators = str(get_task("countdown").card.levels[level]["operators"])
    for example in drawn("countdown", LEVELS[level], level=level):
        for prompt, equation in ((example.clean, example.answer), (example.corrupted, example.foil)):
            operands, value, target = evaluated(equation.strip())
            assert value == target
            assert operands == stated(prompt, target)
            assert equations(operands, target, operators) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_instances_keep_to_their_level(level: str, drawn: Draw) -> None:
    given = get_task("countdown").card.levels[level]
    for example in drawn("countdown", LEVELS[level], level=level):
        operands, _, target = evaluated(example.answer.strip())
        assert len(operands) == given["operands"]
        assert int(given["smallest"]) <= operands[0] <= operands[-1] <= int(given["largest"])
        assert 0 < target <= int(given["target"])
        assert set(re.findall(r"[-+*/]", example.answer)) <= set(str(given["operators"]))


@pytest.mark.parametrize("level", ["small", "medium", "large"])
def test_only_the_target_differs(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", LEVELS[level], level=level):
        clean, corrupted = (re.split(r"(\d+)", prompt) for prompt in (example.clean, example.corrupted))
        changed = [(a, b) for a, b in zip(clean, corrupted, strict=True) if a != b]
        targets = tuple(text.rpartition("=")[2] for text in (example.answer, example.foil))
        assert changed == [targets]
        assert len(example.clean) == len(example.corrupted)
        assert len(example.answer) == len(example.foil)


def test_at_the_operand_level_only_one_number_differs(drawn: Draw) -> None:
    for example in drawn("countdown", 100, level="small-operand"):
        clean, corrupted = (re.split(r"(\d+)", prompt) for prompt in (example.clean, example.corrupted))
        ((before, after),) = [(a, b) for a, b in zip(clean, corrupted, strict=True) if a != b]
        target = example.answer.rpartition("=")[2]
        assert example.foil.rpartition("=")[2] == target
        operands = stated(example.clean, int(target))
        assert int(before) in operands
        assert int(after) not in operands


@pytest.mark.parametrize("level", [*LEVELS, *IN_STEPS])
def test_answer_and_foil_begin_with_different_digits(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", (LEVELS | IN_STEPS)[level], level=level):
        first, other = example.answer[1], example.foil[1]
        assert first.isdigit()
        assert other.isdigit()
        assert first != other


@pytest.mark.parametrize("level", [*LEVELS, *IN_STEPS])
def test_the_target_at_the_end_is_copied(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", (LEVELS | IN_STEPS)[level], level=level):
        target = example.answer.rpartition("=")[2]
        assert "".join(example.answer[place] for place in example.copied) == target
        assert example.copied[-1] == len(example.answer) - 1


@pytest.mark.parametrize("level", [*LEVELS, *IN_STEPS])
def test_roles_are_the_numbers_and_the_target(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", (LEVELS | IN_STEPS)[level], level=level):
        found = [(role.name, int(example.clean[role.start : role.end])) for role in example.roles]
        first, target = (int(re.findall(r"\d+", example.answer)[at]) for at in (0, -1))
        assert [text for name, text in found if name == "target"] == [target]
        assert [text for name, text in found if name == "first operand"] == [first]
        assert len(found) == int(get_task("countdown").card.levels[level]["operands"]) + 1
        question = example.clean.rpartition("\n\n")[2]
        assert sorted(text for _, text in found) == sorted(map(int, re.findall(r"\d+", question)))


def test_no_first_digit_is_more_often_the_answers_than_the_foils(held_out: Draw) -> None:
    """Within four standard errors, for any two digits."""
    firsts = Counter((example.answer[1], example.foil[1]) for example in held_out("countdown"))
    for one, other in combinations("123", 2):
        there, back = firsts[one, other], firsts[other, one]
        assert abs(there - back) <= 4 * (there + back) ** 0.5


def test_the_same_question_has_the_same_foil(held_out: Draw, drawn: Draw) -> None:
    """Either of the two prompts of a pair has the other one as its corrupted prompt."""
    corrupted: dict[str, str] = {}
    for example in (*held_out("countdown"), *drawn("countdown", 5000, "training")):
        assert corrupted.setdefault(example.clean, example.corrupted) == example.corrupted
        assert corrupted.get(example.corrupted, example.clean) == example.clean


def test_the_target_alone_tells_as_much_as_the_page_says(drawn: Draw, held_out: Draw) -> None:
    """How often what came more often with a target in training tells answer from foil."""
    counts: dict[str, Counter[str]] = {}
    for example in drawn("countdown", 5000, "training"):
        counts.setdefault(example.answer.rpartition("=")[2], Counter())[example.answer[1]] += 1
    right = []
    for example in held_out("countdown"):
        found = counts.get(example.answer.rpartition("=")[2], Counter[str]())
        answer, foil = found[example.answer[1]], found[example.foil[1]]
        right.append(0.5 if answer == foil else float(answer > foil))
    share = 100 * sum(right) / len(right)
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"the target alone tells answer from foil in {share:.0f} of 100 questions at `small`" in text


def test_targets_are_near_and_the_middle_number_comes_first_for_those_below_the_smallest(
    held_out: Draw,
) -> None:
    """The shortcut that the page names; either is the answer as often, within four standard errors."""
    below = 0
    for example in held_out("countdown"):
        numbers, _, target = evaluated(example.answer.strip())
        other = int(example.foil.rpartition("=")[2])
        assert abs(target - other) <= 8
        assert min(target, other) < numbers[0] < max(target, other)
        first = numbers[1] if target < numbers[0] else numbers[2]
        assert example.answer.startswith(f" {first}+")
        below += target < numbers[0]
    assert abs(below - 5000) <= 200


def test_the_first_line_counts(drawn: Draw) -> None:
    check = get_task("countdown").check
    for example in drawn("countdown", 100):
        assert check(example, f"{example.answer}\nanything else")
        assert not check(example, f"so{example.answer}")
        assert not check(example, f"{example.answer} or so")


@pytest.mark.parametrize("level", ["small", "medium"])
def test_an_equation_in_another_form_is_right(level: str, drawn: Draw) -> None:
    check = get_task("countdown").check
    for example in drawn("countdown", 60, level=level):
        expression, _, target = example.answer.strip().partition("=")
        assert check(example, f"({expression}) = {target}")
        first, plus, last = expression.rpartition("+")
        if plus and not set(expression) & set("()-*"):
            assert check(example, f"{last}+{first}={target}")
            assert check(example, f"({last})+({first})={target}")


def asked(prompt: str) -> tuple[list[int], int]:
    """The numbers, sorted, and the target that a prompt states."""
    (target,) = map(int, TARGET.findall(prompt))
    return stated(prompt, target), target


def value_of(text: str) -> int | None:
    """An expression's value, split at the last operator outside brackets, sums first; None for what is none.

    Every step has to be a whole number.
    """
    for operators in ("+-", "*/"):
        for at in reversed(range(len(text))):
            if text[at] in operators and text[:at].count("(") == text[:at].count(")"):
                return joined(value_of(text[:at]), text[at], value_of(text[at + 1 :]))
    if text.startswith("(") and text.endswith(")"):
        return value_of(text[1:-1])
    return int(text) if re.fullmatch("[1-9][0-9]*", text) else None


def joined(a: int | None, operator: str, b: int | None) -> int | None:
    if a is None or b is None or (operator == "/" and (b == 0 or a % b)):
        return None
    return {"+": a + b, "-": a - b, "*": a * b, "/": a // (b or 1)}[operator]


def is_right(prompt: str, output: str) -> bool:
    """Whether the first line is a true equation of the prompt's numbers and target."""
    numbers, target = asked(prompt)
    first_line = "".join(output.strip().splitlines()[:1]).replace(" ", "")
    expression, _, result = first_line.partition("=")
    return (
        re.fullmatch(f"0*{target}", result) is not None
        and sorted(map(int, re.findall("[0-9]+", expression))) == numbers
        and value_of(expression) == target
    )


def test_the_reader_knows_precedence_and_brackets() -> None:
    known = {
        "9-4-3": 2, "9-(4-3)": 8, "2+3*4": 14, "(2+3)*4": 20, "12/3/2": 2, "12/(4/2)": 6, "((7))": 7,
        "7/2": None, "2**3": None, "7//2": None, "-1+2": None, "(1)(2)": None, "(1": None, "1)+(2": None,
        "": None,
    }  # fmt: skip
    assert {text: value_of(text) for text in known} == known


def expressions(numbers: tuple[int, ...]) -> Iterator[str]:
    """Every expression over three numbers in any order, each pair first, with any two operators."""
    for (a, b, c), (x, y) in product(permutations(numbers), product("+-*/", repeat=2)):
        yield from (f"{a}{x}{b}{y}{c}", f"({a}{x}{b}){y}{c}", f"{a}{x}({b}{y}{c})")


@pytest.mark.parametrize("level", ["small", "small-operand", "medium"])
def test_of_all_expressions_those_that_reach_the_target_are_right(level: str, drawn: Draw) -> None:
    check = get_task("countdown").check
    for example in drawn("countdown", 20, level=level):
        numbers, target = asked(example.clean)
        for expression in expressions(tuple(numbers)):
            expected = value_of(expression) == target
            assert check(example, f" {expression}={target}") == expected, (example.clean, expression)
            assert not check(example, f"{expression}={target + 1}")


def nasty(example: Example, rng: random.Random) -> str:
    """The numbers in other orders, with other signs and brackets, and equations of something else."""
    numbers, target = asked(example.clean)
    expression = example.answer.strip().partition("=")[0]
    a, x, b, y, c = re.split(r"([-+])", expression)
    other = rng.choice(list(expressions(tuple(numbers))))
    return rng.choice(
        [
            f"{a}{y}{c}{x}{b}={target}",
            f"{b}{x}{a}{y}{c}={target}",
            f"{c}{y}{b}{x}{a}={target}",
            f"({expression})={target}",
            f"({a}{x}{b}){y}{c}={target}",
            f"{a}{x}({b}{y}{c})={target}",
            f"{other}={target}",
            f"{other}={value_of(other)}",
            f"{a}{x}{b}={target}",
            f"{a}{x}{b}{y}{c}{x}{a}={target}",
            f"{a}{x}{a}{y}{c}={target}",
            f"{expression}+{a}-{a}={target}",
            f"{target + int(a)}-{a}={target}",
            f"{target}={expression}",
            f"{target}={target}",
            expression,
            f" {' '.join(expression)} = {target}",
            f"{expression}={target}\n{example.foil}",
            f"{example.foil}\n{expression}={target}",
        ]
    )


def test_mutated_answers(mutants: Mutants) -> None:
    check, verdicts = get_task("countdown").check, Counter[bool]()
    for example, text in mutants("countdown", nasty):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 1000
    assert verdicts[False] > 5000


@pytest.mark.parametrize(
    "text",
    [
        "", "=", "==", "=5", "5=", "\n", " \n=\n", "9**9**9=1", "9**9**9**9**9=9", "__import__('os')=1",
        "(lambda:1)()=1", "a=1", "1;2=3", "1,2=3", "[1]=1", "{}=1", "'1'=1", "1e9=1", "1_0+2=12", "0x1F=31",
        "-5+10=5", "+5=5", "~5=5", "5//2=2", "5%3=2", "5@3=2", "1<<40=1", "1if 1 else 1=1", "(1)(2)=2",
        "1(2)=2", "()=0", "(=1", ")1(=1", "5/0=0", "0/0=0", "7/2=3", "1=1=1", "１+２=3", "1+2=３", "²=2",
        "1+2=3.0", "1.5+1.5=3", "1+2=+3", "1+2=-3", "\x00=\x00", "1\x00+2=3", "True+2=3", "1\u2028+2=3",
        "٣=3", "1+2\n=3", "1+2=" + "9" * 5000, "9" * 5000 + "=9", "1" * 10**7, "(" * 5000 + ")" * 5000,
        "(" * 99 + "=1", "(" * 90 + "1=1", "(" * 50 + "1" + ")" * 49 + "=1", "-" * 99 + "1=1",
        "1+" * 100_000 + "1=100001", "9*" * 49 + "9=1", "9**" * 33 + "9=1", "*" * 100 + "=1",
    ],
)  # fmt: skip
def test_hostile_output_is_refused(text: str, drawn: Draw) -> None:
    check = get_task("countdown").check
    assert not any(check(example, text) for example in drawn("countdown", 2))


def test_random_output_is_refused(drawn: Draw) -> None:
    check, rng = get_task("countdown").check, random.Random(1)
    example = drawn("countdown", 1)[0]
    for _ in range(5000):
        text = "".join(rng.choices("0123456789+-*/()= \n", k=rng.randrange(1, 60)))
        assert not check(example, text)


def questions(example: Example) -> tuple[list[tuple[int, ...]], tuple[int, int]]:
    """The numbers as the clean and the corrupted prompt list them, and the two targets."""
    numbers, targets = [], []
    for prompt in (example.clean, example.corrupted):
        found = re.search(r"\nInput: ([0-9,]+)\nOutput:\Z", prompt)
        assert found is not None
        stated = tuple(map(int, found[1].split(",")))
        first = example.variant == "target-first"
        numbers.append(stated[1:] if first else stated[:-1])
        targets.append(stated[0 if first else -1])
    return numbers, (targets[0], targets[1])


@pytest.mark.parametrize("level", IN_STEPS)
def test_in_steps_a_question_has_one_solution_up_to_commuting(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", IN_STEPS[level], level=level):
        (numbers, _), targets = questions(example)
        for target, written in zip(targets, (example.answer, example.foil), strict=True):
            assert equations(list(numbers), target, "+-*/") == 1
            assert is_right_in_steps(numbers, target, written)


@pytest.mark.parametrize("level", IN_STEPS)
def test_in_steps_only_the_target_differs(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", IN_STEPS[level], level=level):
        (numbers, same), (target, other) = questions(example)
        assert numbers == same
        assert target != other
        assert len(example.clean) == len(example.corrupted)


@pytest.mark.parametrize("level", IN_STEPS)
def test_in_steps_numbers_stand_at_the_same_places(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", IN_STEPS[level], level=level):
        assert example.answer != example.foil
        places = [
            [number.span() for number in re.finditer("[0-9]+", written)]
            for written in (example.answer, example.foil)
        ]
        assert places[0] == places[1]


@pytest.mark.parametrize(("level", "operands"), [("dream-3", 3), ("dream-4", 4)])
def test_in_steps_instances_keep_to_their_level(level: str, operands: int, drawn: Draw) -> None:
    for example in drawn("countdown", IN_STEPS[level], level=level):
        (numbers, _), targets = questions(example)
        assert len(set(numbers)) == operands
        assert min(*numbers, *targets) >= 1
        assert max(*numbers, *targets) <= 99


@pytest.mark.parametrize("level", IN_STEPS)
def test_in_steps_shots_are_right(level: str, drawn: Draw) -> None:
    for example in drawn("countdown", IN_STEPS[level], level=level):
        found = re.findall(r"Input: ([0-9,]+)\nOutput:(.+)", example.clean)
        assert len(found) == 8
        for listed, written in found:
            stated = tuple(map(int, listed.split(",")))
            first = example.variant == "target-first"
            target, numbers = (stated[0], stated[1:]) if first else (stated[-1], stated[:-1])
            assert is_right_in_steps(numbers, target, written)
            assert split_of("|".join(map(str, sorted(numbers)))) == "training"


@cache
def sequences(numbers: tuple[int, ...]) -> dict[str, int]:
    """All true sequences of steps by which the sorted numbers become one, and what each reaches."""
    if len(numbers) == 1:
        return {"": numbers[0]}
    found = {}
    for i, j in permutations(range(len(numbers)), 2):
        rest = [number for at, number in enumerate(numbers) if at not in (i, j)]
        for sign in "+-*/":
            result = joined(numbers[i], sign, numbers[j])
            if result is not None and result >= 0:
                for later, reached in sequences(tuple(sorted([*rest, result]))).items():
                    step = f"{numbers[i]}{sign}{numbers[j]}={result}"
                    found[f"{step},{later}" if later else step] = reached
    return found


def is_right_in_steps(numbers: tuple[int, ...], target: int, output: str) -> bool:
    """Whether the first line is one of all true sequences, spaces aside, and reaches the target."""
    first_line = "".join(output.strip().splitlines()[:1]).replace(" ", "")
    return sequences(tuple(sorted(numbers))).get(first_line) == target


def test_the_sequences_of_two_and_three_numbers_by_hand() -> None:
    assert sequences((2, 6)) == {
        "2+6=8": 8, "6+2=8": 8, "6-2=4": 4, "2*6=12": 12, "6*2=12": 12, "6/2=3": 3,
    }  # fmt: skip
    assert sequences((15, 44, 79))["44-15=29,79-29=50"] == 50
    assert "79-29=50,44-15=29" not in sequences((15, 44, 79))


@pytest.mark.parametrize(("level", "number"), [("dream-3", 200), ("dream-4", 3)])
def test_of_all_sequences_those_that_reach_the_target_are_right(level: str, number: int, drawn: Draw) -> None:
    check = get_task("countdown").check
    for example in drawn("countdown", number, level=level):
        (numbers, _), (target, _) = questions(example)
        for written, reached in sequences(tuple(sorted(numbers))).items():
            assert check(example, f" {written}") == (reached == target), (example.clean, written)


@cache
def sequences_about(numbers: tuple[int, ...], target: int) -> tuple[list[str], list[str], list[str]]:
    """All sequences, those that reach the target, and those that end in it as a text."""
    found = sequences(numbers)
    right = [written for written, reached in found.items() if reached == target]
    return list(found), right, [written for written in found if written.endswith(f"={target}")]


def nasty_steps(example: Example, rng: random.Random) -> str:
    """Steps in another order, of other numbers, too few, too many, and equations of another form."""
    (numbers, _), (target, _) = questions(example)
    steps = example.answer.strip().split(",")
    others, right, ending = sequences_about(tuple(sorted(numbers)), target)
    other, near = rng.choice(others), rng.choice(ending)
    a, sign, b, _, result = re.split("([-+*/=])", steps[0])
    return rng.choice(
        [
            *[rng.choice(right)] * 4,
            near,
            other,
            other.rpartition("=")[0] + f"={target}",
            ",".join(reversed(steps)),
            ",".join(rng.sample(steps, len(steps))),
            ",".join(steps[1:]),
            ",".join(steps[:-1]),
            ",".join([*steps, f"{target}+0={target}"]),
            ",".join([*steps, f"{target}*1={target}"]),
            ",".join([*steps, steps[-1]]),
            ",".join([f"{b}{sign}{a}={result}", *steps[1:]]),
            ",".join([f"{a}{sign}{b}={result}", *steps]),
            ",".join([*steps[:-1], f"{target}={target}"]),
            f"{target}={target}",
            f"{'+'.join(map(str, numbers))}={target}",
            " , ".join(steps),
            ", ".join(steps) + ".",
            ";".join(steps),
            "\n".join(steps),
            ",".join(steps) + "\n\nInput: 1,2,3\nOutput:",
            ",".join(steps) + "," + "\n" + steps[0],
            f"{example.foil}\n{','.join(steps)}",
        ]
    )


@pytest.mark.parametrize(("level", "number"), [("dream-3", 500), ("dream-4", 20)])
def test_mutated_steps(level: str, number: int, mutants: Mutants) -> None:
    check, verdicts = get_task("countdown").check, Counter[bool]()
    for example, text in mutants("countdown", nasty_steps, level, number):
        (numbers, _), (target, _) = questions(example)
        expected = is_right_in_steps(numbers, target, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 1000
    assert verdicts[False] > 5000


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "=", "1=1", "1+2=3,", ",1+2=3", "1+2=3,,3+3=6", "01+2=3", "1+02=3", "1+2=03", "1--2=3",
        "-1+2=1", "1+2=3=3", "1+2==3", "(1+2)=3", "1+2+3=6", "1**2=1", "5//2=2", "5%3=2", "5/0=0", "0/0=0",
        "7/2=3", "1+2=3.0", "1_0+2=12", "1e1+2=12", "１+２=３", "²+1=3", "٣+1=4", "1+2=3;3+3=6", "1+2\n=3",
        "1+2=3," * 100_000, "9" * 10**6 + "+1=1", "1+1=" + "9" * 10**6, "," * 10**6, "9*9=81," * 10,
        "999999999*999999999=999999999", "1000000000+1=1000000001",
    ],
)  # fmt: skip
def test_hostile_steps_are_refused(text: str, drawn: Draw) -> None:
    check = get_task("countdown").check
    assert not any(check(example, text) for example in drawn("countdown", 2, level="dream-3"))


def test_one_equation_is_no_answer_in_steps_and_steps_are_none_in_one_equation() -> None:
    check = get_task("countdown").check
    whole = Example("", "", " 30+18-28=20", "", "target-last", "target-last-0", ())
    steps = Example("", "", " 30+18=48,48-28=20", "", "target-last", "target-last-0", ())
    assert [check(whole, text.answer) for text in (whole, steps)] == [True, False]
    assert [check(steps, text.answer) for text in (whole, steps)] == [False, True]
