from collections.abc import Callable

import pytest

from mechshift.tasks import Example, get_task
from mechshift.tasks.lexicon import NAMES

Draw = Callable[..., tuple[Example, ...]]


def test_at_least_15_templates_in_either_order(drawn: Draw) -> None:
    for variant in ("ABBA", "BABA"):
        assert len({e.template for e in drawn("ioi", 2000) if e.variant == variant}) >= 15


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_names_stand_where_the_variant_says(level: str, drawn: Draw) -> None:
    for example in drawn("ioi", 1000, level=level):
        recipient, giver = example.answer.strip(), example.foil.strip()
        words = [word.strip(".,") for word in example.clean.split()]
        order = [recipient, giver, giver] if example.variant == "ABBA" else [giver, recipient, giver]
        assert [word for word in words if word in NAMES] == order


@pytest.mark.parametrize("level", ["abc", "abb"])
def test_only_the_repeated_name_is_exchanged(level: str, drawn: Draw) -> None:
    for example in drawn("ioi", 1000, level=level):
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
