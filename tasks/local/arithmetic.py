"""Arithmetic: the value of a given expression of + and −."""

import re

from .. import shots
from ..example import Draw, Example, Task, TaskCard
from ..output import first_line
from ..wording import Marked, filled, joined, marked

TEMPLATES = {
    "named": (
        "The value of {expression} is",
        "Expression: {expression}. Value:",
        "Work out {expression}. Result:",
    ),
    "bare": (
        "{expression} =",
        "{expression} makes",
        "{expression} is equal to",
    ),
}

INSTRUCTIONS = {
    variant: ("Work out the value of each expression.",) * len(templates)
    for variant, templates in TEMPLATES.items()
}
"""What begins the header at the level with shots."""

LEVELS = {
    "two": {"operands": 2, "smallest": 10, "largest": 39, "value": 99},
    "three": {"operands": 3, "smallest": 10, "largest": 39, "value": 99},
    "large": {"operands": 4, "smallest": 10, "largest": 99, "value": 999},
    "few-shot": {"operands": 3, "smallest": 10, "largest": 39, "value": 99, "shots": 8},
}
"""How many numbers, from which to which, and the largest value.

`three` has the numbers of countdown's `small-operand`.
"""


def draw(given: Draw) -> Example | None:
    """One expression of different numbers, whose value has two digits or more; on the way it may be negative.

    Corrupted: one of the numbers is another of as many digits, so that the value has another first digit.
    """
    rng, operands = given.rng, given.integer("operands")
    pool = range(given.integer("smallest"), given.integer("largest") + 1)
    kept = rng.sample(pool, operands - 1)
    signs = [rng.choice("+-") for _ in kept]
    at = rng.randrange(operands)
    without, sign = _value(_with(kept, at, 0), signs), -1 if ["+", *signs][at] == "-" else 1
    # Both prompts are drawn alike from the expressions of this split, so that no value is more often an
    # answer than a foil.
    written = {
        n: value
        for n in pool
        if n not in kept
        and (value := _written(without + sign * n, given))
        and given.wants(_content(_with(kept, at, n), signs))
    }
    if len(written) < 2:
        return None
    one, other = rng.sample(sorted(written), 2)
    # The first digit is the plan token: it has to tell the two values apart. And clean and corrupted prompts,
    # answer and foil are compared token by token.
    if written[one][0] == written[other][0] or len(written[one]) != len(written[other]):
        return None
    index = rng.randrange(len(TEMPLATES[given.variant]))

    def prompt(number: int) -> Marked:
        expression = _expression(_with(kept, at, number), signs, at)
        return filled(TEMPLATES[given.variant][index], expression=expression)

    clean = prompt(one)
    return Example(
        clean=clean.text,
        corrupted=prompt(other).text,
        answer=f" {written[one]}",
        foil=f" {written[other]}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=tuple(_content(_with(kept, at, n), signs) for n in (one, other)),
        roles=clean.roles,
        factors=(("signs", "".join(signs)), ("first digit", written[one][0]), ("changed", str(at))),
    )


def _with(kept: list[int], at: int, number: int) -> list[int]:
    return [*kept[:at], number, *kept[at:]]


def _written(value: int, given: Draw) -> str:
    """The digits of a value, none where it has fewer than two or is larger than the level's largest."""
    return str(value) if 10 <= value <= given.integer("value") else ""


def _value(numbers: list[int], signs: list[str]) -> int:
    following = zip(numbers[1:], signs, strict=True)
    return numbers[0] + sum(number if sign == "+" else -number for number, sign in following)


def _content(numbers: list[int], signs: list[str]) -> str:
    """The terms in order of size: 30+14-16 in another order has the same value."""
    terms = sorted(zip(["+", *signs], numbers, strict=True))
    return "".join(f"{sign}{number}" for sign, number in terms)


def _expression(numbers: list[int], signs: list[str], changed: int) -> Marked:
    # The sign before each number, none before the first.
    parts: list[Marked | str] = []
    for place, (number, sign) in enumerate(zip(numbers, ["", *signs], strict=True)):
        parts += [marked(sign, "sign")] if sign else []
        parts.append(marked(number, "changed operand" if place == changed else "operand"))
    return joined("", parts)


def check(example: Example, output: str) -> bool:
    """Whether the first line begins with the value: its digits, spaces aside, and then no further digit."""
    found = re.match(r"[0-9]+", first_line(output))
    return found is not None and found[0] == example.answer.strip()


TASK = Task(
    card=TaskCard(
        name="arithmetic",
        suite="local",
        surface="symbols",
        measures="evaluation: the value of an expression that is given as a whole",
        source="after Stolfo et al. 2023, arXiv 2305.15054; the numbers of countdown, without its search",
        licence="Apache-2.0 (generated)",
        counterfactual="one of the numbers becomes another one",
        metric="logit difference",
        answer="the value; foil: the value with the other number",
        plan="the value's first digit",
        copied="",
        checker="the number that the first line begins with equals the value",
        variants={"named": "asked in words", "bare": "the expression first"},
        levels=LEVELS,
        default_level="three",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
