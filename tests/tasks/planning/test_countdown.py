import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product

import pytest

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]
LEVELS = {"small": 10_000, "small-operand": 100, "medium": 60, "large": 5}
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
    for example in drawn("countdown", 60, level=level):
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
