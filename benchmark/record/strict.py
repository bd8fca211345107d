"""Strangers' JSON and TOML, read without trust: what may cost much is refused before it is read."""

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ...files import open_regular

M = TypeVar("M", bound=BaseModel)

LARGEST = 8 * 2**20
"""Bytes of a text; the record of a whole protocol has less than one MiB."""

MOST_VALUES = 100_000
"""Values in a text; the record of a whole protocol has some 40,000."""

LONGEST_SHOWN = 60
"""Characters of a name out of a file that a message shows."""

LONGEST_REASON = 300
"""Characters of what a parser says of a text, which can repeat parts of it."""

DEEPEST = 64
"""Levels of lists and objects; a record has twelve."""

LONGEST_NUMBER = 40
"""Characters of a number; those that are written here have less than 25."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a text: where in it (empty: all of it), and what."""

    place: str
    problem: str


class Refused(ValueError):
    """A text that is not read; the message says why."""


def read_strict_json(path: Path, kind: type[M], largest: int = LARGEST) -> tuple[M | None, tuple[Fault, ...]]:
    """A model from JSON, None where it is none, and everything that is wrong with the file.

    Beyond what pydantic asks: UTF-8, no name twice in an object, only finite numbers of few digits, few
    levels, at most `largest` bytes. Never raises for what the file is or holds.
    """
    try:
        text = _text(path, largest)
        _check_structure(text)
        parse_json(text)
    except Refused as refusal:
        return None, (Fault("", str(refusal)),)
    try:
        return kind.model_validate_json(text), ()
    except ValidationError as error:
        if error.error_count() == 1 and error.errors()[0]["type"] == "json_invalid":
            # A lone surrogate, which Python's parser takes.
            return None, (Fault("", f"it is no JSON: {error.errors()[0]['ctx']['error']}"),)
        return None, _faults(error)


def read_toml(path: Path, largest: int = LARGEST) -> dict[str, Any]:
    """The tables of a TOML file. Raises OSError where it cannot be opened, Refused for what is no such TOML.

    Refused is also what has many levels, and a whole number beyond the 64 bits that TOML promises.
    """
    with open_regular(path) as file:
        text = _decoded(file.read(largest + 1), largest)
    _check_keys(text)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Of a key that is there twice all of it.
        raise Refused(f"it is no TOML: {_cut(str(error), LONGEST_REASON)}") from error
    _check_whole_numbers(content)
    return content


def read_object(path: Path, largest: int = LARGEST) -> dict[str, Any]:
    """The object that a JSON file holds, whatever is in it; empty where the file is no strict JSON of one."""
    try:
        text = _text(path, largest)
        _check_structure(text)
        content = parse_json(text)
    except Refused:
        return {}
    return content if isinstance(content, dict) else {}


def parse_json(text: str) -> Any:
    """The value of a JSON text of few levels. Raises Refused for anything that is not strict JSON."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_short,
            parse_float=_finite,
        )
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused(f"it is no JSON: {error}") from error


def _text(path: Path, largest: int) -> str:
    try:
        with open_regular(path) as file:
            # Read to the limit and not by the size that the file system tells, which can change meanwhile.
            content = file.read(largest + 1)
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror or type(error).__name__}") from error
    return _decoded(content, largest)


def _decoded(content: bytes, largest: int) -> str:
    if len(content) > largest:
        raise Refused(f"it has more than {largest:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"byte {error.start} is not UTF-8") from error


# A text as a whole, or what parts values. Possessive, and ending where the file does: linear in any text,
# whether its quotes are closed or not.
_PARTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)


def _check_structure(text: str) -> None:
    """Raises Refused for more levels or values than any file of ours has.

    Parsers recurse once a level, and each value that is not what it should be costs an error.
    """
    depth = values = 0
    # One after the other, so that no list of them is made of a text that is refused at its beginning.
    for found in _PARTS.finditer(text):
        character = found[0][0]
        if character == '"':
            continue
        if character in "]}":
            depth -= 1
            continue
        values += 1
        depth += character in "[{"
        if depth > DEEPEST:
            raise Refused(f"it has more than {DEEPEST} levels of lists and objects")
        if values > MOST_VALUES:
            raise Refused(f"it has more than {MOST_VALUES:,} values")


# A comment, a text in any of TOML's four quotes, or what parts keys and values; linear as the other.
_TOML_PARTS = re.compile(
    r'''#[^\n]*+|"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?|\'{3}(?:[^']++|'(?!''))*+(?:\'{3})?'''
    r"""|"(?:[^"\\\n]++|\\.)*+"?|'[^'\n]*+'?|[\[\]{},.\n]""",
    re.DOTALL,
)


def _check_keys(text: str) -> None:
    """Raises Refused for more levels than `DEEPEST`, of brackets and of the names in a key `a.b.c` together.

    Python's parser takes time that grows with the square of a key's names, and recurses once a bracket.
    """
    outer: list[int] = []  # of the brackets that are open, at how many levels each was opened
    level = 0
    for found in _TOML_PARTS.finditer(text):
        character = found[0]
        if character in (".", "[", "{"):
            if character != ".":
                outer.append(level)
            level += 1
            if level > DEEPEST:
                raise Refused(f"it has more than {DEEPEST} levels of tables, lists and names in a key")
        elif character in ("]", "}"):
            level = outer.pop() if outer else 0
        elif character in (",", "\n"):
            level = outer[-1] + 1 if outer else 0


def _check_whole_numbers(content: Any) -> None:
    if isinstance(content, dict | list):
        for each in content.values() if isinstance(content, dict) else content:
            _check_whole_numbers(each)
    elif isinstance(content, int) and not -(2**63) <= content < 2**63:
        raise Refused("a number has more than 64 bits")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        # Readers differ in which of the two they take.
        raise Refused(f"{_cut(twice)!r} is there twice in one object")
    return found


def _constant(text: str) -> Any:
    raise Refused(f"{text} is not a number that JSON has")


def _short(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise Refused(f"a number has {len(text)} characters")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > LONGEST_NUMBER:
        raise Refused(f"a number has {len(text)} characters")
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Refused(f"{text} is larger than any number")
    return number


def _faults(error: ValidationError) -> tuple[Fault, ...]:
    # Without what was found: it can be large, and its place is enough to look it up.
    return tuple(
        Fault(".".join(_cut(str(step)) for step in each["loc"]), each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _cut(text: str, longest: int = LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
