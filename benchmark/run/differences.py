"""Where a record differs from what its cells give, but for how another machine rounds."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .plan import kind_named

ROUNDING = 1e-9
"""What another machine's arithmetic may change in a number, of its size or of 1 where that is larger."""


@dataclass(frozen=True)
class Difference:
    """A place at which a record, as JSON has it, is not what its cells give; what either says."""

    place: str
    found: object
    expected: object

    def __str__(self) -> str:
        return f"{self.place}: the record says {self.found!r}, its cells {self.expected!r}"


@dataclass(frozen=True)
class Differences:
    """The differences that are more than rounding, and whether there are any others."""

    real: tuple[Difference, ...]
    rounded: bool


def compare_contents(found: object, expected: object) -> Differences:
    """How two contents differ, both as JSON has them.

    Processors add in another order, so that numbers computed again on another machine differ in their last
    digits, and with them the digests of what was computed. Neither is a difference of the content.
    """
    differences = list(find_differences(found, expected))
    other = [each for each in differences if not _is_rounding(each)]
    rounded = len(other) < len(differences)
    return Differences(tuple(each for each in other if not (rounded and _is_computed_digest(each))), rounded)


def find_differences(found: object, expected: object, place: str = "") -> Iterator[Difference]:
    """Every place at which two contents are not the same, both as JSON has them."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in dict.fromkeys((*found, *expected)):
            inner = f"{place}.{name}".removeprefix(".")
            yield from find_differences(found.get(name, "absent"), expected.get(name, "absent"), inner)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from find_differences(one, other, f"{place}[{index}]")
    elif found != expected:
        yield Difference(place, found, expected)


def _is_rounding(difference: Difference) -> bool:
    one, other = difference.found, difference.expected
    if isinstance(one, str) and isinstance(other, str):
        return _is_rounded_text(one, other)
    if not isinstance(one, float) or not isinstance(other, float):
        return False
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _is_rounded_text(one: str, other: str) -> bool:
    """Whether two reasons say the same, with numbers that differ by one in the last digit that is written."""
    if _WRITTEN.split(one) != _WRITTEN.split(other):
        return False
    return all(map(_is_rounded_number, _WRITTEN.findall(one), _WRITTEN.findall(other)))


def _is_rounded_number(one: str, other: str) -> bool:
    decimals = max(len(each.partition(".")[2]) for each in (one, other))
    return abs(float(one) - float(other)) < 1.5 * 10.0**-decimals


_WRITTEN = re.compile(r"-?\d+\.\d+")
"""A number that was rounded when it was written; whole ones are counted."""


def _is_computed_digest(difference: Difference) -> bool:
    """Whether it is the digest of a cell that is computed: where a number is rounded, it is another."""
    *_, cells, name, digest = ("", "", *difference.place.split("."))
    if cells != "cells" or digest != "digest":
        return False
    try:
        return not kind_named(name).members
    except KeyError:
        return False
