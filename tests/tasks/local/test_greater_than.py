import re
from collections.abc import Callable

from mechshift.tasks import Example, get_task

Draw = Callable[..., tuple[Example, ...]]


def start(example: Example) -> tuple[str, int]:
    century, year, again = re.findall(r"\d\d", example.clean)
    assert century == again
    return century, int(year)


def test_only_the_last_two_digits_of_the_start_year_differ(drawn: Draw) -> None:
    for example in drawn("greater-than", 2000):
        century, year = start(example)
        assert example.corrupted == example.clean.replace(f"{century}{year:02d}", f"{century}01")
        assert 2 <= year <= 98


def test_answers_and_foils_share_out_all_two_digit_years(drawn: Draw) -> None:
    for example in drawn("greater-than", 500):
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
