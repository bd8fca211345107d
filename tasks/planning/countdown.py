"""Countdown: reach a target from given numbers, each used once; the equation is the answer."""

import ast
import operator
import re
from collections.abc import Callable
from functools import cache

from ..example import Draw, Example, Task, TaskCard
from ..version import version_of
from . import expressions

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

NATURAL = re.compile(r"[0-9]{1,9}")
ARITHMETIC = re.compile(r"[0-9()+*/-]{1,100}")

OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@cache
def _unique(numbers: tuple[int, ...], operators: str, largest: int) -> dict[int, str]:
    """Canonical equation by target, for the targets with one solution up to commuting."""
    return {
        target: f"{found[0]}={target}"
        for target, found in expressions.solutions(numbers, operators).items()
        if len(found) == 1 and 0 < target <= largest
    }


def draw(given: Draw) -> Example | None:
    """One instance whose equation is unique up to commuting, in canonical form.

    Corrupted: another target reachable from the same numbers (or, at a level with `change` "operand", another
    number and the same target), with as many digits and another equation.
    """
    rng, operators, largest = given.rng, str(given.level["operators"]), given.integer("target")
    pool = range(given.integer("smallest"), given.integer("largest") + 1)
    numbers = rng.sample(pool, given.integer("operands"))
    clean = _unique(tuple(sorted(numbers)), operators, largest)
    if not clean:
        return None
    target = rng.choice(sorted(clean))
    other, changed, corrupted = numbers, target, clean
    if given.level["change"] == "target":
        changed = rng.choice(sorted(clean))
    else:
        at = rng.randrange(len(numbers))
        others = [[*numbers[:at], n, *numbers[at + 1 :]] for n in pool if n not in numbers]
        others = [o for o in others if target in _unique(tuple(sorted(o)), operators, largest)]
        if not others:
            return None
        other = rng.choice(others)
        corrupted = _unique(tuple(sorted(other)), operators, largest)
    answer, foil = clean[target], corrupted[changed]
    if answer == foil or len(answer) != len(foil) or len(str(target)) != len(str(changed)):
        return None
    index = rng.randrange(len(TEMPLATES[given.variant]))

    def prompt(values: list[int], goal: int) -> str:
        listed = ", ".join(map(str, values))
        return TEMPLATES[given.variant][index].format(numbers=listed, target=goal)

    return Example(
        clean=prompt(numbers, target),
        corrupted=prompt(other, changed),
        answer=f" {answer}",
        foil=f" {foil}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=tuple("|".join(map(str, sorted(values))) for values in (numbers, other)),
    )


def check(example: Example, output: str) -> bool:
    """Whether the output's first line is a true equation: the target, from the given numbers, each once.

    Any correct equation counts, canonical or not. Numbers and target are those of the example's answer.
    """
    wanted = _read(example.answer)
    found = _read(output)
    return wanted is not None and found is not None and found == wanted


def _read(text: str) -> tuple[tuple[int, ...], int] | None:
    """The sorted operands and the stated result of a true equation, None for anything else."""
    lines = text.strip().splitlines()
    expression, equals, result = lines[0].replace(" ", "").partition("=") if lines else ("", "", "")
    if not equals or not NATURAL.fullmatch(result) or not ARITHMETIC.fullmatch(expression):
        return None
    try:
        tree = ast.parse(expression, mode="eval").body
        operands: list[int] = []
        value = _evaluate(tree, operands)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None
    return (tuple(sorted(operands)), value) if value == int(result) else None


def _evaluate(node: ast.expr, operands: list[int]) -> int:
    """The value of an arithmetic tree; ValueError for anything but + − × and exact ÷ of natural numbers."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        operands.append(node.value)
        return node.value
    if not isinstance(node, ast.BinOp):
        raise ValueError("not an arithmetic expression")
    left, right = _evaluate(node.left, operands), _evaluate(node.right, operands)
    if isinstance(node.op, ast.Div):
        quotient, rest = divmod(left, right)
        if rest:
            raise ValueError("division with a remainder")
        return quotient
    if type(node.op) not in OPERATIONS:
        raise ValueError("not an arithmetic operator")
    return OPERATIONS[type(node.op)](left, right)


TASK = Task(
    card=TaskCard(
        name="countdown",
        suite="planning",
        measures="search before the first token: which numbers to add and which to subtract",
        source="Countdown as in Gandhi et al. 2024, arXiv 2404.03683, and Dream (arXiv 2508.15487); "
        "instances with one solution, for arXiv 2601.14758's planning suite",
        licence="Apache-2.0 (generated)",
        counterfactual="the target changes, so that the same numbers combine otherwise",
        metric="logit difference",
        answer="the equation in canonical form: larger terms first, added before subtracted",
        checker="evaluates the expression and compares the multiset of operands",
        variants={"target-last": "numbers, then target", "target-first": "target, then numbers"},
        levels={
            "small": {
                "operands": 3,
                "smallest": 10,
                "largest": 39,
                "target": 99,
                "operators": "+-",
                "change": "target",
            },
            "small-operand": {
                "operands": 3,
                "smallest": 10,
                "largest": 39,
                "target": 99,
                "operators": "+-",
                "change": "operand",
            },
            "medium": {
                "operands": 3,
                "smallest": 2,
                "largest": 99,
                "target": 999,
                "operators": "+-*",
                "change": "target",
            },
            "large": {
                "operands": 4,
                "smallest": 1,
                "largest": 50,
                "target": 999,
                "operators": "+-*/",
                "change": "target",
            },
        },
        default_level="small",
        steps="tokens",
        version=version_of(__file__, expressions.__file__),
    ),
    draw=draw,
    check=check,
)
