"""safetensors with one thing changed: in the header, in the words among its metadata, or in the numbers."""

import json
import struct
from random import Random
from typing import Any

from .damage import damaged
from .json_text import change_json

PATTERNS = (
    *map(
        struct.Struct("<d").pack,
        (0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, 1e18, float("nan"), float("inf")),
    ),
    *map(struct.Struct("<q").pack, (1, -1, 2**31, 2**62, 2**63 - 1, -(2**63), 10**6)),
    *map(struct.Struct("<f").pack, (3e38, -3e38, float("nan"), float("-inf"), 1e-45)),
    b"\0",
    b"\x01",
    b"\xff",
    b"\x80",
)

SHAPES: tuple[Any, ...] = (
    [],
    [0],
    [1],
    [2**31],
    [2**40, 2**40],
    [2**63],
    [-1],
    [1.5],
    ["1"],
    [0, 2**62],
    None,
    3,
)
OFFSETS: tuple[Any, ...] = ([0, 0], [0, 8], [8, 0], [0, 2**40], [2**63, 2**64], [-8, 8], [1, 9], [0], None)
DTYPES: tuple[Any, ...] = "F64 F32 F16 BF16 I64 I32 U8 BOOL F8_E4M3 F4 C64 X f64".split()
LENGTHS = (0, 1, 2**16, 2**31, 2**32, 2**62, 2**63, 2**64 - 1)


def change_tensors(content: bytes, random: Random) -> bytes:
    """The file with one thing changed. Raises ValueError for what has no such header."""
    length = int.from_bytes(content[:8], "little")
    header, numbers = content[8 : 8 + length], content[8 + length :]
    kind = random.choice(("header", "said", "said", "tensor", "tensor", "numbers", "numbers", "length"))
    if kind == "numbers" and numbers:
        return content[: 8 + length] + _overwritten(numbers, random)
    if kind == "length":
        claimed = random.choice((length + 1, length - 1, *LENGTHS)) % 2**64
        return claimed.to_bytes(8, "little") + content[8:]
    if kind == "tensor":
        header = _with_other_tensor(header, random)
    elif kind == "said":
        header = _with_other_words(header, random)
    else:
        header = change_json(header, random)
    return len(header).to_bytes(8, "little") + header + numbers


def _overwritten(numbers: bytes, random: Random) -> bytes:
    pattern = random.choice(PATTERNS)
    at = random.randrange(0, len(numbers), len(pattern))
    times = random.choice((1, 1, 2, 10**4))
    return (numbers[:at] + pattern * times + numbers[at + times * len(pattern) :])[: len(numbers)]


def _with_other_tensor(header: bytes, random: Random) -> bytes:
    """One tensor with another shape, place, kind of number or name."""
    content = json.loads(header)
    names = [name for name in content if name != "__metadata__"]
    if not names:
        return change_json(header, random)
    name, field = random.choice(names), random.choice(("shape", "data_offsets", "dtype", "name", "near"))
    if field == "name":
        content[random.choice(("x", "", "scores", "../x", "__metadata__"))] = content.pop(name)
    elif field == "near":
        shape = content[name]["shape"]
        content[name]["shape"] = random.choice((shape[::-1], [*shape, 1], [1, *shape], [_size(shape)]))
    else:
        values = {"shape": SHAPES, "data_offsets": OFFSETS, "dtype": DTYPES}[field]
        content[name][field] = random.choice(values)
    return json.dumps(content).encode()


def _size(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _with_other_words(header: bytes, random: Random) -> bytes:
    """One of the texts among the metadata changed: as JSON, where it is an object."""
    content = json.loads(header)
    said = content.get("__metadata__")
    if not said:
        return change_json(header, random)
    name = random.choice(sorted(said))
    change = change_json if said[name].startswith("{") else damaged
    said[name] = change(said[name].encode(), random).decode("utf-8", "replace")
    return json.dumps(content).encode()
