"""Arithmetic: the value of a given expression of + and −."""

import re

from .. import shots
from ..example import Draw, Example, Task, TaskCard
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
"""How many numbers, from which to which, and the largest value; `three` has those of countdown's `small`."""


def draw(given: Draw) -> Example | None:
    """One expression of different numbers, whose value has two digits or more.

    Corrupted: one of the numbers is another of as many digits, so that the value has another first digit.
    """
    rng, operands = given.rng, given.integer("operands")
    pool = range(given.integer("smallest"), given.integer("largest") + 1)
    numbers = rng.sample(pool, operands)
    signs = [rng.choice("+-") for _ in numbers[1:]]
    at = rng.randrange(operands)
    written = _written(_value(numbers, signs), given)
    if not written or not given.wants(_expression(numbers, signs, at).text):
        return None
    others = rng.choice([[*numbers[:at], n, *numbers[at + 1 :]] for n in pool if n not in numbers])
    exchanged = _written(_value(others, signs), given)
    # The first digit is the plan token: it has to tell the two values apart. And clean and corrupted prompts,
    # answer and foil are compared token by token.
    if not exchanged or written[0] == exchanged[0] or len(written) != len(exchanged):
        return None
    index = rng.randrange(len(TEMPLATES[given.variant]))

    def prompt(values: list[int]) -> Marked:
        return filled(TEMPLATES[given.variant][index], expression=_expression(values, signs, at))

    clean = prompt(numbers)
    return Example(
        clean=clean.text,
        corrupted=prompt(others).text,
        answer=f" {written}",
        foil=f" {exchanged}",
        variant=given.variant,
        template=f"{given.variant}-{index}",
        contents=tuple(_expression(values, signs, at).text for values in (numbers, others)),
        roles=clean.roles,
        factors=(("signs", "".join(signs)), ("first digit", written[0]), ("changed", str(at))),
    )


def _written(value: int, given: Draw) -> str:
    """The digits of a value, none where it has fewer than two or is larger than the level's largest."""
    return str(value) if 10 <= value <= given.integer("value") else ""


def _value(numbers: list[int], signs: list[str]) -> int:
    following = zip(numbers[1:], signs, strict=True)
    return numbers[0] + sum(number if sign == "+" else -number for number, sign in following)


def _expression(numbers: list[int], signs: list[str], changed: int) -> Marked:
    # The sign before each number, none before the first.
    parts: list[Marked | str] = []
    for place, (number, sign) in enumerate(zip(numbers, ["", *signs], strict=True)):
        parts += [marked(sign, "sign")] if sign else []
        parts.append(marked(number, "changed operand" if place == changed else "operand"))
    return joined("", parts)


def check(example: Example, output: str) -> bool:
    """Whether the output begins with the value: its digits, spaces aside, and then no further digit."""
    found = re.match(r"[0-9]+", "".join(output.split()))
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
        checker="the number at the beginning equals the value",
        variants={"named": "asked in words", "bare": "the expression first"},
        levels=LEVELS,
        default_level="three",
        steps="tokens",
        version=1,
    ),
    draw=shots.few_shot(draw, INSTRUCTIONS),
    check=check,
)
