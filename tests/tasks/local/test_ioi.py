import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.lexicon import NAMES

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]


def names(prompt: str) -> list[str]:
    return [word for word in re.findall(r"\w+", prompt) if word in NAMES]


def asked(prompt: str) -> list[str]:
    """The names that stand once beside one that stands twice."""
    counts = Counter(names(prompt))
    return [name for name, count in counts.items() if count == 1 and 2 in counts.values()]


def is_right(prompt: str, output: str) -> bool:
    (name,) = asked(prompt)
    return re.match(rf"""\s*[.,;:!?"']*{name}[.,;:!?"']*(\s|\Z)""", output) is not None


def test_at_least_15_templates_in_either_order(drawn: Draw) -> None:
    for variant in ("ABBA", "BABA"):
        assert len({e.template for e in drawn("ioi", 2000) if e.variant == variant}) >= 15


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_names_stand_where_the_variant_says(level: str, held_out: Draw) -> None:
    for example in held_out("ioi", level):
        recipient, giver = example.answer.strip(), example.foil.strip()
        order = [recipient, giver, giver] if example.variant == "ABBA" else [giver, recipient, giver]
        assert names(example.clean) == order


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_clean_asks_for_the_answer(level: str, held_out: Draw) -> None:
    for example in held_out("ioi", level):
        assert [f" {name}" for name in asked(example.clean)] == [example.answer]


def test_at_level_abb_corrupted_asks_for_the_foil(held_out: Draw) -> None:
    for example in held_out("ioi", "abb"):
        assert [f" {name}" for name in asked(example.corrupted)] == [example.foil]


def test_at_level_abc_corrupted_names_answer_and_foil_once_each_and_asks_for_neither(held_out: Draw) -> None:
    for example in held_out("ioi", "abc"):
        assert asked(example.corrupted) == []
        assert {example.answer.strip(), example.foil.strip()} < set(names(example.corrupted))
        assert len(set(names(example.corrupted))) == 3


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_only_the_repeated_name_is_exchanged(level: str, held_out: Draw) -> None:
    for example in held_out("ioi", level):
        clean, corrupted = example.clean.split(" "), example.corrupted.split(" ")
        changed = [(a, b) for a, b in zip(clean, corrupted, strict=True) if a != b]
        ((before, after),) = changed
        assert before == example.foil.strip()
        if level == "abb":
            assert after == example.answer.strip()
        else:
            assert after in set(NAMES) - {example.answer.strip(), example.foil.strip()}


def test_the_checker_reads_the_first_word(drawn: Draw) -> None:
    task = get_task("ioi")
    for example in drawn("ioi", 300):
        name = example.answer.strip()
        right = (name, f" {name}.", f'"{name}" and', f"\n{name}, who")
        wrong = (name[:-1], name + "x", name.lower(), f"to {name}", ".")
        assert all(task.check(example, text) for text in right)
        others = [other for other in NAMES if other != name]
        assert not any(task.check(example, f" {other} {name}") for other in others)
        assert not any(task.check(example, text) for text in wrong)


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_roles_are_the_names_the_place_and_the_object(level: str, held_out: Draw) -> None:
    for example in held_out("ioi", level, 2000):
        found = {role.name: example.clean[role.start : role.end] for role in example.roles}
        assert len(found) == len(example.roles) == 5
        recipient, giver = example.answer.strip(), example.foil.strip()
        assert (found["recipient"], found["giver"], found["repeated giver"]) == (recipient, giver, giver)
        last = max(example.roles, key=lambda role: role.start * (role.name in ("giver", "repeated giver")))
        assert last.name == "repeated giver"
        assert re.search(rf"\ba {found['object']}\b", example.clean)
        assert re.search(rf"\b[Tt]he {found['place']}\b", example.clean)


def nasty(example: Example, rng: random.Random) -> str:
    """Names alone and in company, and words that begin or end like the answer."""
    name, other = example.answer.strip(), rng.choice((example.foil.strip(), rng.choice(NAMES)))
    return rng.choice(
        [
            f" {other}",
            f" {name} {other}",
            f" {other} {name}",
            f" {name}, {other}",
            f" {name},{other}",
            f" {name}'s",
            f" {name}-{other}",
            f" {name}{other.lower()}",
            f' "{name}"',
            f" {name[: rng.randrange(len(name))]}",
            f" {rng.choice(NAMES)}",
        ]
    )


def test_mutated_answers(mutants: Mutants) -> None:
    check, verdicts = get_task("ioi").check, Counter[bool]()
    for example, text in mutants("ioi", nasty):
        expected = is_right(example.clean, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000
