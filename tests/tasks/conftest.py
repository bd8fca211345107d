"""Examples drawn once for all tests of this folder, and outputs that are almost answers."""

import importlib.util
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

from mechshift.tasks import Example, Split, get_task

Draw = Callable[..., tuple[Example, ...]]
Nasty = Callable[[Example, random.Random], str]
Mutants = Callable[..., Iterator[tuple[Example, str]]]

EVALUATION = 10_000
MUTANTS = 10_000

SPACES = (" ", "  ", "\n", "\t", "\r\n", "\v", "\x1f", "\x85", "\xa0", "\u2003", "\u2028", "\u200b")
BEFORE = (
    "the ",
    "to ",
    "so ",
    "Answer:",
    "Answer: ",
    "not ",
    "x",
    "7",
    "0",
    "-",
    "+",
    '"',
    "'",
    "(",
    ". ",
    "A ",
    "\x00",
)
AFTER = (
    ".",
    ",",
    "!?",
    '"',
    "'s",
    "s",
    "x",
    "7",
    "0",
    " 7",
    "\n7",
    " A",
    "\nA",
    "²",
    "٣",
    " and so on",
    "\nmore",
    "=",
    ")",
    "\x00",
)
STRANGE = " \n.,>+-*/=()0123456789ABCXYZabcxyz_\x00²é"
SCRIPTS = (
    str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)}),  # full width
    str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    str.maketrans("AaBCcEeKMOoPpTXxy", "АаВСсЕеКМОоРрТХху"),  # Cyrillic
)


class Stream:
    """Examples of one stream, drawn as far as they have been asked for."""

    def __init__(self, examples: Iterator[Example]) -> None:
        self._rest = examples
        self._drawn: list[Example] = []

    def first(self, number: int) -> tuple[Example, ...]:
        """The first `number` examples, or all where the stream gives fewer."""
        self._drawn += islice(self._rest, max(0, number - len(self._drawn)))
        return tuple(self._drawn[:number])


@cache
def _stream(task: str, split: Split, level: str, seed: int) -> Stream:
    return Stream(get_task(task).examples(seed, split, level))


def _drawn(
    task: str, number: int, split: Split = "evaluation", level: str | None = None, seed: int = 0
) -> tuple[Example, ...]:
    examples = _stream(task, split, get_task(task).level(level)[0], seed).first(number)
    assert len(examples) == number
    return examples


@pytest.fixture(scope="session")
def drawn() -> Draw:
    """So many examples of a task."""
    return _drawn


@pytest.fixture(scope="session")
def held_out() -> Draw:
    """Ten thousand examples of a task's evaluation split, or all where there are fewer."""

    def first(task: str, level: str | None = None, number: int = EVALUATION) -> tuple[Example, ...]:
        return _stream(task, "evaluation", get_task(task).level(level)[0], 0).first(number)

    return first


@pytest.fixture(scope="session")
def affordable(golden: ModuleType) -> Callable[[str, str, int], int]:
    """So many examples, or as many as the golden file holds a level to whose examples are slow to draw."""
    recorded = golden.recorded()

    def number(task: str, level: str, wanted: int) -> int:
        entry = recorded.get(task, golden.UNKNOWN)["levels"].get(level, {})
        held = entry.get("examples", golden.EXAMPLES)
        return wanted if held == golden.EXAMPLES else min(wanted, held)

    return number


@pytest.fixture(scope="session")
def mutants() -> Mutants:
    """Ten thousand outputs, each with the example it is a mutated answer to.

    They are made from the answer, the foil, and what the task's own test finds nasty.
    """

    def of(
        task: str, nasty: Nasty, level: str | None = None, number: int = 500
    ) -> Iterator[tuple[Example, str]]:
        rng, examples = random.Random(task), _drawn(task, number, level=level)
        for turn in range(MUTANTS):
            example = examples[turn % len(examples)]
            special = rng.random() < 0.5
            text = nasty(example, rng) if special else rng.choice((*[example.answer] * 4, example.foil))
            for _ in range(rng.randrange(0 if special else 1, 3)):
                text = mutated(text, rng)
            yield example, text

    return of


@pytest.fixture(scope="session")
def golden() -> ModuleType:
    """The script beside this file, which is a command as well."""
    spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mutated(text: str, rng: random.Random) -> str:
    """The text after one accident to its characters or to its words."""
    parts = list(text) if rng.random() < 0.5 else re.findall(r"\w+|\W", text)
    if not parts:
        return rng.choice(AFTER)
    at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    match rng.randrange(12):
        case 0:
            parts[at], parts[other] = parts[other], parts[at]
        case 1:
            del parts[at]
        case 2:
            parts.insert(at, parts[at])
        case 3:
            parts[at] = rng.choice(STRANGE)
        case 4:
            parts[at] = parts[other]
        case 5:
            parts.insert(at, rng.choice(SPACES))
        case 6:
            parts = [part for part in parts if not part.isspace()]
        case 7:
            parts.insert(0, rng.choice((*BEFORE, *SPACES)))
        case 8:
            parts.append(rng.choice((*AFTER, *SPACES)))
        case 9:
            parts = parts[at:] if rng.random() < 0.5 else parts[:at]
        case 10:
            parts[at] = rng.choice((str.upper, str.lower, str.title))(parts[at])
        case 11:
            parts[at] = parts[at].translate(rng.choice(SCRIPTS))
    return "".join(parts)
