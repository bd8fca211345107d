"""Countdown: reach a target from given numbers, each used once; the equation is the answer."""

import random
import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import combinations

from .. import shots
from ..example import Draw, Example, Level, Task, TaskCard
from ..output import first_line
from ..wording import Marked, filled, joined, marked
from . import equations, expressions, steps

TEMPLATES = {
    "target-last": (
        "Numbers: {numbers}. Target: {target}. Equation:",
        "Use {numbers} to make {target}:",
        "Given {numbers}, the target is {target}. Answer:",
    ),
    "target-first": (
        "Target: {target}. Numbers: {numbers}. Equation:",
        "Make {target} from {numbers}:",
        "The target is {target}, given {numbers}. Answer:",
    ),
}

QUESTIONS = {
    "target-last": "Input: {numbers},{target}\nOutput:",
    "target-first": "Input: {target},{numbers}\nOutput:",
}
"""What is asked behind a header, at the levels with shots."""

INSTRUCTIONS = {
    "target-last": (
        "Reach the last number of the input from the numbers before it, using each once. Write every step.",
        "Combine all numbers but the last, each exactly once, so that the last results. Show the steps.",
        "The last number is the target. Make it from the other numbers, step by step, with each used once.",
        "Find arithmetic steps that use every number before the last one once and end in the last one.",
        "Add, subtract, multiply or divide the first numbers, each once, until you have the last number.",
    ),
    "target-first": (
        "Reach the first number of the input from the numbers after it, using each once. Write every step.",
        "Combine all numbers but the first, each exactly once, so that the first results. Show the steps.",
        "The first number is the target. Make it from the other numbers, step by step, with each used once.",
        "Find arithmetic steps that use every number after the first one once and end in the first one.",
        "Add, subtract, multiply or divide the last numbers, each once, until you have the first number.",
    ),
}


def _level(
    operands: int, smallest: int, largest: int, target: int, operators: str, **more: int | str
) -> Level:
    numbers = {"operands": operands, "smallest": smallest, "largest": largest, "target": target}
    return {**numbers, "operators": operators, "change": "target", **more}


LEVELS = {
    "small": _level(3, 10, 69, 99, "+-", apart=8),
    "small-operand": _level(3, 10, 39, 99, "+-", change="operand"),
    "medium": _level(3, 2, 99, 999, "+-*"),
    "large": _level(4, 1, 50, 999, "+-*/"),
    "dream-3": _level(3, 1, 99, 99, "+-*/", shots=8),
    "dream-4": _level(4, 1, 99, 99, "+-*/", shots=8),
}
"""How many numbers, from which to which, the largest target, the operators, what the corruption changes, and
how far two targets of the same numbers may be apart."""


@cache
def _unique(numbers: tuple[int, ...], operators: str, largest: int) -> dict[int, str]:
    """Canonical equation by target, for the targets with one solution up to commuting."""
    # A second solution would be as right as the answer that the metric compares with the foil.
    return {
        target: f"{found[0]}={target}"
        for target, found in expressions.solutions(numbers, operators).items()
        if len(found) == 1 and 0 < target <= largest
    }


@cache
def _some_compare(numbers: tuple[int, ...], operators: str, largest: int, apart: int) -> bool:
    """Whether two of the targets compare, which few sets of numbers have."""
    solved = _unique(numbers, operators, largest)
    return any(_comparable(solved, one, other, apart) for one, other in combinations(solved, 2))


def draw(given: Draw) -> Example | None:
    """One instance with one solution up to commuting: an equation, or its steps at the levels with shots."""
    return _in_steps(given) if "shots" in given.level else _in_one_equation(given)


def _in_steps(given: Draw) -> Example | None:
    """The canonical steps of the only equation.

    Corrupted: another target, whose steps have numbers of as many digits at every place and begin with
    another digit.
    """
    numbers = _numbers(given)
    if not given.wants(_content(numbers)):
        return None
    written = {goal: steps.in_steps(text.partition("=")[0]) for goal, text in _solved(given, numbers).items()}
    shapes = {goal: _shape(text) for goal, text in written.items()}
    # Numbers at the same places, so that answer and foil part at signs and digits and not in their layout.
    pair = _pair(
        written,
        lambda one, other: shapes[one] == shapes[other] and _part_at_once(written[one], written[other]),
        given.rng,
    )
    if pair is None:
        return None
    target, changed = given.rng.sample(pair, 2)
    index = given.rng.randrange(len(INSTRUCTIONS[given.variant]))
    clean = _question(QUESTIONS[given.variant], ",", numbers, target, written[target])
    return Example(
        clean=clean.text,
        corrupted=_question(QUESTIONS[given.variant], ",", numbers, changed).text,
        answer=f" {written[target]}",
        foil=f" {written[changed]}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=(_content(numbers),),
        copied=_result(f" {written[target]}"),
        roles=clean.roles,
        factors=_factors(written[target], target),
    )


def _shape(written: str) -> str:
    return re.sub("[-+*/]", "+", re.sub("[0-9]", "0", written))


def _in_one_equation(given: Draw) -> Example | None:
    """The equation in canonical form.

    Corrupted: another target reachable from the same numbers (or, at a level with `change` "operand", another
    number and the same target), with as many digits and an equation that begins with another digit.
    """
    numbers = _numbers(given)
    if not given.wants(_content(numbers)):
        return None
    index = given.rng.randrange(len(TEMPLATES[given.variant]))
    template = TEMPLATES[given.variant][index]
    exchanged = _other_target if given.level["change"] == "target" else _other_number
    found = exchanged(given, numbers, template)
    if found is None:
        return None
    target, other, changed = found
    answer, foil = _solved(given, numbers)[target], _solved(given, other)[changed]
    asked = _question(template, ", ", numbers, target, answer)
    return Example(
        clean=asked.text,
        corrupted=_question(template, ", ", other, changed).text,
        answer=f" {answer}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=tuple(map(_content, (numbers, other))),
        copied=_result(f" {answer}"),
        roles=asked.roles,
        factors=_factors(answer, target),
    )


def _other_target(given: Draw, numbers: list[int], template: str) -> tuple[int, list[int], int] | None:
    """A target, the same numbers, and another target of theirs; None where no two targets compare."""
    # Among two-digit sums the smaller target takes the middle number first and the larger one the largest
    # number: without a bound on their distance, the target alone tells answer from foil in 86 of 100.
    apart = int(given.level.get("apart", given.integer("target")))
    asked = tuple(sorted(numbers)), str(given.level["operators"]), given.integer("target")
    if not _some_compare(*asked, apart):
        return None
    solved = _solved(given, numbers)
    # The same two whenever the same numbers are asked about in the same words. Of three targets that compare
    # with a fourth, each would be asked about as often as that one in the evaluation split, where no prompt
    # comes twice: answers would begin otherwise than foils do.
    fixed = random.Random(f"{numbers}/{template}")
    pair = _pair(solved, lambda one, other: _comparable(solved, one, other, apart), fixed)
    assert pair is not None, "some two compare"
    target, changed = given.rng.sample(pair, 2)
    return target, numbers, changed


def _other_number(given: Draw, numbers: list[int], _: str) -> tuple[int, list[int], int] | None:
    """A target, the numbers with one exchanged, and the same target; None where these do not compare."""
    rng, solved = given.rng, _solved(given, numbers)
    if not solved:
        return None
    target, at = rng.choice(sorted(solved)), rng.randrange(len(numbers))
    others = [[*numbers[:at], n, *numbers[at + 1 :]] for n in _pool(given) if n not in numbers]
    others = [other for other in others if target in _solved(given, other)]
    if not others:
        return None
    other = rng.choice(others)
    compared = _part_alike(solved[target], _solved(given, other)[target])
    return (target, other, target) if compared else None


def _pool(given: Draw) -> range:
    return range(given.integer("smallest"), given.integer("largest") + 1)


def _numbers(given: Draw) -> list[int]:
    return given.rng.sample(_pool(given), given.integer("operands"))


def _solved(given: Draw, numbers: list[int]) -> dict[int, str]:
    return _unique(tuple(sorted(numbers)), str(given.level["operators"]), given.integer("target"))


def _content(numbers: list[int]) -> str:
    # Without the target: the same numbers with another one have much the same solutions.
    return _listed(tuple(sorted(numbers)))


# Kept, because most draws are of numbers that were drawn before, and of another split.
@lru_cache(maxsize=1 << 16)
def _listed(ordered: tuple[int, ...]) -> str:
    return "|".join(map(str, ordered))


def _pair(goals: Iterable[int], fit: Callable[[int, int], bool], rng: random.Random) -> list[int] | None:
    """Two targets that fit each other, None where there are no such two."""
    # Sorted, so that the choice does not hang on the order in which solutions were found.
    ordered = sorted(goals)
    shuffled = rng.sample(ordered, len(ordered))
    return next(([one, other] for one, other in combinations(shuffled, 2) if fit(one, other)), None)


def _comparable(solved: dict[int, str], one: int, other: int, apart: int) -> bool:
    """Whether the equations of two targets, at most so far apart, can be answer and foil."""
    return abs(one - other) <= apart and _part_alike(solved[one], solved[other])


def _part_alike(answer: str, foil: str) -> bool:
    """Whether two equations have one length, their targets too, and begin with different digits.

    The metric compares answer and foil position by position, and clean and corrupted prompts are exchanged
    position by position.
    """
    targets = (equation.partition("=")[2] for equation in (answer, foil))
    return len(answer) == len(foil) and len(set(map(len, targets))) == 1 and _part_at_once(answer, foil)


def _part_at_once(answer: str, foil: str) -> bool:
    """Whether two answers begin with different digits: the first operand's first digit is the plan token."""
    return answer[0] != foil[0] and (answer[0] + foil[0]).isdigit()


def _question(template: str, separator: str, numbers: list[int], goal: int, answer: str = "") -> Marked:
    """A template with its numbers and target, and which of the numbers the answer begins with."""
    first = re.split("[^0-9]", answer)[0]
    listed = [marked(number, "first operand" if str(number) == first else "operand") for number in numbers]
    return filled(template, numbers=joined(separator, listed), target=marked(goal, "target"))


def _result(answer: str) -> tuple[int, ...]:
    """Places of the digits behind the last sign of equality: those of the target, which the prompt states."""
    return tuple(range(answer.rindex("=") + 1, len(answer)))


def _factors(answer: str, target: int) -> tuple[tuple[str, str], ...]:
    signs = "".join(re.findall(r"[-+*/]", answer.partition("=")[0]))
    return ("signs", signs), ("first digit", answer[0]), ("target ten", str(target // 10))


def check(example: Example, output: str) -> bool:
    """Whether the output's first line is a true equation: the target, from the given numbers, each once.

    Where the answer is in steps, whether it is true steps that use each number and each result on the way
    once. Any correct form counts, canonical or not. Numbers and target are those of the example's answer.
    """
    # Only an answer in steps has commas.
    read = steps.read if "," in example.answer else equations.read
    wanted = read(first_line(example.answer))
    return wanted is not None and read(first_line(output)) == wanted


TASK = Task(
    card=TaskCard(
        name="countdown",
        suite="planning",
        surface="symbols",
        measures="search before the first token: which numbers to add and which to subtract",
        source="Countdown as in Gandhi et al. 2024, arXiv 2404.03683, and Dream (arXiv 2508.15487); "
        "instances with one solution, for arXiv 2601.14758's planning suite",
        licence="Apache-2.0 (generated)",
        counterfactual="the target changes, so that the same numbers combine otherwise",
        metric="logit difference",
        answer="the equation in canonical form: larger terms first, added before subtracted; "
        "with shots, its steps from the left",
        plan="the first digit of the first operand",
        copied="the target's digits behind the last sign of equality",
        checker="evaluates the expression, or every step, and compares the multiset of operands",
        variants={"target-last": "numbers, then target", "target-first": "target, then numbers"},
        levels=LEVELS,
        default_level="small",
        steps="tokens",
        version=2,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
