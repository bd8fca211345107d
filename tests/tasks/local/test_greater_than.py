import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]
Mutants = Callable[..., Iterator[tuple[Example, str]]]


def start(example: Example) -> tuple[str, int]:
    century, year, again = re.findall(r"\d\d", example.clean)
    assert century == again
    return century, int(year)


def is_right(example: Example, output: str) -> bool:
    digits = re.match(r"\s*([0-9])\s*([0-9])", output)
    return digits is not None and 10 * int(digits[1]) + int(digits[2]) > start(example)[1]


def test_only_the_last_two_digits_of_the_start_year_differ(held_out: Draw) -> None:
    for example in held_out("greater-than"):
        century, year = start(example)
        assert example.corrupted == example.clean.replace(f"{century}{year:02d}", f"{century}01")
        assert 10 <= year <= 98


def test_start_years_are_from_ten_on(drawn: Draw) -> None:
    examples = (*drawn("greater-than", 2000), *drawn("greater-than", 2000, "training"))
    assert {start(example)[1] for example in examples} == set(range(10, 99))


def test_roles_are_the_event_and_the_digits_of_the_years(held_out: Draw) -> None:
    for example in held_out("greater-than", number=2000):
        century, year = start(example)
        texts = [(role.name, example.clean[role.start : role.end]) for role in example.roles]
        assert texts[1:] == [
            ("start century", century),
            ("start ten", str(year // 10)),
            ("start unit", str(year % 10)),
            ("end century", century),
        ]
        name, event = texts[0]
        assert name == "event"
        assert f"the {event} " in example.clean.lower()


def test_answers_and_foils_share_out_all_two_digit_years(held_out: Draw) -> None:
    for example in held_out("greater-than"):
        _, year = start(example)
        assert [int(text) for text in example.foils] == list(range(year + 1))
        assert [int(text) for text in example.answers] == list(range(year + 1, 100))
        assert all(len(text) == 2 for text in example.answers + example.foils)
        assert example.answer in example.answers
        assert example.foil in example.foils


def test_the_checker_compares_two_digits_however_they_are_spaced(drawn: Draw) -> None:
    check = get_task("greater-than").check
    for example in drawn("greater-than", 100):
        _, year = start(example)
        for number in range(100):
            tens, units = divmod(number, 10)
            for text in (f"{tens}{units}", f" {tens} {units}", f"{tens}{units}, and", f"{tens}{units}45"):
                assert check(example, text) == (number > year)


def test_the_checker_refuses_what_is_no_year(drawn: Draw) -> None:
    check = get_task("greater-than").check
    hostile = ("9", "", "a99", "-99", "９９", "٩٩", "²³", "9\x009")
    for example in drawn("greater-than", 50):
        assert not any(check(example, text) for text in hostile)


def nasty(example: Example, rng: random.Random) -> str:
    """Years about the start year, whole years, digits apart, more digits than two."""
    century, year = start(example)
    near = min(99, max(0, year + rng.randint(-2, 2)))
    tens, units = divmod(rng.choice((near, rng.randrange(100))), 10)
    return rng.choice(
        [
            f"{tens}{units}",
            f" {tens} {units}",
            f"{tens}\n{units}",
            f"{tens}{units}{rng.randrange(10)}",
            f"{century}{tens}{units}",
            f" {tens}",
            f"{units}{tens}",
            f"{tens},{units}",
            f"{tens}.{units}",
            f"{tens}{units} and {year:02d}",
            f"-{tens}{units}",
            f"year {tens}{units}",
        ]
    )


def test_mutated_answers(mutants: Mutants) -> None:
    check, verdicts = get_task("greater-than").check, Counter[bool]()
    for example, text in mutants("greater-than", nasty):
        expected = is_right(example, text)
        assert check(example, text) == expected, (example.clean, text)
        verdicts[expected] += 1
    assert verdicts[True] > 2000
    assert verdicts[False] > 4000
