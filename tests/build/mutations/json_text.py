"""JSON with one thing in it changed: also to what Python's own writer would not write."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any


class Members(list[tuple[str, Any]]):
    """The members of an object, in which a name can be there twice."""


class Raw(str):
    """Text that stands as it is in the place of a value."""


NUMBERS = (
    "0 -0 1 -1 2 3 -0.0 0.1 1.5 1e308 -1e308 1.7976931348623157e308 1e309 1e999 -1e999 5e-324 1e-400 NaN "
    "Infinity -Infinity 255 65536 2147483647 2147483648 4294967296 9007199254740993 9223372036854775807 "
    "9223372036854775808 18446744073709551616 1e18 1e19 01 1. .5 +1 0x10 1_000"
).split()

LONG = (
    "9" * 39,
    "9" * 400,  # of no float
    "9" * 5000,  # more digits than Python makes a number of
    "0." + "3" * 1000,
    "1e" + "9" * 50,
)

TEXTS = (
    '""',
    '" "',
    '"x"',
    '"\\ud800"',  # half of a character
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\u202e\\u001b[2J\\u0007"',
    '"a\\nb\\r\\nc"',
    '"::error::x ##[add-mask]y"',
    '"<script>alert(1)</script>"',
    '"../../../etc/passwd"',
    '"/dev/zero"',
    '"C:\\\\x"',
    '"\\u0065\\u0301"',
    '"%s {0} ${x}"',
    '"' + "x" * 300 + '"',
    '"' + "y" * 20_000 + '"',
    '"nan"',
    '"1"',
    '"\\x"',  # an escape that JSON has not
)

OTHERS = (
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[[]]",
    '{"": {}}',
    "[null]",
    "[" * 70 + "]" * 70,
    "[" * 3_000 + "]" * 3_000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    "[" + "0," * 5_000 + "0]",
    "undefined",
    "",
)


def change_json(content: bytes, random: Random) -> bytes:
    """The text with one value or member changed. Raises ValueError for what is no JSON."""
    whole = [json.loads(content, object_pairs_hook=Members)]
    places = list(_places(whole))
    inner = [place for place in places if place[0] is not whole]
    # The root is one of many; as a value of its own it is seldom worth a change.
    container, index = random.choice(inner if inner and random.random() < 0.98 else places)
    _change(container, index, random, places)
    # The outermost value can have been left out, or be there twice.
    return "".join(map(_text, whole)).encode("utf-8", "surrogatepass")


Place = tuple[list[Any], int]


def _places(whole: list[Any]) -> Iterator[Place]:
    """Every list or object with the index of each of its values, from the outermost on."""
    left: list[list[Any]] = [whole]
    for container in left:
        for index in range(len(container)):
            yield container, index
            value = _value(container, index)
            if isinstance(value, list):
                left.append(value)


def _value(container: list[Any], index: int) -> Any:
    return container[index][1] if isinstance(container, Members) else container[index]


def _put(container: list[Any], index: int, value: Any) -> None:
    container[index] = (container[index][0], value) if isinstance(container, Members) else value


def _change(container: list[Any], index: int, random: Random, places: list[Place]) -> None:
    value, of_object = _value(container, index), isinstance(container, Members)
    kinds = ["replace", "replace", "near", "drop", "again", "other", "into"]
    kind = random.choice([*kinds, "rename", "rename", "more"] if of_object else [*kinds, "short"])
    if kind == "replace":
        _put(container, index, Raw(random.choice(random.choice((NUMBERS, LONG, TEXTS, OTHERS)))))
    elif kind == "near":
        _put(container, index, _near(value, random))
    elif kind == "drop":
        del container[index]
    elif kind == "again":
        container.insert(random.randrange(len(container) + 1), container[index])
    elif kind == "other":
        _put(container, index, _without_cycle(_value(*random.choice(places)), container))
    elif kind == "into":
        _put(
            container, index, random.choice(([value], Members([("x", value)]), Raw(json.dumps(_text(value)))))
        )
    elif kind == "rename":
        name = random.choice(
            ("", "x", "__class__", "schema_version", "\ud800", "a.b", container[index][0] + " ")
        )
        container[index] = (name, value)
    elif kind == "more":
        container.append((random.choice(("x", "", "y" * 300)), Raw(random.choice(NUMBERS + list(OTHERS)))))
    else:
        del container[index:]


def _without_cycle(value: Any, container: list[Any]) -> Any:
    """The value, or where it holds the container, which would then be in itself, null."""
    left = [value]
    for one in left:
        if one is container:
            return None
        if isinstance(one, list):
            left += [_value(one, index) for index in range(len(one))]
    return value


def _near(value: Any, random: Random) -> Any:
    """A value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return random.choice(
            (-value, value + 1, value - 1, value * 2, value / 3, value * 2**31, float(value))
        )
    if isinstance(value, str):
        return random.choice((value + "x", value[:-1], value.upper(), value * 2, " " + value))
    if isinstance(value, list):
        return type(value)(random.choice((value[::-1], value * 2, value[1:], value[:-1])))
    return 0


def _text(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(each)}" for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)
